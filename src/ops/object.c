/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "sys/route.h"
#include "wire/object.h"

/* Addresses, routes, neighbours and nexthops, hung on a link with all that they have. */

static const struct vnet_object *find(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return vnet_object_find(snap, op->ns, &op->u.object.object);
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	struct vn_text text = { 0 };

	vn_object_name(&op->u.object.object, &text);
	(void)vn_format(buf, VNET_PATH_SIZE, "%s %s", op->u.object.link, text.buf ? text.buf : "");
	vn_text_done(&text);
	return buf;
}

/* Of a link that the plan itself made, nothing needs to be taken back: it goes as a whole. */
static bool is_lasting(const struct vnet_op *op, const struct vnet_snapshot *origin)
{
	return vnet_link_by_name(origin, op->ns, op->u.object.link) != NULL;
}

/* ---- object add ---- */

static int add_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_object_add_msg(msg, seq, &op->u.object.object, op->u.object.how);
}

/* What can be there already without harm. */
static bool may_exist(const struct vnet_op *op)
{
	return op->u.object.how == VNET_OBJECT_REPLACE ||
	       op->u.object.object.kind == VNET_OBJECT_NEIGH;
}

static int add_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_object *object = &op->u.object.object;

	if (object->index && !vnet_link_by_index(snap, op->ns, object->index))
		return -ENODEV;
	if (find(op, snap)) {
		if (!may_exist(op))
			return -EEXIST;
		vn_snapshot_del_object(snap, op->ns, object);
	} else if (op->u.object.how == VNET_OBJECT_REPLACE && object->kind == VNET_OBJECT_ADDR) {
		return -ENOENT;
	}
	return vn_snapshot_add_object(snap, op->ns, object);
}

/* Make of @object, as a dump has it, a request that brings it back; @flags are set besides. */
static void restore(const struct vnet_op *op, const struct vnet_object *object, uint32_t flags,
		    enum vnet_object_how how, struct vnet_plan *undo)
{
	const struct vnet_object_edit edit = {
		.from = object->index,
		.to = object->index,
		.from_name = op->u.object.link,
		.to_name = op->u.object.link,
		.set = flags,
	};
	struct vnet_link link = { 0 };
	struct vnet_object request;

	if (vnet_object_move(object, &edit, &request) < 0) {
		undo->failed = undo->failed ? undo->failed : -ENOMEM;
		return;
	}
	memcpy(link.name, op->u.object.link, sizeof(link.name));
	vnet_plan_object_add(undo, op->ns, &link, &request, how);
	vnet_object_done(&request);
}

/* A nexthop that someone deletes, be it with its link, takes its routes along. */
static void restore_over(const struct vnet_op *op, const struct vnet_snapshot *origin,
			 struct vnet_plan *undo)
{
	const struct vnet_ns *in = &origin->ns[op->ns];

	for (size_t i = in->n_objects; i-- > 0;) {
		const struct vnet_object *route = in->objects[i];

		if (route->kind == VNET_OBJECT_ROUTE &&
		    route->nexthop == op->u.object.object.nexthop)
			restore(op, route, 0, VNET_OBJECT_PREPEND, undo);
	}
}

/* The address comes to have a route to its subnet, and had none before. */
static bool gains_route(const struct vnet_object *object, const struct vnet_object *old)
{
	return object->kind == VNET_OBJECT_ADDR && object->to.ip.family == AF_INET6 &&
	       (old->flags & IFA_F_NOPREFIXROUTE) && !(object->flags & IFA_F_NOPREFIXROUTE);
}

/* An IPv6 address leaves it behind, where another one is in that subnet. */
static void drop_route(const struct vnet_op *op, const struct vnet_snapshot *origin,
		       struct vnet_plan *undo)
{
	struct vnet_link link = { 0 };
	struct vnet_object route;
	int r = vn_object_prefix_route(&op->u.object.object, &route);

	if (r < 0) {
		undo->failed = undo->failed ? undo->failed : r;
		return;
	}
	memcpy(link.name, op->u.object.link, sizeof(link.name));
	if (!vnet_object_find(origin, op->ns, &route))
		vnet_plan_object_del(undo, op->ns, &link, &route);
	vnet_object_done(&route);
}

static void add_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_object *old = find(op, before);
	struct vnet_link link = { 0 };

	memcpy(link.name, op->u.object.link, sizeof(link.name));
	if (old && op->u.object.object.kind == VNET_OBJECT_NEXTHOP) {
		restore(op, old, 0, VNET_OBJECT_REPLACE, undo);
		restore_over(op, origin, undo);
	} else if (old && is_lasting(op, origin) && gains_route(&op->u.object.object, old)) {
		drop_route(op, origin, undo);
	} else if (!old && is_lasting(op, origin)) {
		vnet_plan_object_del(undo, op->ns, &link, &op->u.object.object);
	}
}

/* What one says of how it came: until that is as it was meant, it is not done. */
static uint32_t passing_flags(const struct vnet_object *object)
{
	if (object->kind == VNET_OBJECT_NEXTHOP)
		return object->flags & RTNH_F_ONLINK;
	if (object->kind != VNET_OBJECT_ADDR || object->to.ip.family != AF_INET6)
		return 0;
	return object->flags & (IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
}

/* Neighbours come and go by themselves. */
static bool is_fleeting(const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_NEIGH && !(object->flags & NTF_PROXY) &&
	       !(object->state & (NUD_PERMANENT | NUD_NOARP));
}

static bool add_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_object *want = &op->u.object.object;
	const struct vnet_object *now = find(op, snap);

	if (is_fleeting(want))
		return true;
	/* A route is another one with another metric: only an address may have the wrong one. */
	return now && now->index == want->index && now->metric == want->metric &&
	       passing_flags(now) == passing_flags(want);
}

static const char *const verbs[] = {
	[VNET_OBJECT_NEW] = "add",
	[VNET_OBJECT_PREPEND] = "prepend",
	[VNET_OBJECT_APPEND] = "append",
	[VNET_OBJECT_REPLACE] = "replace",
};

static void add_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const char *verb = verbs[op->u.object.how];

	(void)netns;
	if (op->u.object.object.kind == VNET_OBJECT_ADDR && op->u.object.how == VNET_OBJECT_REPLACE)
		verb = "change";
	else if (op->u.object.object.kind == VNET_OBJECT_NEIGH)
		verb = "replace";
	vn_object_shell(&op->u.object.object, verb, op->u.object.link, text);
}

const struct vn_op_row vn_op_object_add = {
	.name = "add",
	.class = VN_OP_NETLINK,
	.gone = -EEXIST,
	.encode = add_encode,
	.model = add_model,
	.inverse = add_inverse,
	.done = add_done,
	.subject = subject,
	.shell = add_shell,
};

/* ---- route lend ---- */

static int lend_perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	const struct vnet_object *route = &op->u.object.object;

	(void)env;
	return vn_route_lend(route->index, &route->via, route->metric, route->lifetime,
			     vn_object_preference(route));
}

/* Or the router has been heard meanwhile, and the kernel has its own in place of it. */
static bool lend_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_object *want = &op->u.object.object;
	const struct vnet_ns *in = &snap->ns[op->ns];

	for (size_t i = 0; i < in->n_objects; i++) {
		const struct vnet_object *now = in->objects[i];

		if (now->kind == VNET_OBJECT_ROUTE && now->index == want->index &&
		    now->table == want->table && vnet_cidr_equal(&now->to, &want->to) &&
		    vnet_ip_equal(&now->via, &want->via))
			return true;
	}
	return false;
}

/* As far as it can be said; a router's next advertisement does not replace such a one. */
static void lend_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_object_shell(&op->u.object.object, verbs[VNET_OBJECT_PREPEND], op->u.object.link, text);
}

const struct vn_op_row vn_op_route_lend = {
	.name = "lend",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -EEXIST,
	.perform = lend_perform,
	.model = add_model,
	.inverse = add_inverse,
	.done = lend_done,
	.subject = subject,
	.shell = lend_shell,
};

/* ---- object del ---- */

static int del_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_object_del_msg(msg, seq, &op->u.object.object);
}

static int del_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	if (!find(op, snap))
		return -ESRCH;
	vn_snapshot_del_object(snap, op->ns, &op->u.object.object);
	return 0;
}

/* With its own metric it would be taken for the one that a router advertises next. */
static void lend(const struct vnet_op *op, const struct vnet_object *route, struct vnet_plan *undo)
{
	struct vnet_link link = { 0 };
	struct vnet_object lent;

	if (vnet_object_lent(route, route->index, route->metric + 1, &lent) < 0) {
		undo->failed = undo->failed ? undo->failed : -ENOMEM;
		return;
	}
	memcpy(link.name, op->u.object.link, sizeof(link.name));
	vnet_plan_route_lend(undo, op->ns, &link, &lent);
	vnet_object_done(&lent);
}

/*
 * An IPv6 address is ready at once only if it need not be asked for whether someone has
 * it; that it came so is then taken off it.
 */
static void del_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_object *object = &op->u.object.object;

	/* With the lifetime that it had, and not the one that its copy elsewhere was given. */
	if (object->kind == VNET_OBJECT_ADDR && find(op, before))
		object = find(op, before);
	if (!find(op, origin)) /* what the plan itself made is gone as it should be */
		return;
	if (object->kind == VNET_OBJECT_ROUTE && vnet_object_is_advertised(object)) {
		lend(op, object, undo);
	} else if (object->kind == VNET_OBJECT_ROUTE) {
		restore(op, object, 0, VNET_OBJECT_PREPEND, undo);
	} else if (object->kind == VNET_OBJECT_ADDR && object->to.ip.family == AF_INET6) {
		restore(op, object, IFA_F_NODAD, VNET_OBJECT_NEW, undo);
		restore(op, object, 0, VNET_OBJECT_REPLACE, undo);
	} else {
		restore(op, object, 0, VNET_OBJECT_NEW, undo);
	}
}

static bool del_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return is_fleeting(&op->u.object.object) || !find(op, snap);
}

static void del_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_object_shell(&op->u.object.object, "del", op->u.object.link, text);
}

const struct vn_op_row vn_op_object_del = {
	.name = "delete",
	.class = VN_OP_NETLINK,
	.gone = -ESRCH,
	.encode = del_encode,
	.model = del_model,
	.inverse = del_inverse,
	.done = del_done,
	.subject = subject,
	.shell = del_shell,
};
