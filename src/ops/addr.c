/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_addr.h>
#include <sys/socket.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "wire/link.h"

static const char *subject(const struct vnet_op *op, char *buf)
{
	char cidr[VNET_CIDR_TEXT];

	(void)vn_format(buf, VNET_PATH_SIZE, "%s %s", op->u.addr.link,
			vnet_cidr_text(&op->u.addr.ifaddr.addr, cidr));
	return buf;
}

static bool there(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return vnet_snapshot_has_addr(snap, op->ns, op->u.addr.ifaddr.index,
				      &op->u.addr.ifaddr.addr);
}

static void print(const struct vnet_op *op, const char *verb, const char *netns,
		  struct vn_text *text)
{
	bool host = op->ns == VNET_NS_HOST;
	char cidr[VNET_CIDR_TEXT];

	vn_text_add(text, "ip %s%s%saddr %s %s dev %s\n", host ? "" : "-n ", host ? "" : netns,
		    host ? "" : " ", verb, vnet_cidr_text(&op->u.addr.ifaddr.addr, cidr),
		    op->u.addr.link);
}

/* IPv4 addresses of one subnet on one link: the first is primary, the others hang on it. */
static bool same_subnet(const struct vnet_ifaddr *a, const struct vnet_ifaddr *b)
{
	return a->index == b->index && a->addr.ip.family == AF_INET &&
	       a->addr.prefix == b->addr.prefix && vnet_cidr_holds(&a->addr, &b->addr.ip);
}

/* ---- addr add ---- */

static int add_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_addr_add_msg(msg, seq, &op->u.addr.ifaddr);
}

static int add_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_ns *in = &snap->ns[op->ns];
	struct vnet_ifaddr addr = op->u.addr.ifaddr;

	if (!vnet_link_by_index(snap, op->ns, op->u.addr.ifaddr.index))
		return -ENODEV;
	if (there(op, snap))
		return -EEXIST;
	for (size_t i = 0; i < in->n_addrs; i++) {
		if (same_subnet(&in->addrs[i], &addr))
			addr.flags |= IFA_F_SECONDARY;
	}
	return vn_snapshot_add_addr(snap, op->ns, &addr);
}

static void add_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_link *link = vnet_link_by_index(origin, op->ns, op->u.addr.ifaddr.index);

	(void)before;
	if (link)
		vnet_plan_addr_del(undo, op->ns, link, &op->u.addr.ifaddr.addr);
}

static void add_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	print(op, "add", netns, text);
}

const struct vn_op_row vn_op_addr_add = {
	.name = "addr add",
	.class = VN_OP_NETLINK,
	.gone = -EEXIST,
	.encode = add_encode,
	.model = add_model,
	.inverse = add_inverse,
	.done = there,
	.subject = subject,
	.shell = add_shell,
};

/* ---- addr del ---- */

static int del_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_addr_del_msg(msg, seq, &op->u.addr.ifaddr);
}

/*
 * With a primary address go those that hang on it; unless promote_secondaries is set,
 * and then to add them again is no harm.
 */
static int del_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_ns *in = &snap->ns[op->ns];
	const struct vnet_ifaddr *del = &op->u.addr.ifaddr;
	bool primary = false;

	if (!there(op, snap))
		return -EADDRNOTAVAIL;
	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index == del->index &&
		    vnet_cidr_equal(&in->addrs[i].addr, &del->addr))
			primary = !(in->addrs[i].flags & IFA_F_SECONDARY);
	}
	vn_snapshot_del_addr(snap, op->ns, del->index, &del->addr);
	for (size_t i = in->n_addrs; primary && i-- > 0;) {
		struct vnet_cidr other = in->addrs[i].addr;

		if (same_subnet(&in->addrs[i], del) && (in->addrs[i].flags & IFA_F_SECONDARY))
			vn_snapshot_del_addr(snap, op->ns, del->index, &other);
	}
	return 0;
}

static void del_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_link *link = vnet_link_by_index(before, op->ns, op->u.addr.ifaddr.index);

	(void)origin;
	if (link)
		vnet_plan_addr_add(undo, op->ns, link, &op->u.addr.ifaddr.addr);
}

static bool del_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return !there(op, snap);
}

static void del_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	print(op, "del", netns, text);
}

const struct vn_op_row vn_op_addr_del = {
	.name = "addr del",
	.class = VN_OP_NETLINK,
	.gone = -EADDRNOTAVAIL,
	.encode = del_encode,
	.model = del_model,
	.inverse = del_inverse,
	.done = del_done,
	.subject = subject,
	.shell = del_shell,
};
