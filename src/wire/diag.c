/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	TIME_WAIT = 6, /* states of tcp_states.h: no socket of anyone's any more, or not yet */
	SYN_RECV = 3,
	NEW_SYN_RECV = 12,
	BOUND_INACTIVE = 13, /* to be used some day; told since 6.8, for half as long again */
	SOCKET_TEXT = 80,
};

#define STATES (~(1U << TIME_WAIT | 1U << SYN_RECV | 1U << NEW_SYN_RECV | 1U << BOUND_INACTIVE))

struct survey {
	struct vn_sock *sock;
	int32_t index;
	const char *protocol;
	vn_diag_fn *fn;
	void *arg;
};

/* Have the kernel pass only those of the link: a busy server has a hundred thousand others. */
static void put_filter(struct vn_msg *msg, int32_t index)
{
	struct {
		struct inet_diag_bc_op op;
		/* cppcheck-suppress unusedStructMember ; the kernel reads it */
		uint32_t index;
	} only = {
		.op = { .code = INET_DIAG_BC_DEV_COND,
			.yes = sizeof(only),
			.no = sizeof(only) + sizeof(only.op) }, /* beyond the end: leave it out */
		.index = (uint32_t)index,
	};

	vn_attr(msg, INET_DIAG_REQ_BYTECODE, &only, sizeof(only));
}

static int on_socket(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	const struct inet_diag_msg *diag = mnl_nlmsg_get_payload(head);
	char ip[INET6_ADDRSTRLEN];
	char text[SOCKET_TEXT];

	if ((head->nlmsg_type != SOCK_DIAG_BY_FAMILY && head->nlmsg_type != TCPDIAG_GETSOCK) ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(*diag))
		return -EBADMSG;
	if (diag->id.idiag_if != (uint32_t)s->index ||
	    !inet_ntop(diag->idiag_family, diag->id.idiag_src, ip, sizeof(ip)))
		return 0;
	(void)snprintf(text, sizeof(text),
		       diag->idiag_family == AF_INET6 ? "%s [%s]:%u" : "%s %s:%u", s->protocol, ip,
		       ntohs(diag->id.idiag_sport));
	return s->fn(diag->idiag_inode, text, s->arg);
}

static int dump(struct survey *s, uint16_t type, const void *request, size_t size)
{
	uint32_t seq = vn_sock_seq(s->sock, 1);
	uint8_t buf[128];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, NLM_F_DUMP, seq, request, size);
	put_filter(&msg, s->index);
	r = vn_msg_end(&msg);
	if (r == 0)
		r = vn_sock_dump(s->sock, &msg, seq, on_socket, s);
	/* No IPv6, no module for this protocol. */
	return r == -ENOENT || r == -EOPNOTSUPP || r == -EINVAL ? 0 : r;
}

/* The kernel goes through all of its table, however little it holds: both families at once. */
static int dump_tcp(struct survey *s)
{
	const struct inet_diag_req request = {
		.idiag_family = AF_INET, /* not looked at: it passes both */
		.idiag_states = STATES,
	};

	s->protocol = "tcp";
	return dump(s, TCPDIAG_GETSOCK, &request, sizeof(request));
}

static int dump_of(struct survey *s, uint8_t family, uint8_t protocol)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = STATES,
	};

	return dump(s, SOCK_DIAG_BY_FAMILY, &request, sizeof(request));
}

int vn_diag_survey(int32_t index, vn_diag_fn *fn, void *arg)
{
	static const struct {
		uint8_t protocol;
		const char *name;
	} protocols[] = { { IPPROTO_UDP, "udp" }, { IPPROTO_RAW, "raw" } };
	struct survey s = { .index = index, .fn = fn, .arg = arg };
	int r = vn_sock_open_of(VN_SOCK_DIAG, &s.sock);

	if (r < 0)
		return r == -EPROTONOSUPPORT ? 0 : r;
	r = dump_tcp(&s);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]) && r == 0; i++) {
		s.protocol = protocols[i].name;
		r = dump_of(&s, AF_INET, protocols[i].protocol);
		if (r == 0)
			r = dump_of(&s, AF_INET6, protocols[i].protocol);
	}
	vn_sock_close(s.sock);
	return r;
}
