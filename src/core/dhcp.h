/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_DHCP_H
#define VN_CORE_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include <vnet/mode.h>

/*
 * What dnsmasq reads: its configuration, with the @mtu of the bridge, and its hosts file.
 *
 * @ret_text: the caller's to free
 *
 * Return 0, -ENOMEM, or -ENAMETOOLONG where the network's paths are.
 */
int vn_dhcp_conf(const struct vnet_spec *want, uint32_t mtu, const struct vnet_snapshot *snap,
		 char **ret_text);
int vn_dhcp_hosts(const struct vnet_spec *want, char **ret_text);

/* Whether the files in @snap are others than those for @spec. Returns 0 or a negative errno. */
int vn_dhcp_differs(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		    bool *ret_differs);

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
