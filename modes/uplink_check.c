/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/* What a bridge takes over of its uplink, and what can be none. */

enum {
	UPLINK_PRIORITY = 61440, /* the highest number of IEEE 802.1D-2004, table 17-2 */
	MTU_MIN = 1280,		 /* of --mtu: RFC 8200, section 5 */
};

#define KEY(k) (1ULL << VNET_KEY_##k)

/* ---- choose ---- */

/* A network that is new has no group yet; of one that is there the record says the rest. */
static bool is_new(const struct vnet_spec *spec)
{
	return !vnet_spec_has(spec, VNET_KEY_GROUP);
}

int vnet_uplink_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, spec->uplink);
	bool joins = snap->survey && nic && !nic->master && !strcmp(snap->uplink, nic->name);

	if (!nic || (!is_new(spec) && !joins))
		return 0; /* refused later, or chosen long ago */
	if (!is_new(spec) || !vnet_spec_has(spec, VNET_KEY_MTU)) {
		spec->mtu = nic->mtu;
		spec->set |= KEY(MTU);
	}
	if (!is_new(spec))
		return 0;
	if (vnet_spec_has(spec, VNET_KEY_MAC) &&
	    memcmp(&spec->mac, &nic->mac, sizeof(nic->mac)) != 0)
		return vnet_error_set(err, -EINVAL,
				      "--mac with --uplink: the bridge has the MAC of the NIC: "
				      "leave it out");
	spec->mac = nic->mac;
	spec->set |= KEY(MAC);
	/* Bridges at their default stay the root: no tree of the LAN is turned round. */
	if (!vnet_spec_has(spec, VNET_KEY_PRIORITY) && spec->stp) {
		spec->priority = UPLINK_PRIORITY;
		spec->set |= KEY(PRIORITY);
	}
	return 0;
}

/* ---- the way there ---- */

int vnet_link_check_port(const struct vnet_link *link, const char *option, const char *name,
			 struct vnet_error *err)
{
	if (!link)
		return vnet_error_set(err, -ENODEV, "%s%s: there is no such interface", option,
				      name);
	if (link->flags & IFF_LOOPBACK)
		return vnet_error_set(err, -EINVAL, "%s%s: a loopback leads nowhere: want a NIC",
				      option, name);
	if (!strcmp(link->kind, "bridge"))
		return vnet_error_set(err, -EINVAL, "%s%s: is a bridge itself: want a NIC", option,
				      name);
	if (!strcmp(link->kind, "macvlan") || !strcmp(link->kind, "macvtap") ||
	    !strcmp(link->kind, "ipvlan") || !strcmp(link->kind, "ipvtap"))
		return vnet_error_set(err, -EINVAL,
				      "%s%s: hears its own MAC alone, as each %s does: want the "
				      "NIC below it",
				      option, name, link->kind);
	if (!strcmp(link->kind, "vrf"))
		return vnet_error_set(
			err, -EINVAL,
			"%s%s: is a VRF, which the kernel takes as no port: want a NIC", option,
			name);
	if (link->raw)
		return vnet_error_set(err, -EINVAL, "%s%s: has no MAC of Ethernet: want a NIC",
				      option, name);
	if (link->master)
		return vnet_error_set(err, -EBUSY,
				      "%s%s: is a port of %s already: want one that is free",
				      option, name, link->master_name);
	return 0;
}

static int check_nic(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		     const char *name, struct vnet_error *err)
{
	const struct vnet_link *master = nic ? vnet_link_by_index(snap, VNET_NS_HOST, nic->master) :
					       NULL;
	int r;

	if (master && (!strcmp(master->kind, "bond") || !strcmp(master->kind, "team")))
		return vnet_error_set(err, -EBUSY, "--uplink %s: is a part of %s: want --uplink %s",
				      name, master->name, master->name);
	r = vnet_link_check_port(nic, "--uplink ", name, err);
	if (r == 0 && nic->mtu < MTU_MIN)
		return vnet_error_set(err, -ERANGE,
				      "--uplink %s: has an MTU of %u: want at least %d", name,
				      nic->mtu, MTU_MIN);
	return r;
}

/* Without a carrier no one can be asked: there it is taken over as it is. */
static bool is_pending(const struct vnet_link *nic, const struct vnet_object *object)
{
	return object->kind == VNET_OBJECT_ADDR && object->index == nic->index && nic->carrier &&
	       (object->flags & IFA_F_TENTATIVE) && !(object->flags & IFA_F_DADFAILED);
}

bool vnet_uplink_pending(const struct vnet_snapshot *snap, const char *name)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, name);

	for (size_t i = 0; nic && !nic->master && i < host->n_objects; i++) {
		if (is_pending(nic, host->objects[i]))
			return true;
	}
	return false;
}

static int check_addrs(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       struct vnet_error *err)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char text[VNET_CIDR_TEXT];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind != VNET_OBJECT_ADDR || object->index != nic->index)
			continue;
		/* The kernel takes no IPv6 route over a link that is down. */
		if (object->to.ip.family == AF_INET6 && !(nic->flags & IFF_UP))
			return vnet_error_set(err, -ENETDOWN,
					      "%s of %s, which is down, could not be given back: "
					      "want `ip link set %s up` first",
					      vnet_cidr_text(&object->to, text), nic->name,
					      nic->name);
		if (is_pending(nic, object))
			return vnet_error_set(err, -EAGAIN,
					      "%s of %s is still being asked for: want it settled "
					      "first (3 s were not enough)",
					      vnet_cidr_text(&object->to, text), nic->name);
	}
	return 0;
}

int vnet_uplink_check_mtu(const struct vnet_spec *want, const struct vnet_link *nic,
			  struct vnet_error *err)
{
	if (!nic || want->mtu <= nic->mtu)
		return 0;
	return vnet_error_set(err, -ERANGE,
			      "--mtu %u: the uplink %s lets no more through than %u: want at most "
			      "that",
			      want->mtu, nic->name, nic->mtu);
}

int vnet_uplink_check(const struct vnet_spec *want, const struct vnet_snapshot *snap, bool force,
		      struct vnet_error *err)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, want->uplink);
	int r = check_nic(snap, nic, want->uplink, err);

	if (r == 0)
		r = vnet_uplink_check_mtu(want, nic, err);
	if (r == 0)
		r = vn_uplink_check_owner(want, snap, force, err);
	if (r == 0)
		r = vn_uplink_check_ties(snap, nic, want->name, force, err);
	return r < 0 ? r : check_addrs(snap, nic, err);
}

/* ---- the way back ---- */

const struct vnet_link *vnet_uplink_port(const struct vnet_spec *spec,
					 const struct vnet_link *bridge,
					 const struct vnet_snapshot *snap)
{
	const struct vnet_link *nic = vnet_spec_has(spec, VNET_KEY_UPLINK) ?
					      vnet_link_by_name(snap, VNET_NS_HOST, spec->uplink) :
					      NULL;

	return nic && nic->master == bridge->index ? nic : NULL;
}

/* What the kernel would not let the NIC take back. */
static int check_inet6(const struct vnet_spec *have, const struct vnet_link *bridge,
		       const struct vnet_link *nic, const struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char text[VNET_CIDR_TEXT];

	if (!vn_uplink_lacks_inet6(snap, nic))
		return 0;
	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind == VNET_OBJECT_ADDR && object->index == bridge->index &&
		    object->to.ip.family == AF_INET6 && !vnet_ip_is_link_local(&object->to.ip) &&
		    !vnet_addresses_hold(have, &object->to))
			return vnet_error_set(err, -EACCES,
					      "%s could not be given back to %s: want "
					      "`sysctl net/ipv6/conf/%s/disable_ipv6=0` first",
					      vnet_cidr_text(&object->to, text), nic->name,
					      nic->name);
	}
	return 0;
}

int vnet_uplink_check_back(const struct vnet_spec *have, const struct vnet_link *bridge,
			   const struct vnet_snapshot *snap, bool goes_on, struct vnet_error *err)
{
	const struct vnet_link *nic =
		have->uplink[0] ? vnet_link_by_name(snap, VNET_NS_HOST, have->uplink) : NULL;

	if (!bridge || !nic)
		return 0;
	if (nic->master == bridge->index) {
		int r = check_inet6(have, bridge, nic, snap, err);

		return r < 0 ? r : vn_uplink_check_firewall(snap, "", bridge->name, nic->name, err);
	}
	return vnet_error_set(err, -EBUSY,
			      "%s is no port of %s any more: want `ip link set %s master %s` first "
			      "(--force %s the addresses of %s)",
			      nic->name, bridge->name, nic->name, bridge->name,
			      goes_on ? "keeps" : "loses", bridge->name);
}

/* ---- both ways ---- */

void vnet_uplink_probe(const struct vnet_snapshot *snap, const struct vnet_link *link,
		       struct vnet_plan *plan)
{
	for (size_t i = 0; i < snap->n_gateways; i++) {
		struct vnet_gateway gateway = snap->gateways[i];

		gateway.mac = link->mac;
		vnet_plan_probe(plan, VNET_NS_HOST, link, &gateway);
	}
}
