/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sockets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/file.h"

enum {
	COLUMNS = 9, /* of /proc/net/packet: sk RefCnt Type Proto Iface R Rmem User Inode */
	COLUMN_PROTO = 3,
	COLUMN_IFACE = 4,
	COLUMN_INODE = 8,
	PROC_PATH = 32,	    /* "/proc/2147483647/comm" */
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

static void name_of(int proc, const char *pid, char ret_name[16])
{
	char path[PROC_PATH];
	auto_fd fd = -1;
	ssize_t n;

	if (vn_format(path, sizeof(path), "%s/comm", pid) < 0)
		return;
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret_name, 15);
	ret_name[n > 0 ? n : 0] = '\0';
	ret_name[strcspn(ret_name, "\n")] = '\0';
	vn_text_clean(ret_name);
}

/* "socket:[12345]" */
static uint64_t inode_of(int dir, const char *name)
{
	char text[LINK_TEXT];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);
	uint64_t inode;

	if (n < 10 || strncmp(text, "socket:[", 8) != 0)
		return 0;
	text[n - 1] = '\0'; /* the bracket */
	return vn_number(text + 8, 10, 1, UINT64_MAX, &inode) == 0 ? inode : 0;
}

/* Of one process. Returns how many were found. */
static size_t look_at(int proc, const char *pid, struct vn_holder *holders, size_t n)
{
	const struct dirent *entry;
	char path[PROC_PATH];
	size_t found = 0;
	DIR *fds;
	int fd;

	if (vn_format(path, sizeof(path), "%s/fd", pid) < 0)
		return 0;
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	fds = fdopendir(fd);
	if (!fds) {
		(void)close(fd);
		return 0;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while ((entry = readdir(fds))) {
		uint64_t inode = inode_of(fd, entry->d_name);
		uint64_t number;

		for (size_t i = 0; inode && i < n; i++) {
			if (holders[i].inode != inode || holders[i].pid ||
			    vn_number(pid, 10, 1, INT_MAX, &number) < 0)
				continue;
			holders[i].pid = (pid_t)number;
			name_of(proc, pid, holders[i].name);
			found++;
		}
	}
	(void)closedir(fds);
	return found;
}

void vn_socket_holders(struct vn_holder *holders, size_t n)
{
	const struct dirent *entry;
	size_t left = n;
	DIR *proc = n ? opendir("/proc") : NULL;

	if (!proc)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (left && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			left -= look_at(dirfd(proc), entry->d_name, holders, n);
	}
	(void)closedir(proc);
}
