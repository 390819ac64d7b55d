/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <string.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "wire/link.h"

/* What a model can't know of a link that is new: the namespace's defaults decide. */
enum {
	UNKNOWN = 0xff,
	UNKNOWN_CONF = -2, /* -1 is known: no IPv6 */
};

static const char *link_subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.link.link.name);
	return buf;
}

/* ---- link add ---- */

static int add_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	return vn_link_add_msg(msg, seq, &op->u.link.link, &op->u.link.peer,
			       env->netns[op->u.link.peer.ns]);
}

static bool is_veth(const struct vnet_op *op)
{
	return !strcmp(op->u.link.link.kind, "veth");
}

static struct vnet_link peer_link(const struct vnet_op *op)
{
	const struct vnet_peer *peer = &op->u.link.peer;
	struct vnet_link link = {
		.index = peer->index,
		.peer = op->u.link.link.index,
		.mtu = op->u.link.link.mtu,
		.group = peer->group,
		.tx_queues = 1,
		.rx_queues = 1,
		.mac = peer->mac,
		.addr_gen_mode = UNKNOWN,
		.kind = "veth",
	};

	memcpy(link.name, peer->name, sizeof(link.name));
	return link;
}

static int add_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	struct vnet_link link = op->u.link.link;
	int r;

	if (vnet_link_by_name(snap, op->ns, link.name) ||
	    vnet_link_by_index(snap, op->ns, link.index))
		return -EEXIST;
	link.flags = 0;
	link.alias[0] = '\0';
	link.altname[0] = '\0';
	link.addr_gen_mode = UNKNOWN;
	link.accept_ra = UNKNOWN_CONF;
	link.autoconf = UNKNOWN_CONF;
	link.port = (struct vnet_port_attrs){ 0 };
	link.tx_queues = 1;
	link.rx_queues = 1;
	if (!is_veth(op)) {
		link.mtu = 1500; /* ETH_DATA_LEN: what ether_setup() of the kernel gives */
		link.peer = 0;
		link.master = 0;
		return vn_snapshot_add_link(snap, op->ns, &link);
	}
	if (link.master && !vnet_link_by_index(snap, op->ns, link.master))
		return -ENODEV;
	link.peer = op->u.link.peer.index;
	r = vn_snapshot_add_link(snap, op->ns, &link);
	if (r == 0) {
		struct vnet_link peer = peer_link(op);

		if (!snap->ns[op->u.link.peer.ns].exists)
			return -ENODEV;
		peer.accept_ra = UNKNOWN_CONF;
		peer.autoconf = UNKNOWN_CONF;
		r = vn_snapshot_add_link(snap, (enum vnet_ns_id)op->u.link.peer.ns, &peer);
	}
	return r;
}

static void add_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)before;
	(void)origin;
	vnet_plan_link_del(undo, op->ns, &op->u.link.link);
}

/* Name, index and group: a stranger's link that took the index is not what was made here. */
static const struct vnet_link *same_link(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_link *want = &op->u.link.link;
	const struct vnet_link *link = vnet_link_by_index(snap, op->ns, want->index);

	if (!link || link->group != want->group || strcmp(link->name, want->name) != 0)
		return NULL;
	return link;
}

static bool add_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_link *link = same_link(op, snap);

	return link && (!op->u.link.link.master || link->master == op->u.link.link.master);
}

static void add_describe(const struct vnet_op *op, struct vn_text *text)
{
	const struct vnet_link *link = &op->u.link.link;
	char mac[VNET_MAC_TEXT];

	vn_text_add(text, "%s, MAC %s", link->kind, vnet_mac_text(&link->mac, mac));
	if (is_veth(op))
		vn_text_add(text, ", other end %s", op->u.link.peer.name);
}

static void shell_bridge(struct vn_text *text, const struct vnet_bridge_attrs *b, uint32_t set)
{
	if (set & VNET_LINK_FORWARD_DELAY)
		vn_text_add(text, " forward_delay %" PRIu32, b->forward_delay);
	if (set & VNET_LINK_HELLO)
		vn_text_add(text, " hello_time %" PRIu32, b->hello);
	if (set & VNET_LINK_MAX_AGE)
		vn_text_add(text, " max_age %" PRIu32, b->max_age);
	if (set & VNET_LINK_AGEING)
		vn_text_add(text, " ageing_time %" PRIu32, b->ageing);
	if (set & VNET_LINK_STP)
		vn_text_add(text, " stp_state %" PRIu32, b->stp);
	if (set & VNET_LINK_PRIORITY)
		vn_text_add(text, " priority %" PRIu32, b->priority);
	if (set & VNET_LINK_MCAST_SNOOPING)
		vn_text_add(text, " mcast_snooping %" PRIu32, b->mcast_snooping);
}

static void add_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const struct vnet_link *link = &op->u.link.link;
	const struct vnet_peer *peer = &op->u.link.peer;
	char mac[VNET_MAC_TEXT];

	vn_text_add(text, "ip link add name %s index %" PRId32 " address %s group %" PRIu32,
		    link->name, link->index, vnet_mac_text(&link->mac, mac), link->group);
	if (!is_veth(op)) {
		vn_text_add(text, " type bridge");
		shell_bridge(text, &link->bridge, VNET_LINK_BRIDGE_ATTRS);
		vn_text_add(text, "\n");
		return;
	}
	vn_text_add(text, " mtu %" PRIu32 " numtxqueues 1 numrxqueues 1", link->mtu);
	if (link->master)
		vn_text_add(text, " master %s", link->master_name);
	vn_text_add(text,
		    " type veth peer name %s index %" PRId32 " address %s group %" PRIu32
		    " mtu %" PRIu32 " numtxqueues 1 numrxqueues 1 netns %s\n",
		    peer->name, peer->index, vnet_mac_text(&peer->mac, mac), peer->group, link->mtu,
		    netns);
}

const struct vn_op_row vn_op_link_add = {
	.name = "link add",
	.class = VN_OP_NETLINK,
	.gone = -EEXIST,
	.encode = add_encode,
	.model = add_model,
	.inverse = add_inverse,
	.done = add_done,
	.subject = link_subject,
	.describe = add_describe,
	.shell = add_shell,
};

/* ---- link set ---- */

static int set_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_link_set_msg(msg, seq, &op->u.link.link, op->u.link.set);
}

/* One row for each field that is a plain member: compared and copied as bytes. */
#define FIELD(bit, member)                                                                       \
	{                                                                                        \
		bit, offsetof(struct vnet_link, member), sizeof(((struct vnet_link *)0)->member) \
	}

static const struct {
	uint32_t bit;
	size_t offset;
	size_t size;
} fields[] = {
	FIELD(VNET_LINK_MTU, mtu),
	FIELD(VNET_LINK_MAC, mac),
	FIELD(VNET_LINK_GROUP, group),
	FIELD(VNET_LINK_ALIAS, alias),
	FIELD(VNET_LINK_ADDR_GEN_MODE, addr_gen_mode),
	FIELD(VNET_LINK_MASTER, master),
	FIELD(VNET_LINK_STP, bridge.stp),
	FIELD(VNET_LINK_FORWARD_DELAY, bridge.forward_delay),
	FIELD(VNET_LINK_AGEING, bridge.ageing),
	FIELD(VNET_LINK_HELLO, bridge.hello),
	FIELD(VNET_LINK_MAX_AGE, bridge.max_age),
	FIELD(VNET_LINK_PRIORITY, bridge.priority),
	FIELD(VNET_LINK_MCAST_SNOOPING, bridge.mcast_snooping),
	FIELD(VNET_LINK_ISOLATED, port.isolated),
};

static void copy_fields(struct vnet_link *to, const struct vnet_link *from, uint32_t set)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (set & fields[i].bit)
			memcpy((char *)to + fields[i].offset, (const char *)from + fields[i].offset,
			       fields[i].size);
	}
	if (set & VNET_LINK_UP)
		to->flags = (to->flags & ~(uint32_t)IFF_UP) | (from->flags & IFF_UP);
}

static int set_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_link *want = &op->u.link.link;
	struct vnet_link *link = vn_snapshot_link(snap, op->ns, want->index);

	if (!link)
		return -ENODEV;
	if ((op->u.link.set & VNET_LINK_MASTER) && want->master != link->master) {
		link->port = (struct vnet_port_attrs){ 0 };
		memcpy(link->master_name, want->master_name, sizeof(link->master_name));
	}
	copy_fields(link, want, op->u.link.set);
	return 0;
}

static void set_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_link *link = vnet_link_by_index(before, op->ns, op->u.link.link.index);

	if (link && vnet_link_by_index(origin, op->ns, link->index))
		vnet_plan_link_set(undo, op->ns, link, op->u.link.set);
}

static bool set_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_link *want = &op->u.link.link;
	const struct vnet_link *link = vnet_link_by_index(snap, op->ns, want->index);
	uint32_t set = op->u.link.set;

	if (!link)
		return false;
	if (link->bridge.root_delay) /* not to be seen */
		set &= ~(uint32_t)VNET_LINK_TIMERS;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if ((set & fields[i].bit) &&
		    memcmp((const char *)link + fields[i].offset,
			   (const char *)want + fields[i].offset, fields[i].size) != 0)
			return false;
	}
	return !(set & VNET_LINK_UP) || (link->flags & IFF_UP) == (want->flags & IFF_UP);
}

static const char *gen_mode_text(uint8_t mode)
{
	static const char *const words[] = {
		[IN6_ADDR_GEN_MODE_EUI64] = "eui64",
		[IN6_ADDR_GEN_MODE_NONE] = "none",
		[IN6_ADDR_GEN_MODE_STABLE_PRIVACY] = "stable_secret",
		[IN6_ADDR_GEN_MODE_RANDOM] = "random",
	};

	return mode < sizeof(words) / sizeof(words[0]) ? words[mode] : "eui64";
}

static void set_describe(const struct vnet_op *op, struct vn_text *text)
{
	const struct vnet_link *link = &op->u.link.link;
	uint32_t set = op->u.link.set;
	char mac[VNET_MAC_TEXT];

	if (set & VNET_LINK_MASTER)
		vn_text_add(text, link->master ? " master %s" : " nomaster", link->master_name);
	if (set & VNET_LINK_MTU)
		vn_text_add(text, " mtu %" PRIu32, link->mtu);
	if (set & VNET_LINK_MAC)
		vn_text_add(text, " address %s", vnet_mac_text(&link->mac, mac));
	if (set & VNET_LINK_GROUP)
		vn_text_add(text, " group %" PRIu32, link->group);
	if (set & VNET_LINK_ADDR_GEN_MODE)
		vn_text_add(text, " addrgenmode %s", gen_mode_text(link->addr_gen_mode));
	if (set & VNET_LINK_ALIAS)
		vn_text_add(text, " alias '%s'", link->alias);
	if (set & VNET_LINK_UP)
		vn_text_add(text, link->flags & IFF_UP ? " up" : " down");
	if (set & VNET_LINK_BRIDGE_ATTRS) {
		vn_text_add(text, " type bridge");
		shell_bridge(text, &link->bridge, set);
	} else if (set & VNET_LINK_ISOLATED) {
		vn_text_add(text, " type bridge_slave isolated %s",
			    link->port.isolated ? "on" : "off");
	}
}

static void set_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	vn_text_add(text, "ip %s%s%slink set dev %s", op->ns == VNET_NS_HOST ? "" : "-n ",
		    op->ns == VNET_NS_HOST ? "" : netns, op->ns == VNET_NS_HOST ? "" : " ",
		    op->u.link.link.name);
	set_describe(op, text);
	vn_text_add(text, "\n");
}

const struct vn_op_row vn_op_link_set = {
	.name = "link set",
	.class = VN_OP_NETLINK,
	.gone = -ENODEV,
	.encode = set_encode,
	.model = set_model,
	.inverse = set_inverse,
	.done = set_done,
	.subject = link_subject,
	.describe = set_describe,
	.shell = set_shell,
};

/* ---- link del ---- */

static int del_encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg)
{
	(void)env;
	return vn_link_del_msg(msg, seq, op->u.link.link.index);
}

static int del_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_link *link = vnet_link_by_index(snap, op->ns, op->u.link.link.index);

	if (!link)
		return -ENODEV;
	if (!strcmp(link->kind, "veth") && op->ns == VNET_NS_HOST)
		vn_snapshot_del_link(snap, VNET_NS_DHCP, link->peer);
	vn_snapshot_del_link(snap, op->ns, op->u.link.link.index);
	return 0;
}

static void restore_ipv6(const struct vnet_link *link, enum vnet_ns_id ns, const char *key,
			 int32_t value, struct vnet_plan *undo)
{
	char text[VNET_SYSCTL_VALUE];

	(void)vn_format(text, sizeof(text), "%" PRId32, value);
	vnet_plan_sysctl_set(undo, ns, link->name, "ipv6/conf", key, text);
}

/* Addresses, names, flags: all that is not given when a link is made. */
static void restore_end(const struct vnet_link *link, enum vnet_ns_id ns,
			const struct vnet_snapshot *before, struct vnet_plan *undo)
{
	const struct vnet_ns *in = &before->ns[ns];
	uint32_t set = VNET_LINK_ALIAS | VNET_LINK_ADDR_GEN_MODE | VNET_LINK_MTU;

	vnet_plan_link_set(undo, ns, link, set);
	if (link->altname[0])
		vnet_plan_altname_add(undo, ns, link, link->altname);
	if (link->accept_ra >= 0) {
		restore_ipv6(link, ns, "accept_ra", link->accept_ra, undo);
		restore_ipv6(link, ns, "autoconf", link->autoconf, undo);
	}
	if (link->flags & IFF_UP)
		vnet_plan_link_set(undo, ns, link, VNET_LINK_UP);
	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index == link->index)
			vnet_plan_addr_add(undo, ns, link, &in->addrs[i].addr);
	}
}

/* Half a pair can't be made: false. */
static bool restore_veth(const struct vnet_link *link, enum vnet_ns_id ns,
			 const struct vnet_snapshot *before, struct vnet_plan *undo)
{
	const struct vnet_link *end = vnet_link_by_index(before, VNET_NS_DHCP, link->peer);
	struct vnet_peer peer = { .ns = VNET_NS_DHCP };

	if (!end)
		return false;
	peer.index = end->index;
	peer.group = end->group;
	peer.mac = end->mac;
	memcpy(peer.name, end->name, sizeof(peer.name));
	vnet_plan_link_add(undo, ns, link, &peer);
	if (link->master && link->port.isolated)
		vnet_plan_link_set(undo, ns, link, VNET_LINK_ISOLATED);
	vnet_plan_csum_off(undo, VNET_NS_DHCP, end->name);
	restore_end(end, VNET_NS_DHCP, before, undo);
	return true;
}

/* What makes @link, which @before holds, again as it was. */
static void restore_link(const struct vnet_link *link, enum vnet_ns_id ns,
			 const struct vnet_snapshot *before, struct vnet_plan *undo)
{
	const struct vnet_ns *in = &before->ns[ns];

	if (strcmp(link->kind, "veth") != 0)
		vnet_plan_link_add(undo, ns, link, NULL);
	else if (!restore_veth(link, ns, before, undo))
		return;
	restore_end(link, ns, before, undo);
	for (size_t i = 0; i < in->n_links; i++) {
		if (in->links[i].master != link->index)
			continue;
		vnet_plan_link_set(undo, ns, &in->links[i], VNET_LINK_MASTER);
		vnet_plan_link_set(undo, ns, &in->links[i], VNET_LINK_ISOLATED);
	}
}

static void del_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_link *link = vnet_link_by_index(before, op->ns, op->u.link.link.index);

	(void)origin;
	if (link)
		restore_link(link, op->ns, before, undo);
}

static bool del_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return !same_link(op, snap);
}

static void del_describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "%s", op->u.link.link.kind);
}

static void del_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "ip link del dev %s\n", op->u.link.link.name);
}

const struct vn_op_row vn_op_link_del = {
	.name = "link del",
	.class = VN_OP_NETLINK,
	.gone = -ENODEV,
	.encode = del_encode,
	.model = del_model,
	.inverse = del_inverse,
	.done = del_done,
	.subject = link_subject,
	.describe = del_describe,
	.shell = del_shell,
};
