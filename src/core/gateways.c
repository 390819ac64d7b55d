/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/gateways.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* A router of the LAN answers within a millisecond; one that does not is asked for so long. */
enum { ASK_MS = 200 };

static bool is_default(const struct vnet_object *object, const struct vnet_link *link,
		       uint8_t family)
{
	return object->kind == VNET_OBJECT_ROUTE && object->index == link->index &&
	       object->table == RT_TABLE_MAIN && !object->to.prefix &&
	       object->via.family == family && object->to.ip.family == family;
}

/* How well @object serves as the one that asks for @ip; 0: not at all. */
static int fitness(const struct vnet_object *object, const struct vnet_link *link,
		   const struct vnet_ip *ip)
{
	if (object->kind != VNET_OBJECT_ADDR || object->index != link->index ||
	    object->to.ip.family != ip->family)
		return 0;
	if (ip->family == AF_INET6)
		return vnet_ip_is_link_local(&object->to.ip) ? 2 : 1;
	return vnet_cidr_holds(&object->to, ip) ? 2 : 1;
}

static bool find_source(const struct vnet_snapshot *snap, const struct vnet_link *link,
			struct vnet_gateway *gateway)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	int best = 0;

	for (size_t i = 0; i < host->n_objects; i++) {
		int fit = fitness(host->objects[i], link, &gateway->ip);

		if (fit > best)
			gateway->source = host->objects[i]->to.ip;
		best = fit > best ? fit : best;
	}
	return best > 0;
}

static bool find_gateway(const struct vnet_snapshot *snap, const struct vnet_link *link,
			 uint8_t family, struct vnet_gateway *ret_gateway)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	struct vnet_gateway gateway = { .index = link->index, .mac = link->mac };
	const struct vnet_object *best = NULL;

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (is_default(object, link, family) && (!best || object->metric < best->metric))
			best = object;
	}
	if (!best)
		return false;
	gateway.ip = best->via;
	memcpy(gateway.link, link->name, sizeof(gateway.link));
	if (!find_source(snap, link, &gateway))
		return false;
	*ret_gateway = gateway;
	return true;
}

/* The link that leads out: the NIC, or the bridge that has it as a port. */
static const struct vnet_link *way_out(const char *net, const struct vnet_snapshot *snap)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, snap->uplink);
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, net);

	if (!nic || !(nic->flags & IFF_UP) || !nic->carrier)
		return NULL;
	return bridge && nic->master == bridge->index ? bridge : nic;
}

int vn_gateways_read(const char *net, struct vnet_snapshot *snap, struct vn_spent *spent)
{
	static const uint8_t families[VNET_GATEWAYS] = { AF_INET, AF_INET6 };
	const struct vnet_link *link = way_out(net, snap);
	struct vnet_gateway found[VNET_GATEWAYS];
	bool answers[VNET_GATEWAYS] = { false };
	size_t n = 0;
	int r;

	snap->n_gateways = 0;
	for (size_t i = 0; link && i < VNET_GATEWAYS; i++)
		n += find_gateway(snap, link, families[i], &found[n]);
	r = n ? vn_gateway_ask(found, n, ASK_MS, answers, spent) : 0;
	if (r == -EPERM) /* a dry run of someone without privilege */
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (answers[i])
			snap->gateways[snap->n_gateways++] = found[i];
	}
	return r;
}
