/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_SYSCTL_H
#define VN_SYS_SYSCTL_H

#include <stdbool.h>

enum {
	VN_SYSCTL_VALUE = 64, /* longer ones are lists and secrets */
};

/* Says whether a setting is to be read. */
typedef bool vn_sysctl_want_fn(const char *dir, const char *key, void *arg);

/*
 * Receives a setting, with @value NULL if it was not to be read, can't be, or is not one short
 * line; what it returns, if not 0, ends the listing.
 */
typedef int vn_sysctl_fn(const char *dir, const char *link, const char *key, const char *value,
			 void *arg);

/*
 * List the settings of the link @link ("default": what a new one gets) below /proc/sys/net,
 * in the caller's namespace: conf of IPv4 and IPv6. Those that @want names are read.
 * Returns 0, or what @fn returned.
 */
int vn_sysctl_list(const char *link, vn_sysctl_want_fn *want, vn_sysctl_fn *fn, void *arg);

/* Read a single one. Returns 0, or -ENOENT if it can't be read, or is not one short line. */
int vn_sysctl_read(const char *dir, const char *link, const char *key,
		   char ret_value[VN_SYSCTL_VALUE]);

#endif /* VN_SYS_SYSCTL_H */
