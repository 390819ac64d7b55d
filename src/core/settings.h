/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_SETTINGS_H
#define VN_CORE_SETTINGS_H

#include <vnet/snapshot.h>

#include "wire/sock.h"

/*
 * Read the settings of the links @nic and @bridge, of those that are there, into @snap, which
 * has the host's links already; with @fresh also what a new link gets, as of the link "default".
 *
 * Returns 0, -EINTR if all is to be read anew, or another negative errno.
 */
int vn_settings_read(struct vn_sock *sock, const char *nic, const char *bridge, bool fresh,
		     struct vnet_snapshot *snap);

/*
 * After that: whether IPv6 is switched off (disable_ipv6) on the link @bridge, or, where that is
 * not there, on a new one, into @snap if it is not in it yet. Returns 0 or -ENOMEM.
 */
int vn_settings_inet6(const char *bridge, struct vnet_snapshot *snap);

#endif /* VN_CORE_SETTINGS_H */
