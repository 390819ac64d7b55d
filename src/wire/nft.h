/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_NFT_H
#define VN_WIRE_NFT_H

#include <vnet/snapshot.h>

/*
 * Add to @snap what nf_tables of the caller's namespace has of the link @from, and not alike
 * of the one that is called @to:
 *
 * VNET_TIE_FIREWALL: each rule of the families ip, ip6, inet and arp that asks for it, by
 *                    name, wildcard, index or group, itself or in a set or map
 * @bound_kind:       each chain and flowtable that is bound to it
 *
 * Where the kernel has no nf_tables, or does not let the caller look, that is nothing.
 * Returns 0, -EINTR if a dump was not consistent (all is to be read anew), or another
 * negative errno.
 */
int vn_nft_survey(const struct vnet_link *from, const char *to, enum vnet_tie_kind bound_kind,
		  struct vnet_snapshot *snap);

#endif /* VN_WIRE_NFT_H */
