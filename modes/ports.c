/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include <vnet/mode.h>

/*
 * Devices that are made ports of a bridge and no more: what hangs on one would be dead
 * afterwards, so there must be nothing. A NIC with the host's addresses is an uplink's.
 */

const struct vnet_port *vnet_port_find(const struct vnet_spec *spec, const char *name)
{
	for (uint32_t i = 0; i < spec->ports.count; i++) {
		if (!strcmp(vnet_ports(&spec->ports)[i].name, name))
			return &vnet_ports(&spec->ports)[i];
	}
	return NULL;
}

/* One that someone took off comes back only where it is asked for. */
static bool joins(const struct vnet_spec *have, const struct vnet_port *port,
		  const struct vnet_snapshot *snap)
{
	return !vnet_port_find(have, port->name) && snap->survey &&
	       !strcmp(snap->uplink, port->name);
}

void vnet_ports_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap)
{
	for (uint32_t i = 0; i < spec->ports.count; i++) {
		struct vnet_port *port = &vnet_ports(&spec->ports)[i];
		const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, port->name);

		if (!link || port->addr_gen_mode != VNET_PORT_NEW)
			continue;
		port->addr_gen_mode = link->addr_gen_mode;
		port->down = !(link->flags & IFF_UP);
	}
}

/* ---- check ---- */

/* What comes with link-local addresses, or with none at all. */
static bool is_own(const struct vnet_object *route)
{
	return route->to.ip.family == AF_INET6 && route->to.prefix &&
	       (vnet_ip_is_link_local(&route->to.ip) || route->to.ip.bytes[0] == 0xff);
}

static int check_unused(const struct vnet_link *link, const char *bridge,
			const struct vnet_snapshot *snap, struct vnet_error *err)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char text[VNET_CIDR_TEXT];

	for (size_t i = 0; i < host->n_addrs; i++) {
		if (host->addrs[i].index == link->index &&
		    !vnet_ip_is_link_local(&host->addrs[i].addr.ip))
			return vnet_error_set(err, -EBUSY,
					      "%s holds %s, which a port cannot: want `vnet bridge "
					      "set %s --uplink %s`, or the address off it",
					      link->name,
					      vnet_cidr_text(&host->addrs[i].addr, text), bridge,
					      link->name);
	}
	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *route = host->objects[i];

		if (route->kind == VNET_OBJECT_ROUTE && !is_own(route) &&
		    vnet_object_uses(route, link->index))
			return vnet_error_set(err, -EBUSY,
					      "the route to %s leads over %s, which a port cannot: "
					      "want `vnet bridge set %s --uplink %s`, or the route "
					      "off it",
					      vnet_cidr_text(&route->to, text), link->name, bridge,
					      link->name);
	}
	return 0;
}

static int check_client(const struct vnet_link *link, const char *bridge,
			const struct vnet_snapshot *snap, struct vnet_error *err)
{
	for (size_t i = 0; i < snap->n_ties; i++) {
		if (snap->ties[i].kind == VNET_TIE_CLIENT)
			return vnet_error_set(err, -EBUSY,
					      "%s is at work on %s: want `vnet bridge set %s "
					      "--uplink %s`, or end it",
					      snap->ties[i].name, link->name, bridge, link->name);
	}
	return 0;
}

/* Access points, too: hostapd itself makes them ports of the bridge that it is told. */
static int check_wireless(const struct vnet_link *link, const struct vnet_snapshot *snap,
			  struct vnet_error *err)
{
	for (size_t i = 0; i < snap->n_ties; i++) {
		if (snap->ties[i].kind == VNET_TIE_WIRELESS)
			return vnet_error_set(err, -EOPNOTSUPP,
					      "%s is of Wi-Fi, where a station may send by its own "
					      "MAC alone: want a wired device (--force tries it)",
					      link->name);
	}
	return 0;
}

/* Of a veth pair, what hangs on each is the other. */
static int check_upper(const struct vnet_link *link, const struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_links; i++) {
		const struct vnet_link *upper = &host->links[i];

		if (upper->peer == link->index && strcmp(upper->kind, "veth") != 0)
			return vnet_error_set(err, -EBUSY,
					      "%s: %s (%s) hangs on it: delete that first",
					      link->name, upper->name, upper->kind);
	}
	return 0;
}

/* Who is behind a device of the machine is not known; behind a tap or a pair there is a guest. */
static int check_served(const struct vnet_link *link, const struct vnet_spec *want,
			struct vnet_error *err)
{
	if (!vnet_spec_has(want, VNET_KEY_DHCP_RANGE) || !strcmp(link->kind, "tun") ||
	    !strcmp(link->kind, "veth"))
		return 0;
	return vnet_error_set(err, -EPERM,
			      "%s is served: the network behind %s would hear its DHCP server too "
			      "(--force if that is meant)",
			      want->name, link->name);
}

int vnet_ports_check(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, bool force, struct vnet_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < want->ports.count && r == 0; i++) {
		const struct vnet_port *port = &vnet_ports(&want->ports)[i];
		const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, port->name);

		if (!joins(have, port, snap))
			continue;
		r = vnet_link_check_port(link, "", port->name, err);
		if (r == 0)
			r = check_unused(link, want->name, snap, err);
		if (r == 0)
			r = check_client(link, want->name, snap, err);
		if (r == 0)
			r = check_upper(link, snap, err);
		if (r == 0 && !force)
			r = check_wireless(link, snap, err);
		if (r == 0 && !force)
			r = check_served(link, want, err);
	}
	return r;
}

/* ---- read ---- */

int vnet_ports_read(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		    struct vnet_spec *spec, struct vnet_error *err)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < spec->ports.count; i++) {
		const struct vnet_port port = vnet_ports(&spec->ports)[i];
		const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, port.name);

		if (link && link->master == bridge->index)
			vnet_ports(&spec->ports)[n++] = port;
	}
	if (!n)
		return vnet_spec_edit(spec, VNET_KEY_PORT, '0', NULL, err);
	spec->ports.count = n;
	return 0;
}

/* ---- plan ---- */

/*
 * In a message of its own before it goes up: then a bridge takes its frames, and it needs no
 * address.
 */
static void add(const struct vnet_link *bridge, const struct vnet_link *now, struct vnet_plan *plan)
{
	struct vnet_link link = *now;

	link.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	if (now->addr_gen_mode != link.addr_gen_mode)
		vnet_plan_link_set(plan, VNET_NS_HOST, &link, VNET_LINK_ADDR_GEN_MODE);
	link.master = bridge->index;
	memcpy(link.master_name, bridge->name, sizeof(link.master_name));
	link.flags |= IFF_UP;
	vnet_plan_link_set(plan, VNET_NS_HOST, &link,
			   VNET_LINK_MASTER | ((now->flags & IFF_UP) ? 0 : VNET_LINK_UP));
	if (now->mtu < bridge->mtu)
		vnet_plan_note(plan,
			       "%s has an MTU of %u, %s of %u: what is larger does not pass it",
			       now->name, now->mtu, bridge->name, bridge->mtu);
}

static void release(const struct vnet_port *port, const struct vnet_link *now,
		    struct vnet_plan *plan)
{
	struct vnet_link link = *now;

	link.master = 0;
	link.master_name[0] = '\0';
	link.addr_gen_mode = port->addr_gen_mode;
	if (port->down)
		link.flags &= ~(uint32_t)IFF_UP;
	vnet_plan_link_set(plan, VNET_NS_HOST, &link,
			   VNET_LINK_MASTER | (port->down ? VNET_LINK_UP : 0));
	if (now->addr_gen_mode != link.addr_gen_mode)
		vnet_plan_link_set(plan, VNET_NS_HOST, &link, VNET_LINK_ADDR_GEN_MODE);
}

void vnet_ports_change(const struct vnet_spec *have, const struct vnet_spec *want,
		       const struct vnet_link *bridge, const struct vnet_snapshot *snap,
		       struct vnet_plan *plan)
{
	for (uint32_t i = 0; i < have->ports.count; i++) {
		const struct vnet_port *port = &vnet_ports(&have->ports)[i];
		const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, port->name);

		if ((!want || !vnet_port_find(want, port->name)) && link &&
		    link->master == bridge->index)
			release(port, link, plan);
	}
	for (uint32_t i = 0; want && i < want->ports.count; i++) {
		const struct vnet_port *port = &vnet_ports(&want->ports)[i];
		const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, port->name);

		if (link && joins(have, port, snap))
			add(bridge, link, plan);
	}
}
