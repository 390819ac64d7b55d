/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { SYSCTL_PATH = 128 };

/* Returns false if there is no value of one line. */
static bool read_value(int dir, const char *name, char value[VN_SYSCTL_VALUE])
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, value, VN_SYSCTL_VALUE);

	if (n <= 0 || n == VN_SYSCTL_VALUE || value[n - 1] != '\n')
		return false;
	value[n - 1] = '\0';
	return true;
}

static int list_dir(const char *dir, const char *link, vn_sysctl_want_fn *want, vn_sysctl_fn *fn,
		    void *arg)
{
	char value[VN_SYSCTL_VALUE];
	char path[SYSCTL_PATH];
	const struct dirent *entry;
	DIR *stream;
	int r = vn_format(path, sizeof(path), "/proc/sys/net/%s/%s", dir, link);

	if (r < 0)
		return r;
	stream = opendir(path);
	if (!stream) /* a kernel without IPv6, or the link is gone */
		return 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (r == 0 && (entry = readdir(stream))) {
		const char *key = entry->d_name;
		bool known = key[0] != '.' && want(dir, key, arg) &&
			     read_value(dirfd(stream), key, value);

		if (key[0] != '.')
			r = fn(dir, link, key, known ? value : NULL, arg);
	}
	(void)closedir(stream);
	return r;
}

int vn_sysctl_list(const char *link, vn_sysctl_want_fn *want, vn_sysctl_fn *fn, void *arg)
{
	static const char *const dirs[] = { "ipv4/conf", "ipv6/conf" };
	int r = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && r == 0; i++)
		r = list_dir(dirs[i], link, want, fn, arg);
	return r;
}

int vn_sysctl_read(const char *dir, const char *link, const char *key,
		   char ret_value[VN_SYSCTL_VALUE])
{
	char path[SYSCTL_PATH];
	int r = vn_format(path, sizeof(path), "/proc/sys/net/%s/%s/%s", dir, link, key);

	if (r < 0)
		return r;
	return read_value(AT_FDCWD, path, ret_value) ? 0 : -ENOENT;
}
