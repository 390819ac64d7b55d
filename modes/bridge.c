/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <vnet/mode.h>

extern const struct vnet_mode vn_mode_bridge;

#define KEY(k) (1ULL << VNET_KEY_##k)

/* One row for each option that is one attribute of the link. */
static const struct {
	enum vnet_key key;
	uint32_t field;
} attrs[] = {
	{ VNET_KEY_MTU, VNET_LINK_MTU },
	{ VNET_KEY_MAC, VNET_LINK_MAC },
	{ VNET_KEY_STP, VNET_LINK_STP },
	{ VNET_KEY_FORWARD_DELAY, VNET_LINK_FORWARD_DELAY },
	{ VNET_KEY_AGEING, VNET_LINK_AGEING },
	{ VNET_KEY_HELLO, VNET_LINK_HELLO },
	{ VNET_KEY_MAX_AGE, VNET_LINK_MAX_AGE },
	{ VNET_KEY_PRIORITY, VNET_LINK_PRIORITY },
};

/* ---- spec and link ---- */

/* The bridge as @spec wants it. */
static struct vnet_link link_of(const struct vnet_spec *spec)
{
	struct vnet_link link = {
		.flags = IFF_UP,
		.mtu = spec->mtu,
		.group = spec->group,
		.mac = spec->mac,
		.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE,
		.kind = "bridge",
		.bridge = {
			.stp = spec->stp,
			.forward_delay = spec->forward_delay,
			.ageing = spec->ageing,
			.hello = spec->hello,
			.max_age = spec->max_age,
			.priority = spec->priority,
			.mcast_snooping = 0, /* without a querier it breaks IPv6 after minutes */
		},
	};

	memcpy(link.name, spec->name, sizeof(link.name));
	vnet_link_alias(spec->name, "bridge", link.alias);
	return link;
}

/* What the kernel has, into a spec that holds the rest. */
static void spec_of(const struct vnet_link *link, struct vnet_spec *spec)
{
	spec->mtu = link->mtu;
	spec->mac = link->mac;
	spec->stp = link->bridge.stp != 0;
	spec->forward_delay = link->bridge.forward_delay;
	if (!link->bridge.topology_change)
		spec->ageing = link->bridge.ageing;
	spec->hello = link->bridge.hello;
	spec->max_age = link->bridge.max_age;
	spec->priority = link->bridge.priority;
}

/*
 * The bridge of the record, or NULL. The record is one mark; the group and the alias are
 * two more. Two of the three make a bridge ours: one that only bears the name is someone
 * else's. One that vnet did not make has no marks: its name is enough.
 */
static const struct vnet_link *own_link(const struct vnet_spec *record,
					const struct vnet_snapshot *snap)
{
	const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, record->name);
	struct vnet_link ours = link_of(record);

	if (!link || strcmp(link->kind, "bridge") != 0)
		return NULL;
	if (record->foreign || link->group == record->group || !strcmp(link->alias, ours.alias))
		return link;
	return NULL;
}

/* ---- choose ---- */

static bool group_taken(const struct vnet_snapshot *snap, uint32_t group)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char line[32];

	for (size_t i = 0; i < host->n_links; i++) {
		if (host->links[i].group == group)
			return true;
	}
	(void)snprintf(line, sizeof(line), "\ngroup 0x%08x\n", group);
	for (size_t i = 0; i < snap->n_files; i++) {
		if (snap->files[i].content && strstr(snap->files[i].content, line))
			return true;
	}
	return false;
}

static uint32_t choose_group(const struct vnet_snapshot *snap)
{
	uint32_t group = VNET_GROUP_FIRST;

	while (group_taken(snap, group) && group < VNET_GROUP_LAST)
		group++;
	return group;
}

static int choose(struct vnet_spec *spec, const struct vnet_snapshot *snap, struct vnet_plan *notes,
		  struct vnet_error *err)
{
	int r = vnet_spec_has(spec, VNET_KEY_UPLINK) ? vnet_uplink_choose(spec, snap, err) : 0;

	if (r < 0)
		return r;
	vnet_ports_choose(spec, snap);
	r = vnet_spec_defaults(spec, vn_mode_bridge.keys, err);

	if (r < 0)
		return r;
	if (!vnet_spec_has(spec, VNET_KEY_GROUP)) {
		spec->group = choose_group(snap);
		spec->set |= KEY(GROUP);
	}
	if (!spec->foreign && !vnet_spec_has(spec, VNET_KEY_MAC)) {
		spec->mac = vnet_mac_stable(snap, spec->name, "bridge");
		spec->set |= KEY(MAC);
	}
	return vnet_dhcp_choose(spec, snap, notes, err);
}

/* ---- check ---- */

static int check_free(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		      struct vnet_error *err)
{
	const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, want->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	if (want->foreign)
		return 0;
	for (size_t i = 0; !link && i < host->n_links; i++) {
		if (!strcmp(host->links[i].altname, want->name))
			return vnet_error_set(err, -EEXIST,
					      "%s is another name of %s: want another", want->name,
					      host->links[i].name);
	}
	if (!link)
		return 0;
	return vnet_error_set(
		err, -EEXIST,
		"%s is there already (a %s that vnet did not make): want another name", want->name,
		link->kind[0] ? link->kind : "network device");
}

/* The NIC is to become the way out of a bridge that is there. */
static bool joins(const struct vnet_spec *have, const struct vnet_spec *want,
		  const struct vnet_snapshot *snap)
{
	/* One that was taken off by hand comes back only where it is asked for. */
	return vnet_spec_has(want, VNET_KEY_UPLINK) && !vnet_spec_has(have, VNET_KEY_UPLINK) &&
	       snap->survey && !strcmp(snap->uplink, want->uplink);
}

/* What speaks against another way out of the bridge @now, or none any more. */
static int check_way_out(const struct vnet_spec *have, const struct vnet_spec *want,
			 const struct vnet_link *now, const struct vnet_snapshot *snap, bool force,
			 struct vnet_error *err)
{
	if (!vnet_spec_has(want, VNET_KEY_UPLINK))
		return force ? 0 : vnet_uplink_check_back(have, now, snap, true, err);
	if (have->uplink[0] && strcmp(have->uplink, want->uplink) != 0)
		return vnet_error_set(err, -EBUSY,
				      "%s has the uplink %s: want --no-uplink first, then --uplink "
				      "%s",
				      want->name, have->uplink, want->uplink);
	if (!joins(have, want, snap))
		return want->mtu == have->mtu ?
			       0 :
			       vnet_uplink_check_mtu(want, vnet_uplink_port(want, now, snap), err);
	if (now->bridge.stp && !force)
		return vnet_error_set(
			err, -EBUSY,
			"%s speaks STP: for %u s the host would be cut off (listening "
			"and learning): want --no-stp first, or --force",
			want->name, 2 * now->bridge.forward_delay / 100);
	return vnet_uplink_check(want, snap, force, err);
}

static int check_ports(const struct vnet_spec *have, const struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	const struct vnet_link *bridge = own_link(have, snap);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char server[VNET_NAME_SIZE];
	char list[200] = "";
	size_t len = 0;

	vnet_dhcp_link_name(have->name, server);
	for (size_t i = 0; bridge && i < host->n_links; i++) {
		const struct vnet_link *port = &host->links[i];

		if (port->master != bridge->index || !strcmp(port->name, server) ||
		    vnet_port_find(have, port->name) ||
		    (vnet_spec_has(have, VNET_KEY_UPLINK) && !strcmp(port->name, have->uplink)))
			continue;
		if (len + VNET_NAME_SIZE + 6 >= sizeof(list)) {
			(void)snprintf(list + len, sizeof(list) - len, " ...");
			break;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, " %s", port->name);
	}
	if (!len)
		return 0;
	return vnet_error_set(err, -EBUSY,
			      "%s still has ports:%s (--force deletes it all the same)", have->name,
			      list);
}

/* The NIC that is given back is still a port. */
static int check_dhcp(const struct vnet_spec *have, const struct vnet_spec *want,
		      const struct vnet_snapshot *snap, bool force, struct vnet_error *err)
{
	struct vnet_spec with = *want;

	if (have && !want->uplink[0])
		memcpy(with.uplink, have->uplink, sizeof(with.uplink));
	return vnet_dhcp_check(&with, snap, force, err);
}

static int check(const struct vnet_spec *have, const struct vnet_spec *want,
		 const struct vnet_snapshot *snap, bool force, struct vnet_error *err)
{
	int r;

	if (!want && (force || have->foreign))
		return 0;
	if (!want) {
		r = vnet_uplink_check_back(have, own_link(have, snap), snap, false, err);
		return r < 0 ? r : check_ports(have, snap, err);
	}
	r = have ? 0 : check_free(want, snap, err);
	if (r == 0 && !have && vnet_spec_has(want, VNET_KEY_UPLINK))
		r = vnet_uplink_check(want, snap, force, err);
	if (r == 0 && vnet_spec_has(want, VNET_KEY_UPLINK_DHCP))
		r = vnet_uplink_check_handover(have, want, err);
	if (r == 0 && have && !have->foreign)
		r = check_way_out(have, want, own_link(have, snap), snap, force, err);
	if (r == 0 && have && !have->foreign)
		r = vnet_ports_check(have, want, snap, force, err);
	if (r == 0)
		r = vnet_addresses_check(have, want, snap, force, err);
	if (r == 0)
		r = check_dhcp(have, want, snap, force, err);
	return r;
}

/* ---- read ---- */

static int read_spec(const struct vnet_snapshot *snap, const struct vnet_spec *record,
		     struct vnet_spec *ret_spec, struct vnet_error *err)
{
	const struct vnet_link *link = own_link(record, snap);
	struct vnet_spec spec;
	int r;

	if (!link)
		return vnet_error_set(err, -ENODEV,
				      "the bridge %s is gone: `vnet delete %s` clears what is left",
				      record->name, record->name);
	r = vnet_spec_copy(record, &spec);
	if (r < 0)
		return vnet_error_set(err, r, "out of memory");
	if (!record->foreign) {
		spec_of(link, &spec);
		/* Taken off, or away; the name stays, for what is missed. */
		if (!vnet_uplink_port(record, link, snap))
			spec.set &= ~KEY(UPLINK);
		else
			vnet_dhcp_read(snap, &spec);
		r = vnet_addresses_read(snap, link, record, &spec, err);
		if (r == 0)
			r = vnet_ports_read(snap, link, &spec, err);
	}
	if (r < 0) {
		vnet_spec_done(&spec);
		return r;
	}
	*ret_spec = spec;
	return 0;
}

/* ---- plan ---- */

static void create(const struct vnet_spec *want, struct vnet_link *link, struct vnet_plan *plan)
{
	struct vnet_cidr addr;

	vnet_plan_link_add(plan, VNET_NS_HOST, link, NULL);
	/* An MTU given when a bridge is made would follow its ports'; given later it stays. */
	vnet_plan_link_set(plan, VNET_NS_HOST, link,
			   VNET_LINK_ALIAS | VNET_LINK_ADDR_GEN_MODE |
				   (link->mtu != 1500 ? VNET_LINK_MTU : 0));
	/* No guest's router advertisement may touch the host: before the link is up. */
	vnet_plan_sysctl_set(plan, VNET_NS_HOST, link->name, "ipv6/conf", "accept_ra", "0");
	vnet_plan_sysctl_set(plan, VNET_NS_HOST, link->name, "ipv6/conf", "autoconf", "0");
	for (uint32_t i = 0; vnet_addresses_at(want, i, &addr); i++)
		vnet_plan_addr_add(plan, VNET_NS_HOST, link, &addr);
	vnet_plan_link_set(plan, VNET_NS_HOST, link, VNET_LINK_UP);
}

/*
 * With STP on, a port would listen and learn before it forwards: the protocol begins when
 * the NIC is one already.
 */
static void create_with_uplink(const struct vnet_spec *want, struct vnet_link *link,
			       const struct vnet_snapshot *snap, struct vnet_plan *plan)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, want->uplink);
	uint32_t stp = link->bridge.stp;
	struct vnet_cidr addr;

	link->bridge.stp = 0;
	vnet_uplink_take_client(want, snap, nic, plan);
	vnet_plan_link_add(plan, VNET_NS_HOST, link, NULL);
	vnet_plan_link_set(plan, VNET_NS_HOST, link,
			   VNET_LINK_ALIAS | VNET_LINK_ADDR_GEN_MODE | VNET_LINK_MTU);
	vnet_uplink_inet6(snap, nic, link, vnet_has_inet6(&want->addresses), plan);
	vnet_uplink_note(snap, nic, link->name, plan);
	vnet_uplink_join_owned(want, snap, nic, link, true, plan);
	link->bridge.stp = stp;
	link->addr_gen_mode = nic->addr_gen_mode;
	vnet_plan_link_set(plan, VNET_NS_HOST, link,
			   VNET_LINK_ADDR_GEN_MODE | (stp ? VNET_LINK_STP : 0));
	for (uint32_t i = 0; vnet_addresses_at(want, i, &addr); i++)
		vnet_plan_addr_add(plan, VNET_NS_HOST, link, &addr);
	vnet_uplink_probe(snap, link, plan); /* once more, with all that is new in force */
}

/* The taps of guests go along with the bridge's MTU. */
static void change_taps(const struct vnet_link *bridge, const struct vnet_snapshot *snap,
			uint32_t mtu, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_links; i++) {
		struct vnet_link tap = host->links[i];

		if (tap.master != bridge->index || tap.group != bridge->group ||
		    strcmp(tap.kind, "tun") != 0 || tap.mtu == mtu)
			continue;
		tap.mtu = mtu;
		vnet_plan_link_set(plan, VNET_NS_HOST, &tap, VNET_LINK_MTU);
	}
}

/*
 * No router advertisement may touch the host: also not after the kernel made the
 * link's IPv6 anew, as it does when an MTU rises from below 1280.
 */
static void keep_quiet(const struct vnet_link *now, const struct vnet_link *link,
		       struct vnet_plan *plan)
{
	if (now->accept_ra < 0 && now->mtu >= 1280) /* no IPv6 here at all */
		return;
	if (now->addr_gen_mode != IN6_ADDR_GEN_MODE_NONE)
		vnet_plan_link_set(plan, VNET_NS_HOST, link, VNET_LINK_ADDR_GEN_MODE);
	if (now->accept_ra != 0)
		vnet_plan_sysctl_set(plan, VNET_NS_HOST, link->name, "ipv6/conf", "accept_ra", "0");
	if (now->autoconf != 0)
		vnet_plan_sysctl_set(plan, VNET_NS_HOST, link->name, "ipv6/conf", "autoconf", "0");
}

/* The bridge keeps its MAC: others may know it by that. */
static void join(const struct vnet_link *now, const struct vnet_spec *want,
		 const struct vnet_snapshot *snap, struct vnet_plan *plan)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, want->uplink);
	struct vnet_link link = *now;
	char mac[VNET_MAC_TEXT];

	vnet_uplink_note(snap, nic, now->name, plan);
	vnet_uplink_take_client(want, snap, nic, plan);
	vnet_uplink_join_owned(want, snap, nic, now, false, plan);
	link.addr_gen_mode = nic->addr_gen_mode;
	if (link.addr_gen_mode != now->addr_gen_mode)
		vnet_plan_link_set(plan, VNET_NS_HOST, &link, VNET_LINK_ADDR_GEN_MODE);
	if (!now->bridge.stp) /* else it listens and learns yet */
		vnet_uplink_probe(snap, now, plan);
	if (memcmp(&nic->mac, &now->mac, sizeof(nic->mac)) != 0)
		vnet_plan_note(plan, "the host is at the MAC %s from now on, that of %s",
			       vnet_mac_text(&now->mac, mac), now->name);
}

static void give_back(const struct vnet_spec *have, const struct vnet_link *now,
		      const struct vnet_link *nic, const struct vnet_snapshot *snap,
		      struct vnet_plan *plan)
{
	vnet_uplink_leave_owned(have, snap, now, nic, true, plan);
	vnet_uplink_probe(snap, nic, plan);
}

static void change(const struct vnet_spec *have, const struct vnet_spec *want,
		   const struct vnet_link *now, struct vnet_link *link,
		   const struct vnet_snapshot *snap, struct vnet_plan *plan)
{
	const struct vnet_link *nic = vnet_uplink_port(have, now, snap);
	struct vnet_spec without = *want;
	uint32_t fields = 0;

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (!vnet_spec_same(have, want, attrs[i].key))
			fields |= attrs[i].field;
	}
	vnet_plan_link_set(plan, VNET_NS_HOST, link, fields);
	if (fields & VNET_LINK_MTU)
		change_taps(now, snap, want->mtu, plan);
	if (!vnet_spec_has(want, VNET_KEY_UPLINK)) /* there the host is to hear them */
		keep_quiet(now, link, plan);
	vnet_ports_change(have, want, now, snap, plan);
	vnet_dhcp_pause(have, want, snap, plan);
	if (nic && !vnet_spec_has(want, VNET_KEY_UPLINK))
		give_back(have, now, nic, snap, plan);
	if (joins(have, want, snap)) {
		join(now, want, snap, plan);
		without.set &= ~KEY(UPLINK); /* it keeps what it has by its own MAC */
	}
	if (vnet_has_inet6(&want->addresses))
		vnet_uplink_inet6(snap, now, link, true, plan);
	vnet_addresses_change(have, &without, now, link, snap, plan);
}

/* True if the record says that there is a DHCP server. */
static bool served(const struct vnet_spec *have)
{
	return have && vnet_spec_has(have, VNET_KEY_DHCP_RANGE);
}

/*
 * The bridge goes last: up to then all can be taken back to the letter, and after
 * it nothing is left to do.
 */
static int delete_all(const struct vnet_spec *have, const struct vnet_snapshot *snap,
		      struct vnet_plan *plan, struct vnet_error *err)
{
	const struct vnet_link *now = own_link(have, snap);
	const struct vnet_link *nic = now ? vnet_uplink_port(have, now, snap) : NULL;
	const struct vnet_file *leases = vnet_file_by_path(snap, snap->lease_path);
	struct vnet_link link = link_of(have);
	struct vnet_spec none = *have;
	int r;

	none.set &= ~KEY(DHCP_RANGE);
	r = vnet_dhcp_plan(&none, served(have), &link, snap, plan, err);
	if (r < 0)
		return r;
	if (leases && leases->content)
		vnet_plan_file_del(plan, snap->lease_path);
	if (now && !have->foreign)
		vnet_ports_change(have, NULL, now, snap, plan);
	vnet_uplink_leave_owned(have, snap, now, nic, false, plan);
	if (nic)
		vnet_uplink_probe(snap, nic, plan);
	vnet_plan_record(plan, have, false, snap);
	if (now && !have->foreign)
		vnet_plan_link_del(plan, VNET_NS_HOST, now);
	return plan->failed;
}

static void note_stp(const struct vnet_spec *want, struct vnet_plan *plan)
{
	vnet_plan_note(plan,
		       "with STP a guest waits %u s for its port (listening and learning, "
		       "%u.%02u s each)",
		       2 * want->forward_delay / 100, want->forward_delay / 100,
		       want->forward_delay % 100);
	if (vnet_spec_has(want, VNET_KEY_UPLINK))
		vnet_plan_note(
			plan,
			"where another bridge of the LAN is the root, its delay rules (often "
			"15 s each; `vnet show %s` tells); a switch with BPDU guard shuts "
			"the port of %s",
			want->name, want->uplink);
}

static int plan_spec(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, struct vnet_plan *plan,
		     struct vnet_error *err)
{
	const struct vnet_link *now;
	struct vnet_link link;
	int r;

	if (!want)
		return delete_all(have, snap, plan, err);
	link = link_of(want);
	if (want->stp && (!have || !have->stp))
		note_stp(want, plan);
	now = have || want->foreign ? own_link(want, snap) : NULL;
	if (now) {
		link.index = now->index;
		if (want->foreign)
			link = *now;
		else
			change(have, want, now, &link, snap, plan);
	} else {
		link.index = vnet_plan_free_index(plan, snap);
		if (vnet_spec_has(want, VNET_KEY_UPLINK))
			create_with_uplink(want, &link, snap, plan);
		else
			create(want, &link, plan);
	}
	r = vnet_dhcp_plan(want, served(have), &link, snap, plan, err);
	if (r == 0)
		vnet_plan_record(plan, want, true, snap);
	return r < 0 ? r : plan->failed;
}

const struct vnet_mode vn_mode_bridge = {
	.id = VNET_MODE_BRIDGE,
	.name = "bridge",
	.help = "a bridge of the host that guests share",
	.keys = KEY(FOREIGN) | KEY(GROUP) | KEY(UPLINK) | KEY(UPLINK_DHCP) | KEY(PORT) |
		KEY(ADDRESS) | KEY(MTU) | KEY(MAC) | KEY(STP) | KEY(FORWARD_DELAY) | KEY(AGEING) |
		KEY(HELLO) | KEY(MAX_AGE) | KEY(PRIORITY) | KEY(DHCP_RANGE) | KEY(DHCP_ROUTER) |
		KEY(DHCP_DNS) | KEY(DHCP_SERVER) | KEY(DHCP_LEASE_TIME) | KEY(DHCP_DOMAIN) |
		KEY(DHCP_PXE) | KEY(DHCP_OPTION) | KEY(DHCP_HOST) | KEY(DHCP_SERVE_UPLINK) |
		KEY(DHCP_TAKEN),
	.choose = choose,
	.check = check,
	.read = read_spec,
	.plan = plan_spec,
};
