/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_LEASES_H
#define VNET_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>
#include <vnet/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	VNET_LEASE_CLIENT_ID = 96, /* as text: 31 bytes, more than a UUID takes (RFC 6355) */
};

/*
 * What a client was given. It chose the name and the client id; both are safe to print.
 *
 * @expires:   seconds since 1970, of the clock that tells the date; 0: never
 * @mac:       zero if the client's link is not Ethernet
 * @name:      letters, digits, '-', '_', '.', and '?' for whatever else there was;
 *             empty: none, or one that is too long
 * @client_id: hexadecimal, as in the file; empty: none; ends in "..." if it is longer
 */
struct vnet_lease {
	int64_t expires;
	struct vnet_mac mac;
	struct vnet_ip ip;
	char name[VNET_HOST_NAME];
	char client_id[VNET_LEASE_CLIENT_ID];
};

/*
 * All leases of a network: the caller's to vnet_leases_done().
 *
 * @items:     NULL if there are none
 * @bad_lines: lines of the file that make no sense, left out
 * @truncated: it was too large (16 MiB, or 131,072 leases); the rest was not looked at
 */
struct vnet_leases {
	struct vnet_lease *items;
	size_t n;
	size_t bad_lines;
	bool truncated;
};

/* Free what it holds, not @leases itself; NULL is fine. */
void vnet_leases_done(struct vnet_leases *leases);

struct vnet_view;

/*
 * Read the IPv4 leases of the network that vnet_read() read into @view, from the file that
 * its DHCP server keeps (dnsmasq(8), --dhcp-leasefile). No server, no file: no leases.
 *
 * @ret_leases: set on success alone
 *
 * Returns 0, -EINVAL or -ELOOP if it is no regular file, or another negative errno, with a
 * sentence.
 */
int vnet_leases_read(const struct vnet_view *view, struct vnet_leases *ret_leases,
		     struct vnet_error *err);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_LEASES_H */
