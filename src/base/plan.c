/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/plan.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"

enum { PLAN_FIRST = 16 };

void vnet_plan_init(struct vnet_plan *ret_plan)
{
	*ret_plan = (struct vnet_plan){ 0 };
}

static bool is_object(const struct vnet_op *op)
{
	return op->kind == VNET_OP_OBJECT_ADD || op->kind == VNET_OP_OBJECT_DEL ||
	       op->kind == VNET_OP_ROUTE_LEND;
}

/* The text that an operation owns, where its kind has one; else NULL. */
static const char **text_of(struct vnet_op *op)
{
	if (op->kind == VNET_OP_FILE_WRITE)
		return &op->u.file.content;
	if (op->kind == VNET_OP_CLIENT_START || op->kind == VNET_OP_CLIENT_STOP)
		return &op->u.client.command;
	return NULL;
}

void vnet_plan_done(struct vnet_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_ops; i++) {
		if (text_of(&plan->ops[i]))
			free((void *)(uintptr_t)*text_of(&plan->ops[i]));
		else if (is_object(&plan->ops[i]))
			vnet_object_done(&plan->ops[i].u.object.object);
	}
	free(plan->ops);
	free(plan->notes);
	*plan = (struct vnet_plan){ 0 };
}

static int plan_room(struct vnet_plan *plan)
{
	size_t size = plan->size ? plan->size * 2 : PLAN_FIRST;
	struct vnet_op *ops;

	if (plan->n_ops < plan->size)
		return 0;
	ops = realloc(plan->ops, size * sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	plan->ops = ops;
	plan->size = size;
	return 0;
}

/* What an operation owns, copied from that of @op into its copy at @to. */
static int own(const struct vnet_op *op, struct vnet_op *to)
{
	const char **text;

	if (is_object(op))
		return vnet_object_copy(&op->u.object.object, &to->u.object.object);
	text = text_of(to);
	if (!text)
		return 0;
	*text = strdup(*text); /* of which @to has but a view yet */
	return *text ? 0 : -ENOMEM;
}

struct vnet_op *vnet_plan_add(struct vnet_plan *plan, const struct vnet_op *op)
{
	struct vnet_op *to;

	if (!plan->failed)
		plan->failed = plan_room(plan);
	if (plan->failed)
		return NULL;
	to = &plan->ops[plan->n_ops];
	*to = *op;
	plan->failed = own(op, to);
	if (plan->failed)
		return NULL;
	plan->n_ops++;
	return to;
}

/* A name or path that does not fit is a bug of the caller's; the plan fails rather than cut it. */
static void put(struct vnet_plan *plan, char *to, size_t size, const char *from)
{
	if (vn_copy(to, size, from) < 0 && !plan->failed)
		plan->failed = -ENAMETOOLONG;
}

void vnet_plan_note(struct vnet_plan *plan, const char *fmt, ...)
{
	struct vn_text text = { 0 };
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	vn_text_add(&text, "%s%s\n", plan->notes ? plan->notes : "", line);
	free(plan->notes);
	plan->notes = NULL;
	(void)vn_text_take(&text, &plan->notes);
}

static void link_op(struct vnet_plan *plan, enum vnet_op_kind kind, enum vnet_ns_id ns,
		    const struct vnet_link *link, uint32_t fields, const struct vnet_peer *peer)
{
	struct vnet_op op = { .kind = kind, .ns = ns };

	op.u.link.link = *link;
	op.u.link.set = fields;
	if (peer)
		op.u.link.peer = *peer;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_link_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_peer *peer)
{
	link_op(plan, VNET_OP_LINK_ADD, ns, link, 0, peer);
}

void vnet_plan_link_set(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			uint32_t fields)
{
	if (fields)
		link_op(plan, VNET_OP_LINK_SET, ns, link, fields, NULL);
}

void vnet_plan_link_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link)
{
	link_op(plan, VNET_OP_LINK_DEL, ns, link, 0, NULL);
}

void vnet_plan_altname_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			   const char *altname)
{
	struct vnet_op op = { .kind = VNET_OP_ALTNAME_ADD, .ns = ns };

	op.u.altname.index = link->index;
	put(plan, op.u.altname.link, sizeof(op.u.altname.link), link->name);
	put(plan, op.u.altname.name, sizeof(op.u.altname.name), altname);
	(void)vnet_plan_add(plan, &op);
}

static void addr_op(struct vnet_plan *plan, enum vnet_op_kind kind, enum vnet_ns_id ns,
		    const struct vnet_link *link, const struct vnet_cidr *addr)
{
	struct vnet_op op = { .kind = kind, .ns = ns };

	op.u.addr.ifaddr = (struct vnet_ifaddr){ .index = link->index, .addr = *addr };
	put(plan, op.u.addr.link, sizeof(op.u.addr.link), link->name);
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_addr_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_cidr *addr)
{
	addr_op(plan, VNET_OP_ADDR_ADD, ns, link, addr);
}

void vnet_plan_addr_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_cidr *addr)
{
	addr_op(plan, VNET_OP_ADDR_DEL, ns, link, addr);
}

void vnet_plan_sysctl_set(struct vnet_plan *plan, enum vnet_ns_id ns, const char *link,
			  const char *dir, const char *key, const char *value)
{
	struct vnet_op op = { .kind = VNET_OP_SYSCTL_SET, .ns = ns };

	put(plan, op.u.sysctl.link, sizeof(op.u.sysctl.link), link);
	put(plan, op.u.sysctl.dir, sizeof(op.u.sysctl.dir), dir);
	put(plan, op.u.sysctl.key, sizeof(op.u.sysctl.key), key);
	put(plan, op.u.sysctl.value, sizeof(op.u.sysctl.value), value);
	(void)vnet_plan_add(plan, &op);
}

static void object_op(struct vnet_plan *plan, enum vnet_op_kind kind, enum vnet_ns_id ns,
		      const struct vnet_link *link, const struct vnet_object *object,
		      enum vnet_object_how how)
{
	struct vnet_op op = { .kind = kind, .ns = ns };

	put(plan, op.u.object.link, sizeof(op.u.object.link), link->name);
	op.u.object.how = how;
	op.u.object.object = *object;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_object_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *object, enum vnet_object_how how)
{
	object_op(plan, VNET_OP_OBJECT_ADD, ns, link, object, how);
}

void vnet_plan_object_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *object)
{
	object_op(plan, VNET_OP_OBJECT_DEL, ns, link, object, VNET_OBJECT_NEW);
}

void vnet_plan_route_lend(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *route)
{
	object_op(plan, VNET_OP_ROUTE_LEND, ns, link, route, VNET_OBJECT_NEW);
}

static void wait_op(struct vnet_plan *plan, enum vnet_op_kind kind, enum vnet_ns_id ns,
		    const struct vnet_link *link, enum vnet_wait what)
{
	struct vnet_op op = { .kind = kind, .ns = ns };

	put(plan, op.u.wait.link, sizeof(op.u.wait.link), link->name);
	op.u.wait.index = link->index;
	op.u.wait.what = what;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_wait(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		    enum vnet_wait what)
{
	wait_op(plan, VNET_OP_WAIT, ns, link, what);
}

void vnet_plan_unchanged(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link)
{
	wait_op(plan, VNET_OP_UNCHANGED, ns, link, VNET_WAIT_UP);
}

void vnet_plan_probe(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		     const struct vnet_gateway *gateway)
{
	struct vnet_op op = { .kind = VNET_OP_PROBE, .ns = ns };

	op.u.probe = *gateway;
	op.u.probe.index = link->index;
	put(plan, op.u.probe.link, sizeof(op.u.probe.link), link->name);
	(void)vnet_plan_add(plan, &op);
}

static void announce_op(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_ip *ip, bool solicit)
{
	struct vnet_op op = { .kind = VNET_OP_ANNOUNCE, .ns = ns };

	put(plan, op.u.announce.link, sizeof(op.u.announce.link), link->name);
	op.u.announce.index = link->index;
	op.u.announce.mac = link->mac;
	op.u.announce.ip = *ip;
	op.u.announce.solicit = solicit;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_announce(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_ip *ip)
{
	announce_op(plan, ns, link, ip, false);
}

void vnet_plan_solicit(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		       const struct vnet_ip *ip)
{
	announce_op(plan, ns, link, ip, true);
}

void vnet_plan_mark(struct vnet_plan *plan, uint32_t marks)
{
	if (plan->n_ops && !plan->failed)
		plan->ops[plan->n_ops - 1].marks |= marks;
}

static void netns_op(struct vnet_plan *plan, enum vnet_op_kind kind, const char *name)
{
	struct vnet_op op = { .kind = kind, .ns = VNET_NS_DHCP };

	put(plan, op.u.netns.name, sizeof(op.u.netns.name), name);
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_netns_add(struct vnet_plan *plan, const char *name)
{
	netns_op(plan, VNET_OP_NETNS_ADD, name);
}

void vnet_plan_netns_del(struct vnet_plan *plan, const char *name)
{
	netns_op(plan, VNET_OP_NETNS_DEL, name);
}

void vnet_plan_csum_off(struct vnet_plan *plan, enum vnet_ns_id ns, const char *link)
{
	struct vnet_op op = { .kind = VNET_OP_CSUM_OFF, .ns = ns };

	put(plan, op.u.csum.link, sizeof(op.u.csum.link), link);
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_file_write(struct vnet_plan *plan, const char *path, const char *content,
			  uint32_t mode)
{
	struct vnet_op op = { .kind = VNET_OP_FILE_WRITE };

	put(plan, op.u.file.path, sizeof(op.u.file.path), path);
	op.u.file.content = content;
	op.u.file.mode = mode;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_file_del(struct vnet_plan *plan, const char *path)
{
	struct vnet_op op = { .kind = VNET_OP_FILE_DEL };

	put(plan, op.u.file.path, sizeof(op.u.file.path), path);
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_service(struct vnet_plan *plan, enum vnet_op_kind kind,
		       const struct vnet_service *service)
{
	struct vnet_op op = { .kind = kind, .ns = VNET_NS_DHCP };

	op.u.service = *service;
	(void)vnet_plan_add(plan, &op);
}

void vnet_plan_client(struct vnet_plan *plan, enum vnet_op_kind kind,
		      const struct vnet_handover *client)
{
	struct vnet_op op = { .kind = kind, .ns = VNET_NS_HOST };

	op.u.client = *client;
	(void)vnet_plan_add(plan, &op);
}

int vnet_service_of(const struct vnet_snapshot *snap, const char *net,
		    struct vnet_service *ret_service)
{
	struct vnet_service s = { 0 };

	if (vn_copy(s.netns, sizeof(s.netns), snap->ns[VNET_NS_DHCP].name) < 0 ||
	    vn_copy(s.leases, sizeof(s.leases), snap->lease_path) < 0 ||
	    vn_name_path(snap->run_dir, net, VN_NAME_CONF, s.conf) < 0 ||
	    vn_name_path(snap->run_dir, net, VN_NAME_PID, s.pid_file) < 0)
		return -ENAMETOOLONG;
	*ret_service = s;
	return 0;
}
