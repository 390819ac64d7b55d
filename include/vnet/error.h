/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_ERROR_H
#define VNET_ERROR_H

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* How a call ended, as the tool's exit status says it. */
enum vnet_outcome {
	VNET_OUTCOME_DONE = 0,	     /* done, or nothing to do */
	VNET_OUTCOME_FAILED = 1,     /* failed and fully undone, or busy */
	VNET_OUTCOME_REFUSED = 2,    /* refused before anything was written */
	VNET_OUTCOME_INCOMPLETE = 3, /* undo incomplete: `vnet recover` goes on with it */
};

/*
 * Why a call failed. The caller's memory, of fixed size, never allocated; untouched by a call
 * that succeeds. Empty ({ 0 }) before each call, for the first error wins. Names that others
 * chose can be in the texts: a terminal should not be shown their control characters.
 *
 * @code:    negative errno
 * @outcome: what became of the machine
 * @op:      number of the operation that failed, from 0; -1 if none did
 * @msg:     one sentence, complete: subject, what was wrong, what would be right
 * @hint:    what could be written elsewhere instead, lines as they are; empty: nothing
 */
struct vnet_error {
	int code;
	enum vnet_outcome outcome;
	int op;
	char msg[512];
	char hint[1024];
};

/*
 * Describe a failure. The first error wins: a second call changes nothing.
 *
 * @err:  where to; may be NULL
 * @code: negative errno
 * @fmt:  printf format of the sentence
 *
 * Returns @code, so that a caller may write `return vnet_error_set(...)`.
 */
int vnet_error_set(struct vnet_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_ERROR_H */
