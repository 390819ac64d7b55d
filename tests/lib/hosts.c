/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hosts_maker.h"
#include "lib/must.h"

/* ---- addresses ---- */

static void keep_addr(struct maker *m, const char *addr)
{
	if (m->n_addrs < ADDRS)
		(void)snprintf(m->addrs[m->n_addrs++], sizeof(m->addrs[0]), "%s", addr);
}

static void put_lifetime(struct maker *m)
{
	uint32_t valid = 1000 + below(m, 9000);

	if (one_in(m, 3))
		vn_text_add(&m->batch, " preferred_lft 0");
	else
		vn_text_add(&m->batch, " valid_lft %u preferred_lft %u", valid,
			    one_in(m, 4) ? valid : valid - below(m, 900));
}

static void make_addr4(struct maker *m, uint32_t s, uint32_t i)
{
	static const char *const scopes[] = { "link", "host", "site" };
	static const char *const words[] = {
		"broadcast +",	 "broadcast 255.255.255.255",
		"label eth0:x",	 "label else",
		"noprefixroute", "metric 77",
	};
	char addr[32];
	bool plain = one_in(m, 2);

	(void)snprintf(addr, sizeof(addr), "10.%u.0.%u/%s", s + 10, 2 + 20 * i + below(m, 20),
		       plain || one_in(m, 2) ? "24" : "32");
	vn_text_add(&m->batch, "addr add %s dev eth0", addr);
	keep_addr(m, addr);
	if (strstr(addr, "/32") && one_in(m, 3))
		vn_text_add(&m->batch, " scope %s", any(m, scopes, COUNT(scopes)));
	if (!plain || one_in(m, 4))
		vn_text_add(&m->batch, " %s", any(m, words, plain ? 4 : COUNT(words)));
	if (one_in(m, 12)) {
		m->force = true;
		put_lifetime(m);
	}
	vn_text_add(&m->batch, "\n");
	if (!plain && strstr(addr, "/24") && !m->plain4[s])
		m->spoilt4[s] = true;
	if (!plain || m->spoilt4[s])
		return;
	m->plain4[s] = true;
	(void)snprintf(m->src4, sizeof(m->src4), "%.*s", (int)strcspn(addr, "/"), addr);
}

static void make_addr6(struct maker *m, uint32_t s, uint32_t i)
{
	static const char *const words[] = { "nodad", "home", "noprefixroute", "metric 77",
					     "mngtmpaddr" };
	char addr[64];
	bool plain = one_in(m, 2);

	(void)snprintf(addr, sizeof(addr), "2001:db8:%u::%x/%s", s, 2 + 16 * i + below(m, 16),
		       plain || one_in(m, 2) ? "64" : "128");
	vn_text_add(&m->batch, "addr add %s dev eth0%s", addr, m->up ? "" : " nodad");
	keep_addr(m, addr);
	if (!plain)
		vn_text_add(&m->batch, " %s",
			    strstr(addr, "/64") ? any(m, words, COUNT(words) - m->temporary) :
						  "noprefixroute");
	if (one_in(m, 6))
		put_lifetime(m);
	vn_text_add(&m->batch, "\n");
	if (!plain)
		return;
	m->plain6[s] = true;
	(void)snprintf(m->src6, sizeof(m->src6), "%.*s", (int)strcspn(addr, "/"), addr);
}

static void make_odd_addrs(struct maker *m)
{
	if (one_in(m, 4)) {
		vn_text_add(&m->batch, "addr add 172.31.0.1 peer 172.31.0.2/32 dev eth0\n");
		keep_addr(m, "172.31.0.1 peer 172.31.0.2/32");
	}
	if (one_in(m, 6))
		vn_text_add(&m->batch,
			    "addr add 172.31.1.1 peer 172.31.2.0/24 dev eth0 scope link\n");
	if (m->up && one_in(m, 6))
		vn_text_add(&m->batch,
			    "addr add 2001:db8:aa::1 peer 2001:db8:aa::2/128 dev eth0%s\n",
			    m->up ? "" : " nodad");
	if (one_in(m, 6))
		vn_text_add(&m->batch, "addr add 224.1.2.3/32 dev eth0 autojoin\n");
	if (m->up && one_in(m, 5))
		vn_text_add(&m->batch, "addr add fe80::%x/64 dev eth0%s\n", 1 + below(m, 999),
			    m->up ? "" : " nodad");
}

/* Order counts: those of the subnets are mixed. */
static void make_addrs(struct maker *m)
{
	uint32_t n4 = below(m, 6);
	uint32_t n6 = m->up ? below(m, 5) : 0; /* on one that is down they are refused */

	for (uint32_t i = 0; i < n4; i++)
		make_addr4(m, below(m, SUBNETS), i);
	for (uint32_t i = 0; i < n6; i++)
		make_addr6(m, below(m, SUBNETS), i);
	make_odd_addrs(m);
	if (m->second)
		vn_text_add(&m->batch, "addr add 10.99.0.2/24 dev eth1\n"
				       "addr add 2001:db8:99::2/64 dev eth1\n");
}

/* ---- routes ---- */

/* " via ROUTER", of one that can be reached or said to be on the link. */
static void put_router(struct maker *m, struct vn_text *text, bool v6, uint32_t i, bool *ret_onlink)
{
	uint32_t s = below(m, SUBNETS);

	*ret_onlink = v6 ? !m->plain6[s] : !m->plain4[s];
	if (v6 && one_in(m, 3)) {
		vn_text_add(text, " via fe80::%x", 3 * i + 1 + below(m, 3));
		*ret_onlink = false;
	} else if (v6) {
		vn_text_add(text, " via 2001:db8:%u::f0%02x", s, 3 * i + 1 + below(m, 3));
	} else {
		vn_text_add(text, " via 10.%u.0.%u", s + 10, 240 + 3 * i + below(m, 3));
	}
	*ret_onlink |= one_in(m, 12);
}

static void put_hop(struct maker *m, struct vn_text *text, bool v6, uint32_t i)
{
	bool onlink;

	vn_text_add(text, " nexthop");
	if (m->second && one_in(m, 3)) {
		vn_text_add(text, v6 ? " via 2001:db8:99::%u dev eth1" : " via 10.99.0.%u dev eth1",
			    11 + i);
		return;
	}
	put_router(m, text, v6, i, &onlink);
	vn_text_add(text, " dev eth0 weight %u%s", 1 + below(m, 9), onlink ? " onlink" : "");
}

static void put_metrics(struct maker *m, bool v6, bool several)
{
	static const char *const words[] = {
		"mtu 1300",
		"mtu lock 1350",
		"advmss 1200",
		"window 9000",
		"rtt 300ms",
		"rttvar 80ms",
		"ssthresh 9",
		"cwnd 11",
		"initcwnd 20",
		"initrwnd 30",
		"hoplimit 9",
		"reordering 5",
		"rto_min 50ms",
		"quickack 1",
		"features ecn",
		"congctl reno",
		"fastopen_no_cookie 1",
	};

	for (uint32_t n = one_in(m, 2) ? 0 : 1 + below(m, 3); n > 0; n--)
		vn_text_add(&m->batch, " %s", words[(below(m, 6) + 6 * n) % COUNT(words)]);
	if (!v6 && !several && one_in(m, 8))
		vn_text_add(&m->batch, " realms %u/%u", 1 + below(m, 9), 1 + below(m, 9));
}

static void put_table(struct maker *m, struct vn_text *text)
{
	static const char *const tables[] = { "100", "200", "254", "255000" };

	if (one_in(m, 3))
		vn_text_add(text, " table %s", any(m, tables, COUNT(tables)));
}

static void put_route_words(struct maker *m, bool v6, bool several, bool tabled)
{
	static const char *const protos[] = { "boot", "bird", "77", "dhcp", "kernel" };

	if (one_in(m, 3))
		vn_text_add(&m->batch, " proto %s", any(m, protos, COUNT(protos)));
	if (one_in(m, 3))
		vn_text_add(&m->batch, " metric %u", one_in(m, 4) ? 1 : 1 + below(m, 5000));
	if (!v6 && one_in(m, 8))
		vn_text_add(&m->batch, " tos 0x10");
	/* elsewhere the kernel keeps a route whose source is gone; it would not come back */
	if (!tabled && *(v6 ? m->src6 : m->src4) && one_in(m, 4))
		vn_text_add(&m->batch, " src %s", v6 ? m->src6 : m->src4);
	if (v6 && one_in(m, 6))
		vn_text_add(&m->batch, " pref %s", one_in(m, 2) ? "high" : "low");
	if (v6 && one_in(m, 8))
		vn_text_add(&m->batch, " expires %u", 1000 + below(m, 9000));
	put_metrics(m, v6, several);
}

static void keep_route(struct maker *m, const char *to)
{
	if (m->n_routes < ROUTES)
		(void)snprintf(m->routes[m->n_routes++], sizeof(m->routes[0]), "%s", to);
}

static void make_route(struct maker *m, bool v6, uint32_t i)
{
	struct vn_text to = { 0 };
	uint32_t how = below(m, 6);
	bool onlink = false;

	if (one_in(m, 5))
		vn_text_add(&to, "%s metric %u", v6 ? "::/0" : "0.0.0.0/0", 10 * i + 2);
	else
		vn_text_add(&to, v6 ? "2001:db8:%x::/48" : "198.51.%u.0/24",
			    0x100 * (v6 ? 1 : 0) + i);
	put_table(m, &to);
	keep_route(m, to.buf);
	vn_text_add(&m->batch, "route add %s", to.buf);
	if (!strstr(to.buf, "metric"))
		put_route_words(m, v6, how == 1, strstr(to.buf, "table") != NULL);
	else
		put_metrics(m, v6, how == 1);
	if (how == 0) {
		vn_text_add(&m->batch, " dev eth0%s", v6 ? "" : " scope link");
	} else if (how == 1) {
		for (uint32_t n = 2 + below(m, 2); n > 0; n--)
			put_hop(m, &m->batch, v6, n);
	} else if (how == 2 && !v6) {
		vn_text_add(&m->batch, " via inet6 fe80::9 dev eth0");
	} else {
		put_router(m, &m->batch, v6, 0, &onlink);
		vn_text_add(&m->batch, " dev eth0%s", onlink ? " onlink" : "");
	}
	vn_text_add(&m->batch, "\n");
	vn_text_done(&to);
}

/* Two to the same destination, which differ by the router or by the tos alone. */
static void make_twins(struct maker *m)
{
	for (uint32_t s = 0; s < SUBNETS; s++) {
		if (m->plain4[s] && one_in(m, 2)) {
			vn_text_add(&m->batch, "route add 203.0.%u.0/24 via 10.%u.0.240\n", s,
				    s + 10);
			vn_text_add(&m->batch, "route append 203.0.%u.0/24 via 10.%u.0.241\n", s,
				    s + 10);
			vn_text_add(&m->batch, "route prepend 203.0.%u.0/24 via 10.%u.0.242\n", s,
				    s + 10);
		}
		if (m->plain6[s] && one_in(m, 2)) {
			vn_text_add(&m->batch,
				    "route add 2001:db8:f%u::/48 via 2001:db8:%u::f001 metric 9\n",
				    s, s);
			vn_text_add(
				&m->batch,
				"route append 2001:db8:f%u::/48 via fe80::5 dev eth0 metric %u\n",
				s, one_in(m, 2) ? 9 : 10);
		}
	}
}

static void make_routes(struct maker *m)
{
	static const char *const dead[] = { "blackhole", "unreachable", "prohibit", "throw" };
	uint32_t n4 = below(m, 8);
	uint32_t n6 = below(m, 8);

	for (uint32_t i = 0; i < n4; i++)
		make_route(m, false, i);
	for (uint32_t i = 0; i < n6; i++)
		make_route(m, true, i);
	make_twins(m);
	if (one_in(m, 3))
		vn_text_add(&m->batch, "route add %s 192.0.2.0/24 metric %u\n",
			    any(m, dead, COUNT(dead)), below(m, 9));
	if (one_in(m, 3))
		vn_text_add(&m->batch, "route add %s 2001:db8:dead::/48 metric %u\n",
			    any(m, dead, COUNT(dead)), 1 + below(m, 9));
}

static void make_nexthops(struct maker *m)
{
	bool onlink;

	for (uint32_t i = 0; i < 2; i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			vn_text_add(&m->batch, "nexthop add id %u", 10 + 2 * i + (uint32_t)v6);
			put_router(m, &m->batch, v6 != 0, 0, &onlink);
			vn_text_add(&m->batch, " dev eth0%s%s\n", onlink ? " onlink" : "",
				    one_in(m, 4) ? " proto 77" : "");
		}
	}
	vn_text_add(&m->batch, "nexthop add id 20 group 10,%u/12\n", 1 + below(m, 9));
	vn_text_add(&m->batch, "nexthop add id 21 group 11/13,%u\n", 1 + below(m, 9));
	vn_text_add(&m->batch, "route add 203.0.113.0/24 nhid %u metric %u\n",
		    one_in(m, 2) ? 10 : 20, below(m, 99));
	vn_text_add(&m->batch, "route add 2001:db8:77::/48 nhid %u metric %u\n",
		    one_in(m, 2) ? 11 : 21, 1 + below(m, 99));
	if (one_in(m, 2)) {
		vn_text_add(&m->batch, "nexthop add id 30 dev eth0\n");
		vn_text_add(&m->batch, "route add 203.0.114.0/24 nhid 30\n");
	}
	if (one_in(m, 2))
		vn_text_add(&m->batch, "nexthop add id 31 blackhole\n");
}

/* ---- rules, neighbours ---- */

static void make_rules(struct maker *m)
{
	if (*m->src4 && one_in(m, 3))
		vn_text_add(&m->batch, "rule add from %s lookup 100 pref %u\n", m->src4,
			    1 + below(m, 9999));
	if (*m->src6 && one_in(m, 3))
		vn_text_add(&m->build, "ip -6 rule add from %s lookup 100\n", m->src6);
	if (one_in(m, 4))
		vn_text_add(&m->batch, "rule add fwmark %u lookup 200 pref 7\n", 1 + below(m, 99));
}

static void make_neighs(struct maker *m)
{
	static const char *const states[] = {
		"permanent", "noarp", "stale", "reachable", "permanent router", "stale extern_learn"
	};

	for (uint32_t i = 0, n = below(m, 5); i < n; i++) {
		uint32_t s = below(m, SUBNETS);

		vn_text_add(&m->batch,
			    "neigh add 10.%u.0.%u lladdr 02:00:00:00:aa:%02x dev eth0 nud %s\n",
			    s + 10, 220 + i, below(m, 255), any(m, states, COUNT(states)));
		if (one_in(m, 2))
			vn_text_add(&m->batch,
				    "neigh add 2001:db8:%u::ee%u lladdr 02:00:00:00:ab:%02x dev "
				    "eth0 nud %s\n",
				    s, i, below(m, 255), any(m, states, COUNT(states)));
	}
	if (one_in(m, 3))
		vn_text_add(&m->batch, "neigh add proxy 10.10.0.230 dev eth0%s\n",
			    one_in(m, 3) ? " proto 77" : "");
	if (one_in(m, 3))
		vn_text_add(&m->batch, "neigh add proxy 2001:db8::ee dev eth0\n");
}

/* ---- what is changed later ---- */

static void change_addr(struct maker *m, uint32_t i)
{
	if (m->n_addrs && one_in(m, 2))
		vn_text_add(&m->admin, "addr del %s dev $DEV\n",
			    m->addrs[below(m, (uint32_t)m->n_addrs)]);
	else if (one_in(m, 2))
		vn_text_add(&m->admin, "addr add 10.%u.0.%u/24 dev $DEV%s\n", 10 + below(m, 4),
			    160 + i, one_in(m, 3) ? " noprefixroute" : "");
	else
		vn_text_add(&m->admin, "addr add 2001:db8:%u::ad%u/64 dev $DEV nodad\n",
			    below(m, 4), i);
}

static void change_route(struct maker *m, uint32_t i)
{
	bool onlink;
	bool v6 = one_in(m, 2);

	if (m->n_routes && one_in(m, 2)) {
		vn_text_add(&m->admin, "route del %s\n",
			    m->routes[below(m, (uint32_t)m->n_routes)]);
		return;
	}
	vn_text_add(&m->admin, v6 ? "route add 2001:db8:ad%u::/48" : "route add 198.18.%u.0/24", i);
	if (one_in(m, 4)) {
		vn_text_add(&m->admin, " dev $DEV\n");
		return;
	}
	put_router(m, &m->admin, v6, 0, &onlink);
	vn_text_add(&m->admin, " dev $DEV%s%s\n", onlink ? " onlink" : "",
		    one_in(m, 3) ? " metric 300" : "");
}

static void change_other(struct maker *m, uint32_t i)
{
	if (one_in(m, 3))
		vn_text_add(&m->admin, "rule add fwmark 0x%x lookup 100 pref %u\n", 100 + i,
			    20 + i);
	else if (one_in(m, 2))
		vn_text_add(&m->admin,
			    "neigh replace 10.10.0.22%u lladdr 02:00:00:00:ac:%02x dev $DEV nud "
			    "permanent\n",
			    below(m, 9), i);
	else
		vn_text_add(&m->admin, "neigh del 10.10.0.22%u dev $DEV\n", below(m, 3));
}

static void make_admin(struct maker *m)
{
	vn_text_add(&m->admin, "ip -force -batch - >/dev/null 2>&1 <<END\n");
	for (uint32_t i = 0, n = 1 + below(m, 5); i < n; i++) {
		switch (below(m, 5)) {
		case 0:
		case 1:
			change_addr(m, i);
			break;
		case 2:
		case 3:
			change_route(m, i);
			break;
		default:
			change_other(m, i);
			break;
		}
	}
	vn_text_add(&m->admin, "END\n:\n");
}

/* ---- all of it ---- */

static void run_batch(struct maker *m)
{
	vn_text_add(&m->build, "ip -batch - <<'END'\n%sEND\n", m->batch.buf ? m->batch.buf : "");
	vn_text_done(&m->batch);
}

static void make_host(struct maker *m)
{
	vn_text_add(&m->build, "ip link set lo up\n");
	if (one_in(m, 3))
		hosts_make_settings(m, "all", 12);
	if (one_in(m, 3))
		hosts_make_settings(m, "default", 12);
	hosts_make_link(m, 0);
	hosts_make_nic(m);
	if (m->second) {
		hosts_make_link(m, 1);
		vn_text_add(&m->build, "ip link set eth1 up\n");
	}
	make_addrs(m);
	run_batch(m);
	vn_text_add(&m->build, "until [ -z \"$(ip -6 addr show dev eth0 tentative)\" ]; do "
			       "sleep 0.01; done\n");
	if (m->up) {
		make_routes(m);
		if (one_in(m, 3))
			make_nexthops(m);
	}
	make_rules(m);
	if (m->up)
		make_neighs(m);
	run_batch(m);
	hosts_make_tc(m);
	vn_text_add(&m->build, "echo %u >/proc/sys/net/ipv6/conf/eth0/accept_dad\n", below(m, 3));
	if (one_in(m, 10))
		vn_text_add(&m->build, "ip link set far0 down\n");
	make_admin(m);
}

void host_make(uint64_t seed, struct host *ret_host)
{
	struct maker m = { .gen = { seed } };
	struct host host = { 0 };

	m.up = !one_in(&m, 12);
	m.temporary = one_in(&m, 2);
	m.second = one_in(&m, 3);
	make_host(&m);
	host.force = m.force;
	host.stp = one_in(&m, 3);
	host.address = one_in(&m, 3);
	host.xdp = one_in(&m, 5);
	must(vn_text_take(&m.build, &host.build) == 0 && vn_text_take(&m.admin, &host.admin) == 0);
	vn_text_done(&m.batch);
	*ret_host = host;
}

void host_done(struct host *host)
{
	free(host->build);
	free(host->admin);
	*host = (struct host){ 0 };
}
