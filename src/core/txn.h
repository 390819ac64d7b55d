/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_TXN_H
#define VN_CORE_TXN_H

#include <stdbool.h>

#include <vnet/error.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "core/exec.h"
#include "core/foreign.h"
#include "core/journal.h"
#include "core/watchdog.h"

/*
 * The only code that executes plans, and the only code that undoes them. The
 * caller holds the write lock of the namespace.
 *
 * @what:    what is being done, for messages: "bridge create br0"
 * @net:     the network
 * @journal: path of the journal
 * @foreign: what others do meanwhile; the transaction's own
 * @watch:   looks after a plan that asks for it; NULL: nobody does
 */
struct vn_txn {
	const struct vn_exec *exec;
	const char *what;
	const char *net;
	const char *journal;
	struct vn_watch *watch;
	struct vn_foreign *foreign;
};

/*
 * Carry out @plan, made for @before. On failure everything is taken back.
 *
 * Returns 0, or a negative errno with err->outcome REFUSED (nothing was written),
 * FAILED (all is as before) or INCOMPLETE (the journal stays; recover goes on).
 */
int vn_txn_run(const struct vn_txn *txn, const struct vnet_snapshot *before,
	       const struct vnet_plan *plan, struct vnet_error *err);

/*
 * Work off @journal, left by a transaction that did not end: back, or, where all
 * of it had been done, forward. @head: paths and names (vn_snapshot_head()).
 *
 * @dry_run:     only find out which way
 * @ret_forward: all had been done already
 *
 * Returns 0, or a negative errno with err->outcome INCOMPLETE.
 */
int vn_txn_recover(const struct vn_txn *txn, const struct vn_journal *journal,
		   const struct vnet_snapshot *head, bool dry_run, bool *ret_forward,
		   struct vnet_error *err);

/*
 * After what was done by @journal has been led back by another plan: where the NIC lacks what
 * it had before, the journal's undo is run as well. No file is written for it.
 *
 * @always:   it is run in any case, unless the NIC is the port of another by now: -EBUSY
 * @ret_done: whether it was run
 *
 * Returns 0, or a negative errno with a sentence.
 */
int vn_txn_insist(const struct vn_txn *txn, const struct vn_journal *journal,
		  const struct vnet_snapshot *head, bool always, bool *ret_done,
		  struct vnet_error *err);

/* ---- exposed for the tests ---- */

/* State after @plan, by the models alone. Returns 0, or the errno of operation *@ret_op. */
int vn_plan_predict(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		    struct vnet_snapshot *ret_after, size_t *ret_op);

/* What undoes @plan, in the order in which it is to run. Returns 0 or a negative errno. */
int vn_plan_undo(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		 struct vnet_plan *ret_undo);

/*
 * The operations of @plan that its end shows; what a later one overrode is not among them. A
 * view: only its array of operations is the caller's to free. Returns 0 or -ENOMEM.
 */
int vn_plan_shown(const struct vnet_plan *plan, const struct vnet_snapshot *predicted,
		  struct vnet_plan *ret_shown);

/* What is left to do from the point of no return on, as a view of @plan: see struct vn_journal. */
struct vnet_plan vn_plan_onward(const struct vnet_plan *plan);

/* True if @state shows that the point of no return in @onward is passed. */
bool vn_plan_turned(const struct vnet_plan *onward, const struct vnet_snapshot *state);

/* True if @state shows every operation of @shown: nothing was left to do but the commit. */
bool vn_plan_all_done(const struct vnet_plan *shown, const struct vnet_snapshot *state);

#endif /* VN_CORE_TXN_H */
