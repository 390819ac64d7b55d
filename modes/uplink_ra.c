/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <vnet/mode.h>

/*
 * Routes that the kernel makes of router advertisements. Only one that it has made itself
 * is refreshed and withdrawn by later ones. A copy with the same metric would be taken for
 * the same route and keep it from making its own, and from heeding all else in the message;
 * so a copy has the next metric, and the old one's time to live: the kernel makes its own in
 * front of it with the next advertisement, and the copy ends by itself.
 */

enum { USER_METRIC = 1024 }; /* IP6_RT_PRIO_USER of linux/ipv6_route.h */

bool vnet_ra_is_route(const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_ROUTE && object->to.ip.family == AF_INET6 &&
	       object->protocol == RTPROT_RA && object->gateway && !object->several;
}

uint32_t vnet_ra_metric(const struct vnet_snapshot *snap, const struct vnet_link *link,
			const struct vnet_object *route)
{
	const struct vnet_sysctl *sysctl =
		vnet_sysctl_find(snap, VNET_NS_HOST, link->name, "ipv6/conf", "ra_defrtr_metric");

	if (!sysctl || route->to.prefix)
		return USER_METRIC;
	return (uint32_t)strtoul(sysctl->value, NULL, 10);
}

/* The same router's, but for the metric: what has been made anew is enough. */
bool vnet_ra_is_spare(const struct vnet_snapshot *snap, const struct vnet_object *route)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; vnet_ra_is_route(route) && i < host->n_objects; i++) {
		const struct vnet_object *other = host->objects[i];

		if (vnet_ra_is_route(other) && other->index == route->index &&
		    other->table == route->table && other->metric + 1 == route->metric &&
		    vnet_cidr_equal(&other->to, &route->to) &&
		    vnet_ip_equal(&other->via, &route->via))
			return true;
	}
	return false;
}

bool vnet_ra_holds(const struct vnet_snapshot *snap, const struct vnet_link *link)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		if (vnet_ra_is_route(host->objects[i]) && host->objects[i]->index == link->index)
			return true;
	}
	return false;
}
