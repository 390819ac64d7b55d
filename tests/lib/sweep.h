/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_SWEEP_H
#define TESTS_LIB_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/error.h>
#include <vnet/plan.h>

#include "base/text.h"
#include "lib/fake.h"
#include "lib/scenes.h"

/*
 * One change on the fake, run again and again from the same state, each time with
 * another fault. A point is one such run; a point that is not as it must be is a
 * complaint, and nothing else: so that a test can also say that there must be some.
 */
struct sweep {
	struct fake *fake;
	struct stage stage;
	const struct scene *scene;
	struct fake_state start;
	char *before; /* the world as text, before and after the change */
	char *after;
	struct vnet_plan plan;
	size_t n_reads; /* in a run without faults; the last one looks at what has been done */
	size_t points;
	size_t complaints;
	struct vn_text said;
	char point[160]; /* which one it is, for the complaint */
};

extern const struct vnet_how sweep_plainly; /* how the changes are made */

void sweep_open(struct sweep *s, const struct scene *scene);
void sweep_close(struct sweep *s);

/* One point: from the state before, with these faults. Returns what the verb returns. */
int sweep_act(struct sweep *s, const struct fake_fault *fault, const struct fake_fault *second,
	      struct vnet_error *err);

/* Each operation of the plan fails in each way. */
void sweep_faults(struct sweep *s);

/* Reading fails: at the start nothing is written; at the end it is all taken back. */
void sweep_reads(struct sweep *s);

/* Each operation fails, and each of the undo: then recover must lead back. */
void sweep_pairs(struct sweep *s);

/* The process is gone after each of the operations: the same. */
void sweep_kills(struct sweep *s);

/* @points_of, one of the above, of each of @n scenes. Returns how much there is to complain of. */
size_t sweep_each(const struct scene *scenes_of, size_t n, void (*points_of)(struct sweep *s));

/* Print what there was to complain of; returns how much. */
size_t sweep_report(struct sweep *s);

void complain(struct sweep *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Complain if it is not so. */
void want_world(struct sweep *s, const char *want, const char *when);
void want_journal(struct sweep *s, bool want);
void want_outcome(struct sweep *s, int r, const struct vnet_error *err, int code,
		  enum vnet_outcome outcome);

/* The sentence names the operation @op of the plan, its object, and the errno or what was said. */
void want_sentence(struct sweep *s, const struct vnet_error *err, size_t op, int code);

#endif /* TESTS_LIB_SWEEP_H */
