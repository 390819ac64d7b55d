/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_OBJECT_H
#define VN_WIRE_OBJECT_H

#include <linux/netlink.h>

#include <vnet/plan.h>

#include "base/text.h"
#include "wire/msg.h"

/*
 * Read a message, from a dump, of a notice or out of a journal, into a copy of it.
 * Returns 0, -EBADMSG if it is no object or is malformed, or -ENOMEM.
 */
int vn_object_read(const struct nlmsghdr *head, struct vnet_object *ret_object);

/*
 * The route to its subnet that the kernel makes with the IPv6 address @addr.
 * @ret_route is the caller's to vnet_object_done(). Returns 0 or -ENOMEM.
 */
int vn_object_prefix_route(const struct vnet_object *addr, struct vnet_object *ret_route);

/* Add the request that makes @object, or takes it away. Return 0 or -EMSGSIZE. */
int vn_object_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_object *object,
		      enum vnet_object_how how);
int vn_object_del_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_object *object);

/* Of a route: its router's preference, RFC 4191. */
uint8_t vn_object_preference(const struct vnet_object *route);

/* What it is, for people: "10.0.0.1/24", "default via 10.0.0.254". */
void vn_object_name(const struct vnet_object *object, struct vn_text *text);

/* The command of iproute2 that does the same, as far as iproute2 can say it. */
void vn_object_shell(const struct vnet_object *object, const char *verb, const char *link,
		     struct vn_text *text);

#endif /* VN_WIRE_OBJECT_H */
