/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "ops/ops.h"
#include "wire/wait.h"

/* Nothing changes; the operations after it come when the link is ready for them. */

enum { WAIT_MS = 2000 };

static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	(void)env;
	return vn_wait(op->u.wait.index, op->u.wait.what, WAIT_MS);
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vnet_link_by_index(snap, op->ns, op->u.wait.index) ? 0 : -ENODEV;
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.wait.link);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, op->u.wait.what == VNET_WAIT_UP ? "until it is up" :
							    "until its addresses are ready");
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	if (op->u.wait.what == VNET_WAIT_UP)
		vn_text_add(text,
			    "for i in $(seq 200); do ip link show dev %s | grep -q 'state UP' && "
			    "break; sleep 0.01; done\n",
			    op->u.wait.link);
	else
		vn_text_add(text, "sleep 0.05 # until the addresses of %s are ready\n",
			    op->u.wait.link);
}

const struct vn_op_row vn_op_wait = {
	.name = "wait for",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -ENODEV,
	.perform = perform,
	.model = model,
	.done = vn_op_no_trace,
	.subject = subject,
	.describe = describe,
	.shell = shell,
};

/* ---- unchanged ---- */

/* The transaction itself knows what others did: core/foreign.h. */
static int pass(const struct vnet_op *op, const struct vn_op_env *env)
{
	(void)op;
	(void)env;
	return 0;
}

static void shell_nothing(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "# only if no one else has changed %s meanwhile\n", op->u.wait.link);
}

const struct vn_op_row vn_op_unchanged = {
	.name = "look at",
	.class = VN_OP_SYSTEM,
	.gone = -ENODEV,
	.perform = pass,
	.model = model,
	.done = vn_op_no_trace,
	.subject = subject,
	.shell = shell_nothing,
};
