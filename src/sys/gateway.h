/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_GATEWAY_H
#define VN_SYS_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/snapshot.h>

enum { VN_SPENT_MAX = 16 };

/*
 * Packet sockets that have done their work. To close one, the kernel waits for all processors
 * (synchronize_net() of packet_release(), 5 to 20 ms): they are kept, for someone who can wait.
 */
struct vn_spent {
	int fds[VN_SPENT_MAX];
	size_t n;
};

/*
 * Ask @n routers in the caller's namespace whether they are there, again and again until all
 * have answered or @timeout_ms are over: by ARP (RFC 826), by a neighbour solicitation
 * (RFC 4861, section 4.3).
 *
 * @ret_answers: @n of them, all set on success
 * @spent:       receives the sockets, for vn_spent_close()
 *
 * Returns 0, or a negative errno.
 */
int vn_gateway_ask(const struct vnet_gateway *gateways, size_t n, int timeout_ms, bool *ret_answers,
		   struct vn_spent *spent);

/* Close them all. */
void vn_spent_close(struct vn_spent *spent);

#endif /* VN_SYS_GATEWAY_H */
