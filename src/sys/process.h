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
