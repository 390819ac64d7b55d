/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_SYSCTL_H
#define VN_SYS_SYSCTL_H

/* Receives a setting; what it returns, if not 0, ends the listing. */
typedef int vn_sysctl_fn(const char *dir, const char *link, const char *key, const char *value,
			 void *arg);

/*
 * Read the settings of the link @link ("default": what a new one gets) below
 * /proc/sys/net, in the caller's namespace: conf and neigh of IPv4 and IPv6. What can't
 * be read, or is not one short line, is left out.
 * Returns 0, or what @fn returned.
 */
int vn_sysctl_list(const char *link, vn_sysctl_fn *fn, void *arg);

#endif /* VN_SYS_SYSCTL_H */
