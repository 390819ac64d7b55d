/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_LOCK_H
#define VN_SYS_LOCK_H

#include <stddef.h>

/*
 * Take the write lock: an open file description lock on @path, which is made if
 * missing and never deleted. Freed by closing the descriptor, and by the kernel
 * when the holder dies. Who lets it go and wants it again comes after one that waits.
 *
 * @who:        a line on the holder, written into the file for others to read
 * @timeout_ms: how long to wait
 * @ret_holder: on -EBUSY the line that the holder left; may be empty
 *
 * Returns a descriptor, -EBUSY, or another negative errno.
 */
int vn_lock_take(const char *path, const char *who, int timeout_ms, char *ret_holder, size_t size);

#endif /* VN_SYS_LOCK_H */
