/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DHCP keys of a spec: what is chosen for the user, and what is refused. */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <vnet/mode.h>

#include "base/text.h"
#include "core/options.h"

/* dnsmasq reads its leases in quadratic time: these take it about 2 s at a start. */
enum { LEASE_MAX = 16384 };

/* ---- which subnet ---- */

/* The IPv4 address whose network holds the range: the server's, the wanted, the live ones. */
static const struct vnet_cidr *subnet_of(const struct vnet_spec *spec,
					 const struct vnet_snapshot *snap)
{
	const struct vnet_ip *first = &spec->dhcp.range.first;
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, spec->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (uint32_t i = 0; i < spec->addresses.count; i++) {
		if (vnet_cidr_holds(&vnet_cidrs(&spec->addresses)[i], first))
			return &vnet_cidrs(&spec->addresses)[i];
	}
	for (size_t i = 0; bridge && i < host->n_addrs; i++) {
		if (host->addrs[i].index == bridge->index &&
		    vnet_cidr_holds(&host->addrs[i].addr, first))
			return &host->addrs[i].addr;
	}
	if (vnet_spec_has(spec, VNET_KEY_DHCP_SERVER) && vnet_cidr_holds(&spec->dhcp.server, first))
		return &spec->dhcp.server;
	return NULL;
}

/* The bridge's own address in that subnet; NULL if it has none. */
static const struct vnet_ip *own_address(const struct vnet_spec *spec,
					 const struct vnet_snapshot *snap)
{
	const struct vnet_cidr *subnet = subnet_of(spec, snap);

	return subnet && subnet != &spec->dhcp.server ? &subnet->ip : NULL;
}

static bool reserved(const struct vnet_spec *spec, const struct vnet_ip *ip)
{
	for (uint32_t i = 0; i < spec->dhcp.hosts.count; i++) {
		if (vnet_ip_equal(&vnet_hosts(&spec->dhcp.hosts)[i].ip, ip))
			return true;
	}
	return false;
}

static bool on_bridge(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		      const struct vnet_ip *ip)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, spec->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (uint32_t i = 0; i < spec->addresses.count; i++) {
		if (vnet_ip_equal(&vnet_cidrs(&spec->addresses)[i].ip, ip))
			return true;
	}
	for (size_t i = 0; bridge && i < host->n_addrs; i++) {
		if (host->addrs[i].index == bridge->index &&
		    vnet_ip_equal(&host->addrs[i].addr.ip, ip))
			return true;
	}
	for (size_t i = 0; bridge && i < host->n_routes; i++) {
		if (vnet_ip_equal(&host->routes[i].via, ip))
			return true;
	}
	return vnet_spec_has(spec, VNET_KEY_DHCP_ROUTER) && vnet_ip_equal(&spec->dhcp.router, ip);
}

static bool is_dns(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		   const struct vnet_ip *ip)
{
	for (uint32_t i = 0; i < spec->dhcp.dns.count; i++) {
		if (vnet_ip_equal(&vnet_ips(&spec->dhcp.dns)[i], ip))
			return true;
	}
	for (size_t i = 0; i < snap->n_resolvers; i++) {
		if (vnet_ip_equal(&snap->resolvers[i], ip))
			return true;
	}
	return false;
}

size_t vnet_dhcp_candidates(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
			    struct vnet_cidr *ret_candidates, size_t max)
{
	const struct vnet_cidr *subnet = subnet_of(spec, snap);
	size_t n = 0;
	uint32_t first;
	uint32_t ip;

	if (!subnet || subnet->prefix > 30)
		return 0;
	first = vnet_cidr4_first(subnet);
	for (ip = vnet_cidr4_last(subnet) - 1; ip > first && n < max; ip--) {
		struct vnet_cidr c = { .ip = vnet_ip4(ip), .prefix = subnet->prefix };

		if (vnet_range_holds(&spec->dhcp.range, &c.ip))
			ip = vnet_ip4_number(&spec->dhcp.range.first); /* on below it */
		else if (!reserved(spec, &c.ip) && !on_bridge(spec, snap, &c.ip) &&
			 !is_dns(spec, snap, &c.ip))
			ret_candidates[n++] = c;
	}
	return n;
}

/* ---- what the user left out ---- */

/*
 * A port of the bridge that leads to others than guests, beside the NIC that is its uplink;
 * NULL: none. Guests are behind taps, and behind a veth pair where @veth says so.
 */
static const struct vnet_link *stranger_of(const struct vnet_spec *spec,
					   const struct vnet_snapshot *snap, bool veth)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, spec->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	char server[VNET_NAME_SIZE];

	vnet_dhcp_link_name(spec->name, server);
	for (size_t i = 0; bridge && i < host->n_links; i++) {
		const struct vnet_link *port = &host->links[i];

		if (port->master == bridge->index && strcmp(port->name, server) != 0 &&
		    strcmp(port->name, spec->uplink) != 0 && strcmp(port->kind, "tun") != 0 &&
		    !(veth && !strcmp(port->kind, "veth")))
			return port;
	}
	return NULL;
}

static void choose_router(struct vnet_spec *spec, const struct vnet_snapshot *snap,
			  struct vnet_plan *notes)
{
	const struct vnet_cidr *subnet = subnet_of(spec, snap);
	const struct vnet_ip *own = own_address(spec, snap);
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, spec->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	spec->dhcp.router = (struct vnet_ip){ 0 };
	spec->set |= 1ULL << VNET_KEY_DHCP_ROUTER;
	for (size_t i = 0; bridge && subnet && i < host->n_routes; i++) {
		if (host->routes[i].index == bridge->index &&
		    vnet_cidr_holds(subnet, &host->routes[i].via)) {
			spec->dhcp.router = host->routes[i].via;
			return;
		}
	}
	/* On a bridge of its own vnet knows who is there; on another's a veth may lead anywhere. */
	if (own && (snap->forwarding || (!vnet_spec_has(spec, VNET_KEY_UPLINK) &&
					 !stranger_of(spec, snap, !spec->foreign))))
		spec->dhcp.router = *own;
	else
		vnet_plan_note(notes, "no router is known for %s: leases carry none (see --router)",
			       spec->name);
}

static int choose_dns(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		      struct vnet_plan *notes, struct vnet_error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < snap->n_resolvers && r == 0; i++) {
		char ip[VNET_IP_TEXT];

		if (snap->resolvers[i].family != AF_INET)
			continue;
		r = vnet_spec_edit(spec, VNET_KEY_DHCP_DNS, '+',
				   vnet_ip_text(&snap->resolvers[i], ip), NULL);
		if (r == -EEXIST)
			r = 0;
		any = true;
	}
	if (r == 0 && !any) {
		r = vnet_spec_edit(spec, VNET_KEY_DHCP_DNS, '=', "none", err);
		vnet_plan_note(notes, "this host names no DNS server that guests could reach: "
				      "leases carry none (see --dns)");
	}
	return r;
}

/* dnsmasq would name itself, and there is no TFTP server in its namespace. */
static void choose_boot(struct vnet_spec *spec, const struct vnet_snapshot *snap)
{
	const struct vnet_ip *own = own_address(spec, snap);

	if (vnet_spec_has(spec, VNET_KEY_DHCP_PXE) && !spec->dhcp.pxe.server.family && own)
		spec->dhcp.pxe.server = *own;
}

/* "10.1.1.11, 10.1.1.20-10.1.1.22": as many as fit in a line. */
static void name_taken(const struct vnet_snapshot *snap, char *ret_line, size_t size)
{
	const struct vnet_ip *ips = snap->taken;
	size_t len = 0;

	for (size_t i = 0; i < snap->n_taken; i++) {
		const struct vnet_ip *first = &ips[i];
		char from[VNET_IP_TEXT];
		char to[VNET_IP_TEXT];

		if (len + (size_t)2 * VNET_IP_TEXT > size) {
			(void)snprintf(ret_line + len, size - len, ", and more");
			return;
		}
		while (i + 1 < snap->n_taken &&
		       vnet_ip4_number(&ips[i + 1]) == vnet_ip4_number(&ips[i]) + 1)
			i++;
		len += (size_t)snprintf(ret_line + len, size - len, "%s%s%s%s", len ? ", " : "",
					vnet_ip_text(first, from), first == &ips[i] ? "" : "-",
					first == &ips[i] ? "" : vnet_ip_text(&ips[i], to));
	}
}

/* What was found when the LAN was asked. */
static int choose_taken(struct vnet_spec *spec, const struct vnet_snapshot *snap,
			struct vnet_plan *notes, struct vnet_error *err)
{
	char server[VNET_IP_TEXT];
	char first[VNET_IP_TEXT];
	char last[VNET_IP_TEXT];
	char line[400] = "";
	int r = vnet_spec_edit(spec, VNET_KEY_DHCP_TAKEN, '0', NULL, err);

	for (size_t i = 0; i < snap->n_taken && r == 0; i++)
		r = vnet_spec_edit(spec, VNET_KEY_DHCP_TAKEN, '+',
				   vnet_ip_text(&snap->taken[i], first), err);
	if (r < 0 || !vnet_spec_has(spec, VNET_KEY_UPLINK))
		return r;
	name_taken(snap, line, sizeof(line));
	if (snap->n_taken)
		vnet_plan_note(notes, "in use on %s, and so not leased: %s", spec->name, line);
	if (!vnet_spec_has(spec, VNET_KEY_DHCP_SERVER)) /* refused later */
		return 0;
	vnet_plan_note(notes,
		       "%s has the DHCP server %s; %s-%s must lie outside the pool of the LAN's "
		       "own server",
		       spec->name, vnet_ip_text(&spec->dhcp.server.ip, server),
		       vnet_ip_text(&spec->dhcp.range.first, first),
		       vnet_ip_text(&spec->dhcp.range.last, last));
	return 0;
}

int vnet_dhcp_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		     struct vnet_plan *notes, struct vnet_error *err)
{
	int r = 0;

	if (!vnet_spec_has(spec, VNET_KEY_DHCP_RANGE))
		return 0;
	if (!vnet_spec_has(spec, VNET_KEY_DHCP_LEASE_TIME))
		r = vnet_spec_edit(spec, VNET_KEY_DHCP_LEASE_TIME, '=',
				   vn_options[VNET_KEY_DHCP_LEASE_TIME].dflt, err);
	if (r == 0 && !vnet_spec_has(spec, VNET_KEY_DHCP_ROUTER))
		choose_router(spec, snap, notes);
	if (r == 0 && !vnet_spec_has(spec, VNET_KEY_DHCP_DNS))
		r = choose_dns(spec, snap, notes, err);
	choose_boot(spec, snap);
	if (r == 0 && !vnet_spec_has(spec, VNET_KEY_DHCP_SERVER) && snap->server.prefix) {
		spec->dhcp.server = snap->server;
		spec->set |= 1ULL << VNET_KEY_DHCP_SERVER;
	}
	if (r == 0 && snap->asked)
		r = choose_taken(spec, snap, notes, err);
	return r;
}

/* ---- what can't work ---- */

static int check_in_subnet(const struct vnet_ip *ip, const struct vnet_cidr *subnet,
			   const char *what, struct vnet_error *err)
{
	char text[VNET_IP_TEXT];
	char net[VNET_CIDR_TEXT];
	struct vnet_cidr network = vnet_cidr_network(subnet);

	if (!vnet_cidr_holds(subnet, ip))
		return vnet_error_set(err, -ERANGE, "%s %s is not in the subnet %s", what,
				      vnet_ip_text(ip, text), vnet_cidr_text(&network, net));
	if (subnet->prefix < 31 && vnet_ip4_number(ip) == vnet_cidr4_first(subnet))
		return vnet_error_set(err, -ERANGE, "%s %s is the address of the network %s itself",
				      what, vnet_ip_text(ip, text), vnet_cidr_text(&network, net));
	if (subnet->prefix < 31 && vnet_ip4_number(ip) == vnet_cidr4_last(subnet))
		return vnet_error_set(err, -ERANGE, "%s %s is the broadcast address of %s", what,
				      vnet_ip_text(ip, text), vnet_cidr_text(&network, net));
	return 0;
}

/* An address that is someone's must not be leased to another. */
static int check_outside(const struct vnet_spec *want, const struct vnet_ip *ip, const char *whose,
			 struct vnet_error *err)
{
	char text[VNET_IP_TEXT];

	if (!ip || !ip->family || !vnet_range_holds(&want->dhcp.range, ip))
		return 0;
	return vnet_error_set(err, -EINVAL, "the range holds %s, %s: want a range without it",
			      vnet_ip_text(ip, text), whose);
}

/* Every address that the bridge has or shall have, and every router behind it. */
static int check_bridge_outside(const struct vnet_spec *want, const struct vnet_snapshot *snap,
				struct vnet_error *err)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, want->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	int r = 0;

	for (uint32_t i = 0; i < want->addresses.count && r == 0; i++)
		r = check_outside(want, &vnet_cidrs(&want->addresses)[i].ip,
				  "the bridge's own address", err);
	for (size_t i = 0; bridge && i < host->n_addrs && r == 0; i++) {
		if (host->addrs[i].index == bridge->index)
			r = check_outside(want, &host->addrs[i].addr.ip, "the bridge's own address",
					  err);
	}
	for (size_t i = 0; bridge && i < host->n_routes && r == 0; i++)
		r = check_outside(want, &host->routes[i].via, "a router's address", err);
	for (uint32_t i = 0; i < want->dhcp.dns.count && r == 0; i++) {
		const struct vnet_ip *dns = &vnet_ips(&want->dhcp.dns)[i];

		if (!reserved(want, dns))
			r = check_outside(want, dns, "the name server's address", err);
	}
	return r;
}

static int check_range(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		       const struct vnet_cidr *subnet, struct vnet_error *err)
{
	const struct vnet_range *range = &want->dhcp.range;
	int r = check_in_subnet(&range->first, subnet, "start of the range", err);

	if (r == 0)
		r = check_in_subnet(&range->last, subnet, "end of the range", err);
	if (r == 0 && vnet_ip4_number(&range->last) - vnet_ip4_number(&range->first) >= LEASE_MAX)
		r = vnet_error_set(err, -E2BIG,
				   "the range has more than %d addresses: want a smaller one",
				   LEASE_MAX);
	if (r == 0 &&
	    want->dhcp.taken.count > vnet_ip4_number(&range->last) - vnet_ip4_number(&range->first))
		r = vnet_error_set(err, -EADDRINUSE,
				   "every address of the range is in use on %s: want another one",
				   want->name);
	if (r == 0)
		r = check_bridge_outside(want, snap, err);
	if (r == 0)
		r = check_outside(want, &want->dhcp.router, "the router's address", err);
	if (r == 0)
		r = check_outside(want, &want->dhcp.server.ip, "the server's own address", err);
	return r;
}

static int check_server(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			const struct vnet_cidr *subnet, struct vnet_error *err)
{
	const struct vnet_cidr *server = &want->dhcp.server;
	char text[VNET_CIDR_TEXT];
	char net[VNET_CIDR_TEXT];
	struct vnet_cidr network = vnet_cidr_network(subnet);

	if (!vnet_spec_has(want, VNET_KEY_DHCP_SERVER))
		return vnet_error_set(err, -EADDRNOTAVAIL,
				      "no address of %s is left for the DHCP server itself: want "
				      "a smaller range, or --server",
				      vnet_cidr_text(&network, net));
	if (server->ip.family != AF_INET)
		return vnet_error_set(err, -EINVAL, "server %s: want an IPv4 address",
				      vnet_cidr_text(server, text));
	if (server->prefix != subnet->prefix || !vnet_cidr_holds(subnet, &server->ip))
		return vnet_error_set(err, -EINVAL,
				      "server %s is not in the subnet %s: want --server there",
				      vnet_cidr_text(server, text), vnet_cidr_text(&network, net));
	if (on_bridge(want, snap, &server->ip))
		return vnet_error_set(err, -EADDRINUSE,
				      "server %s: the bridge or the router has this address",
				      vnet_cidr_text(server, text));
	if (reserved(want, &server->ip))
		return vnet_error_set(err, -EADDRINUSE, "server %s: a --host has this address",
				      vnet_cidr_text(server, text));
	return 0;
}

/* An address that a host may have: RFC 6890 names what is none. */
static bool is_host(const struct vnet_ip *ip)
{
	uint32_t n = vnet_ip4_number(ip);

	return n >> 24 && n >> 24 != 127 && n >> 28 < 14;
}

static int check_names(const struct vnet_spec *want, const struct vnet_cidr *subnet,
		       struct vnet_error *err)
{
	char text[VNET_IP_TEXT];
	int r = 0;

	if (want->dhcp.router.family == AF_INET6)
		return vnet_error_set(err, -EINVAL, "router %s: want an IPv4 address",
				      vnet_ip_text(&want->dhcp.router, text));
	if (want->dhcp.router.family)
		r = check_in_subnet(&want->dhcp.router, subnet, "router", err);
	for (uint32_t i = 0; i < want->dhcp.dns.count && r == 0; i++) {
		const struct vnet_ip *dns = &vnet_ips(&want->dhcp.dns)[i];

		if (dns->family == AF_INET6)
			r = vnet_error_set(err, -EINVAL, "dns %s: want an IPv4 address",
					   vnet_ip_text(dns, text));
		else if (dns->family && !is_host(dns))
			r = vnet_error_set(err, -EINVAL, "dns %s: want the address of a host",
					   vnet_ip_text(dns, text));
		else if (!dns->family && want->dhcp.dns.count > 1)
			r = vnet_error_set(err, -EINVAL,
					   "dns none and dns with an address exclude each other");
	}
	return r;
}

static int check_boot(const struct vnet_spec *want, struct vnet_error *err)
{
	const struct vnet_boot *boot = &want->dhcp.pxe;
	char text[VNET_IP_TEXT];

	if (!vnet_spec_has(want, VNET_KEY_DHCP_PXE))
		return 0;
	if (!boot->server.family)
		return vnet_error_set(err, -EADDRNOTAVAIL,
				      "pxe %s: this host has no address on %s: want FILE@SERVER",
				      boot->file, want->name);
	if (!is_host(&boot->server))
		return vnet_error_set(err, -EINVAL, "pxe server %s: want the address of a host",
				      vnet_ip_text(&boot->server, text));
	return 0;
}

static int check_options(const struct vnet_spec *want, struct vnet_error *err)
{
	const struct vnet_dhcp_option *options = vnet_dhcp_options(&want->dhcp.options);

	for (uint32_t i = 0; i < want->dhcp.options.count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (options[j].number == options[i].number)
				return vnet_error_set(err, -EEXIST, "option %u is given twice",
						      options[i].number);
		}
	}
	return 0;
}

static int check_host(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		      const struct vnet_cidr *subnet, uint32_t i, struct vnet_error *err)
{
	const struct vnet_host *hosts = vnet_hosts(&want->dhcp.hosts);
	const struct vnet_host *host = &hosts[i];
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];
	int r;

	if (host->ip.family != AF_INET)
		return vnet_error_set(err, -EINVAL, "host %s: want an IPv4 address",
				      vnet_mac_text(&host->mac, mac));
	r = check_in_subnet(&host->ip, subnet, "host", err);
	if (r < 0)
		return r;
	if (on_bridge(want, snap, &host->ip))
		return vnet_error_set(err, -EADDRINUSE, "host %s: the bridge or the router has %s",
				      vnet_mac_text(&host->mac, mac), vnet_ip_text(&host->ip, ip));
	for (uint32_t j = 0; j < i; j++) {
		if (!memcmp(&hosts[j].mac, &host->mac, sizeof(host->mac)))
			return vnet_error_set(err, -EEXIST, "host %s is given twice",
					      vnet_mac_text(&host->mac, mac));
		if (vnet_ip_equal(&hosts[j].ip, &host->ip))
			return vnet_error_set(err, -EEXIST, "two hosts with the address %s",
					      vnet_ip_text(&host->ip, ip));
		if (host->name[0] && !strcasecmp(hosts[j].name, host->name))
			return vnet_error_set(err, -EEXIST, "two hosts with the name %s",
					      host->name);
	}
	return 0;
}

int vnet_dhcp_check(const struct vnet_spec *want, const struct vnet_snapshot *snap, bool force,
		    struct vnet_error *err)
{
	const struct vnet_link *stranger;
	const struct vnet_cidr *subnet;
	char ip[VNET_IP_TEXT];
	int r;

	if (!vnet_spec_has(want, VNET_KEY_DHCP_RANGE))
		return 0;
	if (!snap->dhcp_user[0])
		return vnet_error_set(err, -ENOENT,
				      "dnsmasq is not installed: want the package dnsmasq-base");
	stranger = stranger_of(want, snap, true);
	if (stranger && !force)
		return vnet_error_set(err, -EPERM,
				      "%s holds %s: the network behind it would hear this DHCP "
				      "server too (--force if that is meant)",
				      want->name, stranger->name);
	subnet = subnet_of(want, snap);
	if (!subnet)
		return vnet_error_set(err, -EADDRNOTAVAIL,
				      "%s has no subnet with %s: give it an address there, or "
				      "the server one with --server",
				      want->name, vnet_ip_text(&want->dhcp.range.first, ip));
	r = check_names(want, subnet, err);
	if (r == 0)
		r = check_range(want, snap, subnet, err);
	if (r == 0)
		r = check_server(want, snap, subnet, err);
	if (r == 0)
		r = check_boot(want, err);
	if (r == 0)
		r = check_options(want, err);
	for (uint32_t i = 0; i < want->dhcp.hosts.count && r == 0; i++)
		r = check_host(want, snap, subnet, i, err);
	return r;
}

/* ---- names of hosts ---- */

/* Words and numbers that dnsmasq's hosts file takes for something else: a lease time, say. */
bool vn_label_means_else(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return !strcasecmp(s, "ignore") || !strcasecmp(s, "infinite") ||
	       (digits && (!s[digits] || (strchr("smhdwSMHDW", s[digits]) && !s[digits + 1])));
}

/* RFC 1123, section 2.1: letters, digits and inner hyphens. */
bool vn_label_ok(const char *s)
{
	size_t len = strlen(s);

	return len && len < VNET_HOST_NAME && s[0] != '-' && s[len - 1] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

bool vn_domain_ok(const char *s)
{
	char label[VNET_HOST_NAME];
	size_t len;

	if (strlen(s) >= VNET_DOMAIN)
		return false;
	for (;; s += len + 1) {
		len = strcspn(s, ".");
		if (vn_format(label, sizeof(label), "%.*s", (int)len, s) < 0 || !vn_label_ok(label))
			return false;
		if (!s[len])
			return label[strspn(label, "0123456789")] != '\0';
	}
}
