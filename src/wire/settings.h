/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_SETTINGS_H
#define VN_WIRE_SETTINGS_H

#include <stddef.h>

#include <vnet/snapshot.h>

#include "wire/sock.h"

/*
 * The settings of links as the kernel tells them in answers about links and about its
 * neighbour tables: a few messages, where /proc/sys has a file for each of more than a
 * hundred.
 */

/* Receives a setting, with the value as its file has it; what it returns, if not 0, ends it. */
typedef int vn_setting_fn(const struct vnet_sysctl *setting, void *arg);

/* Of which link: @index 0 stands for what a new link gets, and then only neigh is told. */
struct vn_settings_of {
	int32_t index;
	const char *name;
};

/*
 * Read the settings of the @n links at @of, and hand each to @fn. What an older kernel
 * does not have is left out, and so is what no kernel tells this way. One that is told
 * need not have a file, if it was left out of this kernel: it is 0 everywhere then.
 *
 * Returns 0, -EINTR if a dump was not consistent (all is to be read anew), what @fn
 * returned, or another negative errno: -ENODEV if a link has gone.
 */
int vn_read_settings(struct vn_sock *sock, const struct vn_settings_of *of, size_t n,
		     vn_setting_fn *fn, void *arg);

#endif /* VN_WIRE_SETTINGS_H */
