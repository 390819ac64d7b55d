/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * All that makes the host reachable over a NIC is hung on the bridge as well, in front
 * of the NIC's own but asleep: the bridge has no carrier yet, and routes of a link
 * without one are told not to count. Making the NIC a port gives it one: the kernel
 * itself turns from one to the other, by a single message. If that fails, nothing has
 * changed. Only then the NIC's own goes, in one message, and what was odd about the
 * copies (metrics that were better by one, addresses that were not asked for) is put
 * right.
 *
 * On a bridge that is in use already, which may have a carrier, and on a kernel that
 * can't make routes sleep, the copies stand behind the NIC's own instead, by worse metrics.
 * The NIC becomes a port by a message of its own here too: a port still transmits, so the
 * host's packets go on leaving by the NIC, and answers come in on the bridge, which has the
 * addresses. Then one message takes the NIC's own away. Such a bridge keeps its MAC: who
 * knows the host by that of the NIC reaches it all the same, for a bridge takes in what is
 * for its ports; and is told the new one. On failure the NIC is released, and tells its own.
 *
 * On the way back the copies stand behind the bridge's own, and one message takes those
 * away and releases the NIC, in the order in which a packet never lacks a route. A bridge
 * that goes on keeps its own addresses and what hangs on them.
 */
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

enum {
	METRIC_STAGED = 4096,  /* of the connected route of an IPv4 address: behind the NIC's */
	METRIC_BEHIND = 10000, /* added to that of an IPv6 route on the way back */
	VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY,
	LASTING = NUD_PERMANENT | NUD_NOARP,
};

/* The move of all that hangs on one link to another. */
struct move {
	const struct vnet_snapshot *snap;
	const struct vnet_link *from;
	const struct vnet_link *to;
	const struct vnet_list *stay; /* addresses (struct vnet_cidr) that are not moved; or NULL */
	struct vnet_cidr own;	      /* one more of them, link-local; prefix 0: none */
	struct vnet_cidr both;	      /* of both links from now on; prefix 0: none */
	bool barred;		      /* onto a NIC that takes no IPv6 */
	bool fresh;		      /* onto a bridge that is not up yet */
	bool awake;		      /* onto a bridge whose routes count from the beginning */
	struct vnet_plan *plan;
};

/* ---- what hangs there ---- */

static bool stays(const struct move *m, const struct vnet_object *object)
{
	if (m->barred && vnet_ip_is_link_local(&object->to.ip))
		return true;
	return vn_uplink_is_among(m->stay, &object->to) || vnet_cidr_equal(&m->own, &object->to);
}

static bool is_addr(const struct move *m, const struct vnet_object *object, uint8_t family)
{
	return object->kind == VNET_OBJECT_ADDR && object->to.ip.family == family &&
	       object->index == m->from->index && !(object->flags & IFA_F_DADFAILED) &&
	       !stays(m, object);
}

/* In the subnet of an address that is not moved, and of none that is. */
static bool is_beside_stayer(const struct move *m, const struct vnet_ip *ip)
{
	const struct vnet_ns *host = &m->snap->ns[VNET_NS_HOST];
	bool found = false;

	for (uint32_t i = 0; ip->family && m->stay && i < m->stay->count; i++)
		found = found || vnet_cidr_holds(&vnet_cidrs(m->stay)[i], ip);
	for (size_t i = 0; found && i < host->n_objects; i++) {
		if (is_addr(m, host->objects[i], ip->family) &&
		    vnet_cidr_holds(&host->objects[i]->to, ip))
			return false;
	}
	return found;
}

/* The subnet of an address that is not moved, or what lies behind a router there. */
static bool is_of_stayer(const struct move *m, const struct vnet_object *route)
{
	for (uint32_t i = 0; m->stay && i < m->stay->count; i++) {
		const struct vnet_cidr *addr = &vnet_cidrs(m->stay)[i];

		if (route->protocol == RTPROT_KERNEL && route->to.prefix == addr->prefix &&
		    vnet_cidr_holds(addr, &route->to.ip))
			return true;
	}
	return is_beside_stayer(m, &route->via);
}

static bool is_route(const struct move *m, const struct vnet_object *object, uint8_t family)
{
	return object->kind == VNET_OBJECT_ROUTE && object->to.ip.family == family &&
	       vnet_object_uses(object, m->from->index) && !is_of_stayer(m, object) &&
	       !vn_uplink_is_fixed(m->snap, object);
}

static bool is_neigh(const struct move *m, const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_NEIGH && object->index == m->from->index &&
	       ((object->flags & NTF_PROXY) || (object->state & VALID)) &&
	       !is_beside_stayer(m, &object->to.ip) &&
	       !(object->to.ip.family == AF_INET6 && vn_uplink_lacks_inet6(m->snap, m->to));
}

/* The i-th object, in the kernel's order or from the last on; NULL behind the end. */
static const struct vnet_object *object_at(const struct move *m, size_t i, bool backward)
{
	const struct vnet_ns *host = &m->snap->ns[VNET_NS_HOST];

	if (i >= host->n_objects)
		return NULL;
	return host->objects[backward ? host->n_objects - 1 - i : i];
}

/* The other link has this address already. */
static bool is_there(const struct move *m, const struct vnet_object *addr)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (object->kind == VNET_OBJECT_ADDR && object->index == m->to->index &&
		    vnet_cidr_equal(&object->to, &addr->to))
			return true;
	}
	return false;
}

/* ---- one object, one operation ---- */

static struct vnet_object_edit edit_of(const struct move *m)
{
	return (struct vnet_object_edit){
		.from = m->from->index,
		.to = m->to->index,
		.from_name = m->from->name,
		.to_name = m->to->name,
	};
}

/* Hang a copy of @object on the other link. */
static void add(const struct move *m, const struct vnet_object *object,
		const struct vnet_object_edit *edit, enum vnet_object_how how)
{
	struct vnet_object moved;
	int r = vnet_object_move(object, edit, &moved);

	if (r < 0) {
		m->plan->failed = m->plan->failed ? m->plan->failed : r;
		return;
	}
	vnet_plan_object_add(m->plan, VNET_NS_HOST, m->to, &moved, how);
	vnet_object_done(&moved);
}

/* Take away a copy that was made with @edit. */
static void drop(const struct move *m, const struct vnet_object *object,
		 const struct vnet_object_edit *edit)
{
	struct vnet_object moved;
	int r = vnet_object_move(object, edit, &moved);

	if (r < 0) {
		m->plan->failed = m->plan->failed ? m->plan->failed : r;
		return;
	}
	vnet_plan_object_del(m->plan, VNET_NS_HOST, m->to, &moved);
	vnet_object_done(&moved);
}

/* Take away the original; with all that it has, for it to be made again. */
static void drop_own(const struct move *m, const struct vnet_object *object)
{
	const struct move own = {
		.snap = m->snap, .from = m->from, .to = m->from, .plan = m->plan
	};
	const struct vnet_object_edit same = edit_of(&own);

	drop(&own, object, &same);
}

/* From the second on, operations that go in one message. */
static void together(struct vnet_plan *plan, size_t first)
{
	for (size_t i = first + 1; i < plan->n_ops; i++)
		plan->ops[i].marks |= VNET_OP_TOGETHER;
}

/* ---- parts that both ways share ---- */

/* IPv6 lists the newest first: made from the last on they stand in the same order. */
static void stage_addrs(const struct move *m, uint32_t metric)
{
	struct vnet_object_edit v4 = edit_of(m);
	struct vnet_object_edit v6 = edit_of(m);
	const struct vnet_object *object;

	v4.has_metric = metric != 0;
	v4.metric = metric;
	v6.set = IFA_F_NODAD | IFA_F_NOPREFIXROUTE;
	v6.clear = IFA_F_MANAGETEMPADDR; /* without a carrier, the kernel gives that up */
	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (is_addr(m, object, AF_INET) && !is_there(m, object))
			add(m, object, &v4, VNET_OBJECT_NEW);
	}
	for (size_t i = 0; (object = object_at(m, i, true)); i++) {
		if (is_addr(m, object, AF_INET6) && !is_there(m, object))
			add(m, object, &v6, VNET_OBJECT_NEW);
	}
}

/* What was learnt may be used at once, and is asked for again. */
static void stage_neighs(const struct move *m)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		struct vnet_object_edit edit = edit_of(m);

		if (!is_neigh(m, object))
			continue;
		if (!(object->flags & NTF_PROXY) && !(object->state & LASTING))
			edit.state = NUD_STALE;
		add(m, object, &edit, VNET_OBJECT_NEW);
	}
}

/* IPv6 refuses an on-link router that another link leads to: so such come @again. */
static void move_nexthops(const struct move *m, uint32_t clear, bool again)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		struct vnet_object_edit edit = edit_of(m);
		bool marked = object->via.family == AF_INET6 && (object->flags & RTNH_F_ONLINK);

		if (object->kind != VNET_OBJECT_NEXTHOP || object->index != m->from->index ||
		    (again && !marked))
			continue;
		edit.clear = marked ? clear : 0;
		add(m, object, &edit, VNET_OBJECT_REPLACE);
	}
}

static void drop_addrs(const struct move *m)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (is_addr(m, object, AF_INET6) &&
		    !(m->both.prefix && vnet_cidr_equal(&m->both, &object->to)))
			drop_own(m, object);
	}
	/* Secondary ones would go with their first. */
	for (size_t i = 0; (object = object_at(m, i, true)); i++) {
		if (is_addr(m, object, AF_INET))
			drop_own(m, object);
	}
}

/* The marks that an IPv6 address came with are taken off; its prefix's route comes by itself. */
static void settle_addrs(const struct move *m, uint8_t family)
{
	const struct vnet_object_edit edit = edit_of(m);
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, family == AF_INET6)); i++) {
		if (is_addr(m, object, family) && !is_there(m, object))
			add(m, object, &edit, VNET_OBJECT_REPLACE);
	}
}

/* ---- onto the bridge ---- */

/* There is no metric in front of this one: such a route is changed over with the rest. */
static bool is_best(const struct vnet_object *route)
{
	return route->to.ip.family == AF_INET6 && route->metric <= 1;
}

/* An IPv6 route is in front if its metric is better by one. */
static struct vnet_object_edit in_front(const struct move *m, const struct vnet_object *route)
{
	struct vnet_object_edit edit = edit_of(m);

	edit.has_metric = true;
	edit.metric = route->metric - 1;
	edit.set = RTNH_F_ONLINK; /* that the router is there does not show on a link that sleeps */
	return edit;
}

/* Made from the last on, each in front of all: they stand in the same order. */
static void stage_routes4(const struct move *m, bool gateway)
{
	const struct vnet_object_edit edit = edit_of(m);
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, true)); i++) {
		if (is_route(m, object, AF_INET) && object->gateway == gateway)
			add(m, object, &edit, VNET_OBJECT_PREPEND);
	}
}

static void stage_routes6(const struct move *m)
{
	const struct vnet_object *object;

	for (int gateway = 0; gateway < 2; gateway++) {
		for (size_t i = 0; (object = object_at(m, i, false)); i++) {
			struct vnet_object_edit edit;

			if (!is_route(m, object, AF_INET6) || is_best(object) ||
			    object->gateway != (gateway != 0) ||
			    vn_ra_lend(m->snap, m->from, object, m->to, m->plan))
				continue;
			edit = in_front(m, object);
			add(m, object, &edit, VNET_OBJECT_PREPEND);
		}
	}
}

/*
 * Those over a router first. Of IPv4 the ones that come and go with their addresses only where
 * @all is said; an IPv6 address may leave its subnet's route behind, where another one is in that
 * subnet.
 */
static void drop_routes_of(const struct move *m, uint8_t family, bool gateway, bool all)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (is_route(m, object, family) && object->gateway == gateway &&
		    (all || family == AF_INET6 || !vn_uplink_is_connected(m->snap, object)))
			drop_own(m, object);
	}
}

static void drop_routes(const struct move *m, bool all)
{
	drop_routes_of(m, AF_INET6, true, all);
	drop_routes_of(m, AF_INET6, false, all);
	drop_routes_of(m, AF_INET, true, all);
	drop_routes_of(m, AF_INET, false, all);
}

static void add_best(const struct move *m)
{
	const struct vnet_object_edit edit = edit_of(m);
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (is_route(m, object, AF_INET6) && is_best(object))
			add(m, object, &edit, VNET_OBJECT_PREPEND);
	}
}

static void drop_neighs(const struct move *m)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		if (is_neigh(m, object) &&
		    ((object->flags & NTF_PROXY) || (object->state & LASTING)))
			drop_own(m, object);
	}
}

static struct vnet_object_edit behind(const struct move *m, const struct vnet_object *route)
{
	struct vnet_object_edit edit = edit_of(m);

	edit.has_metric = true;
	edit.metric = route->metric + METRIC_BEHIND;
	edit.clear = RTNH_F_ONLINK; /* refused while the other link leads to the router */
	return edit;
}

static void stage_behind(const struct move *m)
{
	const struct vnet_object_edit edit = edit_of(m);
	const struct vnet_object *object;

	for (int gateway = 0; gateway < 2; gateway++) {
		for (size_t i = 0; (object = object_at(m, i, false)); i++) {
			if (is_route(m, object, AF_INET) && object->gateway == (gateway != 0) &&
			    !vn_uplink_is_connected(m->snap, object))
				add(m, object, &edit, VNET_OBJECT_APPEND);
		}
	}
	for (int gateway = 0; gateway < 2; gateway++) {
		for (size_t i = 0; (object = object_at(m, i, false)); i++) {
			struct vnet_object_edit later;

			if (!is_route(m, object, AF_INET6) || object->gateway != (gateway != 0) ||
			    vn_ra_lend(m->snap, m->from, object, m->to, m->plan))
				continue;
			later = behind(m, object);
			add(m, object, &later, VNET_OBJECT_PREPEND);
		}
	}
}

/* Laid out on the bridge; it does not count yet. */
static void stage(const struct move *m)
{
	vn_uplink_settings(m->snap, m->from, m->to, m->awake, m->plan);
	if (m->fresh || !(m->to->flags & IFF_UP)) {
		struct vnet_link up = *m->to;

		up.flags |= IFF_UP;
		vnet_plan_link_set(m->plan, VNET_NS_HOST, &up, VNET_LINK_UP);
	}
	stage_addrs(m, METRIC_STAGED);
	stage_neighs(m);
	vn_uplink_routers(m->snap, m->from, m->to, VNET_OP_OBJECT_ADD, m->plan);
	if (m->awake) {
		stage_behind(m);
	} else {
		stage_routes4(m, false);
		stage_routes4(m, true);
		stage_routes6(m);
	}
	vnet_plan_wait(m->plan, VNET_NS_HOST, m->to, VNET_WAIT_LOCAL);
}

/*
 * What still hangs on the NIC goes, in one message: the bridge is in charge. Nexthops before, for
 * with their link's addresses, or its carrier, would go those that could not be moved.
 */
static void take_over(const struct move *m)
{
	size_t first;

	if (m->from->carrier) /* without, the kernel drops them */
		move_nexthops(m, m->awake ? RTNH_F_ONLINK : 0, false);
	first = m->plan->n_ops;
	drop_routes(m, false);
	if (!m->awake)
		add_best(m);
	drop_neighs(m);
	drop_addrs(m);
	together(m->plan, first);
}

/* One that a router advertised stands behind the kernel's own of it: else that never comes. */
static void settle_routes(const struct move *m)
{
	const struct vnet_object *object;

	for (size_t i = 0; (object = object_at(m, i, false)); i++) {
		struct vnet_object_edit edit = edit_of(m);
		struct vnet_object_edit staged;

		if (!is_route(m, object, AF_INET6) || (!m->awake && is_best(object)) ||
		    vn_ra_is_apart(m->snap, object))
			continue;
		staged = m->awake ? behind(m, object) : in_front(m, object);
		edit.has_metric = vn_ra_is_route(m->snap, object);
		edit.metric = vn_ra_metric(m->snap, m->from, object) + 1;
		if (!vn_uplink_is_connected(m->snap, object))
			add(m, object, &edit, VNET_OBJECT_PREPEND);
		drop(m, object, &staged);
	}
	vn_uplink_routers(m->snap, m->from, m->to, VNET_OP_OBJECT_DEL, m->plan);
}

/* Neighbours know the addresses by a MAC: tell them that of @link. */
static void announce(const struct move *m, const struct vnet_link *link)
{
	const struct vnet_object *object;

	for (size_t i = 0; link->carrier && (object = object_at(m, i, false)); i++) {
		if (is_addr(m, object, object->to.ip.family))
			vnet_plan_announce(m->plan, VNET_NS_HOST, link, &object->to.ip);
	}
}

void vn_uplink_join(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		    const struct vnet_link *bridge, bool fresh, struct vnet_plan *plan)
{
	const struct move m = {
		.snap = snap,
		.from = nic,
		.to = bridge,
		.fresh = fresh,
		.awake = !fresh || !vn_uplink_can_sleep(snap, nic),
		.plan = plan,
	};
	bool known = !memcmp(&nic->mac, &bridge->mac, sizeof(nic->mac));
	struct vnet_link heard = *bridge;
	struct vnet_link port = *nic;

	stage(&m);
	if (!known) /* for the way back alone: till then it is known */
		announce(&m, nic);
	vnet_plan_unchanged(plan, VNET_NS_HOST, nic);
	port.master = bridge->index;
	memcpy(port.master_name, bridge->name, sizeof(port.master_name));
	port.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	vnet_plan_link_set(plan, VNET_NS_HOST, &port, VNET_LINK_MASTER | VNET_LINK_ADDR_GEN_MODE);
	if (nic->carrier && !bridge->bridge.stp)
		vnet_plan_wait(plan, VNET_NS_HOST, bridge, VNET_WAIT_UP);
	if (!bridge->bridge.stp)
		vnet_uplink_probe(snap, bridge, plan);
	vnet_plan_unchanged(plan, VNET_NS_HOST, nic);
	take_over(&m);
	settle_addrs(&m, AF_INET);
	settle_addrs(&m, AF_INET6);
	settle_routes(&m);
	if (m.awake && nic->carrier)
		move_nexthops(&m, 0, true);
	vn_uplink_settled(snap, nic, bridge, m.awake, plan);
	heard.carrier = nic->carrier;
	if (!known)
		announce(&m, &heard);
	vn_ra_solicit(snap, nic, m.stay, &m.own, &heard, plan);
	plan->watched = true;
}

/* ---- and back ---- */

/*
 * The link-local address that a bridge with IPv6 has by its own MAC stays; where that is
 * the NIC's, both have it.
 */
static void share_link_local(struct move *m, bool known, bool goes_on)
{
	if (!vnet_has_inet6(m->stay))
		return;
	if (!known)
		m->own = vnet_link_local(&m->from->mac);
	else if (goes_on)
		m->both = vnet_link_local(&m->from->mac);
}

void vn_uplink_leave(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		     const struct vnet_link *nic, const struct vnet_list *stay, bool goes_on,
		     struct vnet_plan *plan)
{
	bool known = !memcmp(&nic->mac, &bridge->mac, sizeof(nic->mac));
	struct move m = {
		.snap = snap, .from = bridge, .to = nic, .stay = stay, .awake = true, .plan = plan
	};
	const bool up = nic->flags & IFF_UP; /* a NIC that is down takes no route */
	struct vnet_link free_nic = *nic;
	size_t first;

	m.barred = vn_uplink_lacks_inet6(snap, nic);
	share_link_local(&m, known, goes_on);
	vn_uplink_loosen(snap, bridge, plan);
	stage_addrs(&m, 0);
	stage_neighs(&m);
	if (up) {
		vn_uplink_linger(snap, nic, false, plan);
		vn_uplink_routers(snap, bridge, nic, VNET_OP_OBJECT_ADD, plan);
		stage_behind(&m);
		vnet_plan_wait(plan, VNET_NS_HOST, nic, VNET_WAIT_LOCAL);
	}
	if (!known) /* a port's MAC is the bridge's too */
		announce(&m, nic);
	vnet_plan_unchanged(plan, VNET_NS_HOST, nic);
	free_nic.master = 0;
	free_nic.master_name[0] = '\0';
	free_nic.addr_gen_mode = bridge->addr_gen_mode;
	if (nic->carrier)
		move_nexthops(&m, RTNH_F_ONLINK, false);
	first = plan->n_ops;
	drop_routes(&m, true); /* from there on packets leave by the NIC itself */
	vnet_plan_link_set(plan, VNET_NS_HOST, &free_nic,
			   VNET_LINK_MASTER | VNET_LINK_ADDR_GEN_MODE);
	vnet_plan_mark(plan, VNET_OP_TURN);
	/* With the last IPv4 address they would go, and nothing would bring them back. */
	drop_neighs(&m);
	drop_addrs(&m);
	together(plan, first);
	if (!known) /* for those who asked, and were answered by the bridge, meanwhile */
		announce(&m, nic);
	settle_addrs(&m, AF_INET6);
	if (up) {
		settle_routes(&m);
		if (nic->carrier)
			move_nexthops(&m, 0, true);
		vn_uplink_linger(snap, nic, true, plan);
		vn_ra_solicit(snap, bridge, stay, &m.own, nic, plan);
	}
	if (goes_on)
		vn_uplink_forget(snap, nic, bridge, plan);
	plan->watched = true;
}
