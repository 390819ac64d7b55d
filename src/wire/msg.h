/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_MSG_H
#define VN_WIRE_MSG_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Netlink messages, one after the other, in a buffer of the caller's: no
 * library, no allocation. A message that does not fit is never sent short:
 * the overflow sticks and vn_msg_end() reports it.
 *
 * Layout of a message and its attributes: linux/netlink.h.
 */
struct vn_msg {
	uint8_t *buf;
	size_t size;
	size_t len; /* of all messages so far */
	size_t at;  /* where the message being built begins */
	bool overflow;
};

/* Begin with an empty buffer, which stays the caller's. */
void vn_msg_init(struct vn_msg *msg, void *buf, size_t size);

/*
 * Begin a message.
 *
 * @type, @flags: nlmsg_type and nlmsg_flags; NLM_F_REQUEST is added
 * @seq:          nlmsg_seq
 * @body, @len:   the family's fixed header (struct ifinfomsg...)
 */
void vn_msg_begin(struct vn_msg *msg, uint16_t type, uint16_t flags, uint32_t seq, const void *body,
		  size_t len);

/* End it. Returns 0, or -EMSGSIZE if it did not fit (and it is gone). */
int vn_msg_end(struct vn_msg *msg);

/* Append an attribute: of @len bytes, of a number in host byte order, of a string with its NUL. */
void vn_attr(struct vn_msg *msg, uint16_t type, const void *data, size_t len);
void vn_attr_u8(struct vn_msg *msg, uint16_t type, uint8_t value);
void vn_attr_u16(struct vn_msg *msg, uint16_t type, uint16_t value);
void vn_attr_u32(struct vn_msg *msg, uint16_t type, uint32_t value);
void vn_attr_str(struct vn_msg *msg, uint16_t type, const char *value);

/* Nested attributes; returns where the nest begins, for the end. */
size_t vn_nest(struct vn_msg *msg, uint16_t type);
void vn_nest_end(struct vn_msg *msg, size_t nest);

/* Append bytes that belong to the open nest (struct ifinfomsg in VETH_INFO_PEER). */
void vn_msg_raw(struct vn_msg *msg, const void *data, size_t len);

#endif /* VN_WIRE_MSG_H */
