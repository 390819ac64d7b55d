/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_EVENTS_H
#define VN_WIRE_EVENTS_H

#include <stdint.h>

#include "wire/sock.h"

/*
 * What the kernel tells of links, addresses, routes and nexthops of the namespace in which it was
 * opened, whoever changed them.
 */
struct vn_events;

/* Open, for vn_events_close(). Returns 0 or a negative errno. */
int vn_events_open(struct vn_events **ret_events);

/* Close and free it; NULL is fine. */
void vn_events_close(struct vn_events *events);

/*
 * Hand each notice that has come to @fn, but for those that answer a request of the socket
 * @own; never waits. A non-zero return of @fn ends it. Returns 0, -ENOBUFS if notices were lost,
 * or another negative errno.
 */
int vn_events_take(struct vn_events *events, const struct vn_sock *own,
		   int (*fn)(const struct nlmsghdr *head, void *arg), void *arg);

#endif /* VN_WIRE_EVENTS_H */
