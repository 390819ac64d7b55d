/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_PROBE_H
#define VN_SYS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>

/*
 * Ask by ARP (RFC 5227, section 2.1.1: probes, sender address zero) whether the
 * addresses @ips are in use on the link @index, all at once, waiting @timeout_ms
 * (less if all are). Each is asked for twice, at once and after half of the time.
 * The caller's own addresses do not answer: look them up.
 *
 * @index:     a link that is up
 * @mac:       its MAC
 * @ips:       IPv4
 * @ret_users: of each, the MAC of who uses it, or zero; set on success only
 *
 * Returns 0, -EINVAL, -ENETDOWN or another negative errno.
 */
int vn_arp_probe(int index, const struct vnet_mac *mac, const struct vnet_ip *ips, size_t n,
		 int timeout_ms, struct vnet_mac *ret_users);

/* True if @user, of vn_arp_probe(), is someone. */
bool vn_arp_used(const struct vnet_mac *user);

/* Switch transmit checksum offload of the link off (ETHTOOL_STXCSUM). Returns 0 or -errno. */
int vn_csum_off(const char *link);

#endif /* VN_SYS_PROBE_H */
