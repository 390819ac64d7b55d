/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_WATCHDOG_H
#define VN_CORE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <vnet/error.h>

#include "sys/gateway.h"

/*
 * A process that looks after a change of the host's way out, and takes it back when the one
 * that makes the change dies, or when nobody confirms it in time.
 *
 * @sock:    to that process; -1: there is none
 * @pid:     its first process, whose end is still to be waited for; 0: that has been done
 * @confirm: seconds in which the change must be confirmed; 0: it need not be
 */
struct vn_watch {
	int sock;
	pid_t pid;
	uint32_t confirm;
};

/*
 * Begin one, in the caller's namespace. It shares the lock @lock, so that nobody else makes
 * a change while there is something to take back. @ret_watch is for vn_watch_close().
 * Returns 0, or a negative errno with a sentence.
 */
int vn_watch_open(int lock, uint32_t confirm, struct vn_watch *ret_watch, struct vnet_error *err);

/*
 * The journal is written, and the change begins: wait until the watchdog has read it, and
 * would act on it. Returns 0, or a negative errno with a sentence.
 */
int vn_watch_begin(struct vn_watch *watch, struct vnet_error *err);

/* The change is over: done, or not. */
void vn_watch_end(const struct vn_watch *watch, bool done);

/*
 * Let it go, and wait until it has ended, or waits for confirmation by itself. @spent: what it
 * takes over to be closed; NULL: nothing
 */
void vn_watch_close(struct vn_watch *watch, struct vn_spent *spent);

/*
 * What the program vnet-watchdog does, on its two inherited descriptors (sys/watchdog.h).
 * Returns its exit status.
 */
int vn_watchdog_run(void);

#endif /* VN_CORE_WATCHDOG_H */
