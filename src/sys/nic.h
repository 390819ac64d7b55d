/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_NIC_H
#define VN_SYS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include <vnet/addr.h>

/* A non-zero return ends the search. */
typedef int vn_group_fn(const struct vnet_ip *group, void *arg);

/*
 * Hand each multicast group that someone other than the kernel joined on the link @index of
 * the caller's namespace to @fn. Returns 0, what @fn returned, or a negative errno.
 */
int vn_nic_groups(int32_t index, vn_group_fn *fn, void *arg);

/* The same of @text as /proc/net/igmp and /proc/net/igmp6 have it; it is cut up. */
int vn_igmp_parse(char *text, int32_t index, vn_group_fn *fn, void *arg);
int vn_igmp6_parse(char *text, int32_t index, vn_group_fn *fn, void *arg);

/* True if the link receives several packets as one in a way that cannot be sent on (LRO). */
bool vn_nic_lro(const char *name);

/* True if the link @index is one of Wi-Fi; false also where /sys is that of another namespace. */
bool vn_nic_wireless(const char *name, int32_t index);

#endif /* VN_SYS_NIC_H */
