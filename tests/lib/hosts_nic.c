/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links of a generated host, and their settings. */
#include <stdio.h>
#include <string.h>

#include "lib/hosts_maker.h"

struct setting {
	const char *dir;
	const char *key;
	const char *values; /* one a word */
};

static const struct setting settings[] = {
	{ "ipv4/conf", "arp_ignore", "1 2" },
	{ "ipv4/conf", "arp_announce", "1 2" },
	{ "ipv4/conf", "arp_filter", "1" },
	{ "ipv4/conf", "arp_notify", "1" },
	{ "ipv4/conf", "arp_accept", "1 2" },
	{ "ipv4/conf", "arp_evict_nocarrier", "0" },
	{ "ipv4/conf", "rp_filter", "0 1 2" },
	{ "ipv4/conf", "promote_secondaries", "0 1" },
	{ "ipv4/conf", "accept_local", "1" },
	{ "ipv4/conf", "accept_redirects", "0 1" },
	{ "ipv4/conf", "accept_source_route", "0 1" },
	{ "ipv4/conf", "send_redirects", "0 1" },
	{ "ipv4/conf", "secure_redirects", "0 1" },
	{ "ipv4/conf", "shared_media", "0" },
	{ "ipv4/conf", "log_martians", "1" },
	{ "ipv4/conf", "proxy_arp", "1" },
	{ "ipv4/conf", "medium_id", "3 -1" },
	{ "ipv4/conf", "tag", "17" },
	{ "ipv4/conf", "route_localnet", "1" },
	{ "ipv4/conf", "src_valid_mark", "1" },
	{ "ipv4/conf", "forwarding", "0 1" },
	{ "ipv4/conf", "ignore_routes_with_linkdown", "0 1" },
	{ "ipv4/conf", "drop_gratuitous_arp", "1" },
	{ "ipv4/conf", "force_igmp_version", "2" },
	{ "ipv6/conf", "accept_ra", "0 1 2" },
	{ "ipv6/conf", "accept_ra_defrtr", "0" },
	{ "ipv6/conf", "accept_ra_pinfo", "0" },
	{ "ipv6/conf", "accept_ra_min_hop_limit", "64" },
	{ "ipv6/conf", "accept_redirects", "0" },
	{ "ipv6/conf", "autoconf", "0 1" },
	{ "ipv6/conf", "use_tempaddr", "-1 1 2" },
	{ "ipv6/conf", "temp_valid_lft", "86400" },
	{ "ipv6/conf", "hop_limit", "32 255" },
	{ "ipv6/conf", "dad_transmits", "0 3" },
	{ "ipv6/conf", "max_addresses", "0 99" },
	{ "ipv6/conf", "keep_addr_on_down", "1 -1" },
	{ "ipv6/conf", "ndisc_notify", "1" },
	{ "ipv6/conf", "ndisc_evict_nocarrier", "0" },
	{ "ipv6/conf", "router_solicitations", "0 2" },
	{ "ipv6/conf", "forwarding", "0 1" },
	{ "ipv6/conf", "proxy_ndp", "1" },
	{ "ipv6/conf", "ra_defrtr_metric", "512" },
	{ "ipv6/conf", "ignore_routes_with_linkdown", "0 1" },
	{ "ipv6/conf", "suppress_frag_ndisc", "0" },
	{ "ipv6/conf", "force_mld_version", "1" },
	{ "ipv6/conf", "mtu", "1280" },
	{ "ipv4/neigh", "gc_stale_time", "30 600" },
	{ "ipv4/neigh", "mcast_solicit", "5" },
	{ "ipv4/neigh", "unres_qlen_bytes", "4096" },
	{ "ipv4/neigh", "delay_first_probe_time", "2" },
	{ "ipv4/neigh", "base_reachable_time_ms", "20000" },
	{ "ipv4/neigh", "retrans_time_ms", "500" },
	{ "ipv4/neigh", "proxy_delay", "10" },
	{ "ipv6/neigh", "gc_stale_time", "30 600" },
	{ "ipv6/neigh", "ucast_solicit", "5" },
	{ "ipv6/neigh", "app_solicit", "1" },
	{ "ipv6/neigh", "retrans_time_ms", "700" },
	{ "ipv6/neigh", "locktime", "50" },
};

static void set(struct maker *m, const char *link, const struct setting *s)
{
	char words[64];
	char *list[8];
	char *save = NULL;
	size_t n = 0;

	(void)snprintf(words, sizeof(words), "%s", s->values);
	for (char *w = strtok_r(words, " ", &save); w && n < COUNT(list);
	     w = strtok_r(NULL, " ", &save))
		list[n++] = w;
	vn_text_add(&m->build, "printf %%s %s >/proc/sys/net/%s/%s/%s\n",
		    list[below(m, (uint32_t)n)], s->dir, link, s->key);
}

/* Some of them; those for all links do not do everything. */
void hosts_make_settings(struct maker *m, const char *link, uint32_t rarity)
{
	bool every = !strcmp(link, "all") || !strcmp(link, "default");

	for (size_t i = 0; i < COUNT(settings); i++) {
		bool neigh = strstr(settings[i].dir, "neigh") != NULL;

		bool temps = !strcmp(settings[i].key, "use_tempaddr");

		if (one_in(m, rarity) && (!temps || m->temporary) &&
		    !(every && (neigh || !strcmp(settings[i].key, "mtu"))))
			set(m, link, &settings[i]);
	}
}

/* ---- links ---- */

void hosts_make_link(struct maker *m, int i)
{
	vn_text_add(&m->build,
		    "ip link add eth%d address 02:00:00:00:%02x:%02x type veth peer name far%d "
		    "address 02:00:00:00:ff:%02x\n"
		    "echo 1 >/proc/sys/net/ipv6/conf/far%d/disable_ipv6\n"
		    "ip link set far%d arp off up\n"
		    "echo 0 >/proc/sys/net/ipv6/conf/eth%d/accept_dad\n",
		    i, i, below(m, 256), i, i, i, i, i);
}

void hosts_make_nic(struct maker *m)
{
	static const char *const mtus[] = { "1280", "1400", "1492", "9000" };
	static const char *const modes[] = { "none", "eui64" };

	if (one_in(m, 3))
		vn_text_add(&m->build, "ip link set eth0 mtu %s\n", any(m, mtus, COUNT(mtus)));
	if (one_in(m, 4))
		vn_text_add(&m->build, "ip link set eth0 addrgenmode %s\n",
			    any(m, modes, COUNT(modes)));
	else if (one_in(m, 8))
		vn_text_add(&m->build,
			    "echo 2001:db8::%x >/proc/sys/net/ipv6/conf/eth0/stable_secret\n",
			    below(m, 0xffff));
	if (one_in(m, 3))
		vn_text_add(&m->build, "ip link set eth0 txqueuelen %u\n", 100 + below(m, 5000));
	if (one_in(m, 3))
		vn_text_add(&m->build, "ip link set eth0 alias 'the way out %u'\n", below(m, 100));
	for (uint32_t n = below(m, 3); n > 0; n--)
		vn_text_add(&m->build, "ip link property add dev eth0 altname enp%us0\n", n);
	if (one_in(m, 6))
		vn_text_add(&m->build, "ip link set eth0 group %u\n", 1 + below(m, 1000));
	if (one_in(m, 8))
		vn_text_add(&m->build, "ip link set eth0 allmulticast on\n");
	if (one_in(m, 8))
		vn_text_add(&m->build, "ip link set eth0 promisc on\n");
	hosts_make_settings(m, "eth0", 6);
	if (m->up)
		vn_text_add(&m->build, "ip link set eth0 up\n");
}

void hosts_make_tc(struct maker *m)
{
	static const char *const roots[] = {
		"tbf rate 100mbit burst 32k latency 50ms",
		"pfifo limit 77",
	};

	if (one_in(m, 3))
		vn_text_add(&m->build, "tc qdisc add dev eth0 root handle 1: %s\n",
			    any(m, roots, COUNT(roots)));
	if (!one_in(m, 3))
		return;
	vn_text_add(&m->build, "tc qdisc add dev eth0 clsact\n");
	for (uint32_t n = below(m, 3); n > 0; n--)
		vn_text_add(&m->build,
			    "tc filter add dev eth0 %s prio %u bpf da bytecode '1,6 0 0 0'\n",
			    one_in(m, 2) ? "ingress" : "egress", 10 * n);
}
