/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_addr.h>
#include <netinet/in.h>
#include <string.h>

#include <vnet/mode.h>

/* The host's own addresses on a bridge. */

/* ---- which there are ---- */

/*
 * The i-th address of the bridge: the user's, then, where one of them is IPv6, the
 * link-local one without which neighbours can't be asked on behalf of others.
 * Returns false behind the last.
 */
bool vnet_addresses_at(const struct vnet_spec *spec, uint32_t i, struct vnet_cidr *ret)
{
	if (i < spec->addresses.count) {
		*ret = vnet_cidrs(&spec->addresses)[i];
		return true;
	}
	*ret = vnet_link_local(&spec->mac);
	/* With an uplink it has what the NIC had. */
	return i == spec->addresses.count && vnet_has_inet6(&spec->addresses) &&
	       !vnet_spec_has(spec, VNET_KEY_UPLINK);
}

bool vnet_addresses_hold(const struct vnet_spec *spec, const struct vnet_cidr *addr)
{
	struct vnet_cidr at;

	for (uint32_t i = 0; vnet_addresses_at(spec, i, &at); i++) {
		if (vnet_cidr_equal(&at, addr))
			return true;
	}
	return false;
}

/* ---- check, read, change ---- */

static int overlaps(const struct vnet_spec *want, const struct vnet_cidr *addr,
		    const struct vnet_snapshot *snap, struct vnet_error *err)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_addrs; i++) {
		const struct vnet_cidr *other = &host->addrs[i].addr;
		const struct vnet_link *link =
			vnet_link_by_index(snap, VNET_NS_HOST, host->addrs[i].index);
		char a[VNET_CIDR_TEXT];
		char b[VNET_CIDR_TEXT];

		if (!link || !strcmp(link->name, want->name) ||
		    other->ip.family != addr->ip.family ||
		    (!vnet_cidr_holds(addr, &other->ip) && !vnet_cidr_holds(other, &addr->ip)))
			continue;
		return vnet_error_set(err, -EADDRINUSE,
				      "%s overlaps %s of %s: want another subnet, or --force",
				      vnet_cidr_text(addr, a), vnet_cidr_text(other, b),
				      link->name);
	}
	return 0;
}

/* Beside an uplink it is switched on: see vnet_uplink_inet6(). */
static int check_inet6(const struct vnet_spec *want, const struct vnet_cidr *addr,
		       const struct vnet_snapshot *snap, struct vnet_error *err)
{
	bool there = vnet_link_by_name(snap, VNET_NS_HOST, want->name) != NULL;
	const char *link = there ? want->name : "default";
	const struct vnet_sysctl *off =
		vnet_sysctl_find(snap, VNET_NS_HOST, link, "ipv6/conf", "disable_ipv6");
	char text[VNET_CIDR_TEXT];

	if (addr->ip.family != AF_INET6 || !off || !strcmp(off->value, "0") ||
	    vnet_spec_has(want, VNET_KEY_UPLINK))
		return 0;
	return vnet_error_set(err, -EACCES,
			      "%s: IPv6 is switched off on %s: want "
			      "`sysctl net/ipv6/conf/%s/disable_ipv6=0` first",
			      vnet_cidr_text(addr, text), there ? link : "new links", link);
}

int vnet_addresses_check(const struct vnet_spec *have, const struct vnet_spec *want,
			 const struct vnet_snapshot *snap, bool force, struct vnet_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < want->addresses.count && r == 0; i++) {
		const struct vnet_cidr *addr = &vnet_cidrs(&want->addresses)[i];

		if (have && vnet_addresses_hold(have, addr))
			continue;
		r = check_inet6(want, addr, snap, err);
		if (r == 0 && !force)
			r = overlaps(want, addr, snap, err);
	}
	return r;
}

/* Of the recorded addresses those that are live: others on the bridge are not vnet's. */
int vnet_addresses_read(const struct vnet_snapshot *snap, const struct vnet_link *link,
			const struct vnet_spec *record, struct vnet_spec *spec,
			struct vnet_error *err)
{
	int r = vnet_spec_edit(spec, VNET_KEY_ADDRESS, '0', NULL, err);

	for (uint32_t i = 0; i < record->addresses.count && r == 0; i++) {
		const struct vnet_cidr *addr = &vnet_cidrs(&record->addresses)[i];
		char text[VNET_CIDR_TEXT];

		if (vnet_snapshot_has_addr(snap, VNET_NS_HOST, link->index, addr))
			r = vnet_spec_edit(spec, VNET_KEY_ADDRESS, '+', vnet_cidr_text(addr, text),
					   err);
	}
	return r;
}

/* True if @addr is live, was asked for, and is so no more. */
static bool drops_address(const struct vnet_spec *have, const struct vnet_spec *want,
			  const struct vnet_link *now, const struct vnet_snapshot *snap,
			  const struct vnet_cidr *addr)
{
	return vnet_addresses_hold(have, addr) && !vnet_addresses_hold(want, addr) &&
	       vnet_snapshot_has_addr(snap, VNET_NS_HOST, now->index, addr);
}

/*
 * With the first IPv4 address of a subnet the kernel drops all others of that subnet
 * (unless net.ipv4.conf.*.promote_secondaries is set). True if @addr would go so.
 */
static bool falls(const struct vnet_spec *have, const struct vnet_spec *want,
		  const struct vnet_link *now, const struct vnet_snapshot *snap,
		  const struct vnet_ifaddr *addr)
{
	struct vnet_cidr first;

	if (addr->index != now->index || addr->addr.ip.family != AF_INET ||
	    !(addr->flags & IFA_F_SECONDARY) || drops_address(have, want, now, snap, &addr->addr))
		return false;
	for (uint32_t i = 0; vnet_addresses_at(have, i, &first); i++) {
		if (first.prefix == addr->addr.prefix && vnet_cidr_holds(&first, &addr->addr.ip) &&
		    drops_address(have, want, now, snap, &first))
			return true;
	}
	return false;
}

void vnet_addresses_change(const struct vnet_spec *have, const struct vnet_spec *want,
			   const struct vnet_link *now, const struct vnet_link *link,
			   const struct vnet_snapshot *snap, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	struct vnet_cidr addr;

	/* The last first, here and below: taken back, they stand in the same order again. */
	for (size_t i = host->n_addrs; i-- > 0;) {
		if (falls(have, want, now, snap, &host->addrs[i]))
			vnet_plan_addr_del(plan, VNET_NS_HOST, link, &host->addrs[i].addr);
	}
	for (size_t i = host->n_addrs; i-- > 0;) {
		if (host->addrs[i].index == now->index &&
		    drops_address(have, want, now, snap, &host->addrs[i].addr))
			vnet_plan_addr_del(plan, VNET_NS_HOST, link, &host->addrs[i].addr);
	}
	for (size_t i = 0; i < host->n_addrs; i++) {
		if (falls(have, want, now, snap, &host->addrs[i]))
			vnet_plan_addr_add(plan, VNET_NS_HOST, link, &host->addrs[i].addr);
	}
	for (uint32_t i = 0; vnet_addresses_at(want, i, &addr); i++) {
		if (!vnet_snapshot_has_addr(snap, VNET_NS_HOST, now->index, &addr))
			vnet_plan_addr_add(plan, VNET_NS_HOST, link, &addr);
	}
}
