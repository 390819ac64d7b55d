/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_TAPS_H
#define VN_SYS_TAPS_H

#include <stddef.h>
#include <sys/types.h>

#include "sys/fds.h"

/* A tap of the caller's namespace, and the first process that holds it: @pid 0: none is seen. */
struct vn_tap {
	char name[16]; /* IFNAMSIZ */
	pid_t pid;
	char program[VN_PROGRAM];
};

/* Fill in who holds @taps, by their names, as far as the caller may look. */
void vn_tap_holders(struct vn_tap *taps, size_t n);

#endif /* VN_SYS_TAPS_H */
