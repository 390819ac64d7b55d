/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/taken.h"

#include <errno.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/dhcp.h"
#include "services/leases.h"
#include "sys/probe.h"

enum {
	SERVER_MS = 100,  /* to wait for answers about the server */
	RANGE_MS = 200,	  /* and about a whole range */
	CANDIDATES = 16,  /* of the server, before the user is asked */
	RANGE_MAX = 1024, /* what goes out in one burst, of 64 bytes each */
};

/* What is asked: first for the server's own address, then for the range. */
struct question {
	const struct vnet_link *link; /* NULL: no one there */
	struct vnet_cidr server[CANDIDATES];
	size_t n_server;
	size_t n;
	struct vnet_ip ips[CANDIDATES + RANGE_MAX];
	struct vnet_mac users[CANDIDATES + RANGE_MAX];
};

/* ---- whom to ask ---- */

/* The LAN is not behind the bridge yet: the NIC is about to become its way out. */
static bool joins(const struct vnet_spec *want, const struct vnet_snapshot *snap)
{
	const struct vnet_link *nic = vn_dhcp_nic(want, snap);

	return snap->survey && nic && !nic->master;
}

/* The link where someone could answer; NULL: none. */
static const struct vnet_link *link_of(const struct vnet_spec *want,
				       const struct vnet_snapshot *snap)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, want->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	const struct vnet_link *nic = vn_dhcp_nic(want, snap);

	if (joins(want, snap))
		return (nic->flags & IFF_UP) && nic->carrier ? nic : NULL;
	for (size_t i = 0; bridge && (bridge->flags & IFF_UP) && i < host->n_links; i++) {
		if (host->links[i].master == bridge->index && host->links[i].carrier)
			return bridge;
	}
	return NULL;
}

/* ---- what to ask ---- */

/* The address that the user names must not be someone's; that of the running server is its own. */
static bool asks_named(const struct vnet_spec *want, const struct vnet_snapshot *snap)
{
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];

	if (want->dhcp.server.ip.family != AF_INET)
		return false; /* refused later */
	if (joins(want, snap))
		return true;
	for (size_t i = 0; i < in->n_addrs; i++) {
		if (vnet_cidr_equal(&in->addrs[i].addr, &want->dhcp.server))
			return false;
	}
	/* without its namespace's name the server is not seen: it would answer itself */
	return !in->hidden && (!snap->running || in->exists);
}

static bool is_new_range(const struct vnet_spec *want, const struct vnet_spec *record,
			 const struct vnet_snapshot *snap)
{
	return !record || !vnet_spec_same(want, record, VNET_KEY_DHCP_RANGE) ||
	       (vnet_spec_has(want, VNET_KEY_UPLINK) &&
		(!vnet_spec_has(record, VNET_KEY_UPLINK) || joins(want, snap)));
}

static bool is_reserved(const struct vnet_spec *want, const struct vnet_ip *ip)
{
	for (uint32_t i = 0; i < want->dhcp.hosts.count; i++) {
		if (vnet_ip_equal(&vnet_hosts(&want->dhcp.hosts)[i].ip, ip))
			return true;
	}
	return false;
}

static int ask_range(const struct vnet_spec *want, struct question *q, struct vnet_error *err)
{
	uint32_t last = vnet_ip4_number(&want->dhcp.range.last);
	uint32_t ip = vnet_ip4_number(&want->dhcp.range.first);

	if (last - ip >= RANGE_MAX)
		return vnet_error_set(err, -E2BIG,
				      "the range has more than %d addresses, and beside an uplink "
				      "each is asked for: want a smaller one",
				      RANGE_MAX);
	for (; ip <= last; ip++) {
		q->ips[q->n] = vnet_ip4(ip);
		if (!is_reserved(want, &q->ips[q->n]))
			q->n++;
	}
	return 0;
}

/* ---- the answers ---- */

static int ask(struct question *q, bool range, struct vnet_error *err)
{
	int r;

	if (!q->link || !q->n)
		return 0;
	r = vn_arp_probe(q->link->index, &q->link->mac, q->ips, q->n, range ? RANGE_MS : SERVER_MS,
			 q->users);
	if (r == -EPERM && geteuid() != 0) /* a dry run: whoever carries it out asks again */
		return 0;
	if (r < 0)
		return vnet_error_set(err, r, "asking by ARP on %s: %s", q->link->name,
				      vn_strerror(r));
	return 0;
}

static int take_server(const struct vnet_spec *want, const struct question *q,
		       struct vnet_snapshot *snap, struct vnet_error *err)
{
	bool named = vnet_spec_has(want, VNET_KEY_DHCP_SERVER);
	char text[VNET_CIDR_TEXT];

	for (size_t i = 0; i < q->n_server && !snap->server.prefix; i++) {
		if (!vn_arp_used(&q->users[i]))
			snap->server = q->server[i];
	}
	if (!q->n_server || snap->server.prefix)
		return 0;
	if (named)
		return vnet_error_set(err, -EADDRINUSE, "server %s: someone on %s has this address",
				      vnet_cidr_text(&want->dhcp.server, text), q->link->name);
	return vnet_error_set(err, -EADDRINUSE,
			      "the last %zu addresses of the subnet are all in use: want "
			      "--server",
			      q->n_server);
}

/* A guest that has leased it here is no other. */
static bool is_lessee(const struct vnet_lease *leases, size_t n, const struct vnet_ip *ip,
		      const struct vnet_mac *user)
{
	for (size_t i = 0; i < n; i++) {
		if (vnet_ip_equal(&leases[i].ip, ip) &&
		    !memcmp(&leases[i].mac, user, sizeof(*user)))
			return true;
	}
	return false;
}

static int take_range(const struct question *q, struct vnet_snapshot *snap)
{
	const struct vnet_file *file = vnet_file_by_path(snap, snap->lease_path);
	auto_free char *text = file && file->content ? strdup(file->content) : strdup("");
	auto_free struct vnet_lease *leases = NULL;
	struct vn_lease_flaws flaws = { 0 };
	size_t n;
	int r = text ? vn_leases_parse(text, strlen(text), &leases, &n, &flaws) : -ENOMEM;

	for (size_t i = q->n_server; i < q->n && r == 0; i++) {
		if (vn_arp_used(&q->users[i]) && !is_lessee(leases, n, &q->ips[i], &q->users[i]))
			r = vn_snapshot_add_taken(snap, &q->ips[i]);
	}
	return r;
}

int vn_taken_find(const struct vnet_spec *want, const struct vnet_spec *record,
		  struct vnet_snapshot *snap, struct vnet_error *err)
{
	auto_free struct question *q = calloc(1, sizeof(*q));
	bool range = false;
	int r = 0;

	if (!vnet_spec_has(want, VNET_KEY_DHCP_RANGE))
		return 0;
	if (!q)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	q->link = link_of(want, snap);
	if (!vnet_spec_has(want, VNET_KEY_DHCP_SERVER))
		q->n_server = vnet_dhcp_candidates(want, snap, q->server, CANDIDATES);
	else if (asks_named(want, snap))
		q->server[q->n_server++] = want->dhcp.server;
	for (; q->n < q->n_server; q->n++)
		q->ips[q->n] = q->server[q->n].ip;
	snap->asked = is_new_range(want, record, snap);
	if (snap->asked && vnet_spec_has(want, VNET_KEY_UPLINK)) {
		range = true;
		r = ask_range(want, q, err);
	}
	if (r == 0)
		r = ask(q, range, err);
	if (r == 0)
		r = take_server(want, q, snap, err);
	if (r < 0)
		return r;
	r = take_range(q, snap);
	return r < 0 ? vnet_error_set(err, r, "out of memory") : 0;
}
