/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * Invariant: from the first write on there is a journal that leads back, until
 * the last operation is seen to be done.
 *
 * 1. The models run the plan on the snapshot. What they refuse, the kernel would
 *    refuse too: nothing has been written yet.
 * 2. For each operation its inverse is worked out from the state just before it.
 * 3. The undo goes into the journal, and what the end of the plan will show.
 * 4. The operations run, netlink ones of one namespace together, and every
 *    acknowledgement is kept. One that was lost leaves its operation unknown.
 * 5. The kernel is read again: success is what it shows, not what was answered.
 * 6. The journal goes: the commit.
 *
 * On failure the undo runs. Before each of its operations the state says whether
 * it is needed at all: so it makes no difference how far the plan had come, nor
 * how often the undo is begun anew.
 */
#include "core/txn.h"

#include <assert.h>
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "ops/ops.h"

/* ---- carrying out ---- */

/* "link add br0: File exists: the kernel's own sentence" */
static int op_error(const struct vnet_plan *plan, size_t i, int code, const char *detail,
		    struct vnet_error *err)
{
	const struct vnet_op *op = &plan->ops[i];
	char subject[VNET_PATH_SIZE];
	int r;

	if (detail && *detail && vn_op_row(op)->class == VN_OP_SERVICE)
		r = vnet_error_set(err, code, "%s %s: %s", vn_op_row(op)->name,
				   vn_op_row(op)->subject(op, subject), detail);
	else
		r = vnet_error_set(err, code, "%s %s: %s%s%s", vn_op_row(op)->name,
				   vn_op_row(op)->subject(op, subject), vn_strerror(code),
				   detail && *detail ? ": " : "", detail ? detail : "");
	if (err && err->op < 0)
		err->op = (int)i;
	return r;
}

/*
 * The messages behind a failed one run all the same. So one that removes a link goes
 * alone; and so does one that makes a link, or those behind it, which have its index,
 * would reach the stranger who took that a moment before.
 */
static bool goes_alone(const struct vnet_op *op)
{
	return op->kind == VNET_OP_LINK_ADD || op->kind == VNET_OP_LINK_DEL;
}

/*
 * What the end of a batch does not show can't be asked for when an acknowledgement is
 * lost: an address that the batch takes away is added again in the next one.
 */
static bool overrides(const struct vnet_op *op, const struct vnet_op *batch, size_t n)
{
	const struct vnet_ifaddr *add = &op->u.addr.ifaddr;

	for (size_t i = 0; op->kind == VNET_OP_ADDR_ADD && i < n; i++) {
		const struct vnet_ifaddr *del = &batch[i].u.addr.ifaddr;

		if (batch[i].kind == VNET_OP_ADDR_DEL && del->index == add->index &&
		    vnet_cidr_equal(&del->addr, &add->addr))
			return true;
	}
	return false;
}

/* The first of those that go together begins a message of their own. */
static bool is_led(const struct vnet_plan *plan, size_t at)
{
	return at + 1 < plan->n_ops && (plan->ops[at + 1].marks & VNET_OP_TOGETHER);
}

static size_t batch_length(const struct vnet_plan *plan, size_t at)
{
	size_t n = 1;

	while (at + n < plan->n_ops && (plan->ops[at + n].marks & VNET_OP_TOGETHER))
		n++;
	if (n > 1 || goes_alone(&plan->ops[at]))
		return n;
	while (n < VN_SOCK_BATCH && at + n < plan->n_ops) {
		const struct vnet_op *op = &plan->ops[at + n];

		if (vn_op_row(op)->class != VN_OP_NETLINK || op->ns != plan->ops[at].ns ||
		    goes_alone(op) || is_led(plan, at + n) || overrides(op, &plan->ops[at], n))
			break;
		n++;
	}
	return n;
}

static int read_state(const struct vn_txn *txn, const struct vnet_snapshot *head,
		      struct vnet_snapshot *ret_state, struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r;

	vn_snapshot_head(head, &state);
	r = txn->exec->ops->read(txn->exec->self, txn->net, &state, err);
	if (r < 0) {
		vnet_snapshot_done(&state);
		return r;
	}
	*ret_state = state;
	return 0;
}

/* Acknowledgements were lost: what does the kernel itself say of these operations? */
static int ask_kernel(const struct vn_txn *txn, const struct vnet_snapshot *before,
		      const struct vnet_plan *plan, size_t at, size_t n, const struct vn_ack *acks,
		      struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r = read_state(txn, before, &state, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct vnet_op *op = &plan->ops[at + i];

		if (!acks[i].known && !vn_op_row(op)->done(op, &state))
			r = op_error(plan, at + i, -ETIMEDOUT, "the kernel did not answer", err);
	}
	vnet_snapshot_done(&state);
	return r;
}

static int run_batch(const struct vn_txn *txn, const struct vnet_snapshot *before,
		     const struct vnet_plan *plan, size_t at, size_t n, struct vnet_error *err)
{
	auto_free struct vn_ack *acks = calloc(n, sizeof(*acks));
	int r;

	if (!acks)
		return op_error(plan, at, -ENOMEM, NULL, err);
	r = txn->exec->ops->netlink(txn->exec->self, plan->ops[at].ns, &plan->ops[at], n, acks);
	for (size_t i = 0; i < n; i++) {
		if (acks[i].known && acks[i].code)
			return op_error(plan, at + i, acks[i].code, acks[i].text, err);
	}
	if (r == -ETIMEDOUT || r == -ENOBUFS || r == -EBADMSG)
		return ask_kernel(txn, before, plan, at, n, acks, err);
	return r < 0 ? op_error(plan, at, r, NULL, err) : 0;
}

/* One operation that is no netlink message. */
static int run_one(const struct vn_txn *txn, const struct vnet_plan *plan, size_t i,
		   struct vnet_error *err)
{
	const struct vnet_op *op = &plan->ops[i];
	struct vnet_error detail = { 0 };
	int r;

	if (vn_op_row(op)->class == VN_OP_SERVICE)
		r = txn->exec->ops->service(txn->exec->self, op, &detail);
	else
		r = txn->exec->ops->system(txn->exec->self, op);
	return r < 0 ? op_error(plan, i, r, detail.msg, err) : 0;
}

/* @ret_tried: the first so many operations have been begun, and no other. */
static int run_plan(const struct vn_txn *txn, const struct vnet_snapshot *before,
		    const struct vnet_plan *plan, size_t *ret_tried, struct vnet_error *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < plan->n_ops && r == 0; i += n) {
		n = 1;
		vn_log(VNET_LOG_DEBUG, "%s: %s", txn->what, vn_op_row(&plan->ops[i])->name);
		if (vn_op_row(&plan->ops[i])->class == VN_OP_NETLINK)
			n = batch_length(plan, i);
		*ret_tried = i + n;
		if (vn_op_row(&plan->ops[i])->class == VN_OP_NETLINK)
			r = run_batch(txn, before, plan, i, n, err);
		else
			r = run_one(txn, plan, i, err);
	}
	return r;
}

/* Success is what the kernel shows. What a later operation overrode is not asked for. */
static int verify(const struct vn_txn *txn, const struct vnet_plan *plan,
		  const struct vnet_snapshot *predicted, struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r = read_state(txn, predicted, &state, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n_ops && r == 0; i++) {
		const struct vnet_op *op = &plan->ops[i];
		const struct vn_op_row *row = vn_op_row(op);

		if (row->done(op, predicted) && !row->done(op, &state))
			r = op_error(plan, i, -EIO, "acknowledged, but not to be seen", err);
	}
	vnet_snapshot_done(&state);
	return r;
}

/* ---- undoing ---- */

/*
 * A server that was starting when the state was read shows, and makes its files, later;
 * what neighbours were told never shows.
 */
static bool shows_late(const struct vnet_op *op)
{
	return op->kind == VNET_OP_FILE_DEL || op->kind == VNET_OP_SERVICE_STOP ||
	       op->kind == VNET_OP_ANNOUNCE;
}

/* The bridge's own timers, which the kernel does not show behind a root that is another. */
static bool is_hidden(const struct vnet_op *op, const struct vnet_snapshot *state)
{
	const struct vnet_link *link =
		op->kind == VNET_OP_LINK_SET && (op->u.link.set & VNET_LINK_TIMERS) ?
			vnet_link_by_index(state, op->ns, op->u.link.link.index) :
			NULL;

	return link && link->bridge.root_delay;
}

/*
 * A run of its own for each, so that one that fails stops none. What its model refuses
 * is not even tried: no namespace goes while a server runs in it.
 */
static int undo_one(const struct vn_txn *txn, const struct vnet_plan *undo, size_t i,
		    struct vnet_snapshot *state)
{
	const struct vnet_plan one = { .ops = &undo->ops[i], .n_ops = 1 };
	const struct vnet_op *op = &undo->ops[i];
	const struct vn_op_row *row = vn_op_row(op);
	char subject[VNET_PATH_SIZE];
	struct vnet_error err = { 0 };
	struct vnet_snapshot after;
	size_t at;
	int r;

	if (row->done(op, state) && !shows_late(op) && !is_hidden(op, state))
		return 0;
	r = vn_plan_predict(state, &one, &after, &at);
	if (r == row->gone && shows_late(op))
		r = vnet_snapshot_copy(state, &after);
	if (r == -ENODEV) {
		/* Someone deleted the link, or its bridge, meanwhile: nothing to put it back on. */
		vn_log(VNET_LOG_WARNING, "%s: undo: %s %s: its link is gone", txn->what, row->name,
		       row->subject(op, subject));
		return 0;
	}
	if (r < 0)
		return r == row->gone ? 0 : r;
	if (row->class == VN_OP_NETLINK)
		r = run_batch(txn, state, undo, i, 1, &err);
	else
		r = run_one(txn, undo, i, &err);
	if (r < 0 && r != row->gone) {
		vn_log(VNET_LOG_WARNING, "%s: undo: %s", txn->what, err.msg);
		vnet_snapshot_done(&after);
		return r;
	}
	vnet_snapshot_done(state);
	*state = after;
	return 0;
}

/* Raises a link: of one that is made again, what keeps the host apart from it comes before. */
static bool raises(const struct vnet_op *op)
{
	return op->kind == VNET_OP_LINK_SET && (op->u.link.set & VNET_LINK_UP) &&
	       (op->u.link.link.flags & IFF_UP);
}

/*
 * Takes the bridge away from under the host: not while the uplink lacks what the host is
 * reached by. With both of them holding it, it is reached.
 */
static bool strands(const struct vnet_op *op)
{
	return op->kind == VNET_OP_LINK_DEL ||
	       (op->kind == VNET_OP_LINK_SET && (op->u.link.set & VNET_LINK_MASTER));
}

/* Run @undo from the state that is there. Returns 0 when all is back. */
static int run_undo(const struct vn_txn *txn, const struct vnet_snapshot *head,
		    const struct vnet_plan *undo, struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r = read_state(txn, head, &state, err);
	bool lacks = false;
	int failed = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < undo->n_ops; i++) {
		if ((failed && raises(&undo->ops[i])) || (lacks && strands(&undo->ops[i])))
			continue;
		r = undo_one(txn, undo, i, &state);
		lacks |= r < 0 && undo->ops[i].kind == VNET_OP_OBJECT_ADD;
		if (r < 0 && !failed)
			failed = op_error(undo, i, r, "while undoing", err);
	}
	if (!failed)
		failed = verify(txn, undo, &state, err);
	vnet_snapshot_done(&state);
	return failed;
}

static void set_outcome(struct vnet_error *err, enum vnet_outcome outcome)
{
	if (err)
		err->outcome = outcome;
}

/* A view: the strings are the caller's. */
static struct vn_journal journal_of(const struct vn_txn *txn, const struct vnet_snapshot *before)
{
	return (struct vn_journal){
		.what = (char *)(uintptr_t)txn->what,
		.net = (char *)(uintptr_t)txn->net,
		.uplink = *before->uplink ? (char *)(uintptr_t)before->uplink : NULL,
	};
}

/* Run the undo and drop the journal. Returns 0 when all is back. */
static int take_back(const struct vn_txn *txn, const struct vnet_snapshot *before,
		     const struct vnet_plan *undo, struct vnet_error *err)
{
	struct vn_journal journal = journal_of(txn, before);
	int r;

	/* From here on there is no way forward, even if the kernel shows the whole plan. */
	journal.undo = *undo;
	(void)vn_journal_write(txn->journal, &journal);
	r = run_undo(txn, before, undo, err);
	if (r == 0 && unlink(txn->journal) < 0 && errno != ENOENT)
		r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal, vn_strerror(-errno));
	return r;
}

/*
 * Take back the first @tried operations of @plan, and say in @err what became of it. Of
 * those behind them nothing needs to be undone: no server is stopped to be started again.
 */
static void go_back(const struct vn_txn *txn, const struct vnet_snapshot *before,
		    const struct vnet_plan *plan, size_t tried, struct vnet_error *err)
{
	const struct vnet_plan part = { .ops = plan->ops, .n_ops = tried };
	struct vnet_error second = { 0 };
	struct vnet_plan undo;
	size_t len;
	int r = vn_plan_undo(before, &part, &undo);

	if (r == 0) {
		r = take_back(txn, before, &undo, &second);
		vnet_plan_done(&undo);
	}
	if (r == 0) {
		set_outcome(err, VNET_OUTCOME_FAILED);
		return;
	}
	set_outcome(err, VNET_OUTCOME_INCOMPLETE);
	if (!err)
		return;
	len = strlen(err->msg);
	(void)vn_format(err->msg + len, sizeof(err->msg) - len,
			"; undo incomplete: run `vnet recover` (%s)", second.msg);
}

/*
 * The operations of @plan that its end shows; what a later one overrode is not among them. A
 * view: only its array of operations is the caller's to free.
 */
static int shown_at_end(const struct vnet_plan *plan, const struct vnet_snapshot *predicted,
			struct vnet_plan *ret_shown)
{
	struct vnet_plan shown = { .ops = calloc(plan->n_ops, sizeof(*shown.ops)) };

	if (!shown.ops)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_ops; i++) {
		if (vn_op_row(&plan->ops[i])->done(&plan->ops[i], predicted))
			shown.ops[shown.n_ops++] = plan->ops[i];
	}
	*ret_shown = shown;
	return 0;
}

/* What is left to do from the point of no return on, as a view of @plan: see struct vn_journal. */
static struct vnet_plan onward_of(const struct vnet_plan *plan)
{
	size_t turn = 0;

	while (turn < plan->n_ops && !(plan->ops[turn].marks & VNET_OP_TURN))
		turn++;
	if (turn == plan->n_ops)
		return (struct vnet_plan){ 0 };
	/* What goes with it in one message may have failed all the same. */
	while (plan->ops[turn].marks & VNET_OP_TOGETHER)
		turn--;
	return (struct vnet_plan){ .ops = &plan->ops[turn], .n_ops = plan->n_ops - turn };
}

static bool has_turned(const struct vnet_plan *onward, const struct vnet_snapshot *state)
{
	for (size_t i = 0; i < onward->n_ops; i++) {
		if (onward->ops[i].marks & VNET_OP_TURN)
			return vn_op_row(&onward->ops[i])->done(&onward->ops[i], state);
	}
	return false;
}

/*
 * Beyond the point of no return what has failed is tried once more, and what came behind it
 * is done. Returns 0 when all is; 1 if that point was not reached.
 */
static int go_on(const struct vn_txn *txn, const struct vnet_snapshot *before,
		 const struct vnet_plan *plan, struct vnet_error *err)
{
	const struct vnet_plan onward = onward_of(plan);
	struct vnet_snapshot state;
	bool turned;
	int r;

	if (!onward.n_ops)
		return 1;
	r = read_state(txn, before, &state, err);
	if (r < 0)
		return r;
	turned = has_turned(&onward, &state);
	vnet_snapshot_done(&state);
	if (!turned)
		return 1;
	r = run_undo(txn, before, &onward, err);
	if (r == 0 && unlink(txn->journal) < 0 && errno != ENOENT)
		r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal, vn_strerror(-errno));
	return r;
}

static int write_journal(const struct vn_txn *txn, const struct vnet_snapshot *before,
			 const struct vnet_plan *plan, const struct vnet_snapshot *predicted,
			 const struct vnet_plan *undo, struct vnet_error *err)
{
	struct vn_journal journal = journal_of(txn, before);
	struct vnet_plan shown = { 0 };
	int r = shown_at_end(plan, predicted, &shown);

	journal.plan = shown;
	journal.onward = onward_of(plan);
	journal.undo = *undo;
	if (r == 0)
		r = vn_journal_write(txn->journal, &journal);
	free(shown.ops);
	if (r == 0)
		return 0;
	(void)vnet_error_set(err, r, "write %s: %s", txn->journal, vn_strerror(r));
	set_outcome(err, VNET_OUTCOME_FAILED);
	return r;
}

/* @plan has failed with @code after @tried operations: on, where it is too late to go back. */
static int mend(const struct vn_txn *txn, const struct vnet_snapshot *before,
		const struct vnet_plan *plan, size_t tried, int code, struct vnet_error *err)
{
	struct vnet_error second = { 0 };
	int r = go_on(txn, before, plan, &second);
	size_t len;

	if (r == 0) {
		vn_log(VNET_LOG_WARNING, "%s: %s: done at the second try", txn->what,
		       err ? err->msg : vn_strerror(code));
		return 0;
	}
	if (r > 0) {
		go_back(txn, before, plan, tried, err);
		return code;
	}
	set_outcome(err, VNET_OUTCOME_INCOMPLETE);
	if (!err)
		return code;
	len = strlen(err->msg);
	(void)vn_format(err->msg + len, sizeof(err->msg) - len,
			"; not yet complete: run `vnet recover` (%s)", second.msg);
	return code;
}

/* The journal is there: from now on someone else would act on it, too. */
static int begin_watch(const struct vn_txn *txn, const struct vnet_plan *plan,
		       struct vnet_error *err)
{
	return plan->watched && txn->watch ? vn_watch_begin(txn->watch, err) : 0;
}

static void end_watch(const struct vn_txn *txn, const struct vnet_plan *plan, bool done)
{
	if (plan->watched && txn->watch)
		vn_watch_end(txn->watch, done);
}

int vn_txn_run(const struct vn_txn *txn, const struct vnet_snapshot *before,
	       const struct vnet_plan *plan, struct vnet_error *err)
{
	struct vnet_snapshot predicted;
	struct vnet_plan undo;
	size_t tried = 0;
	size_t i = 0;
	int r;

	if (plan->failed)
		return vnet_error_set(err, plan->failed, "planning: %s", vn_strerror(plan->failed));
	if (!plan->n_ops)
		return 0;
	r = vn_plan_predict(before, plan, &predicted, &i);
	if (r < 0)
		return op_error(plan, i, r, NULL, err);
	r = vn_plan_undo(before, plan, &undo);
	if (r < 0) {
		vnet_snapshot_done(&predicted);
		return vnet_error_set(err, r, "planning the undo: %s", vn_strerror(r));
	}
	r = write_journal(txn, before, plan, &predicted, &undo, err);
	if (r == 0) {
		r = begin_watch(txn, plan, err);
		if (r == 0)
			r = run_plan(txn, before, plan, &tried, err);
		if (r == 0)
			r = verify(txn, plan, &predicted, err);
		if (r == 0 && unlink(txn->journal) < 0)
			r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal,
					   vn_strerror(-errno));
		if (r < 0)
			r = mend(txn, before, plan, tried, r, err);
		end_watch(txn, plan, r == 0);
	}
	vnet_plan_done(&undo);
	vnet_snapshot_done(&predicted);
	return r;
}

/* ---- recovering ---- */

/*
 * When the state shows every operation that the end of the plan shows, nothing was
 * left to do but the commit.
 */
static bool all_done(const struct vnet_plan *shown, const struct vnet_snapshot *state)
{
	for (size_t i = 0; i < shown->n_ops; i++) {
		if (!vn_op_row(&shown->ops[i])->done(&shown->ops[i], state))
			return false;
	}
	return shown->n_ops > 0;
}

int vn_txn_recover(const struct vn_txn *txn, const struct vn_journal *journal,
		   const struct vnet_snapshot *head, bool dry_run, bool *ret_forward,
		   struct vnet_error *err)
{
	struct vnet_snapshot state;
	bool forward;
	bool turned;
	int r = read_state(txn, head, &state, err);

	if (r < 0)
		return r;
	turned = has_turned(&journal->onward, &state);
	forward = turned || all_done(&journal->plan, &state);
	vnet_snapshot_done(&state);
	if (!dry_run && (turned || !forward))
		r = run_undo(txn, head, turned ? &journal->onward : &journal->undo, err);
	if (!dry_run && r == 0 && unlink(txn->journal) < 0 && errno != ENOENT)
		r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal, vn_strerror(-errno));
	if (r < 0)
		set_outcome(err, VNET_OUTCOME_INCOMPLETE);
	else
		*ret_forward = forward;
	return r;
}
