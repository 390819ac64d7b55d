/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_DHCP_H
#define VN_CORE_DHCP_H

#include <stdbool.h>

#include <vnet/mode.h>

/* A DHCP server beside an uplink: the parts of vnet_dhcp_plan() that are about that. */

/* The NIC that @spec has as uplink, wherever it is; NULL: none, or gone. */
const struct vnet_link *vn_dhcp_nic(const struct vnet_spec *spec, const struct vnet_snapshot *snap);

/* True if the server of @spec is to be kept apart from what is behind the uplink. */
bool vn_dhcp_apart(const struct vnet_spec *spec);

/* Set the uplink's mark as @want has it, if it is a port, or becomes one in @plan. */
void vn_dhcp_mark_uplink(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			 struct vnet_plan *plan);

/* True if vnet_dhcp_pause() took @end down in @plan. */
bool vn_dhcp_paused(const struct vnet_link *end, const struct vnet_plan *plan);

#endif /* VN_CORE_DHCP_H */
