/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * The kernel tells of each change of a link, an address or a route. Those that answer a request
 * of ours do not come here; but the kernel also makes changes of its own in their wake, later and
 * in nobody's name: IPv6 addresses, the routes of an address, carriers. So a notice is someone
 * else's only if it is of something that lasts, and neither an operation that has been begun nor
 * the state before explains it.
 */
#include "core/foreign.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "wire/object.h"
#include "wire/read.h"

/* What a notice is looked at with. */
struct look {
	struct vn_foreign *foreign;
	const struct vnet_snapshot *before;
	const struct vnet_plan *plan;
	size_t tried;
};

void vn_foreign_init(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		     struct vn_foreign *ret_foreign)
{
	const struct vnet_link *nic =
		vnet_link_by_index(before, VNET_NS_HOST, before->uplink_index);
	struct vn_foreign foreign = { .nic = nic ? nic->index : 0, .name = nic ? nic->name : "" };

	for (size_t i = 0; nic && i < plan->n_ops; i++) {
		const struct vnet_link *link = &plan->ops[i].u.link.link;

		if (plan->ops[i].kind == VNET_OP_LINK_SET && link->index == nic->index &&
		    (plan->ops[i].u.link.set & VNET_LINK_MASTER))
			foreign.bridge = link->master ? link->master : nic->master;
	}
	*ret_foreign = foreign;
}

void vn_foreign_done(struct vn_foreign *foreign)
{
	for (size_t i = 0; i < foreign->n_gone; i++)
		vnet_object_done(&foreign->gone[i]);
	for (size_t i = 0; i < foreign->n_added; i++)
		vnet_object_done(&foreign->added[i]);
	free(foreign->gone);
	free(foreign->added);
	*foreign = (struct vn_foreign){ 0 };
}

static void say(struct vn_foreign *foreign, const char *verb, const char *what, const char *to,
		const char *link)
{
	if (!*foreign->first)
		(void)snprintf(foreign->first, sizeof(foreign->first), "%s %s%s%s", verb, what, to,
			       link);
}

/* ---- links ---- */

static bool sets_master(const struct look *look, int32_t master)
{
	for (size_t i = 0; i < look->tried; i++) {
		const struct vnet_op *op = &look->plan->ops[i];

		if (op->kind == VNET_OP_LINK_SET && op->u.link.link.index == look->foreign->nic &&
		    (op->u.link.set & VNET_LINK_MASTER) && op->u.link.link.master == master)
			return true;
	}
	return false;
}

/* Away it is, and with it what hung on it: that goes on without it, if anywhere. */
static void unplugged(struct vn_foreign *foreign)
{
	size_t n = 0;

	for (size_t i = 0; i < foreign->n_gone; i++) {
		if (vnet_object_uses(&foreign->gone[i], foreign->nic))
			vnet_object_done(&foreign->gone[i]);
		else
			foreign->gone[n++] = foreign->gone[i];
	}
	foreign->n_gone = n;
	foreign->taken = false;
	foreign->unplugged = true;
	*foreign->first = '\0';
	say(foreign, "took", foreign->name, " away", "");
}

static int on_nic(const struct look *look, const struct nlmsghdr *head)
{
	struct vn_foreign *foreign = look->foreign;
	const struct vnet_link *before =
		vnet_link_by_index(look->before, VNET_NS_HOST, foreign->nic);
	struct vnet_link now;

	if (head->nlmsg_type == RTM_DELLINK)
		unplugged(foreign);
	if (!before || foreign->unplugged || vn_read_link(head, &now) < 0)
		return 0;
	vn_text_clean(now.name);
	if (strcmp(now.name, before->name) != 0)
		say(foreign, "renamed it", "to ", "", now.name);
	if (now.master != before->master && !sets_master(look, now.master)) {
		foreign->taken = true;
		foreign->master = now.master;
		say(foreign, "made it", "a port of something else", "", "");
	}
	if ((before->flags & IFF_UP) && !(now.flags & IFF_UP))
		say(foreign, "set", "it down", "", "");
	return 0;
}

static bool deletes_link(const struct look *look, int32_t index)
{
	for (size_t i = 0; i < look->tried; i++) {
		const struct vnet_op *op = &look->plan->ops[i];

		if (op->kind == VNET_OP_LINK_DEL && op->u.link.link.index == index)
			return true;
	}
	return false;
}

static int on_link(const struct look *look, const struct nlmsghdr *head)
{
	const struct ifinfomsg *info = (const struct ifinfomsg *)(head + 1);

	if (info->ifi_index == look->foreign->nic)
		return on_nic(look, head);
	if (info->ifi_index == look->foreign->bridge && head->nlmsg_type == RTM_DELLINK &&
	    !deletes_link(look, info->ifi_index))
		say(look->foreign, "deleted", "the bridge", "", "");
	return 0;
}

/* ---- what hangs on them ---- */

/* The kernel's own doing, which follows from the rest; or what only refers to another object. */
static bool follows(const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_ROUTE &&
	       (object->type != RTN_UNICAST || object->nexthop ||
		object->protocol == RTPROT_KERNEL || (object->flags & RTM_F_CLONED));
}

/* On whichever of the two links, and with whichever metric it stood there for a while. */
static bool alike(const struct vnet_object *a, const struct vnet_object *b)
{
	return a->kind == b->kind && a->table == b->table && a->type == b->type &&
	       a->several == b->several && vnet_cidr_equal(&a->to, &b->to) &&
	       vnet_ip_equal(&a->via, &b->via);
}

static bool explains(const struct vnet_op *op, const struct vnet_object *object, bool added)
{
	const struct vnet_ifaddr *addr = &op->u.addr.ifaddr;

	if (op->kind == (added ? VNET_OP_OBJECT_ADD : VNET_OP_OBJECT_DEL))
		return vnet_object_same(&op->u.object.object, object);
	return object->kind == VNET_OBJECT_ADDR &&
	       op->kind == (added ? VNET_OP_ADDR_ADD : VNET_OP_ADDR_DEL) &&
	       addr->index == object->index && vnet_cidr_equal(&addr->addr, &object->to);
}

/* Something that was there is told of again: a router has advertised it, a lifetime is new. */
static bool was_there(const struct look *look, const struct vnet_object *object)
{
	return vnet_object_find(look->before, VNET_NS_HOST, object) != NULL;
}

/*
 * Of addresses alone the kernel tells in nobody's name, and of a route that was lent to it; which
 * it may have replaced since.
 */
static bool is_ours(const struct look *look, const struct vnet_object *object, bool added)
{
	for (size_t i = 0; i < look->tried; i++) {
		const struct vnet_op *op = &look->plan->ops[i];

		if (op->kind == VNET_OP_ROUTE_LEND && alike(&op->u.object.object, object))
			return true;
		if (object->kind == VNET_OBJECT_ADDR && explains(op, object, added))
			return true;
	}
	return added ? was_there(look, object) : deletes_link(look, object->index);
}

static int keep(struct vnet_object **objects, size_t *n, const struct vnet_object *object)
{
	struct vnet_object *grown = realloc(*objects, (*n + 1) * sizeof(**objects));
	int r;

	if (!grown)
		return -ENOMEM;
	*objects = grown;
	r = vnet_object_copy(object, &grown[*n]);
	*n += r == 0;
	return r;
}

static int note_object(const struct look *look, const struct vnet_object *object, bool added)
{
	struct vn_foreign *foreign = look->foreign;
	bool nic = vnet_object_uses(object, foreign->nic);
	struct vn_text text = { 0 };

	if ((!nic && !vnet_object_uses(object, foreign->bridge)) || (nic && foreign->unplugged) ||
	    follows(object) || is_ours(look, object, added))
		return 0;
	vn_object_name(object, &text);
	say(foreign, added ? "added" : "took", text.buf ? text.buf : "something",
	    added ? " to " : " off ", nic ? foreign->name : "the bridge");
	vn_text_done(&text);
	return added ? keep(&foreign->added, &foreign->n_added, object) :
		       keep(&foreign->gone, &foreign->n_gone, object);
}

static int on_event(const struct nlmsghdr *head, void *arg)
{
	const struct look *look = arg;
	struct vnet_object object;
	int r;

	if (head->nlmsg_type == RTM_NEWLINK || head->nlmsg_type == RTM_DELLINK)
		return on_link(look, head);
	r = vn_object_read(head, &object);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	r = note_object(look, &object, !(head->nlmsg_type & 1)); /* RTM_DELx is RTM_NEWx and one */
	vnet_object_done(&object);
	return r;
}

int vn_foreign_take(const struct vn_exec *exec, const struct vnet_snapshot *before,
		    const struct vnet_plan *plan, size_t tried, struct vn_foreign *foreign)
{
	struct look look = { .foreign = foreign, .before = before, .plan = plan, .tried = tried };
	int r = 0;

	if (foreign->nic && exec->ops->events)
		r = exec->ops->events(exec->self, on_event, &look);
	if (r != -ENOBUFS)
		return r;
	say(foreign, "made", "more changes than can be followed", "", "");
	return 0;
}

/* ---- what follows from it ---- */

void vn_foreign_spare(const struct vn_foreign *foreign, struct vnet_plan *undo)
{
	for (size_t i = 0; foreign->taken && i < undo->n_ops; i++) {
		struct vnet_op *op = &undo->ops[i];

		if (op->kind == VNET_OP_LINK_SET && op->u.link.link.index == foreign->nic)
			op->u.link.link.master = foreign->master;
	}
}

bool vn_foreign_forbids(const struct vn_foreign *foreign, const struct vnet_op *op)
{
	for (size_t i = 0; op->kind == VNET_OP_OBJECT_ADD && i < foreign->n_gone; i++) {
		if (alike(&foreign->gone[i], &op->u.object.object))
			return true;
	}
	return false;
}

static bool is_gone(const struct vn_foreign *foreign, const struct vnet_object *object)
{
	for (size_t i = 0; i < foreign->n_gone; i++) {
		if (vnet_object_same(&foreign->gone[i], object))
			return true;
	}
	return false;
}

static void add_again(const struct vnet_object *added, const struct vnet_link *link,
		      struct vnet_plan *plan)
{
	const struct vnet_object_edit same = {
		.from = link->index,
		.to = link->index,
		.from_name = link->name,
		.to_name = link->name,
	};
	struct vnet_object request;

	if (vnet_object_move(added, &same, &request) < 0)
		return;
	vnet_plan_object_add(plan, VNET_NS_HOST, link, &request, VNET_OBJECT_NEW);
	vnet_object_done(&request);
}

/* A copy that stands on the other link still. */
static void drop_copies(const struct vn_foreign *foreign, const struct vnet_object *gone,
			const struct vnet_snapshot *state, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &state->ns[VNET_NS_HOST];

	for (size_t i = 0; i < foreign->n_added; i++) {
		if (alike(&foreign->added[i], gone)) /* he took it off only to put it elsewhere */
			return;
	}
	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];
		const struct vnet_link *link =
			vnet_link_by_index(state, VNET_NS_HOST, object->index);

		if (link && alike(object, gone) && !follows(object))
			vnet_plan_object_del(plan, VNET_NS_HOST, link, object);
	}
}

bool vn_foreign_excuses(const struct vn_foreign *foreign, const struct vnet_op *op)
{
	return vn_foreign_forbids(foreign, op) ||
	       (foreign->taken && op->kind == VNET_OP_LINK_SET &&
		op->u.link.link.index == foreign->nic && (op->u.link.set & VNET_LINK_MASTER));
}

/* He made it his in the moment of our message. */
static void give_back(const struct vn_foreign *foreign, const struct vnet_snapshot *state,
		      struct vnet_plan *plan)
{
	const struct vnet_link *nic = vnet_link_by_index(state, VNET_NS_HOST, foreign->nic);
	const struct vnet_link *his = vnet_link_by_index(state, VNET_NS_HOST, foreign->master);
	struct vnet_link port;

	if (!foreign->taken || !nic || !his || nic->master == his->index)
		return;
	port = *nic;
	port.master = his->index;
	memcpy(port.master_name, his->name, sizeof(port.master_name));
	vnet_plan_link_set(plan, VNET_NS_HOST, &port, VNET_LINK_MASTER);
}

void vn_foreign_settle(const struct vn_foreign *foreign, const struct vnet_snapshot *state,
		       struct vnet_plan *plan)
{
	for (size_t i = 0; i < foreign->n_added; i++) {
		const struct vnet_object *added = &foreign->added[i];
		const struct vnet_link *link =
			vnet_link_by_index(state, VNET_NS_HOST, added->index);

		if (added->kind == VNET_OBJECT_ADDR && link && !is_gone(foreign, added) &&
		    !vnet_object_find(state, VNET_NS_HOST, added))
			add_again(added, link, plan);
	}
	for (size_t i = 0; i < foreign->n_gone; i++)
		drop_copies(foreign, &foreign->gone[i], state, plan);
	give_back(foreign, state, plan);
}
