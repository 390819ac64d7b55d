/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/* Settings of links: what a bridge takes over of its uplink, for good or for the move. */

static const char linkdown[] = "ignore_routes_with_linkdown";

/* Not a link's to hand on: what the kernel keeps for itself, aliases, or set by other means. */
static bool is_kept(const struct vnet_sysctl *sysctl)
{
	static const char *const keys[] = {
		"disable_ipv6", "addr_gen_mode", "stable_secret",
		"mtu",		"accept_dad",	 "base_reachable_time",
		"retrans_time", "rp_filter",	 "ignore_routes_with_linkdown",
		"use_tempaddr",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(sysctl->key, keys[i]))
			return true;
	}
	return false;
}

static const char *value_of(const struct vnet_snapshot *snap, const char *link, const char *dir,
			    const char *key)
{
	const struct vnet_sysctl *sysctl = vnet_sysctl_find(snap, VNET_NS_HOST, link, dir, key);

	return sysctl ? sysctl->value : NULL;
}

/* Set it on @to, to @value or with NULL to what @like has; nothing where that has none. */
static void set(const struct vnet_snapshot *snap, const char *like, const struct vnet_link *to,
		const char *dir, const char *key, const char *value, struct vnet_plan *plan)
{
	const char *old = value_of(snap, like, dir, key);

	if (old)
		vnet_plan_sysctl_set(plan, VNET_NS_HOST, to->name, dir, key, value ? value : old);
}

bool vn_uplink_can_sleep(const struct vnet_snapshot *snap, const struct vnet_link *nic)
{
	return value_of(snap, nic->name, "ipv4/conf", linkdown) &&
	       (nic->accept_ra == -1 || value_of(snap, nic->name, "ipv6/conf", linkdown));
}

bool vn_uplink_lacks_inet6(const struct vnet_snapshot *snap, const struct vnet_link *nic)
{
	const char *off = value_of(snap, nic->name, "ipv6/conf", "disable_ipv6");

	return off && strcmp(off, "0") != 0;
}

void vnet_uplink_inet6(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       const struct vnet_link *bridge, bool asked, struct vnet_plan *plan)
{
	bool there = vnet_link_by_name(snap, VNET_NS_HOST, bridge->name) != NULL;
	const char *now =
		value_of(snap, there ? bridge->name : "default", "ipv6/conf", "disable_ipv6");
	const char *off = vn_uplink_lacks_inet6(snap, nic) && !asked ? "1" : "0";

	if (now && strcmp(now, off) != 0)
		vnet_plan_sysctl_set(plan, VNET_NS_HOST, bridge->name, "ipv6/conf", "disable_ipv6",
				     off);
}

/*
 * Before the others: a link that forwards heeds advertisements only with 2, and to switch
 * forwarding on takes all advertised routes off where it is less.
 */
static void copy_ra(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		    const struct vnet_link *bridge, struct vnet_plan *plan)
{
	const char *forwards = value_of(snap, nic->name, "ipv6/conf", "forwarding");
	bool needs_2 = forwards && strcmp(forwards, "0") != 0 && vn_ra_holds(snap, nic);
	bool deaf = vn_uplink_lacks_inet6(snap, nic); /* it hears none, and nor may the bridge */
	char value[VNET_SYSCTL_VALUE];

	if (nic->accept_ra < 0)
		return;
	(void)snprintf(value, sizeof(value), "%d", deaf ? 0 : needs_2 ? 2 : (int)nic->accept_ra);
	vnet_plan_sysctl_set(plan, VNET_NS_HOST, bridge->name, "ipv6/conf", "accept_ra", value);
	(void)snprintf(value, sizeof(value), "%d", deaf ? 0 : (int)nic->autoconf);
	vnet_plan_sysctl_set(plan, VNET_NS_HOST, bridge->name, "ipv6/conf", "autoconf", value);
}

static void copy(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		 const struct vnet_link *bridge, struct vnet_plan *plan)
{
	bool there = vnet_link_by_name(snap, VNET_NS_HOST, bridge->name) != NULL;
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_sysctls; i++) {
		const struct vnet_sysctl *s = &host->sysctls[i];
		const char *now;

		if (strcmp(s->link, nic->name) != 0 || is_kept(s))
			continue;
		now = value_of(snap, there ? bridge->name : "default", s->dir, s->key);
		if (now && strcmp(now, s->value) != 0)
			vnet_plan_sysctl_set(plan, VNET_NS_HOST, bridge->name, s->dir, s->key,
					     s->value);
	}
}

/*
 * A link that makes addresses by a secret of its own goes on so: by the secret the kernel
 * takes it, and then not before all is moved.
 */
static void copy_secret(const struct vnet_snapshot *snap, const struct vnet_link *from,
			const struct vnet_link *to, struct vnet_plan *plan)
{
	const struct vnet_sysctl *secret =
		vnet_sysctl_find(snap, VNET_NS_HOST, from->name, "ipv6/conf", "stable_secret");

	if (!secret || from->addr_gen_mode != IN6_ADDR_GEN_MODE_STABLE_PRIVACY)
		return;
	vnet_plan_sysctl_set(plan, VNET_NS_HOST, to->name, secret->dir, secret->key, secret->value);
	vnet_plan_link_set(plan, VNET_NS_HOST, to, VNET_LINK_ADDR_GEN_MODE);
}

/* Whether routes of @to count while it has no carrier; NULL: as those of @like. */
static void set_linkdown(const struct vnet_snapshot *snap, const char *like,
			 const struct vnet_link *to, const char *value, struct vnet_plan *plan)
{
	set(snap, like, to, "ipv4/conf", linkdown, value, plan);
	set(snap, like, to, "ipv6/conf", linkdown, value, plan);
}

/* The kernel takes no route that would sleep: where none wakes it up again, it may not. */
void vn_uplink_settings(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			const struct vnet_link *bridge, bool awake, struct vnet_plan *plan)
{
	copy_ra(snap, nic, bridge, plan);
	copy(snap, nic, bridge, plan);
	set(snap, nic->name, bridge, "ipv4/conf", "rp_filter", "2", plan);
	if (!awake || !nic->carrier)
		set_linkdown(snap, nic->name, bridge, nic->carrier ? "1" : "0", plan);
	if (!vnet_link_by_name(snap, VNET_NS_HOST, bridge->name))
		copy_secret(snap, nic, bridge, plan);
}

void vn_uplink_settled(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       const struct vnet_link *bridge, bool awake, struct vnet_plan *plan)
{
	set(snap, nic->name, bridge, "ipv4/conf", "rp_filter", NULL, plan);
	if (!awake || !nic->carrier)
		set_linkdown(snap, nic->name, bridge, NULL, plan);
	/* Before, the kernel would make further addresses, of those that are only being moved. */
	set(snap, nic->name, bridge, "ipv6/conf", "use_tempaddr", NULL, plan);
}

void vn_uplink_linger(const struct vnet_snapshot *snap, const struct vnet_link *nic, bool over,
		      struct vnet_plan *plan)
{
	if (!nic->carrier)
		set_linkdown(snap, nic->name, nic, over ? NULL : "0", plan);
}

void vn_uplink_loosen(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		      struct vnet_plan *plan)
{
	set(snap, bridge->name, bridge, "ipv4/conf", "rp_filter", "2", plan);
}

void vn_uplink_forget(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		      const struct vnet_link *bridge, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_sysctls; i++) {
		const struct vnet_sysctl *s = &host->sysctls[i];
		const char *fresh;
		const char *its;

		if (strcmp(s->link, bridge->name) != 0 || is_kept(s))
			continue;
		fresh = value_of(snap, "default", s->dir, s->key);
		its = value_of(snap, nic->name, s->dir, s->key);
		if (its && fresh && !strcmp(its, s->value) && strcmp(fresh, s->value) != 0)
			vnet_plan_sysctl_set(plan, VNET_NS_HOST, bridge->name, s->dir, s->key,
					     fresh);
	}
	set(snap, "default", bridge, "ipv4/conf", "rp_filter", NULL, plan);
	set(snap, "default", bridge, "ipv6/conf", "use_tempaddr", NULL, plan);
}
