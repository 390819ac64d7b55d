/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_FUZZ_READERS_H
#define TESTS_FUZZ_READERS_H

#include <stddef.h>

#include <linux/netlink.h>

/*
 * All that asks the kernel by netlink, for two callers: the recorder, which has it ask the real
 * kernel and keeps the answers, and the target, which gives it any bytes as answers.
 *
 * An input is the number of a reader, a byte, and messages, one after the other, as the kernel
 * sends them, each a datagram, but for:
 *
 * nlmsg_seq: counts from that of the first message that was sent last; with FUZZ_GLUED, the next
 *            message is in the same datagram
 * nlmsg_pid: counts from that of the socket
 * nlmsg_type: FUZZ_FAILS, a receive that fails with the errno nlmsg_seq; FUZZ_CUT, one that does
 *            not fit; FUZZ_FORGED, one of another process
 */

enum {
	FUZZ_NIC = 42, /* index of the link that is asked for, "eth0" */
	FUZZ_BRIDGE,   /* of "br0" */
};

#define FUZZ_GLUED 0x80000000U

enum {
	FUZZ_FAILS = 0xffff,
	FUZZ_CUT = 0xfffe,
	FUZZ_FORGED = 0xfffd,
};

struct fuzz_reader {
	const char *name;
	void (*read)(void);
};

extern const struct fuzz_reader fuzz_readers[];
extern const size_t fuzz_n_readers;

/* One message, in memory of its very size, with all that reads one alone. */
void fuzz_message(const struct nlmsghdr *head);

#endif /* TESTS_FUZZ_READERS_H */
