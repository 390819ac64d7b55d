/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/snapshot.h"
#include "core/txn.h"
#include "ops/ops.h"

/* Pure: what will be, and what leads back. */

int vn_plan_predict(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		    struct vnet_snapshot *ret_after, size_t *ret_op)
{
	struct vnet_snapshot after;
	int r = vnet_snapshot_copy(before, &after);
	size_t i = 0;

	if (r < 0)
		return r;
	for (; i < plan->n_ops && r == 0; i++)
		r = vn_op_row(&plan->ops[i])->model(&plan->ops[i], &after);
	if (r < 0) {
		*ret_op = i - 1;
		vnet_snapshot_done(&after);
		return r;
	}
	*ret_after = after;
	return 0;
}

/* The server starts, or reads its files again, only when all that it uses is as it was. */
static bool comes_last(const struct vnet_op *op)
{
	return op->kind == VNET_OP_SERVICE_START || op->kind == VNET_OP_SERVICE_RELOAD ||
	       op->kind == VNET_OP_CLIENT_START;
}

/*
 * Turn the order of the segments that begin at @starts round; each keeps its own. The
 * operations themselves go over: of @forward nothing is left.
 */
static int reverse_segments(struct vnet_plan *forward, const size_t *starts, size_t n,
			    struct vnet_plan *ret_undo)
{
	size_t size = forward->n_ops + 1;
	struct vnet_plan undo = { .ops = calloc(size, sizeof(*undo.ops)), .size = size };
	size_t end = forward->n_ops;

	if (!undo.ops)
		return -ENOMEM;
	for (size_t i = n; i-- > 0;) {
		for (size_t k = starts[i]; k < end; k++) {
			if (!comes_last(&forward->ops[k]))
				undo.ops[undo.n_ops++] = forward->ops[k];
		}
		end = starts[i];
	}
	for (size_t k = 0; k < forward->n_ops; k++) {
		if (comes_last(&forward->ops[k]))
			undo.ops[undo.n_ops++] = forward->ops[k];
	}
	forward->n_ops = 0;
	*ret_undo = undo;
	return 0;
}

int vn_plan_undo(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		 struct vnet_plan *ret_undo)
{
	size_t *starts = calloc(plan->n_ops + 1, sizeof(*starts));
	struct vnet_plan forward;
	struct vnet_plan undo = { 0 };
	struct vnet_snapshot state;
	int r = starts ? vnet_snapshot_copy(before, &state) : -ENOMEM;

	if (r < 0) {
		free(starts);
		return r;
	}
	vnet_plan_init(&forward);
	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct vn_op_row *row = vn_op_row(&plan->ops[i]);

		starts[i] = forward.n_ops;
		if (row->inverse)
			row->inverse(&plan->ops[i], &state, before, &forward);
		(void)row->model(&plan->ops[i], &state);
	}
	r = forward.failed;
	if (r == 0)
		r = reverse_segments(&forward, starts, plan->n_ops, &undo);
	vnet_plan_done(&forward);
	vnet_snapshot_done(&state);
	free(starts);
	if (r == 0)
		*ret_undo = undo;
	return r;
}

/* ---- what a journal says of a plan ---- */

int vn_plan_shown(const struct vnet_plan *plan, const struct vnet_snapshot *predicted,
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

struct vnet_plan vn_plan_onward(const struct vnet_plan *plan)
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

/* The link whose removal ends the way on is gone. */
static bool is_at_end(const struct vnet_plan *onward, const struct vnet_snapshot *state)
{
	for (size_t i = 0; i < onward->n_ops; i++) {
		const struct vnet_op *op = &onward->ops[i];

		if (op->kind == VNET_OP_LINK_DEL &&
		    !vnet_link_by_index(state, op->ns, op->u.link.link.index))
			return true;
	}
	return false;
}

bool vn_plan_turned(const struct vnet_plan *onward, const struct vnet_snapshot *state)
{
	for (size_t i = 0; i < onward->n_ops; i++) {
		const struct vnet_op *op = &onward->ops[i];

		if (!(op->marks & VNET_OP_TURN))
			continue;
		/* One that was unplugged does not show whether it was released. */
		if (!vnet_link_by_index(state, op->ns, op->u.link.link.index))
			return is_at_end(onward, state);
		return vn_op_row(op)->done(op, state);
	}
	return false;
}

bool vn_plan_all_done(const struct vnet_plan *shown, const struct vnet_snapshot *state)
{
	for (size_t i = 0; i < shown->n_ops; i++) {
		if (!vn_op_row(&shown->ops[i])->done(&shown->ops[i], state))
			return false;
	}
	return shown->n_ops > 0;
}
