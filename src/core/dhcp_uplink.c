/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A server on a bridge that holds the host's NIC would be one for the whole LAN. Ports of
 * a bridge that are `isolated` reach no other such port: with the mark on the uplink and
 * on the server's end of its pair these two never hear each other, and guests and the
 * host, which have no mark, hear both. The mark goes with the port: when the NIC joins or
 * leaves, the server's end is down until the marks are right.
 */
#include "core/dhcp.h"

#include <linux/if.h>
#include <string.h>

const struct vnet_link *vn_dhcp_nic(const struct vnet_spec *spec, const struct vnet_snapshot *snap)
{
	return vnet_spec_has(spec, VNET_KEY_UPLINK) ?
		       vnet_link_by_name(snap, VNET_NS_HOST, spec->uplink) :
		       NULL;
}

/* The NIC of @spec, while it is a port of the bridge. */
static const struct vnet_link *port_of(const struct vnet_spec *spec,
				       const struct vnet_snapshot *snap)
{
	const struct vnet_link *nic = vn_dhcp_nic(spec, snap);

	return nic && nic->master && !strcmp(nic->master_name, spec->name) ? nic : NULL;
}

static const struct vnet_link *end_of(const struct vnet_spec *spec,
				      const struct vnet_snapshot *snap)
{
	char name[VNET_NAME_SIZE];

	vnet_dhcp_link_name(spec->name, name);
	return vnet_link_by_name(snap, VNET_NS_HOST, name);
}

bool vn_dhcp_apart(const struct vnet_spec *spec)
{
	return vnet_spec_has(spec, VNET_KEY_UPLINK) && vnet_spec_has(spec, VNET_KEY_DHCP_RANGE) &&
	       !spec->dhcp.serve_uplink;
}

/* What @plan makes of the link with @fields; NULL: nothing. */
static const struct vnet_link *planned(const struct vnet_plan *plan, const struct vnet_link *link,
				       uint32_t fields)
{
	for (size_t i = plan->n_ops; i-- > 0;) {
		const struct vnet_op *op = &plan->ops[i];

		if (op->kind == VNET_OP_LINK_SET && op->ns == VNET_NS_HOST &&
		    op->u.link.link.index == link->index && (op->u.link.set & fields))
			return &op->u.link.link;
	}
	return NULL;
}

static void mark(const struct vnet_link *port, bool isolated, struct vnet_plan *plan)
{
	struct vnet_link marked = *port;

	marked.port.isolated = isolated;
	vnet_plan_link_set(plan, VNET_NS_HOST, &marked, VNET_LINK_ISOLATED);
}

void vn_dhcp_mark_uplink(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			 struct vnet_plan *plan)
{
	const struct vnet_link *nic = vn_dhcp_nic(want, snap);
	const struct vnet_link *moved = nic ? planned(plan, nic, VNET_LINK_MASTER) : NULL;
	bool apart = vn_dhcp_apart(want);

	if (moved && moved->master && apart)
		mark(moved, true, plan);
	else if (nic && !moved && port_of(want, snap) && (nic->port.isolated != 0) != apart)
		mark(nic, apart, plan);
}

bool vn_dhcp_paused(const struct vnet_link *end, const struct vnet_plan *plan)
{
	const struct vnet_link *to = planned(plan, end, VNET_LINK_UP);

	return to && !(to->flags & IFF_UP);
}

void vnet_dhcp_pause(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, struct vnet_plan *plan)
{
	const struct vnet_link *nic = port_of(have, snap);
	const struct vnet_link *end = end_of(have, snap);
	bool leaves = nic && nic->port.isolated && !vnet_spec_has(want, VNET_KEY_UPLINK);
	bool joins = !nic && vn_dhcp_apart(want);
	struct vnet_link down;

	if (!end || !vnet_spec_has(want, VNET_KEY_DHCP_RANGE) || (!leaves && !joins))
		return;
	down = *end;
	if (down.flags & IFF_UP) {
		down.flags &= ~(uint32_t)IFF_UP;
		vnet_plan_link_set(plan, VNET_NS_HOST, &down, VNET_LINK_UP);
	}
	if (leaves)
		mark(nic, false, plan);
}

void vnet_dhcp_read(const struct vnet_snapshot *snap, struct vnet_spec *spec)
{
	const struct vnet_link *nic = port_of(spec, snap);
	const struct vnet_link *end = end_of(spec, snap);
	bool heard;

	if (!nic || !end || !vnet_spec_has(spec, VNET_KEY_DHCP_RANGE))
		return;
	heard = !nic->port.isolated || !end->port.isolated;
	if (heard == spec->dhcp.serve_uplink)
		return;
	spec->dhcp.serve_uplink = heard;
	spec->set |= 1ULL << VNET_KEY_DHCP_SERVE_UPLINK;
}
