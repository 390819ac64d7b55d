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
 * 4. The operations run, netlink ones of one namespace together, and what the kernel
 *    says of each is kept. What was lost of that leaves its operation unknown.
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
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/step.h"
#include "ops/ops.h"

/* ---- undoing ---- */

/*
 * A server that was starting when the state was read shows, and makes its files, later, and
 * a client that was stopped may still show; what neighbours were told never shows.
 */
static bool shows_late(const struct vnet_op *op)
{
	return op->kind == VNET_OP_FILE_DEL || op->kind == VNET_OP_SERVICE_STOP ||
	       op->kind == VNET_OP_ANNOUNCE || op->kind == VNET_OP_CLIENT_STOP ||
	       op->kind == VNET_OP_CLIENT_START;
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
 * Of two IPv6 routes that differ in their routers alone the kernel makes one over both, as when
 * the first could not be taken away: what it has made of that of @op, or NULL.
 */
static const struct vnet_object *merged(const struct vnet_op *op, const struct vnet_snapshot *state)
{
	const struct vnet_object *route = &op->u.object.object;
	const struct vnet_ns *in = &state->ns[op->ns];

	if (op->kind != VNET_OP_OBJECT_DEL || route->kind != VNET_OBJECT_ROUTE ||
	    route->to.ip.family != AF_INET6 || vnet_object_find(state, op->ns, route))
		return NULL;
	for (size_t i = 0; i < in->n_objects; i++) {
		const struct vnet_object *now = in->objects[i];

		if (now->kind == VNET_OBJECT_ROUTE && now->several && now->table == route->table &&
		    now->metric == route->metric && vnet_cidr_equal(&now->to, &route->to) &&
		    vnet_object_uses(now, route->index))
			return now;
	}
	return NULL;
}

/* There is nothing to undo: but that it is there already is no answer where it is replaced. */
static bool is_gone(const struct vnet_op *op, int code)
{
	return code == vn_op_row(op)->gone &&
	       !(op->kind == VNET_OP_OBJECT_ADD && op->u.object.how == VNET_OBJECT_REPLACE);
}

/* What @op will make of @state; of a merged route what is left is there already when added. */
static int foresee(const struct vnet_op *op, const struct vnet_snapshot *state,
		   struct vnet_snapshot *ret_after)
{
	const struct vnet_object *route = merged(op, state);
	struct vnet_snapshot after;
	int r = vnet_snapshot_copy(state, &after);

	if (r < 0)
		return r;
	if (route)
		vn_snapshot_del_object(&after, op->ns, route);
	else
		r = vn_op_row(op)->model(op, &after);
	if (r < 0 && (!is_gone(op, r) || !shows_late(op))) {
		vnet_snapshot_done(&after);
		return r;
	}
	*ret_after = after;
	return 0;
}

/*
 * A run of its own for each, so that one that fails stops none. What its model refuses
 * is not even tried: no namespace goes while a server runs in it.
 */
static int undo_one(const struct vn_txn *txn, const struct vnet_plan *undo, size_t i,
		    struct vnet_snapshot *state)
{
	const struct vnet_op *op = &undo->ops[i];
	const struct vn_op_row *row = vn_op_row(op);
	char subject[VNET_PATH_SIZE];
	struct vnet_error err = { 0 };
	struct vnet_snapshot after;
	int r;

	if ((row->done(op, state) && !shows_late(op) && !is_hidden(op, state) &&
	     !merged(op, state)) ||
	    (txn->foreign && vn_foreign_forbids(txn->foreign, op)))
		return 0;
	r = foresee(op, state, &after);
	if (r == -ENODEV) {
		/* Someone deleted the link, or its bridge, meanwhile: nothing to put it back on. */
		vn_log(VNET_LOG_WARNING, "%s: undo: %s %s: its link is gone", txn->what, row->name,
		       row->subject(op, subject));
		return 0;
	}
	if (r < 0)
		return is_gone(op, r) ? 0 : r;
	if (row->class == VN_OP_NETLINK)
		r = vn_step_batch(txn, state, undo, i, 1, &err);
	else
		r = vn_step_one(txn, undo, i, &err);
	if (r < 0 && !is_gone(op, r)) {
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
 * Takes the bridge away from under the host, or an address from the bridge, and with it the source
 * of routes: not while the uplink lacks what the host is reached by. With both of them holding it,
 * it is reached.
 */
static bool strands(const struct vnet_op *op)
{
	return op->kind == VNET_OP_LINK_DEL ||
	       (op->kind == VNET_OP_LINK_SET && (op->u.link.set & VNET_LINK_MASTER)) ||
	       (op->kind == VNET_OP_OBJECT_DEL && op->u.object.object.kind == VNET_OBJECT_ADDR);
}

/* Makes an address of a link; in @state it is there, or not, as @there says. */
static bool makes_addr(const struct vnet_op *op, const struct vnet_snapshot *state, bool there)
{
	return op->kind == VNET_OP_OBJECT_ADD && op->u.object.how == VNET_OBJECT_NEW &&
	       op->u.object.object.kind == VNET_OBJECT_ADDR &&
	       (vnet_object_find(state, op->ns, &op->u.object.object) != NULL) == there;
}

static bool is_route_from(const struct vnet_op *op, const struct vnet_object *addr)
{
	const struct vnet_object *route = &op->u.object.object;

	return op->kind == VNET_OP_OBJECT_ADD && route->kind == VNET_OBJECT_ROUTE &&
	       vnet_ip_equal(&route->source, &addr->to.ip);
}

static void drop(const struct vn_txn *txn, const struct vnet_op *add, struct vnet_snapshot *state)
{
	struct vnet_link link = { 0 };
	struct vnet_plan plan = { 0 };

	memcpy(link.name, add->u.object.link, sizeof(link.name));
	vnet_plan_object_del(&plan, add->ns, &link, &add->u.object.object);
	if (!plan.failed)
		(void)undo_one(txn, &plan, 0, state);
	vnet_plan_done(&plan);
}

/*
 * The kernel lists addresses by their age, and asks as one of them who is the first. So one that
 * is there still, though those before it had to be made again, is made again as well; and with it
 * the routes that would be without their source. What else went with it is seen.
 */
static void make_way(const struct vn_txn *txn, const struct vnet_snapshot *head,
		     const struct vnet_plan *undo, size_t i, struct vnet_snapshot *state)
{
	struct vnet_error unread = { 0 }; /* then @state goes on by what was done: verified later */
	struct vnet_snapshot now;

	for (size_t k = i + 1; k < undo->n_ops; k++) {
		if (is_route_from(&undo->ops[k], &undo->ops[i].u.object.object))
			drop(txn, &undo->ops[k], state);
	}
	drop(txn, &undo->ops[i], state);
	if (vn_step_read(txn, head, &now, &unread) < 0)
		return;
	vnet_snapshot_done(state);
	*state = now;
}

/* Run @undo from the state that is there. Returns 0 when all is back. */
static int run_undo(const struct vn_txn *txn, const struct vnet_snapshot *head,
		    const struct vnet_plan *undo, struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r = vn_step_read(txn, head, &state, err);
	int32_t settled = 0;
	bool lacks = false;
	bool anew = false;
	int failed = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < undo->n_ops; i++) {
		if ((failed && raises(&undo->ops[i])) || (lacks && strands(&undo->ops[i])))
			continue;
		if (anew && makes_addr(&undo->ops[i], &state, true))
			make_way(txn, head, undo, i, &state);
		anew |= makes_addr(&undo->ops[i], &state, false);
		r = vn_step_settle(txn, &undo->ops[i], &settled);
		if (r == 0)
			r = undo_one(txn, undo, i, &state);
		lacks |= r < 0 && (undo->ops[i].kind == VNET_OP_OBJECT_ADD ||
				   undo->ops[i].kind == VNET_OP_ROUTE_LEND);
		if (r < 0 && !failed)
			failed = vn_step_error(undo, i, r, "while undoing", err);
	}
	if (!failed)
		failed = vn_step_verify(txn, undo, &state, err);
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
		.nic = before->uplink_index,
	};
}

/* As others have left it. */
static int settle_foreign(const struct vn_txn *txn, const struct vnet_snapshot *before,
			  struct vnet_error *err)
{
	struct vnet_snapshot state;
	struct vnet_plan plan = { 0 };
	size_t tried;
	int r;

	if (!txn->foreign || !*txn->foreign->first)
		return 0;
	r = vn_step_read(txn, before, &state, err);
	if (r < 0)
		return r;
	vn_foreign_settle(txn->foreign, &state, &plan);
	r = plan.failed ? plan.failed : vn_step_all(txn, &state, &plan, &tried, err);
	vnet_plan_done(&plan);
	vnet_snapshot_done(&state);
	return r;
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
	if (r == 0)
		r = settle_foreign(txn, before, err);
	if (r == 0 && unlink(txn->journal) < 0 && errno != ENOENT)
		r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal, vn_strerror(-errno));
	return r;
}

/* Say more, as far as there is room. */
static void __attribute__((format(printf, 2, 3)))
add_to(struct vnet_error *err, const char *fmt, ...)
{
	size_t len = err ? strlen(err->msg) : 0;
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg + len, sizeof(err->msg) - len, fmt, ap);
	va_end(ap);
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
	int r = vn_plan_undo(before, &part, &undo);

	(void)vn_foreign_take(txn->exec, before, plan, tried, txn->foreign);
	if (*txn->foreign->first && err && !strstr(err->msg, txn->foreign->first))
		add_to(err, "; meanwhile someone %s", txn->foreign->first);
	if (r == 0) {
		vn_foreign_spare(txn->foreign, &undo);
		r = take_back(txn, before, &undo, &second);
		vnet_plan_done(&undo);
	}
	if (r == 0) {
		set_outcome(err, VNET_OUTCOME_FAILED);
		return;
	}
	set_outcome(err, VNET_OUTCOME_INCOMPLETE);
	add_to(err, "; undo incomplete: run `vnet recover` (%s)", second.msg);
}

/*
 * Beyond the point of no return what has failed is tried once more, and what came behind it
 * is done. Returns 0 when all is; 1 if that point was not reached.
 */
static int go_on(const struct vn_txn *txn, const struct vnet_snapshot *before,
		 const struct vnet_plan *plan, size_t tried, struct vnet_error *err)
{
	const struct vnet_plan onward = vn_plan_onward(plan);
	struct vnet_snapshot state;
	bool turned;
	int r;

	if (!onward.n_ops)
		return 1;
	r = vn_step_read(txn, before, &state, err);
	if (r < 0)
		return r;
	turned = vn_plan_turned(&onward, &state);
	vnet_snapshot_done(&state);
	r = vn_foreign_take(txn->exec, before, plan, tried, txn->foreign);
	/* A NIC that was released, and is someone's now, does not show that any more. */
	if (!turned && (!txn->foreign->taken || &plan->ops[tried] <= onward.ops))
		return 1;
	if (r == 0)
		r = run_undo(txn, before, &onward, err);
	if (r == 0)
		r = settle_foreign(txn, before, err);
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
	int r = vn_plan_shown(plan, predicted, &shown);

	journal.plan = shown;
	journal.onward = vn_plan_onward(plan);
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
	int r = go_on(txn, before, plan, tried, &second);

	if (r == 0) {
		vn_log(VNET_LOG_WARNING, "%s: %s%s%s: done at the second try", txn->what,
		       err ? err->msg : vn_strerror(code),
		       *txn->foreign->first ? "; meanwhile someone " : "", txn->foreign->first);
		return 0;
	}
	if (r > 0) {
		go_back(txn, before, plan, tried, err);
		return code;
	}
	set_outcome(err, VNET_OUTCOME_INCOMPLETE);
	add_to(err, "; not yet complete: run `vnet recover` (%s)", second.msg);
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

/* From the journal on. */
static int run_journalled(const struct vn_txn *txn, const struct vnet_snapshot *before,
			  const struct vnet_plan *plan, const struct vnet_snapshot *predicted,
			  struct vnet_error *err)
{
	size_t tried = 0;
	int r = begin_watch(txn, plan, err);

	if (r == 0)
		r = vn_step_all(txn, before, plan, &tried, err);
	if (r == 0)
		r = vn_foreign_take(txn->exec, before, plan, tried, txn->foreign);
	if (r == 0)
		r = vn_step_verify(txn, plan, predicted, err);
	if (r == 0)
		r = settle_foreign(txn, before, err);
	if (r == 0 && unlink(txn->journal) < 0)
		r = vnet_error_set(err, -errno, "delete %s: %s", txn->journal, vn_strerror(-errno));
	if (r < 0)
		r = mend(txn, before, plan, tried, r, err);
	else if (*txn->foreign->first)
		vn_log(VNET_LOG_WARNING, "while %s was being moved, someone %s: this stays",
		       txn->foreign->name, txn->foreign->first);
	end_watch(txn, plan, r == 0);
	return r;
}

int vn_txn_run(const struct vn_txn *txn, const struct vnet_snapshot *before,
	       const struct vnet_plan *plan, struct vnet_error *err)
{
	struct vnet_snapshot predicted;
	struct vn_foreign foreign;
	struct vn_txn own = *txn;
	struct vnet_plan undo;
	size_t i = 0;
	int r;

	if (plan->failed)
		return vnet_error_set(err, plan->failed, "planning: %s", vn_strerror(plan->failed));
	if (!plan->n_ops)
		return 0;
	r = vn_plan_predict(before, plan, &predicted, &i);
	if (r < 0)
		return vn_step_error(plan, i, r, NULL, err);
	r = vn_plan_undo(before, plan, &undo);
	if (r < 0) {
		vnet_snapshot_done(&predicted);
		return vnet_error_set(err, r, "planning the undo: %s", vn_strerror(r));
	}
	vn_foreign_init(before, plan, &foreign);
	own.foreign = &foreign;
	r = write_journal(&own, before, plan, &predicted, &undo, err);
	if (r == 0)
		r = run_journalled(&own, before, plan, &predicted, err);
	vn_foreign_done(&foreign);
	vnet_plan_done(&undo);
	vnet_snapshot_done(&predicted);
	return r;
}

/* ---- recovering ---- */

/* The link @nic, unless it is gone, or a port of another bridge than @net: then it is theirs. */
static const struct vnet_link *own_nic(const struct vnet_snapshot *state, const char *net,
				       int32_t nic)
{
	const struct vnet_link *link = vnet_link_by_index(state, VNET_NS_HOST, nic);
	const struct vnet_link *master =
		link && link->master ? vnet_link_by_index(state, VNET_NS_HOST, link->master) : NULL;

	return link && (!link->master || (master && !strcmp(master->name, net))) ? link : NULL;
}

/* True if @undo would give the link @nic what it lacks, and what does not come by itself. */
static bool lacks_something(const struct vnet_plan *undo, const struct vnet_snapshot *state,
			    int32_t nic)
{
	for (size_t i = 0; i < undo->n_ops; i++) {
		const struct vnet_op *op = &undo->ops[i];
		const struct vnet_object *object = &op->u.object.object;

		if (op->kind == VNET_OP_OBJECT_ADD && op->ns == VNET_NS_HOST &&
		    (object->kind == VNET_OBJECT_ADDR || object->kind == VNET_OBJECT_ROUTE) &&
		    object->protocol != RTPROT_RA &&
		    (vnet_object_uses(object, nic) || object->nexthop) &&
		    !vnet_object_find(state, op->ns, object))
			return true;
	}
	return false;
}

int vn_txn_insist(const struct vn_txn *txn, const struct vn_journal *journal,
		  const struct vnet_snapshot *head, bool always, bool *ret_done,
		  struct vnet_error *err)
{
	struct vnet_snapshot state;
	bool own;
	bool needed;
	int r = vn_step_read(txn, head, &state, err);

	if (r < 0)
		return r;
	own = own_nic(&state, journal->net, journal->nic) != NULL;
	needed = own && (always || lacks_something(&journal->undo, &state, journal->nic));
	vnet_snapshot_done(&state);
	if (always && !own)
		return vnet_error_set(err, -EBUSY, "%s is gone, or the port of another by now",
				      journal->uplink ? journal->uplink : journal->net);
	if (needed)
		r = run_undo(txn, head, &journal->undo, err);
	/* One that another attempt left would have `vnet recover` undo this. */
	if (r == 0 && needed)
		(void)unlink(txn->journal);
	if (r == 0)
		*ret_done = needed;
	return r;
}

int vn_txn_recover(const struct vn_txn *txn, const struct vn_journal *journal,
		   const struct vnet_snapshot *head, bool dry_run, bool *ret_forward,
		   struct vnet_error *err)
{
	struct vnet_snapshot state;
	bool forward;
	bool turned;
	int r = vn_step_read(txn, head, &state, err);

	if (r < 0)
		return r;
	turned = vn_plan_turned(&journal->onward, &state);
	forward = turned || vn_plan_all_done(&journal->plan, &state);
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
