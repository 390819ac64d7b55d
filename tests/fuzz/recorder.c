/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorder DIR - let all that asks by netlink ask the kernel, and keep the answers
 *
 * Each reader's become DIR/NAME, as the target netlink takes them (fuzz/readers.h). The links that
 * are asked for must be there: eth0 with the index 42, br0 with 43.
 */
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "fuzz/readers.h"
#include "lib/must.h"

/* Where what is received goes. */
static struct {
	FILE *file;
	uint32_t seq;
	uint32_t port;
} recorder; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables) */

static void keep(const void *buf, ssize_t size)
{
	const struct nlmsghdr *head = buf;
	int left = (int)size;

	for (; mnl_nlmsg_ok(head, left); head = mnl_nlmsg_next(head, &left)) {
		struct nlmsghdr copy = *head;
		size_t rest = NLMSG_ALIGN((size_t)head->nlmsg_len) - sizeof(copy);

		copy.nlmsg_seq -= recorder.seq;
		if (left > (int)NLMSG_ALIGN(head->nlmsg_len))
			copy.nlmsg_seq |= FUZZ_GLUED;
		if (copy.nlmsg_pid == recorder.port)
			copy.nlmsg_pid = 0;
		must(fwrite(&copy, sizeof(copy), 1, recorder.file) == 1);
		must(!rest || fwrite(head + 1, rest, 1, recorder.file) == 1);
	}
}

static ssize_t sent(uint32_t port, const struct nlmsghdr *head, ssize_t n)
{
	recorder.port = port;
	recorder.seq = head->nlmsg_seq;
	return n;
}

/* In the place of libmnl's, and of the C library's. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs are __names */
ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	return sent(mnl_socket_get_portid(nl), buf,
		    syscall(SYS_sendto, mnl_socket_get_fd(nl), buf, len, 0, NULL, 0));
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_sendmsg, fd, msg, flags);
	struct sockaddr_nl own = { 0 };
	socklen_t size = sizeof(own);

	must(getsockname(fd, (struct sockaddr *)&own, &size) == 0);
	return sent(own.nl_pid, msg->msg_iov->iov_base, n);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	keep(msg->msg_iov->iov_base, n);
	return n;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	return recv(mnl_socket_get_fd(nl), buf, size, 0);
}

ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t n = syscall(SYS_recvfrom, fd, buf, size, flags, NULL, NULL);

	keep(buf, n);
	return n;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

int main(int argc, char **argv)
{
	must(argc == 2);
	for (size_t i = 0; i < fuzz_n_readers; i++) {
		char path[4096];

		must(vn_format(path, sizeof(path), "%s/%s", argv[1], fuzz_readers[i].name) == 0);
		recorder.file = fopen(path, "we");
		must(recorder.file && fputc((int)i, recorder.file) == (int)i);
		fuzz_readers[i].read();
		must(fclose(recorder.file) == 0);
	}
	return 0;
}
