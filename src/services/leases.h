/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SERVICES_LEASES_H
#define VN_SERVICES_LEASES_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/leases.h>

/*
 * The leases that dnsmasq has given, from the file that it keeps. Guests choose what
 * stands in it, and a dnsmasq that they have broken could write anything: what is
 * read here is bounded, and safe to print.
 */

enum {
	VN_LEASES_MAX = 16 << 20,  /* of a file; 100,000 leases take about 8 MiB */
	VN_LEASES_COUNT = 1 << 17, /* the server is told to give half of that at most */
};

/*
 * What was wrong with a file.
 *
 * @bad_lines: lines that make no sense, left out
 * @truncated: more than VN_LEASES_MAX or VN_LEASES_COUNT; the rest was not looked at
 */
struct vn_lease_flaws {
	size_t bad_lines;
	bool truncated;
};

/*
 * Read the IPv4 leases of a lease file. A file that does not exist holds none.
 *
 * @ret_leases: the caller's to free; NULL if there are none
 * @ret_flaws:  may be NULL
 *
 * Returns 0, -ELOOP or -EINVAL if it is no regular file, or another negative errno.
 */
int vn_leases_read(const char *path, struct vnet_lease **ret_leases, size_t *ret_n,
		   struct vn_lease_flaws *ret_flaws);

/*
 * The same of the @len bytes at @text, which are changed, and which a NUL follows;
 * NULL if there are none.
 * @flaws: bad lines are added up in it.
 */
int vn_leases_parse(char *text, size_t len, struct vnet_lease **ret_leases, size_t *ret_n,
		    struct vn_lease_flaws *flaws);

#endif /* VN_SERVICES_LEASES_H */
