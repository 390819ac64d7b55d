/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_WATCHDOG_H
#define VN_SYS_WATCHDOG_H

#include <sys/types.h>

#include "sys/gateway.h"

struct sockaddr_un;

/*
 * The process that looks after a change: how it is begun, and how it is spoken to. What it
 * does is in core/watchdog.h.
 */

enum {
	VN_WATCHDOG_SOCK = 3, /* where it finds the socket to who began it, and the lock */
	VN_WATCHDOG_LOCK = 4,
	VN_WATCHDOG_OOM = 16,	/* of a score of the OOM killer, as text */
	VN_WATCHDOG_LINE = 256, /* of a request, or of an answer */
};

/*
 * Spawn @program (a full path) in the caller's namespace, in a session of its own, in the root
 * directory, with an empty environment and /dev/null as standard streams. It inherits the lock
 * @lock, and forks at once: what is left is no child of the caller's.
 *
 * @ret_sock: a socket to it, for the caller to close; each message is one packet
 *
 * Returns the pid of its first process, for waitpid(2), or a negative errno: of execve(2) too.
 */
pid_t vn_watchdog_spawn(const char *program, int lock, int *ret_sock);

/* The address of the socket at @path. Returns 0 or -ENAMETOOLONG. */
int vn_watchdog_address(const char *path, struct sockaddr_un *ret_address);

/*
 * For the other end, as are the next three (src/sys/watchdog_self.c): fork, let the first process
 * end, and stay in memory whatever becomes of the disk and of memory, as far as that is allowed.
 *
 * @ret_oom: for vn_watchdog_expose(); empty: not known
 *
 * Returns 0 in the one that goes on, or a negative errno.
 */
int vn_watchdog_settle(char ret_oom[VN_WATCHDOG_OOM]);

/*
 * No longer, for it goes to work: what is started from now on is not to outlive whoever runs out
 * of memory, either, and not to be held in it.
 */
void vn_watchdog_expose(const char *oom);

/* Listen at @path, in place of what is there. Returns a descriptor or a negative errno. */
int vn_watchdog_listen(const char *path);

/* Take one client of @listener and its line. Returns a descriptor, or a negative errno. */
int vn_watchdog_accept(int listener, char ret_line[VN_WATCHDOG_LINE]);

/*
 * Say @line to who listens at @path, once it is its turn, and take the answer: at most 2 s for
 * either. Returns 0, -ENOENT if nobody is there, -ETIMEDOUT if it has not answered (it can't
 * any more then: its vn_watchdog_say() fails), or another negative errno.
 */
int vn_watchdog_ask(const char *path, const char *line, char ret_answer[VN_WATCHDOG_LINE]);

/* Send @line as one packet. Returns 0 or a negative errno. */
int vn_watchdog_say(int sock, const char *line);

/* Hand the descriptors @spent over, and close them here. Returns 0 or a negative errno. */
int vn_watchdog_give(int sock, struct vn_spent *spent);

/*
 * Receive a packet as a line, for at most @timeout_ms (-1: without end); descriptors that come
 * with it stay open until the process ends. Returns 0, -EPIPE at the end, or another negative
 * errno.
 */
int vn_watchdog_hear(int sock, int timeout_ms, char ret_line[VN_WATCHDOG_LINE]);

#endif /* VN_SYS_WATCHDOG_H */
