/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_TIES_H
#define VN_CORE_TIES_H

#include <vnet/snapshot.h>

#include "wire/sock.h"

/*
 * Where @snap is a survey, and its links have been read: what depends on its uplink, and
 * will not follow to the bridge @net, goes into snap->ties in place of what is there of the
 * same kinds; where it is one of the way back, what of a firewall depends on the bridge.
 * @sock: of NETLINK_ROUTE, in the caller's namespace.
 *
 * Returns 0, -EINTR if something changed meanwhile (all is to be read anew), or another
 * negative errno.
 */
int vn_ties_read(struct vn_sock *sock, const char *net, struct vnet_snapshot *snap);

#endif /* VN_CORE_TIES_H */
