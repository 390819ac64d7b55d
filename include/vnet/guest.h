/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_GUEST_H
#define VNET_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>
#include <vnet/net.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * Who is behind the ports of a network's bridge, and how much they send: to look at, no
 * plan depends on it.
 */

enum { VNET_GUEST_PROGRAM = 16 }; /* TASK_COMM_LEN of linux/sched.h */

/* What a link has counted since it was made: IFLA_STATS64. Received: what the guest has sent. */
struct vnet_traffic {
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
};

/*
 * A port, and who is behind it.
 *
 * @index:     the port's link
 * @nsid:      the kernel's number for the namespace that the link's other end is in; -1: that
 *             is here, or there is none
 * @netns:     the name of it below /run/netns; empty: it has none, or the caller may not look
 * @pid:       the process that holds the tap, the first of several; 0: none, or the caller may
 *             not look
 * @program:   the name of that, printable ASCII
 */
struct vnet_guest {
	int32_t index;
	int32_t nsid;
	struct vnet_traffic traffic;
	int32_t pid;
	char program[VNET_GUEST_PROGRAM];
	char netns[VNET_NETNS_SIZE];
};

/* A MAC that the bridge has heard on the port @index lately, as its forwarding database says. */
struct vnet_station {
	int32_t index;
	struct vnet_mac mac;
};

/* All of a network, for vnet_guests_done(). */
struct vnet_guests {
	struct vnet_guest *ports;
	size_t n_ports;
	struct vnet_station *stations;
	size_t n_stations;
};

/*
 * Read who is behind the ports of the bridge in @view. The calling thread must be in the
 * network namespace where @view was read. What the caller may not see is left out.
 *
 * @ret_guests: set on success alone; empty if the bridge is not there
 *
 * Returns 0, or a negative errno with a sentence.
 */
int vnet_guests_read(const struct vnet_view *view, struct vnet_guests *ret_guests,
		     struct vnet_error *err);

/* Free what it holds, not @guests itself; NULL is fine. */
void vnet_guests_done(struct vnet_guests *guests);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_GUEST_H */
