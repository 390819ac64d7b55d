/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The points of a sweep. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/net.h"
#include "lib/must.h"
#include "lib/state.h"
#include "lib/sweep.h"
#include "ops/ops.h"
#include "sys/file.h"

/* ---- one fault ---- */

static const struct {
	struct fake_fault fault;
	unsigned int classes; /* 1 << enum vn_op_class */
} faults[] = {
	{ { .kind = FAKE_REFUSE, .code = -EPERM }, 7 },
	{ { .kind = FAKE_REFUSE, .code = -ENOBUFS }, 7 },
	{ { .kind = FAKE_REFUSE, .code = -ENODEV }, 7 },
	{ { .kind = FAKE_REFUSE, .code = -EOPNOTSUPP }, 7 },
	{ { .kind = FAKE_REFUSE, .code = -EEXIST }, 7 },
	{ { .kind = FAKE_REFUSE, .code = -EEXIST, .sticky = true }, 1 << VN_OP_NETLINK },
	{ { .kind = FAKE_LOST, .code = -ETIMEDOUT }, 1 << VN_OP_NETLINK },
	{ { .kind = FAKE_LOST, .code = -ENOBUFS }, 1 << VN_OP_NETLINK },
	{ { .kind = FAKE_DONE, .code = -ETIMEDOUT }, 1 << VN_OP_NETLINK },
	{ { .kind = FAKE_DONE, .code = -ENOBUFS }, 1 << VN_OP_NETLINK },
	{ { .kind = FAKE_REFUSE, .code = -ENOSPC }, 1 << VN_OP_SYSTEM },
	{ { .kind = FAKE_DONE, .code = -EIO }, 1 << VN_OP_SYSTEM },
	{ { .kind = FAKE_REFUSE, .code = -ENOENT }, 1 << VN_OP_SERVICE },
	{ { .kind = FAKE_REFUSE, .code = -ECHILD }, 1 << VN_OP_SERVICE },
	{ { .kind = FAKE_REFUSE, .code = -ETIMEDOUT }, 1 << VN_OP_SERVICE },
	{ { .kind = FAKE_DONE, .code = -ETIMEDOUT }, 1 << VN_OP_SERVICE },
	{ { .kind = FAKE_SILENT, .code = -EIO }, 7 },
};

/* Nothing shows whether these have been done. */
static bool shows(const struct vnet_op *op)
{
	return op->kind != VNET_OP_CSUM_OFF && op->kind != VNET_OP_SERVICE_RELOAD;
}

/* True if the change must succeed in spite of the fault. */
static bool survives(const struct fake_fault *fault, const struct vnet_op *op, int r)
{
	/* An index was taken meanwhile: the verb looks again, and plans anew. */
	if (fault->code == -EEXIST && !fault->sticky && op->kind == VNET_OP_LINK_ADD)
		return true;
	/* The kernel is asked, and shows that it has been done. */
	if (fault->kind == FAKE_DONE && vn_op_row(op)->class == VN_OP_NETLINK)
		return true;
	/* With the first address of a subnet go the others, asked for or not. */
	if (fault->kind == FAKE_LOST && op->kind == VNET_OP_ADDR_DEL)
		return r == 0;
	if (fault->kind != FAKE_SILENT)
		return false;
	/*
	 * A server that was not stopped is found by the next start, a namespace by the next
	 * one; and a pair that was not deleted goes with its own.
	 */
	if (op->kind == VNET_OP_SERVICE_STOP || op->kind == VNET_OP_LINK_DEL ||
	    op->kind == VNET_OP_NETNS_DEL)
		return r == 0;
	return !shows(op);
}

static void one_fault(struct sweep *s, size_t k, const struct fake_fault *fault)
{
	const struct vnet_op *op = &s->plan.ops[k];
	struct vnet_error err;
	int code = fault->kind == FAKE_LOST ? -ETIMEDOUT : fault->code;
	int r;

	(void)snprintf(s->point, sizeof(s->point), "operation %zu (%s), fault %d: %s%s", k,
		       vn_op_row(op)->name, (int)fault->kind, vn_strerror(fault->code),
		       fault->sticky ? ", again and again" : "");
	r = sweep_act(s, fault, NULL, &err);
	if (!s->fake->struck)
		complain(s, "the fault did not strike");
	want_journal(s, false);
	if (survives(fault, op, r)) {
		if (r < 0)
			complain(s, "fails: %s", err.msg);
		want_world(s, s->after, "done");
		return;
	}
	want_world(s, s->before, "undone");
	if (fault->kind == FAKE_SILENT) { /* it may be a later one that notices */
		want_outcome(s, r, &err, r < 0 ? r : code, VNET_OUTCOME_FAILED);
		return;
	}
	want_outcome(s, r, &err, code, VNET_OUTCOME_FAILED);
	want_sentence(s, &err, k, code);
	if (err.op != (int)k && !fault->sticky) /* else of a plan made anew */
		complain(s, "operation %d is said to have failed", err.op);
}

void sweep_faults(struct sweep *s)
{
	for (size_t k = 0; k < s->plan.n_ops; k++) {
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct fake_fault fault = faults[i].fault;

			if (!(faults[i].classes >> vn_op_row(&s->plan.ops[k])->class & 1))
				continue;
			if (fault.kind == FAKE_SILENT && !fake_can_ignore(&s->plan.ops[k]))
				continue;
			fault.at = k;
			one_fault(s, k, &fault);
		}
	}
}

void sweep_reads(struct sweep *s)
{
	static const struct fake_fault first = { .kind = FAKE_READ, .code = -EBUSY };
	struct fake_fault fault = first;
	struct vnet_error err;
	int r;

	(void)snprintf(s->point, sizeof(s->point), "reading the state before");
	r = sweep_act(s, &fault, NULL, &err);
	want_outcome(s, r, &err, -EBUSY, VNET_OUTCOME_REFUSED);
	want_world(s, s->before, "refused");
	want_journal(s, false);
	(void)snprintf(s->point, sizeof(s->point), "reading the state after");
	fault.at = s->n_reads - 1;
	r = sweep_act(s, &fault, NULL, &err);
	want_outcome(s, r, &err, -EBUSY, VNET_OUTCOME_FAILED);
	want_world(s, s->before, "undone");
	want_journal(s, false);
}

/* ---- and one more in the undo ---- */

/* After an incomplete undo nothing may be changed but by recover. */
static void want_refusals(struct sweep *s)
{
	auto_free char *before = fake_text(s->fake, 0);
	struct vnet_error err = { 0 };
	struct vnet_result result;

	for (size_t i = 0; i < n_scenes; i += 5) {
		err = (struct vnet_error){ 0 };
		if (scenes[i].act(&s->stage, &sweep_plainly, &result, &err) == 0) {
			complain(s, "'%s' is let through", scenes[i].name);
			vnet_result_done(&result);
		}
	}
	err = (struct vnet_error){ 0 };
	want_outcome(s, vnet_delete(s->fake->vnet, "br0", &sweep_plainly, &result, &err), &err,
		     -EUCLEAN, VNET_OUTCOME_REFUSED);
	if (!strstr(err.msg, "vnet recover"))
		complain(s, "says '%s'", err.msg);
	want_world(s, before, "refused");
	want_journal(s, true);
}

static int recover(struct sweep *s, bool dry_run, struct vnet_error *err)
{
	struct vnet_how how = { .what = "recover", .dry_run = dry_run };
	auto_free char *what = NULL;
	struct vnet_plan plan;
	int r;

	*err = (struct vnet_error){ 0 };
	r = vnet_recover(s->fake->vnet, &how, &what, &plan, err);
	if (r < 0)
		return r;
	if (!what || strcmp(what, sweep_plainly.what) != 0)
		complain(s, "recover found '%s'", what ? what : "nothing");
	vnet_plan_done(&plan);
	return 0;
}

static void want_nothing_to_recover(struct sweep *s)
{
	struct vnet_how how = { .what = "recover" };
	struct vnet_error err = { 0 };
	struct vnet_plan plan;
	char *what;

	if (vnet_recover(s->fake->vnet, &how, &what, &plan, &err) < 0)
		complain(s, "recover: %s", err.msg);
	else if (what || plan.n_ops)
		complain(s, "there is more to recover");
}

/* @again: the first recover fails in its first operation. */
static void want_recovery(struct sweep *s, bool again)
{
	auto_free char *here = fake_text(s->fake, 0);
	struct vnet_error err;
	int r;

	fake_calm(s->fake);
	want_refusals(s);
	if (recover(s, true, &err) < 0)
		complain(s, "recover --dry-run: %s", err.msg);
	want_world(s, here, "recover --dry-run");
	want_journal(s, true);
	fake_calm(s->fake);
	if (again) {
		s->fake->fault = (struct fake_fault){ .kind = FAKE_REFUSE, .code = -EPERM };
		r = recover(s, false, &err);
		if (s->fake->struck) { /* else there was nothing left to do */
			want_outcome(s, r, &err, -EPERM, VNET_OUTCOME_INCOMPLETE);
			want_journal(s, true);
		}
		fake_calm(s->fake);
	}
	if (fake_journal(s->fake) && recover(s, false, &err) < 0)
		complain(s, "recover: %s", err.msg);
	want_world(s, s->before, "recovered");
	want_journal(s, false);
	want_nothing_to_recover(s);
}

/* Returns false where the undo has no operation @m. */
static bool two_faults(struct sweep *s, const struct fake_fault *first, enum fake_fault_kind kind,
		       size_t m)
{
	const struct fake_fault second = { .kind = kind, .at = m, .code = -ETIMEDOUT };
	struct vnet_error err;
	bool struck;
	bool there;
	int r;

	(void)snprintf(s->point, sizeof(s->point), "fault %d at %zu, and in the undo %d at %zu",
		       (int)first->kind, first->at, (int)kind, m);
	r = sweep_act(s, first, &second, &err);
	struck = s->fake->struck_again;
	there = s->fake->n_after > m;
	if (err.outcome == VNET_OUTCOME_INCOMPLETE && struck) {
		want_outcome(s, r, &err, first->code, VNET_OUTCOME_INCOMPLETE);
		if (!strstr(err.msg, "vnet recover"))
			complain(s, "says '%s'", err.msg);
		want_journal(s, true);
		want_recovery(s, m % 2);
		return there;
	}
	if (struck && kind == FAKE_LOST)
		complain(s, "the undo is said to be complete");
	want_outcome(s, r, &err, first->code, VNET_OUTCOME_FAILED);
	want_world(s, s->before, "undone");
	want_journal(s, false);
	return there;
}

static void all_pairs(struct sweep *s, const struct fake_fault *first)
{
	static const enum fake_fault_kind kinds[] = { FAKE_LOST, FAKE_DONE, FAKE_SILENT };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (size_t m = 0; two_faults(s, first, kinds[i], m); m++)
			;
	}
}

void sweep_pairs(struct sweep *s)
{
	struct fake_fault first = { .kind = FAKE_REFUSE, .code = -EPERM };

	for (; first.at < s->plan.n_ops; first.at++)
		all_pairs(s, &first);
	/* all was done, and the last look at it fails */
	first = (struct fake_fault){ .kind = FAKE_READ, .code = -EBUSY, .at = s->n_reads - 1 };
	all_pairs(s, &first);
}

/* ---- killed on the way ---- */

/* The journal as it is when the first operation runs. */
static void keep_journal(struct fake *fake)
{
	char **journal = fake->hook_arg;

	must(*journal || vn_file_read(fake->vnet->journal, journal, NULL) == 0);
}

static char *journal_of(struct sweep *s)
{
	struct vnet_error err = { 0 };
	char *journal = NULL;

	fake_restore(s->fake, &s->start);
	s->fake->hook = keep_journal;
	s->fake->hook_arg = &journal;
	must(scene_act(s->scene, &s->stage, &err) == 0 && journal);
	return journal;
}

/* After @n operations and not one more: recover leads back, or leaves it where it was all done. */
static void cut_off(struct sweep *s, const char *journal, size_t n)
{
	auto_free char *here = NULL;
	struct vnet_error err = { 0 };
	bool all;

	fake_restore(s->fake, &s->start);
	for (size_t i = 0; i < n; i++)
		must(fake_apply(s->fake, &s->plan.ops[i]) == 0);
	must(vn_file_write(s->fake->vnet->journal, journal, 0600) == 0);
	s->points++;
	(void)snprintf(s->point, sizeof(s->point), "killed after %zu operations", n);
	here = fake_text(s->fake, 0);
	all = strcmp(here, s->after) == 0;
	if (n == s->plan.n_ops && !all)
		complain(s, "the operations do not lead to the end");
	want_refusals(s);
	if (recover(s, false, &err) < 0)
		complain(s, "recover: %s", err.msg);
	want_world(s, all ? s->after : s->before, "recovered");
	want_journal(s, false);
	want_nothing_to_recover(s);
}

void sweep_kills(struct sweep *s)
{
	auto_free char *journal = journal_of(s);

	for (size_t n = 0; n <= s->plan.n_ops; n++)
		cut_off(s, journal, n);
}
