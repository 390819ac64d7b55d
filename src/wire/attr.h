/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_ATTR_H
#define VN_WIRE_ATTR_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* libmnl's own loops, but without a narrowing that -Wconversion sees. */

/* For each attribute of the message @head behind its family's header of @offset bytes. */
#define VN_FOR_EACH_ATTR(attr, head, offset)                                            \
	for ((attr) = mnl_nlmsg_get_payload_offset((head), (offset));                   \
	     mnl_attr_ok((attr), (int)((const char *)mnl_nlmsg_get_payload_tail(head) - \
				       (const char *)(attr)));                          \
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

#endif /* VN_WIRE_ATTR_H */
