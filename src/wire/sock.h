/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_SOCK_H
#define VN_WIRE_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/msg.h"

/*
 * A netlink socket: one namespace, the one where it was opened, for good.
 */
struct vn_sock;

enum {
	VN_SOCK_BATCH = 64, /* messages in a sendmsg: acknowledgements of 64 fit the default
			     * receive buffer, and larger batches are not faster */
	VN_SOCK_TIMEOUT_MS = 5000,
	VN_ACK_TEXT = 128,
};

/*
 * What the kernel said of one message.
 *
 * @known: it is known what became of it; false: look at the kernel itself
 * @code:  0 or a negative errno
 * @text:  the extended acknowledgement's sentence; may be empty
 */
struct vn_ack {
	bool known;
	int code;
	char text[VN_ACK_TEXT];
};

/* Whom a socket speaks with. */
enum vn_sock_bus {
	VN_SOCK_ROUTE,
	VN_SOCK_NETFILTER,
	VN_SOCK_DIAG,
};

/* Open in the caller's namespace, for vn_sock_close(). Returns 0 or a negative errno. */
int vn_sock_open(struct vn_sock **ret_sock); /* VN_SOCK_ROUTE */
int vn_sock_open_of(enum vn_sock_bus bus, struct vn_sock **ret_sock);

/* The port by which the kernel knows it: nlmsg_pid of what it answers. */
uint32_t vn_sock_port(const struct vn_sock *sock);

/* Close and free it; NULL is fine. */
void vn_sock_close(struct vn_sock *sock);

/*
 * Send @n messages, built with sequence numbers @seq, @seq + 1, ..., in one
 * sendmsg and collect what became of each.
 *
 * @msg:  NLM_F_ACK is taken off all but the last
 * @acks: @n of them, all filled
 * Returns 0 if each is known, well or not; -EBADMSG, -ETIMEDOUT or -ENOBUFS if
 * some are not.
 */
int vn_sock_batch(struct vn_sock *sock, const struct vn_msg *msg, uint32_t seq, size_t n,
		  struct vn_ack *acks);

/* The next @n sequence numbers: returns the first. */
uint32_t vn_sock_seq(struct vn_sock *sock, size_t n);

/*
 * Send one dump request and hand each answer to @fn (a non-zero return ends it).
 * Returns 0, -EINTR if the dump is not consistent (it must not be used), or a
 * negative errno.
 */
int vn_sock_dump(struct vn_sock *sock, const struct vn_msg *msg, uint32_t seq,
		 int (*fn)(const struct nlmsghdr *head, void *arg), void *arg);

#endif /* VN_WIRE_SOCK_H */
