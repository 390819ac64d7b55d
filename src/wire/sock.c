/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A batch is not a transaction: the kernel goes on after a message that failed.
 * One that fails is always answered, and they are done in turn; so the last alone
 * asks for an acknowledgement, which tells of all before it that had no answer that
 * they went well. An answer that the kernel could not deliver (receive buffer
 * overrun) makes the next receiving fail, before anything is received. Then, and
 * after a timeout, the messages are unknown, which is not the same as failed: the
 * caller asks the kernel's state.
 *
 * NETLINK_CAP_ACK keeps the acknowledgements short, NETLINK_EXT_ACK adds the
 * kernel's own sentence, strict checking makes dump filters count.
 */
#include "wire/sock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"
#include "wire/attr.h"

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

enum { SOCK_BUF = 32768 }; /* what the kernel fills at most in one datagram of a dump */

struct vn_sock {
	struct mnl_socket *mnl;
	uint32_t portid;
	uint32_t seq;
	uint8_t buf[SOCK_BUF];
};

static int set_options(struct mnl_socket *mnl)
{
	static const struct timeval timeout = { .tv_sec = VN_SOCK_TIMEOUT_MS / 1000 };
	static const int wanted[] = { NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK };
	int fd = mnl_socket_get_fd(mnl);
	static const int buffer = 4 << 20;
	int one = 1;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		(void)mnl_socket_setsockopt(mnl, wanted[i], &one, sizeof(one));
	/* What goes together may have a thousand acknowledgements; without privilege, as is. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	return 0;
}

int vn_sock_open(struct vn_sock **ret_sock)
{
	return vn_sock_open_of(VN_SOCK_ROUTE, ret_sock);
}

int vn_sock_open_of(enum vn_sock_bus bus, struct vn_sock **ret_sock)
{
	static const int buses[] = {
		[VN_SOCK_ROUTE] = NETLINK_ROUTE,
		[VN_SOCK_NETFILTER] = NETLINK_NETFILTER,
		[VN_SOCK_DIAG] = NETLINK_SOCK_DIAG,
	};
	struct vn_sock *sock = calloc(1, sizeof(*sock));
	int r;

	if (!sock)
		return -ENOMEM;
	sock->mnl = mnl_socket_open2(buses[bus], SOCK_CLOEXEC);
	if (!sock->mnl || mnl_socket_bind(sock->mnl, 0, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	else
		r = set_options(sock->mnl);
	if (r < 0) {
		vn_sock_close(sock);
		return r;
	}
	sock->portid = mnl_socket_get_portid(sock->mnl);
	*ret_sock = sock;
	return 0;
}

void vn_sock_close(struct vn_sock *sock)
{
	if (!sock)
		return;
	if (sock->mnl)
		(void)mnl_socket_close(sock->mnl);
	free(sock);
}

uint32_t vn_sock_port(const struct vn_sock *sock)
{
	return sock->portid;
}

uint32_t vn_sock_seq(struct vn_sock *sock, size_t n)
{
	uint32_t seq = sock->seq + 1;

	sock->seq += (uint32_t)n;
	return seq;
}

/* The sentence of an extended acknowledgement, if it has one; checked byte by byte. */
static void ack_text(const struct nlmsghdr *head, struct vn_ack *ack)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(head);
	size_t skip = sizeof(*err);
	const struct nlattr *attr;

	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(err->msg.nlmsg_len) - sizeof(err->msg);
	if (skip > mnl_nlmsg_get_payload_len(head))
		return;
	VN_FOR_EACH_ATTR(attr, head, skip)
	{
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG || !len)
			continue;
		if (len >= sizeof(ack->text))
			len = sizeof(ack->text) - 1;
		memcpy(ack->text, mnl_attr_get_payload(attr), len);
		ack->text[len] = '\0';
		vn_text_clean(ack->text);
	}
}

/* Of @n messages, the last one alone asks for an acknowledgement. */
static void ask_last(const struct vn_msg *msg, size_t n)
{
	struct nlmsghdr *head = (struct nlmsghdr *)msg->buf;
	int len = (int)msg->len;

	for (size_t i = 0; i + 1 < n && vn_msg_ok(head, len); i++) {
		head->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
		head = mnl_nlmsg_next(head, &len);
	}
}

/* Take one datagram; *@known messages are known before and after. */
static void take_acks(struct vn_sock *sock, int len, uint32_t seq, size_t n, struct vn_ack *acks,
		      size_t *known)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)sock->buf;

	for (; vn_msg_ok(head, len); head = mnl_nlmsg_next(head, &len)) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(head);
		size_t i = head->nlmsg_seq - seq;

		if (head->nlmsg_type != NLMSG_ERROR || i >= n || i < *known ||
		    head->nlmsg_pid != sock->portid ||
		    mnl_nlmsg_get_payload_len(head) < sizeof(*err))
			continue;
		while (*known <= i)
			acks[(*known)++].known = true;
		acks[i].code = err->error;
		ack_text(head, &acks[i]);
	}
}

static int receive(struct vn_sock *sock)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = sock->buf, .iov_len = sizeof(sock->buf) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do {
		len = recvmsg(mnl_socket_get_fd(sock->mnl), &msg, 0);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EBADMSG;
	if (from.nl_pid != 0) /* only the kernel speaks with port 0: netlink(7) */
		return 0;
	return (int)len;
}

static int send_all(struct vn_sock *sock, const struct vn_msg *msg)
{
	ssize_t sent = mnl_socket_sendto(sock->mnl, msg->buf, msg->len);

	if (sent < 0)
		return -errno;
	return (size_t)sent == msg->len ? 0 : -EMSGSIZE;
}

int vn_sock_batch(struct vn_sock *sock, const struct vn_msg *msg, uint32_t seq, size_t n,
		  struct vn_ack *acks)
{
	size_t known = 0;
	int r;

	memset(acks, 0, n * sizeof(*acks));
	ask_last(msg, n);
	r = send_all(sock, msg);
	if (r < 0)
		return r;
	while (known < n) {
		r = receive(sock);
		if (r < 0)
			return r;
		take_acks(sock, r, seq, n, acks, &known);
	}
	return 0;
}

/* How a dump goes: torn, or refused by who takes it. */
struct dump {
	bool inconsistent;
	int failed;
};

/*
 * One datagram of a dump. Returns 1 at its end, 0 to go on, or a negative errno;
 * an inconsistent one is read to its end all the same, so that nothing is left
 * in the socket.
 */
static int take_dump(struct vn_sock *sock, int len, uint32_t seq, struct dump *dump,
		     int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)sock->buf;

	for (; vn_msg_ok(head, len); head = mnl_nlmsg_next(head, &len)) {
		int r;

		if (head->nlmsg_seq != seq || head->nlmsg_pid != sock->portid)
			continue;
		if (head->nlmsg_flags & NLM_F_DUMP_INTR)
			dump->inconsistent = true;
		if (head->nlmsg_type == NLMSG_DONE)
			return 1;
		if (head->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *err = mnl_nlmsg_get_payload(head);

			if (mnl_nlmsg_get_payload_len(head) < sizeof(*err))
				return -EBADMSG;
			return err->error ? err->error : 1;
		}
		/* The rest of a dump is read all the same: no other begins before its end. */
		r = dump->inconsistent || dump->failed ? 0 : fn(head, arg);
		if (r < 0)
			dump->failed = r;
	}
	return 0;
}

int vn_sock_dump(struct vn_sock *sock, const struct vn_msg *msg, uint32_t seq,
		 int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	struct dump dump = { 0 };
	int r = send_all(sock, msg);

	while (r == 0) {
		r = receive(sock);
		if (r >= 0)
			r = take_dump(sock, r, seq, &dump, fn, arg);
	}
	if (r < 0)
		return r;
	if (dump.failed)
		return dump.failed;
	return dump.inconsistent ? -EINTR : 0;
}
