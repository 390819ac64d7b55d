/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations are carried out here, for the transaction and for its undo: see core/txn.c. */
#include "core/step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "ops/ops.h"

int vn_step_error(const struct vnet_plan *plan, size_t i, int code, const char *detail,
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

int vn_step_read(const struct vn_txn *txn, const struct vnet_snapshot *head,
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
	int r = vn_step_read(txn, before, &state, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct vnet_op *op = &plan->ops[at + i];

		if (!acks[i].known && !vn_op_row(op)->done(op, &state))
			r = vn_step_error(plan, at + i, -ETIMEDOUT, "the kernel did not answer",
					  err);
	}
	vnet_snapshot_done(&state);
	return r;
}

int vn_step_batch(const struct vn_txn *txn, const struct vnet_snapshot *before,
		  const struct vnet_plan *plan, size_t at, size_t n, struct vnet_error *err)
{
	auto_free struct vn_ack *acks = calloc(n, sizeof(*acks));
	int r;

	if (!acks)
		return vn_step_error(plan, at, -ENOMEM, NULL, err);
	r = txn->exec->ops->netlink(txn->exec->self, plan->ops[at].ns, &plan->ops[at], n, acks);
	for (size_t i = 0; i < n; i++) {
		if (acks[i].known && acks[i].code)
			return vn_step_error(plan, at + i, acks[i].code, acks[i].text, err);
	}
	if (r == -ETIMEDOUT || r == -ENOBUFS || r == -EBADMSG)
		return ask_kernel(txn, before, plan, at, n, acks, err);
	return r < 0 ? vn_step_error(plan, at, r, NULL, err) : 0;
}

/* Nobody else has had a hand in it up to here. */
static int check_foreign(const struct vn_txn *txn, const struct vnet_snapshot *before,
			 const struct vnet_plan *plan, size_t i, struct vnet_error *err)
{
	int r = vn_foreign_take(txn->exec, before, plan, i, txn->foreign);

	if (r < 0)
		return vn_step_error(plan, i, r, NULL, err);
	if (!*txn->foreign->first)
		return 0;
	return vnet_error_set(err, -EBUSY, "while %s was being moved, someone %s",
			      txn->foreign->name, txn->foreign->first);
}

int vn_step_one(const struct vn_txn *txn, const struct vnet_plan *plan, size_t i,
		struct vnet_error *err)
{
	const struct vnet_op *op = &plan->ops[i];
	struct vnet_error detail = { 0 };
	int r;

	if (vn_op_row(op)->class == VN_OP_SERVICE)
		r = txn->exec->ops->service(txn->exec->self, op, &detail);
	else
		r = txn->exec->ops->system(txn->exec->self, op);
	return r < 0 ? vn_step_error(plan, i, r, detail.msg, err) : 0;
}

/* The link of which @op takes an IPv6 address away; 0: none. */
static int32_t takes_addr6(const struct vnet_op *op, struct vnet_link *ret_link)
{
	const struct vnet_object *object = &op->u.object.object;
	const struct vnet_ifaddr *addr = &op->u.addr.ifaddr;

	if (op->kind == VNET_OP_OBJECT_DEL && object->kind == VNET_OBJECT_ADDR &&
	    object->to.ip.family == AF_INET6) {
		memcpy(ret_link->name, op->u.object.link, sizeof(ret_link->name));
		ret_link->index = object->index;
	} else if (op->kind == VNET_OP_ADDR_DEL && addr->addr.ip.family == AF_INET6) {
		memcpy(ret_link->name, op->u.addr.link, sizeof(ret_link->name));
		ret_link->index = addr->index;
	}
	return ret_link->index;
}

/*
 * The kernel joins the group in which neighbours look for an IPv6 address later, by a worker, but
 * leaves it at once. So one that is taken away too soon takes the group along from another of the
 * link with the same last 24 bits, which nobody finds from then on (seen on Linux 6.18).
 */
int vn_step_settle(const struct vn_txn *txn, const struct vnet_op *op, int32_t *settled)
{
	struct vnet_link link = { 0 };
	struct vnet_plan plan = { 0 };
	struct vnet_error err = { 0 };
	int r;

	if (!takes_addr6(op, &link) || link.index == *settled)
		return 0;
	vnet_plan_wait(&plan, op->ns, &link, VNET_WAIT_LOCAL);
	r = plan.failed ? plan.failed : vn_step_one(txn, &plan, 0, &err);
	vnet_plan_done(&plan);
	if (r < 0 && r != -ENODEV && r != -ETIMEDOUT) /* waited long enough, or for nothing */
		return r;
	*settled = link.index;
	return 0;
}

int vn_step_all(const struct vn_txn *txn, const struct vnet_snapshot *before,
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
			r = vn_step_batch(txn, before, plan, i, n, err);
		else if (plan->ops[i].kind == VNET_OP_UNCHANGED && txn->foreign)
			r = check_foreign(txn, before, plan, i, err);
		else
			r = vn_step_one(txn, plan, i, err);
	}
	return r;
}

int vn_step_verify(const struct vn_txn *txn, const struct vnet_plan *plan,
		   const struct vnet_snapshot *predicted, struct vnet_error *err)
{
	struct vnet_snapshot state;
	int r = vn_step_read(txn, predicted, &state, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n_ops && r == 0; i++) {
		const struct vnet_op *op = &plan->ops[i];
		const struct vn_op_row *row = vn_op_row(op);
		bool excused = txn->foreign && vn_foreign_excuses(txn->foreign, op);

		if (row->done(op, predicted) && !row->done(op, &state) && !excused)
			r = vn_step_error(plan, i, -EIO, "acknowledged, but not to be seen", err);
	}
	vnet_snapshot_done(&state);
	return r;
}
