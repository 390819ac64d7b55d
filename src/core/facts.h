/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_FACTS_H
#define VN_CORE_FACTS_H

#include <vnet/snapshot.h>

/* What a snapshot holds beside the kernel's tables. Return 0 or a negative errno. */

/*
 * All records of the namespace, and if @net is not "" the files of its DHCP server.
 * Sets snap->dhcp where the record of @net says that there is one.
 */
int vn_facts_files(const char *net, struct vnet_snapshot *snap);

/* If snap->dhcp: forwarding, the resolvers of the host, whom the DHCP server runs as. */
int vn_facts_host(struct vnet_snapshot *snap);

/*
 * Resolvers of a resolv.conf(5), @text, which is cut up: the addresses that are not of the
 * loopback. Returns how many there are, at most @max.
 */
size_t vn_resolvers_parse(char *text, struct vnet_ip *ret_ips, size_t max);

#endif /* VN_CORE_FACTS_H */
