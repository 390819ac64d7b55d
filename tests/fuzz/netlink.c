/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever could come by netlink, read by all that asks (fuzz/readers.h). No system call is made:
 * the functions below stand in the place of libmnl's and of the C library's. What of a buffer the
 * "kernel" did not fill must not be looked at: to the sanitizer it is not there.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "fuzz/readers.h"
#include "lib/must.h"

enum { PORT = 4242 };

struct mnl_socket {
	int dummy; /* cppcheck-suppress unusedStructMember ; none may be empty */
};

/* libFuzzer's function has no argument of ours to pass on. */
static struct {
	struct fuzz_in in;
	uint32_t seq; /* of what was sent last, its first message */
	void *hidden;
	size_t n_hidden;
	struct mnl_socket socket;
} fake; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables) */

static void show(void)
{
	if (fake.hidden)
		ASAN_UNPOISON_MEMORY_REGION(fake.hidden, fake.n_hidden);
	fake.hidden = NULL;
}

static void hide(uint8_t *at, size_t n)
{
	fake.hidden = at;
	fake.n_hidden = n;
	ASAN_POISON_MEMORY_REGION(at, n);
}

/* The next message's size in the input: what it says, as far as there is so much. */
static size_t cut(struct nlmsghdr *ret_head)
{
	size_t size;

	*ret_head = (struct nlmsghdr){ 0 };
	memcpy(ret_head, fake.in.at, fake.in.left < sizeof(*ret_head) ? fake.in.left : 16);
	size = NLMSG_ALIGN((size_t)ret_head->nlmsg_len);
	return size < sizeof(*ret_head) || size > fake.in.left ? fake.in.left : size;
}

/* One message to @to; returns its size. @ret_head is as it is in the input. */
static size_t take(uint8_t *to, size_t room, struct nlmsghdr *ret_head)
{
	size_t size = cut(ret_head);
	struct nlmsghdr head = *ret_head;
	size_t n = size < room ? size : room;

	head.nlmsg_seq = (head.nlmsg_seq & ~FUZZ_GLUED) + fake.seq;
	head.nlmsg_pid += PORT;
	memcpy(to, fake.in.at, n);
	if (n >= sizeof(head))
		memcpy(to, &head, sizeof(head));
	fake.in.at += size;
	fake.in.left -= size;
	return n;
}

static ssize_t receive(uint8_t *to, size_t room, int *ret_flags, uint32_t *ret_from)
{
	struct nlmsghdr head = { .nlmsg_seq = FUZZ_GLUED };
	size_t n = 0;

	show();
	if (!fake.in.left) {
		errno = EAGAIN;
		return -1;
	}
	while (fake.in.left && n < room && head.nlmsg_seq & FUZZ_GLUED) {
		n += take(to + n, room - n, &head);
		if (head.nlmsg_type == FUZZ_FAILS) {
			errno = head.nlmsg_seq & 0x7f ? (int)(head.nlmsg_seq & 0x7f) : ENOBUFS;
			errno = errno == EINTR ? ENOBUFS : errno;
			return -1;
		}
		*ret_flags |= head.nlmsg_type == FUZZ_CUT ? MSG_TRUNC : 0;
		*ret_from = head.nlmsg_type == FUZZ_FORGED;
	}
	hide(to + n, room - n);
	return (ssize_t)n;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs are __names */

/* ---- libmnl ---- */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return &fake.socket;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return -1;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return PORT;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	(void)nl;
	must(len >= sizeof(struct nlmsghdr));
	fake.seq = ((const struct nlmsghdr *)buf)->nlmsg_seq;
	return (ssize_t)len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	uint32_t from = 0;
	int flags = 0;

	(void)nl;
	return receive(buf, size, &flags, &from);
}

int mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	show();
	return 0;
}

/* ---- the C library ---- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

int socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return -1;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	(void)fd;
	(void)flags;
	fake.seq = ((const struct nlmsghdr *)msg->msg_iov->iov_base)->nlmsg_seq;
	return (ssize_t)msg->msg_iov->iov_len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl *from = msg->msg_name;

	(void)fd;
	(void)flags;
	msg->msg_flags = 0;
	return receive(msg->msg_iov->iov_base, msg->msg_iov->iov_len, &msg->msg_flags,
		       &from->nl_pid);
}

ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	uint32_t from = 0;

	(void)fd;
	return receive(buf, size, &flags, &from);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- the target ---- */

/* Each message by itself. The readers see few: what is not theirs ends them. */
static void each_message(const uint8_t *data, size_t size)
{
	fake.in = (struct fuzz_in){ data, size };
	fake.seq = 0;
	while (fake.in.left) {
		struct nlmsghdr head;
		size_t n = cut(&head);
		uint8_t *copy = calloc(1, n);

		must(copy);
		(void)take(copy, n, &head);
		if (n >= sizeof(head) && head.nlmsg_len >= sizeof(head) && head.nlmsg_len <= n)
			fuzz_message((const struct nlmsghdr *)copy);
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	fake.in = (struct fuzz_in){ data + 1, size - 1 };
	fake.seq = 0;
	fuzz_readers[data[0] % fuzz_n_readers].read();
	show();
	each_message(data + 1, size - 1);
	return 0;
}
