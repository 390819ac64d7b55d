/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_FILE_H
#define VN_SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { VN_FILE_MAX = 4 << 20 }; /* no file that vnet reads whole is larger */

/*
 * Open a regular file for reading, never through a symbolic link as its last part.
 * Returns a descriptor, -ENOENT, -ELOOP for a symbolic link, or -EINVAL for
 * anything else that is no regular file.
 */
int vn_file_open(const char *path);

/*
 * Read the first @max bytes of @fd, or all if there are less, whatever they are; a
 * NUL stands after them. @ret_content is the caller's to free. Returns 0 or a negative errno.
 */
int vn_file_load(int fd, size_t max, char **ret_content, size_t *ret_len);

/*
 * Read a whole regular file, NUL-terminated, never through a symbolic link as its
 * last part. @ret_content is the caller's to free; @ret_mode may be NULL.
 * Returns 0, what vn_file_open() returns, -EFBIG, or -EINVAL if it holds a NUL.
 */
int vn_file_read(const char *path, char **ret_content, uint32_t *ret_mode);

/*
 * Write @content as the new whole of @path: a temporary file beside it, then
 * rename(2). Readers see the old or the new content, never a part.
 *
 * One writer a path at a time: hold the write lock. The temporary file is
 * PATH.tmp; one that a killed process left is taken away by the next write. @mode: the
 * permission bits, whatever the umask. Returns 0, or a negative errno, and @path is as it was.
 */
int vn_file_write(const char *path, const char *content, uint32_t mode);

/* The same for @n bytes, whatever they are. */
int vn_file_write_bytes(const char *path, const char *bytes, size_t n, uint32_t mode);

/* Take away the temporary file that a write of @path left which was cut off, if there is one. */
void vn_file_clear(const char *path);

/*
 * mkdir(2) each part of @path that is missing, mode 0755 whatever the umask. Returns 0 or a
 * negative errno.
 */
int vn_dir_make(const char *path);

/* The directory @path is there, and others than root and the caller may make files in it. */
bool vn_dir_is_open(const char *path);

/*
 * Write @value to a file of /proc/sys that exists: that of the caller's namespace.
 * Returns 0, -EINVAL for a path elsewhere, or another negative errno.
 */
int vn_sysctl_write(const char *path, const char *value);

#endif /* VN_SYS_FILE_H */
