/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_ATTR_H
#define VN_WIRE_ATTR_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A whole message is in @len bytes. libmnl before 1.0.5 takes 2 GiB and more for less than 0. */
static inline bool vn_msg_ok(const struct nlmsghdr *head, int len)
{
	return mnl_nlmsg_ok(head, len) && head->nlmsg_len <= (uint32_t)len;
}

/*
 * libmnl's own loops, but without a narrowing that -Wconversion sees, and to where the message
 * ends: libmnl goes on to the next multiple of four, where there may be nothing any more.
 */

/* For each attribute of the message @head behind its family's header of @offset bytes. */
#define VN_FOR_EACH_ATTR(attr, head, offset)                                          \
	for ((attr) = mnl_nlmsg_get_payload_offset((head), (offset));                 \
	     mnl_attr_ok((attr), (int)((const char *)(head) +                         \
				       ((const struct nlmsghdr *)(head))->nlmsg_len - \
				       (const char *)(attr)));                        \
	     (attr) = mnl_attr_next(attr))

/* For each attribute in the nest @nest. */
#define VN_FOR_EACH_NESTED(attr, nest)                                                          \
	for ((attr) = mnl_attr_get_payload(nest);                                               \
	     mnl_attr_ok((attr), (int)((const char *)mnl_attr_get_payload(nest) +               \
				       mnl_attr_get_payload_len(nest) - (const char *)(attr))); \
	     (attr) = mnl_attr_next(attr))

/* The first attribute of that type in a nest, which may be NULL, or NULL. */
static inline const struct nlattr *vn_find_nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	VN_FOR_EACH_NESTED(attr, nest)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* The same of a message, behind its family's header of @offset bytes. */
static inline const struct nlattr *vn_find_attr(const struct nlmsghdr *head, size_t offset,
						uint16_t type)
{
	const struct nlattr *attr;

	VN_FOR_EACH_ATTR(attr, head, offset)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static inline uint16_t vn_attr_type(const struct nlattr *attr)
{
	return (uint16_t)mnl_attr_get_type(attr);
}

/* 0 where it has another size. */
static inline uint32_t vn_attr_number(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? mnl_attr_get_u32(attr) : 0;
}

/*
 * The hop of a route that @at points to, with all of it within @left, into @ret_hop. Returns
 * where the next one is; NULL: there is none here.
 */
static inline const uint8_t *vn_hop_next(const uint8_t *at, size_t *left, struct rtnexthop *ret_hop)
{
	size_t step;

	if (*left < sizeof(*ret_hop))
		return NULL;
	memcpy(ret_hop, at, sizeof(*ret_hop));
	if (ret_hop->rtnh_len < sizeof(*ret_hop) || ret_hop->rtnh_len > *left)
		return NULL;
	step = RTNH_ALIGN(ret_hop->rtnh_len);
	step = step < *left ? step : *left;
	*left -= step;
	return at + step;
}

#endif /* VN_WIRE_ATTR_H */
