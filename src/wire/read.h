/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_READ_H
#define VN_WIRE_READ_H

#include <vnet/snapshot.h>

#include "wire/sock.h"

/*
 * Read links and addresses of the socket's namespace into @snap->ns[@ns], and if
 * @routes_of is not empty, the IPv4 default routes through the link of that name.
 * Of a link's other names that one is kept, where it is among them, else the first.
 *
 * A dump that the kernel flags as not consistent is thrown away and asked for
 * again, for 4 s at most. Returns 0, -EBUSY if links change without end, or
 * another negative errno.
 */
int vn_read_ns(struct vn_sock *sock, enum vnet_ns_id ns, const char *routes_of,
	       struct vnet_snapshot *snap);

/*
 * Read what hangs on the link @index, for its being moved. Returns 0, -EINTR if a dump
 * was not consistent (all is to be read anew), or another negative errno.
 */
int vn_read_objects(struct vn_sock *sock, enum vnet_ns_id ns, int32_t index,
		    struct vnet_snapshot *snap);

/*
 * One answer, for the reader above and for the fuzzer: fills in what is there. Return 0,
 * or -EBADMSG if it is another message or too short.
 */
int vn_read_link(const struct nlmsghdr *head, struct vnet_link *ret_link);
int vn_read_addr(const struct nlmsghdr *head, struct vnet_ifaddr *ret_addr);
int vn_read_route(const struct nlmsghdr *head, struct vnet_route *ret_route);

#endif /* VN_WIRE_READ_H */
