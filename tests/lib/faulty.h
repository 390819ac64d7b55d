/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_FAULTY_H
#define TESTS_LIB_FAULTY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/exec.h"

/* The real executor, which fails where it is told to. */

enum fault {
	FAULT_NONE,
	FAULT_BAD,   /* the kernel is asked for what it refuses */
	FAULT_ERROR, /* not done; an error says so */
	FAULT_LOST,  /* not done, and nothing said */
	FAULT_DONE,  /* done, and nothing said */
	FAULT_COUNT,
};

extern const char *const fault_names[FAULT_COUNT];

enum { FAULT_CODES = 20 };

/* What the kernel answers, to one message or another. */
extern const int fault_codes[FAULT_CODES];

/*
 * @at:      the operation that fails
 * @code:    the error of FAULT_ERROR; 0: -EPERM
 * @undo_at: of the undo, the one that fails; SIZE_MAX: none
 * @no_undo: the undo says that it has done all, and does nothing
 */
struct faulty {
	struct vn_exec real;
	enum fault fault;
	size_t at;
	int code;
	size_t undo_at;
	bool no_undo;
	size_t n_ops;
	size_t n_undo;
	bool struck;
	bool undoing;
	bool struck_again;
};

/* @self: a struct faulty. */
extern const struct vn_exec_ops faulty_ops;

#endif /* TESTS_LIB_FAULTY_H */
