/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_SOCKETS_H
#define VN_SYS_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/fds.h"

/* A socket: its number in /proc/PID/fd, and what it is. A non-zero return ends the search. */
typedef int vn_socket_fn(uint64_t inode, const char *text, void *arg);

/*
 * Hand each packet socket (packet(7)) of the caller's namespace that is bound to the link
 * @index and hears one protocol there, to @fn. A bridge's port passes to sockets of this
 * kind only what is for itself (LLDP, 802.1X, LACP: those are left out) and to those that
 * hear all protocols. Returns 0, what @fn returned, or a negative errno.
 */
int vn_packet_sockets(int32_t index, vn_socket_fn *fn, void *arg);

/* The same of @text, as /proc/net/packet has it; it is cut up. */
int vn_packet_parse(char *text, int32_t index, vn_socket_fn *fn, void *arg);

/* Who has a socket open: @pid is 0 while it is not known. */
struct vn_holder {
	uint64_t inode;
	pid_t pid;
	char name[VN_PROGRAM];
};

/* Fill in those of @holders, by their inode, that the caller may see. */
void vn_socket_holders(struct vn_holder *holders, size_t n);

#endif /* VN_SYS_SOCKETS_H */
