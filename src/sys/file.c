/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { READ_FIRST = 4096 }; /* files of /proc say that their size is 0 */

int vn_file_open(const char *path)
{
	/* Without O_NONBLOCK, a FIFO put there would hold us until someone writes to it. */
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return take_fd(&fd);
}

/* A first size for the content: that of the file, as it tells, and one byte to see the end. */
static size_t load_size(int fd, size_t max)
{
	struct stat st;
	size_t size = READ_FIRST;

	if (!fstat(fd, &st) && st.st_size >= (off_t)size)
		size = (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
	return size < max ? size : max;
}

int vn_file_load(int fd, size_t max, char **ret_content, size_t *ret_len)
{
	size_t size = load_size(fd, max);
	auto_free char *buf = malloc(size + 1);
	size_t len = 0;

	if (!buf)
		return -ENOMEM;
	while (len < max) {
		ssize_t n;

		if (len == size) {
			char *more;

			size = size < max / 2 ? size * 2 : max;
			more = realloc(buf, size + 1);
			if (!more)
				return -ENOMEM;
			buf = more;
		}
		n = pread(fd, buf + len, size - len, (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	*ret_content = take_ptr(&buf);
	*ret_len = len;
	return 0;
}

int vn_file_read(const char *path, char **ret_content, uint32_t *ret_mode)
{
	auto_fd fd = vn_file_open(path);
	auto_free char *content = NULL;
	struct stat st;
	size_t len = 0;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	r = vn_file_load(fd, (size_t)VN_FILE_MAX + 1, &content, &len);
	if (r < 0)
		return r;
	if (len > VN_FILE_MAX)
		return -EFBIG;
	if (strlen(content) != len)
		return -EINVAL;
	if (ret_mode)
		*ret_mode = st.st_mode & 07777;
	*ret_content = take_ptr(&content);
	return 0;
}

static int write_all(int fd, const char *content, size_t len)
{
	while (len) {
		ssize_t n = write(fd, content, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		content += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Make @path, which must not exist, with all of @content in it. */
static int file_make(const char *path, const char *content, size_t len, uint32_t mode)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, content, len);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0) /* the umask is not asked */
		return -errno;
	if (close(take_fd(&fd)) < 0)
		return -errno;
	return 0;
}

static int temporary_path(const char *path, char ret_path[PATH_MAX])
{
	return vn_format(ret_path, PATH_MAX, "%s.tmp", path);
}

void vn_file_clear(const char *path)
{
	char temporary[PATH_MAX];

	if (temporary_path(path, temporary) == 0)
		(void)unlink(temporary);
}

int vn_file_write(const char *path, const char *content, uint32_t mode)
{
	return vn_file_write_bytes(path, content, strlen(content), mode);
}

int vn_file_write_bytes(const char *path, const char *bytes, size_t n, uint32_t mode)
{
	char temporary[PATH_MAX];
	int r;

	r = temporary_path(path, temporary);
	if (r < 0)
		return r;
	if (unlink(temporary) < 0 && errno != ENOENT)
		return -errno;
	r = file_make(temporary, bytes, n, mode);
	if (!r && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

static int dir_make_one(const char *path)
{
	struct stat st;

	if (!mkdir(path, 0755))
		return chmod(path, 0755) < 0 ? -errno : 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int vn_dir_make(const char *path)
{
	char part[PATH_MAX];
	int r;

	r = vn_copy(part, sizeof(part), path);
	if (r < 0)
		return r;
	for (char *slash = strchr(part + (*part == '/'), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = dir_make_one(part);
		if (r < 0)
			return r;
		*slash = '/';
	}
	return dir_make_one(part);
}

bool vn_dir_is_open(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	return (st.st_uid && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH));
}

int vn_sysctl_write(const char *path, const char *value)
{
	static const char root[] = "/proc/sys/";
	auto_fd fd = -1;
	size_t len = strlen(value);
	ssize_t n;

	if (strncmp(path, root, sizeof(root) - 1) != 0 || strstr(path, "/../"))
		return -EINVAL;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	/* One write: the kernel takes each for a value of its own. */
	n = write(fd, value, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}
