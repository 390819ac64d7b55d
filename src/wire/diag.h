/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_DIAG_H
#define VN_WIRE_DIAG_H

#include <stdint.h>

#include "wire/sock.h"

/* What there is to know of a socket: where it can be found in /proc, and what it is. */
typedef int vn_diag_fn(uint64_t inode, const char *text, void *arg);

/*
 * Hand each socket of TCP, UDP and raw IP, of both families, that is bound to the link
 * @index to @fn (a non-zero return ends it). What the kernel cannot tell is left out.
 * Returns 0 or a negative errno; -EINTR if all is to be read anew.
 */
int vn_diag_survey(int32_t index, vn_diag_fn *fn, void *arg);

#endif /* VN_WIRE_DIAG_H */
