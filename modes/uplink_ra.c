/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/*
 * Routes that the kernel makes of router advertisements. Only one that it takes for its own is
 * refreshed and withdrawn by later ones; a like one with the same metric keeps it from making its
 * own, and from heeding all else in the message. So a default route is lent to it, with the old
 * one's time to live and the next metric: with the next advertisement, for which the routers are
 * asked, the kernel takes that for an old setting of the metric, and makes its own anew in place
 * of it, as it was. (Before Linux 5.12 it keeps what was lent, and refreshes that.)
 *
 * A route to a prefix that a router advertises (RFC 4191) can't be lent so: the kernel minds no
 * metric there. Its copy has the next metric and stands behind the kernel's own until it ends.
 */

enum { USER_METRIC = 1024 }; /* IP6_RT_PRIO_USER of linux/ipv6_route.h */

uint32_t vn_ra_metric(const struct vnet_snapshot *snap, const struct vnet_link *link,
		      const struct vnet_object *route)
{
	const struct vnet_sysctl *sysctl =
		vnet_sysctl_find(snap, VNET_NS_HOST, link->name, "ipv6/conf", "ra_defrtr_metric");

	if (!sysctl || route->to.prefix)
		return USER_METRIC;
	return (uint32_t)strtoul(sysctl->value, NULL, 10);
}

/* What was lent shows as if someone had made it, who said when it ends: nobody else does. */
static bool is_lent(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	const struct vnet_link *link = vnet_link_by_index(snap, VNET_NS_HOST, route->index);

	return route->to.ip.family == AF_INET6 && route->protocol == RTPROT_BOOT &&
	       route->lifetime != UINT32_MAX && !route->to.prefix &&
	       vnet_ip_is_link_local(&route->via) && link &&
	       route->metric == vn_ra_metric(snap, link, route) + 1;
}

bool vn_ra_is_route(const struct vnet_snapshot *snap, const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_ROUTE && object->to.ip.family == AF_INET6 &&
	       object->gateway && !object->several &&
	       (object->protocol == RTPROT_RA || is_lent(snap, object));
}

/* The same router's, but for the metric: what has been made anew is enough. */
static bool is_spare(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; vn_ra_is_route(snap, route) && i < host->n_objects; i++) {
		const struct vnet_object *other = host->objects[i];

		if (vn_ra_is_route(snap, other) && other->index == route->index &&
		    other->table == route->table && other->metric + 1 == route->metric &&
		    vnet_cidr_equal(&other->to, &route->to) &&
		    vnet_ip_equal(&other->via, &route->via))
			return true;
	}
	return false;
}

bool vn_ra_holds(const struct vnet_snapshot *snap, const struct vnet_link *link)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		if (host->objects[i]->index == link->index &&
		    vn_ra_is_route(snap, host->objects[i]))
			return true;
	}
	return false;
}

static bool can_lend(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	return vnet_object_is_advertised(route) || is_lent(snap, route);
}

bool vn_ra_is_apart(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	return is_spare(snap, route) || can_lend(snap, route);
}

/*
 * Behind the old one from the beginning: an advertisement that comes as soon as @to is the link
 * that hears it finds it there.
 */
bool vn_ra_lend(const struct vnet_snapshot *snap, const struct vnet_link *from,
		const struct vnet_object *route, const struct vnet_link *to, struct vnet_plan *plan)
{
	struct vnet_object lent;
	int r;

	if (is_spare(snap, route))
		return true;
	if (!can_lend(snap, route))
		return false;
	r = vnet_object_lent(route, to->index, vn_ra_metric(snap, from, route) + 1, &lent);
	if (r < 0) {
		plan->failed = plan->failed ? plan->failed : r;
		return true;
	}
	vnet_plan_route_lend(plan, VNET_NS_HOST, to, &lent);
	vnet_object_done(&lent);
	return true;
}

bool vn_uplink_is_among(const struct vnet_list *list, const struct vnet_cidr *addr)
{
	for (uint32_t i = 0; list && i < list->count; i++) {
		if (vnet_cidr_equal(&vnet_cidrs(list)[i], addr))
			return true;
	}
	return false;
}

void vn_ra_solicit(const struct vnet_snapshot *snap, const struct vnet_link *from,
		   const struct vnet_list *stay, const struct vnet_cidr *own,
		   const struct vnet_link *to, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; to->carrier && vn_ra_holds(snap, from) && i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind == VNET_OBJECT_ADDR && object->index == from->index &&
		    vnet_ip_is_link_local(&object->to.ip) && object->to.ip.family == AF_INET6 &&
		    !vn_uplink_is_among(stay, &object->to) && !vnet_cidr_equal(own, &object->to)) {
			vnet_plan_solicit(plan, VNET_NS_HOST, to, &object->to.ip);
			return;
		}
	}
}
