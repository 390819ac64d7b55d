/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_ROUTE_H
#define VN_SYS_ROUTE_H

#include <stdint.h>

#include <vnet/addr.h>

/*
 * Make a default route that the kernel takes for one that it made itself of @router's
 * advertisements, in the caller's namespace: it refreshes it with the next of them, or replaces
 * it if that comes with another metric, and takes it away when the router withdraws.
 *
 * @index:      its link
 * @lifetime:   in seconds
 * @preference: of RFC 4191, section 2.1
 *
 * Returns 0, -EEXIST, -ENODEV or another negative errno.
 */
int vn_route_lend(int32_t index, const struct vnet_ip *router, uint32_t metric, uint32_t lifetime,
		  uint8_t preference);

#endif /* VN_SYS_ROUTE_H */
