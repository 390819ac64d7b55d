/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/*
 * The kernel takes a route only while its router is to be reached by the link, but keeps
 * it when that ends: when the address is deleted that had the router in its subnet. To
 * move such a route, its router is given one of its own for that time.
 */

enum { METRIC_SUBNET6 = 256 }; /* the kernel's own, of the subnet of an IPv6 address */

/* True if the kernel made @route with @addr: of its subnet, or of its peer's, or of both. */
static bool is_route_of(const struct vnet_object *route, const struct vnet_object *addr)
{
	const struct vnet_cidr peers = { .ip = addr->via, .prefix = addr->to.prefix };
	uint32_t metric = addr->to.ip.family == AF_INET6 && !addr->metric ? METRIC_SUBNET6 :
									    addr->metric;

	return addr->kind == VNET_OBJECT_ADDR && addr->index == route->index &&
	       !(addr->flags & IFA_F_NOPREFIXROUTE) && route->metric == metric &&
	       route->to.prefix == addr->to.prefix &&
	       (vnet_cidr_holds(&addr->to, &route->to.ip) ||
		vnet_cidr_holds(&peers, &route->to.ip));
}

bool vn_uplink_is_connected(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	if (route->protocol != RTPROT_KERNEL || route->gateway || route->table != RT_TABLE_MAIN)
		return false;
	for (size_t i = 0; i < host->n_objects; i++) {
		if (is_route_of(route, host->objects[i]))
			return true;
	}
	return false;
}

static bool leads_over(const struct vnet_object *route, int32_t index)
{
	struct vnet_hop hop;

	for (size_t k = 0; vnet_object_hop(route, k, &hop); k++) {
		if (hop.index == index)
			return true;
	}
	return false;
}

/*
 * True if a route of the same link, which is moved too, leads to the router: the one that the
 * kernel would take, which may lead over another router instead.
 */
static bool is_reached(const struct vnet_ns *host, const struct vnet_hop *hop, uint32_t table)
{
	const struct vnet_object *best = NULL;

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *route = host->objects[i];

		if (route->kind != VNET_OBJECT_ROUTE ||
		    (route->table != RT_TABLE_MAIN && route->table != table) ||
		    !vnet_cidr_holds(&route->to, &hop->via) || !leads_over(route, hop->index))
			continue;
		if (!best || route->to.prefix > best->to.prefix ||
		    (route->to.prefix == best->to.prefix && route->metric < best->metric))
			best = route;
	}
	return best && !best->gateway;
}

static bool is_there(const struct vnet_plan *plan, enum vnet_op_kind kind,
		     const struct vnet_object *object)
{
	for (size_t i = 0; i < plan->n_ops; i++) {
		if (plan->ops[i].kind == kind &&
		    vnet_object_same(&plan->ops[i].u.object.object, object))
			return true;
	}
	return false;
}

static void lead_to(const struct vnet_ip *router, const struct vnet_link *to,
		    enum vnet_op_kind kind, struct vnet_plan *plan)
{
	struct vnet_object route;
	int r = vnet_object_to_router(router, to->index, &route);

	if (r < 0) {
		plan->failed = plan->failed ? plan->failed : r;
		return;
	}
	if (!is_there(plan, kind, &route) && kind == VNET_OP_OBJECT_ADD)
		vnet_plan_object_add(plan, VNET_NS_HOST, to, &route, VNET_OBJECT_PREPEND);
	else if (!is_there(plan, kind, &route))
		vnet_plan_object_del(plan, VNET_NS_HOST, to, &route);
	vnet_object_done(&route);
}

/* Of IPv4: with an IPv6 address the kernel takes it off all routes. */
static bool lacks_source(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	if (route->source.family != AF_INET)
		return false;
	for (size_t i = 0; i < host->n_objects; i++) {
		if (host->objects[i]->kind == VNET_OBJECT_ADDR &&
		    vnet_ip_equal(&host->objects[i]->to.ip, &route->source))
			return false;
	}
	for (size_t i = 0; i < host->n_addrs; i++) {
		if (vnet_ip_equal(&host->addrs[i].addr.ip, &route->source))
			return false;
	}
	return true;
}

/* What every link with IPv6 has by itself. */
static bool is_own(const struct vnet_object *route)
{
	return route->to.ip.family == AF_INET6 && route->to.prefix &&
	       (vnet_ip_is_link_local(&route->to.ip) || route->to.ip.bytes[0] == 0xff);
}

bool vn_uplink_is_fixed(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	return is_own(route) || lacks_source(snap, route);
}

static void note_source(const struct vnet_link *from, const struct vnet_object *route,
			struct vnet_plan *plan)
{
	char to[VNET_CIDR_TEXT];
	char source[VNET_IP_TEXT];

	vnet_plan_note(plan,
		       "the route to %s (table %u) of %s is lost: it names the source %s, which is "
		       "no address of this host any more",
		       vnet_cidr_text(&route->to, to), route->table, from->name,
		       vnet_ip_text(&route->source, source));
}

void vn_uplink_routers(const struct vnet_snapshot *snap, const struct vnet_link *from,
		       const struct vnet_link *to, enum vnet_op_kind kind, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	struct vnet_ip last = { 0 }; /* mostly it is the same one */
	struct vnet_hop hop;

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind != VNET_OBJECT_ROUTE && object->kind != VNET_OBJECT_NEXTHOP)
			continue;
		if (lacks_source(snap, object)) {
			if (kind == VNET_OP_OBJECT_ADD)
				note_source(from, object, plan);
			continue;
		}
		for (size_t k = 0; vnet_object_hop(object, k, &hop); k++) {
			if (hop.index != from->index || !hop.via.family ||
			    vnet_ip_is_link_local(&hop.via) || vnet_ip_equal(&hop.via, &last) ||
			    (hop.onlink && hop.via.family == AF_INET))
				continue;
			if (is_reached(host, &hop, object->table))
				last = hop.via;
			else
				lead_to(&hop.via, to, kind, plan);
		}
	}
}
