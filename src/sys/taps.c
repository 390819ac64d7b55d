/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/taps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#ifndef SYS_pidfd_getfd /* Linux 5.6 */
#define SYS_pidfd_getfd 438
#endif
#ifndef TUNGETDEVNETNS /* linux/if_tun.h, Linux 5.2 */
#define TUNGETDEVNETNS _IO('T', 227)
#endif

/*
 * How this works: of a descriptor of /dev/net/tun, /proc/PID/fdinfo tells the name of the link
 * ("iff:"), but not its namespace, in which another may have the same name; that of the process
 * need not be it. So the descriptor is copied (pidfd_getfd(2)) and asked. Where that is not
 * allowed, the namespace of the process has to do.
 */

enum {
	PROC_PATH = 48, /* "/proc/2147483647/fdinfo/2147483647" */
	FDINFO = 512,	/* of a tap 80 bytes */
};

struct search {
	struct vn_tap *taps;
	size_t n;
	size_t left;
	struct stat ours; /* the caller's namespace */
};

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The namespace of the tap behind that descriptor, opened; or a negative number. */
static int netns_of(pid_t pid, int fd)
{
	auto_fd pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	auto_fd copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0U);

	return copy < 0 ? -1 : ioctl(copy, TUNGETDEVNETNS);
}

static bool is_here(const struct search *search, pid_t pid, int fd)
{
	auto_fd ns = netns_of(pid, fd);
	char path[PROC_PATH];
	struct stat theirs;

	if (ns >= 0)
		return fstat(ns, &theirs) == 0 && same(&theirs, &search->ours);
	return vn_format(path, sizeof(path), "/proc/%d/ns/net", (int)pid) == 0 &&
	       stat(path, &theirs) == 0 && same(&theirs, &search->ours);
}

/* The name of the tap behind that descriptor, cut out of @buf; NULL: none. */
static const char *tap_of(pid_t pid, int fd, char buf[FDINFO])
{
	char path[PROC_PATH];
	auto_fd info = -1;
	char *line;
	ssize_t n;

	if (vn_format(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd) < 0)
		return NULL;
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, buf, FDINFO - 1);
	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	while ((line = vn_line_next(&buf))) {
		if (!strncmp(line, "iff:\t", 5))
			return line + 5;
	}
	return NULL;
}

static int on_fd(pid_t pid, int fd, const char *what, void *arg)
{
	struct search *search = arg;
	char buf[FDINFO];
	const char *name = strcmp(what, "/dev/net/tun") ? NULL : tap_of(pid, fd, buf);

	for (size_t i = 0; name && i < search->n; i++) {
		struct vn_tap *tap = &search->taps[i];

		if (tap->pid || strcmp(tap->name, name) != 0 || !is_here(search, pid, fd))
			continue;
		tap->pid = pid;
		vn_program_name(pid, tap->program);
		search->left--;
	}
	return search->left == 0;
}

void vn_tap_holders(struct vn_tap *taps, size_t n)
{
	struct search search = { .taps = taps, .n = n, .left = n };

	if (n && stat("/proc/thread-self/ns/net", &search.ours) == 0)
		(void)vn_fd_each(on_fd, &search);
}
