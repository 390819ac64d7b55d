/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_READ_GUESTS_H
#define VN_WIRE_READ_GUESTS_H

#include <vnet/guest.h>

#include "wire/sock.h"

/*
 * Add to @guests the ports of the bridge @index with what they have counted, and whom it has
 * heard on them. Returns 0, -EINTR if a dump was not consistent (all is to be read anew), or
 * another negative errno; what was added is the caller's in any case.
 */
int vn_read_ports(struct vn_sock *sock, int32_t index, struct vnet_guests *guests);
int vn_read_stations(struct vn_sock *sock, int32_t index, struct vnet_guests *guests);

/*
 * The number by which the socket's namespace knows that of the descriptor @netns; -1: it does
 * not. Returns 0, or a negative errno if that is no namespace.
 */
int vn_read_nsid(struct vn_sock *sock, int netns, int32_t *ret_nsid);

#endif /* VN_WIRE_READ_GUESTS_H */
