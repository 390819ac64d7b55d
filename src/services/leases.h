/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SERVICES_LEASES_H
#define VN_SERVICES_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <vnet/addr.h>

/*
 * The leases that dnsmasq has given, from the file that it keeps. Guests choose what
 * stands in it, and a dnsmasq that they have broken could write anything: what is
 * read here is bounded, and safe to print.
 */

enum {
	VN_LEASES_MAX = 16 << 20, /* of a file; 100,000 leases take about 8 MiB */
	VN_LEASE_CLIENT_ID = 96,  /* as text: 31 bytes, more than a UUID takes (RFC 6355) */
};

/*
 * @expires:   0: never
 * @mac:       zero if the client's link is not Ethernet
 * @name:      letters, digits, '-', '_', '.', and '?' for whatever else there was;
 *             empty: none, or one that is too long
 * @client_id: hexadecimal, as in the file; empty: none; ends in "..." if it is longer
 */
struct vn_lease {
	time_t expires;
	struct vnet_mac mac;
	struct vnet_ip ip;
	char name[VNET_HOST_NAME];
	char client_id[VN_LEASE_CLIENT_ID];
};

/*
 * What was wrong with a file.
 *
 * @bad_lines: lines that make no sense, left out
 * @truncated: it was larger than VN_LEASES_MAX; the rest was not looked at
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
int vn_leases_read(const char *path, struct vn_lease **ret_leases, size_t *ret_n,
		   struct vn_lease_flaws *ret_flaws);

/*
 * The same of the @len bytes at @text, which are changed, and which a NUL follows;
 * NULL if there are none.
 * @flaws: bad lines are added up in it.
 */
int vn_leases_parse(char *text, size_t len, struct vn_lease **ret_leases, size_t *ret_n,
		    struct vn_lease_flaws *flaws);

#endif /* VN_SERVICES_LEASES_H */
