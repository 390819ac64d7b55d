/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sockets.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/fds.h"
#include "sys/file.h"

enum {
	COLUMNS = 9, /* of /proc/net/packet: sk RefCnt Type Proto Iface R Rmem User Inode */
	COLUMN_PROTO = 3,
	COLUMN_IFACE = 4,
	COLUMN_INODE = 8,
	LINK_TEXT = 48,	    /* "socket:[18446744073709551615]" */
	ETH_P_LACP = 0x8809 /* ETH_P_SLOW of linux/if_ether.h */
};

static bool is_deaf(uint64_t protocol)
{
	return protocol && protocol != ETH_P_ALL && protocol != ETH_P_LLDP &&
	       protocol != ETH_P_PAE && protocol != ETH_P_LACP;
}

int vn_packet_parse(char *text, int32_t index, vn_socket_fn *fn, void *arg)
{
	char *line = vn_line_next(&text); /* the columns' names */
	int r = 0;

	while (line && r == 0 && (line = vn_line_next(&text))) {
		const char *column[COLUMNS];
		char *save = NULL;
		char *word = strtok_r(line, " ", &save);
		char what[LINK_TEXT];
		uint64_t protocol;
		uint64_t iface;
		uint64_t inode;
		size_t n = 0;

		for (; word && n < COLUMNS; word = strtok_r(NULL, " ", &save))
			column[n++] = word;
		if (n < COLUMNS || vn_number(column[COLUMN_PROTO], 16, 0, UINT16_MAX, &protocol) ||
		    vn_number(column[COLUMN_IFACE], 10, 0, INT_MAX, &iface) ||
		    vn_number(column[COLUMN_INODE], 10, 0, UINT64_MAX, &inode) ||
		    iface != (uint64_t)index || !is_deaf(protocol))
			continue;
		(void)snprintf(what, sizeof(what), "packet 0x%04x", (unsigned int)protocol);
		r = fn(inode, what, arg);
	}
	return r;
}

int vn_packet_sockets(int32_t index, vn_socket_fn *fn, void *arg)
{
	auto_free char *text = NULL;
	int r = vn_file_read("/proc/thread-self/net/packet", &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return vn_packet_parse(text, index, fn, arg);
}

/* ---- whose they are ---- */

struct search {
	struct vn_holder *holders;
	size_t n;
	size_t left;
};

/* "socket:[12345]" */
static uint64_t inode_of(const char *what)
{
	char text[LINK_TEXT];
	uint64_t inode;

	if (strncmp(what, "socket:[", 8) != 0 || vn_copy(text, sizeof(text), what + 8) < 0)
		return 0;
	text[strcspn(text, "]")] = '\0';
	return vn_number(text, 10, 1, UINT64_MAX, &inode) == 0 ? inode : 0;
}

static int on_fd(pid_t pid, int fd, const char *what, void *arg)
{
	struct search *search = arg;
	uint64_t inode = inode_of(what);

	(void)fd;
	for (size_t i = 0; inode && i < search->n; i++) {
		struct vn_holder *holder = &search->holders[i];

		if (holder->inode != inode || holder->pid)
			continue;
		holder->pid = pid;
		vn_program_name(pid, holder->name);
		search->left--;
	}
	return search->left == 0;
}

void vn_socket_holders(struct vn_holder *holders, size_t n)
{
	struct search search = { .holders = holders, .n = n, .left = n };

	if (n)
		(void)vn_fd_each(on_fd, &search);
}
