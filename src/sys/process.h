/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_PROCESS_H
#define VN_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Spawn @argv[0] (a full path) in the caller's network namespace, in a session
 * of its own, in the root directory, with an empty environment, /dev/null as input
 * and output, no other descriptors, default signals, no inheritable or ambient
 * capabilities, a bounding set of @caps (bits 1ULL << CAP_*) and no way to gain
 * more; its standard error goes to @ret_stderr, which never blocks.
 * Call it from a thread that is about to end (see vn_netns_run()): that thread's
 * own capabilities are narrowed for good.
 *
 * Returns the pid, or a negative errno: of execve(2) too; -EPERM if the bounding
 * set is wider than @caps and CAP_SETPCAP is missing.
 */
pid_t vn_process_spawn(const char *const argv[], unsigned long long caps, int *ret_stderr);

/*
 * Spawn @program (a full path) with the arguments @argv, of which the first is its own
 * name, and the environment @envp, as its owner would: with all that the caller may, in a
 * session of its own, in the root directory, with default signals and /dev/null as its
 * standard streams. Returns the pid, or a negative errno: of execve(2) too.
 */
pid_t vn_process_launch(const char *program, const char *const argv[], const char *const envp[]);

/*
 * Wait until @pid, a child, has ended, at most @timeout_ms.
 * Returns 0 and its wait status, or -ETIMEDOUT; -ECHILD if it has ended but
 * someone else took its status (the caller ignores SIGCHLD, or waits for all).
 */
int vn_process_wait(pid_t pid, int timeout_ms, int *ret_status);

/*
 * SIGKILL for the child @pid, which vn_process_wait() has just found running, and
 * for its process group; its status is taken.
 */
void vn_process_abort(pid_t pid);

/*
 * Find the process in the namespace @netns whose command line has an argument
 * equal to @arg (NULL: any process there). @hint: a pid to look at first, or 0.
 * Returns its pid, 0 if there is none, or a negative errno; -EACCES or -EPERM if
 * there is one with such an argument whose namespace the caller may not see.
 */
pid_t vn_process_find(int netns, const char *arg, pid_t hint);

enum {
	VN_PROCESS_NAME = 16, /* TASK_COMM_LEN of linux/sched.h */
	VN_PROCESS_LINE = 4096,
};

/*
 * A process, as it was when it was looked at.
 *
 * @name: of its program, cut to 15 characters
 * @line: its arguments, each with its NUL; @size bytes in all, VN_PROCESS_LINE if it was cut
 */
struct vn_process {
	pid_t pid;
	char name[VN_PROCESS_NAME];
	char line[VN_PROCESS_LINE + 1];
	size_t size;
};

/* Called with each process; anything but 0 ends the search. */
typedef int vn_process_fn(const struct vn_process *process, void *arg);

/*
 * Call @fn with each process in the namespace @netns whose name is one of @names (@n of
 * them), as far as the caller may look. Returns 0, what @fn returned, or a negative errno.
 */
int vn_process_each(int netns, const char *const names[], size_t n, vn_process_fn *fn, void *arg);

/* The program that @pid runs, a full path. Returns 0 or a negative errno; -ESTALE if it is gone. */
int vn_process_program(pid_t pid, char *ret_path, size_t size);

/*
 * The variable @name of the environment that @pid was started with. Returns 0, -ENOENT if
 * there is none, or another negative errno.
 */
int vn_process_env(pid_t pid, const char *name, char *ret_value, size_t size);

/* True if @pid sees the files that the caller sees. */
bool vn_process_sees_files(pid_t pid);

/*
 * Open the network namespace of @pid, if its command line has the argument @arg and
 * it lives elsewhere than in @host. Returns a descriptor, or -ENOENT.
 */
int vn_process_netns(pid_t pid, const char *arg, int host);

/*
 * Send @signal to @pid by a pidfd, after checking once more (by @netns and @arg)
 * that it is the one meant. Returns 0, or -ESRCH if it is gone.
 */
int vn_process_signal(pid_t pid, int netns, const char *arg, int signal);

/*
 * End @pid, which need not be a child: SIGTERM, after @grace_ms SIGKILL, by a
 * pidfd, after checking once more (by @netns and @arg) that it is the one meant.
 * Returns 0 when it is gone, -ETIMEDOUT if it outlived even that.
 */
int vn_process_end(pid_t pid, int netns, const char *arg, int grace_ms);

#endif /* VN_SYS_PROCESS_H */
