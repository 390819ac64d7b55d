/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { FD_END = STDERR_FILENO + VN_SPAWN_FDS };

/* The functions of posix_spawn(3) return positive error numbers. */
static int actions_fill(posix_spawn_file_actions_t *actions, const int fds[], size_t n)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);

	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDERR_FILENO);
	for (size_t i = 0; i < n && !r; i++) {
		if (fds[i] >= 0)
			r = posix_spawn_file_actions_adddup2(actions, fds[i],
							     STDERR_FILENO + (int)i);
	}
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(actions,
							     STDERR_FILENO + (n ? (int)n : 1));
	if (!r)
		r = posix_spawn_file_actions_addchdir_np(actions, "/");
	return -r;
}

static int attr_fill(posix_spawnattr_t *attr)
{
	sigset_t all;
	sigset_t none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	r = posix_spawnattr_setsigdefault(attr, &all);
	if (!r)
		r = posix_spawnattr_setsigmask(attr, &none);
	if (!r)
		r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
							   POSIX_SPAWN_SETSIGMASK);
	return -r;
}

static int spawn(const char *program, const char *const argv[], const char *const envp[],
		 const int fds[], size_t n, pid_t *ret_pid)
{
	char *const *args;
	char *const *environment;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = -posix_spawn_file_actions_init(&actions);

	if (r < 0)
		return r;
	/* posix_spawn() promises to leave the strings alone, but its type can't say so. */
	memcpy(&args, &argv, sizeof(args));
	memcpy(&environment, &envp, sizeof(environment));
	r = -posix_spawnattr_init(&attr);
	if (r == 0) {
		r = actions_fill(&actions, fds, n);
		if (r == 0)
			r = attr_fill(&attr);
		if (r == 0)
			r = -posix_spawn(ret_pid, program, &actions, &attr, args, environment);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

int vn_spawn(const char *program, const char *const argv[], const char *const envp[],
	     const int fds[], size_t n, pid_t *ret_pid)
{
	int high[VN_SPAWN_FDS] = { -1, -1, -1 };
	int r = n > VN_SPAWN_FDS ? -EINVAL : 0;

	/* Out of the way of where they go, also where the caller has closed his own streams. */
	for (size_t i = 0; i < n && r == 0; i++) {
		if (fds[i] < 0)
			continue;
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FD_END);
		if (high[i] < 0) /* EINVAL: the limit of open files is below FD_END */
			r = errno == EINVAL ? -EMFILE : -errno;
	}
	if (r == 0)
		r = spawn(program, argv, envp, high, n, ret_pid);
	for (size_t i = 0; i < VN_SPAWN_FDS; i++) {
		if (high[i] >= 0)
			(void)close(high[i]);
	}
	return r;
}
