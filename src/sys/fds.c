/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	PROC_PATH = 32, /* "/proc/2147483647/comm" */
	WHAT_TEXT = 48, /* "socket:[18446744073709551615]"; what is longer is cut */
};

void vn_program_name(pid_t pid, char ret_name[VN_PROGRAM])
{
	char path[PROC_PATH];
	auto_fd fd = -1;
	ssize_t n;

	ret_name[0] = '\0';
	if (vn_format(path, sizeof(path), "/proc/%d/comm", (int)pid) < 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret_name, VN_PROGRAM - 1);
	ret_name[n > 0 ? n : 0] = '\0';
	ret_name[strcspn(ret_name, "\n")] = '\0';
	vn_text_clean(ret_name);
}

/* The number that a directory entry is; -1: it is none. */
static int number_of(const char *name)
{
	uint64_t number;

	return vn_number(name, 10, 0, INT_MAX, &number) == 0 ? (int)number : -1;
}

/* Those of one process. */
static int look_at(int proc, const char *pid, vn_fd_fn *fn, void *arg)
{
	const struct dirent *entry;
	char path[PROC_PATH];
	DIR *fds;
	int r = 0;
	int dir;

	if (vn_format(path, sizeof(path), "%s/fd", pid) < 0)
		return 0;
	dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) /* gone, or not to be seen */
		return 0;
	fds = fdopendir(dir);
	if (!fds) {
		r = -errno;
		(void)close(dir);
		return r;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (r == 0 && (entry = readdir(fds))) {
		char what[WHAT_TEXT];
		ssize_t n = readlinkat(dir, entry->d_name, what, sizeof(what) - 1);

		if (n < 0)
			continue;
		what[n] = '\0';
		r = fn(number_of(pid), number_of(entry->d_name), what, arg);
	}
	(void)closedir(fds);
	return r;
}

int vn_fd_each(vn_fd_fn *fn, void *arg)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	int r = 0;

	if (!proc)
		return -errno;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (r == 0 && (entry = readdir(proc))) {
		if (number_of(entry->d_name) > 0)
			r = look_at(dirfd(proc), entry->d_name, fn, arg);
	}
	(void)closedir(proc);
	return r;
}
