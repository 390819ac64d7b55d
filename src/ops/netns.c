/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/netns.h"

#include <errno.h>
#include <unistd.h>

#include "base/snapshot.h"
#include "ops/ops.h"

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.netns.name);
	return buf;
}

/* ---- netns add ---- */

static int add_perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	int fd = vn_netns_open(op->u.netns.name);

	(void)env;
	if (fd >= 0)
		(void)close(fd);
	else if (fd == -EINVAL) /* a deletion was cut off, or someone unmounted it */
		(void)vn_netns_del(op->u.netns.name);
	return vn_netns_add(op->u.netns.name);
}

static int add_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	struct vnet_ns *in = &snap->ns[op->ns];

	if (in->exists && !in->dead)
		return -EEXIST;
	in->exists = true;
	in->dead = false;
	return 0;
}

static void add_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)before;
	(void)origin;
	vnet_plan_netns_del(undo, op->u.netns.name);
}

static bool add_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return snap->ns[op->ns].exists && !snap->ns[op->ns].dead;
}

static void add_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "ip netns add %s\n", op->u.netns.name);
}

const struct vn_op_row vn_op_netns_add = {
	.name = "netns add",
	.class = VN_OP_SYSTEM,
	.gone = -EEXIST,
	.perform = add_perform,
	.model = add_model,
	.inverse = add_inverse,
	.done = add_done,
	.subject = subject,
	.shell = add_shell,
};

/* ---- netns del ---- */

static int del_perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	(void)env;
	return vn_netns_del(op->u.netns.name);
}

static int del_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	if (!snap->ns[op->ns].exists)
		return -ENOENT;
	if (snap->running) /* without its namespace nobody would find the server again */
		return -EBUSY;
	vn_snapshot_clear_ns(snap, op->ns);
	return 0;
}

static void del_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)before;
	(void)origin;
	vnet_plan_netns_add(undo, op->u.netns.name);
}

static bool del_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return !snap->ns[op->ns].exists;
}

static void del_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "ip netns del %s\n", op->u.netns.name);
}

const struct vn_op_row vn_op_netns_del = {
	.name = "netns del",
	.class = VN_OP_SYSTEM,
	.gone = -ENOENT,
	.perform = del_perform,
	.model = del_model,
	.inverse = del_inverse,
	.done = del_done,
	.subject = subject,
	.shell = del_shell,
};
