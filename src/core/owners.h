/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_OWNERS_H
#define VN_CORE_OWNERS_H

#include <vnet/snapshot.h>

/*
 * Who else configures the uplink: the DHCP clients at work on it or on the bridge @net go
 * into snap->clients and, where the NIC is surveyed, these and the programs that manage it
 * into snap->ties. What is there of both is replaced. Nothing where the snapshot asks for
 * neither.
 *
 * @netns: descriptor of the namespace of the bridge
 *
 * Returns 0 or a negative errno.
 */
int vn_owners_read(int netns, const char *net, struct vnet_snapshot *snap);

#endif /* VN_CORE_OWNERS_H */
