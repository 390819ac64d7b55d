/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_TAKEN_H
#define VN_CORE_TAKEN_H

#include <vnet/net.h>

/*
 * Ask the link of the network @want, before its DHCP is planned, which addresses are in
 * use: those that the server could take itself, or the one that it is told to; and, where
 * there is an uplink, each of the range. The answers become part of @snap.
 *
 * @record: the network as it is recorded; NULL: not at all. A range that it has already
 *          beside the same uplink is not asked for again: what was found stays.
 *
 * Nothing is asked where no one could answer. Returns 0, or a negative errno with a
 * sentence: -EADDRINUSE if the server has no address, -E2BIG for a range beside an uplink
 * of more than 1,024 addresses.
 */
int vn_taken_find(const struct vnet_spec *want, const struct vnet_spec *record,
		  struct vnet_snapshot *snap, struct vnet_error *err);

#endif /* VN_CORE_TAKEN_H */
