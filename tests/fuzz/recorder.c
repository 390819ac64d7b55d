/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorder DIR - let all that asks by netlink ask the kernel, and keep the answers
 *
 * Each reader's become DIR/NAME, as the target netlink takes them (fuzz/readers.h). The links that
 * are asked for must be there: eth0 with the index 42, br0 with 43.
 */
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

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

/* ---- iptables: no kernel need have it, but its structures are known ---- */

/* An entry of the one family or the other, with the target that names a chain, or with none. */
static void put_entry(FILE *file, bool inet6, const char *iface, const char *chain)
{
	const size_t more = inet6 ? sizeof(struct ip6t_entry) - sizeof(struct ipt_entry) : 0;
	struct xt_error_target target = { .target.u.user.target_size = sizeof(target) };
	struct ipt_entry entry4 = { 0 };
	struct ip6t_entry entry6 = { 0 };

	if (chain)
		must(vn_copy(target.errorname, sizeof(target.errorname), chain) == 0 &&
		     vn_copy(target.target.u.user.name, sizeof(target.target.u.user.name),
			     XT_ERROR_TARGET) == 0);
	must(vn_copy(entry4.ip.iniface, IFNAMSIZ, iface) == 0);
	memset(entry4.ip.iniface_mask, 0xff, strlen(iface));
	memcpy(entry6.ipv6.iniface, entry4.ip.iniface, IFNAMSIZ);
	memcpy(entry6.ipv6.iniface_mask, entry4.ip.iniface_mask, IFNAMSIZ);
	entry6.target_offset = entry4.target_offset = (uint16_t)(sizeof(entry4) + more);
	entry6.next_offset = entry4.next_offset =
		(uint16_t)(sizeof(entry4) + more + sizeof(target));
	must(fwrite(inet6 ? (const void *)&entry6 : (const void *)&entry4, sizeof(entry4) + more, 1,
		    file) == 1);
	must(fwrite(&target, sizeof(target), 1, file) == 1);
}

/* As fuzz/xtables.c takes it: INPUT begins with the table, and there is a chain of its own. */
static void put_table(const char *dir, bool inet6)
{
	static const uint8_t hooks[] = { 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	char path[4096];
	FILE *file;

	must(vn_format(path, sizeof(path), "%s/xtables%d", dir, inet6) == 0);
	file = fopen(path, "we");
	must(file && fputc(inet6 ? 1 : 0, file) != EOF &&
	     fwrite(hooks, sizeof(hooks), 1, file) == 1);
	put_entry(file, inet6, "eth0", NULL);
	put_entry(file, inet6, "", "own");
	put_entry(file, inet6, "eth", NULL);
	put_entry(file, inet6, "", XT_ERROR_TARGET);
	must(fclose(file) == 0);
}

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
	put_table(argv[1], false);
	put_table(argv[1], true);
	return 0;
}
