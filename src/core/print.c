/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/plan.h>

#include "ops/ops.h"

static void print_line(const struct vnet_op *op, struct vn_text *text)
{
	const struct vn_op_row *row = vn_op_row(op);
	char subject[VNET_PATH_SIZE];

	vn_text_add(text, "%s %s ", row->name, row->subject(op, subject));
	if (row->describe)
		row->describe(op, text);
	vn_text_add(text, "\n");
}

int vnet_plan_print(const struct vnet_plan *plan, enum vnet_plan_format format, char **ret_text)
{
	struct vn_text text = { 0 };

	if (plan->failed)
		return plan->failed;
	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct vnet_op *op = &plan->ops[i];

		if (format == VNET_PLAN_SHELL)
			vn_op_row(op)->shell(op, plan->netns, &text);
		else
			print_line(op, &text);
	}
	return vn_text_take(&text, ret_text);
}
