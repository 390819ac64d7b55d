/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_SPAWN_H
#define VN_SYS_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

enum { VN_SPAWN_FDS = 3 };

/*
 * Spawn @program (a full path) with the arguments @argv, of which the first is its own name, and
 * the environment @envp (both end with NULL), in a session of its own, in the root directory, with
 * default signals, none of them blocked, and /dev/null as standard streams.
 *
 * @fds: what it inherits, as standard error and the descriptors behind that; -1: nothing.
 *       @n of them, at most VN_SPAWN_FDS
 *
 * Returns 0 or a negative errno: of execve(2) too.
 */
int vn_spawn(const char *program, const char *const argv[], const char *const envp[],
	     const int fds[], size_t n, pid_t *ret_pid);

#endif /* VN_SYS_SPAWN_H */
