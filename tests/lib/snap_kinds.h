/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Part of snap.c, included once: the kinds of objects of a network namespace.
 */
#ifndef TESTS_LIB_SNAP_KINDS_H
#define TESTS_LIB_SNAP_KINDS_H

#include "snap_attrs.h"

#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/nexthop.h>

#define NFT_GET(what) (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GET##what)

/* Count up within the messages that have the same key as the one before. */
static void show_order(struct view *v, bool same)
{
	v->order = same ? v->order + 1 : 0;
	text_add(v->t, " order=%04u", v->order);
}

static bool head_raw(struct view *v, const struct nlmsghdr *n)
{
	text_add(v->t, " header=");
	text_hex(v->t, body_of(n), v->kind->body);
	return true;
}

static bool head_link(struct view *v, const struct nlmsghdr *n)
{
	struct ifinfomsg ifi;
	struct attr a;

	memcpy(&ifi, body_of(n), sizeof(ifi));
	v->foreign = find_in(n, v->kind->body, IFLA_LINK_NETNSID, &a);
	text_add(v->t, " ");
	show_index(v, (uint32_t)ifi.ifi_index);
	text_add(v->t, " type=%u flags=%x", ifi.ifi_type, ifi.ifi_flags);
	return true;
}

static bool head_addr(struct view *v, const struct nlmsghdr *n)
{
	struct ifaddrmsg ifa, prev = { 0 };

	memcpy(&ifa, body_of(n), sizeof(ifa));
	if (v->prev)
		memcpy(&prev, body_of(v->prev), sizeof(prev));
	text_add(v->t, " ");
	show_index(v, ifa.ifa_index);
	text_add(v->t, " family=%u", ifa.ifa_family);
	show_order(v, prev.ifa_index == ifa.ifa_index);
	text_add(v->t, " plen=%u flags=%x scope=%u", ifa.ifa_prefixlen,
		 ifa.ifa_flags & ~v->kind->volatile_bits, ifa.ifa_scope);
	return true;
}

static bool head_route(struct view *v, const struct nlmsghdr *n)
{
	struct rtmsg r;

	memcpy(&r, body_of(n), sizeof(r));
	text_add(v->t, " family=%u table=%u type=%u dst_len=%u src_len=%u tos=%u", r.rtm_family,
		 r.rtm_table, r.rtm_type, r.rtm_dst_len, r.rtm_src_len, r.rtm_tos);
	text_add(v->t, " protocol=%u scope=%u flags=%x", r.rtm_protocol, r.rtm_scope, r.rtm_flags);
	return !(r.rtm_flags & RTM_F_CLONED);
}

static bool same_attr(const struct view *v, const struct nlmsghdr *n, unsigned int type)
{
	struct attr a = { 0 }, b = { 0 };

	if (!v->prev)
		return false;
	(void)find_in(n, v->kind->body, type, &a);
	(void)find_in(v->prev, v->kind->body, type, &b);
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

static bool head_rule(struct view *v, const struct nlmsghdr *n)
{
	struct attr a;
	uint32_t priority = 0;

	if (find_in(n, v->kind->body, FRA_PRIORITY, &a) && a.len == sizeof(priority))
		memcpy(&priority, a.p, sizeof(priority));
	text_add(v->t, " family=%u priority=%010u", *body_of(n), priority);
	show_order(v, same_attr(v, n, FRA_PRIORITY));
	return head_raw(v, n);
}

/*
 * Of the neighbours that are not permanent, those of state NOARP can be made by hand, but the
 * kernel makes them as well, as traffic comes: for multicast, broadcast, and links without ARP.
 */
static bool is_made_noarp(const struct view *v, const struct nlmsghdr *n)
{
	static const uint8_t zero[32];
	struct attr a;

	return find_in(n, v->kind->body, NDA_LLADDR, &a) && a.len && a.len <= sizeof(zero) &&
	       !(a.p[0] & 1) && memcmp(a.p, zero, a.len) != 0;
}

static bool head_neigh(struct view *v, const struct nlmsghdr *n)
{
	struct ndmsg nd;

	memcpy(&nd, body_of(n), sizeof(nd));
	text_add(v->t, " ");
	show_index(v, (uint32_t)nd.ndm_ifindex);
	text_add(v->t, " family=%u state=%x flags=%x type=%u", nd.ndm_family, nd.ndm_state,
		 nd.ndm_flags, nd.ndm_type);
	if (nd.ndm_state & NUD_PERMANENT || nd.ndm_flags & NTF_PROXY)
		return true;
	return nd.ndm_state & NUD_NOARP && (nd.ndm_family == AF_BRIDGE || is_made_noarp(v, n));
}

static bool head_qdisc(struct view *v, const struct nlmsghdr *n)
{
	struct tcmsg tc;

	memcpy(&tc, body_of(n), sizeof(tc));
	text_add(v->t, " ");
	show_index(v, (uint32_t)tc.tcm_ifindex);
	text_add(v->t, " handle=%x parent=%x", tc.tcm_handle, tc.tcm_parent);
	return true;
}

static bool head_nft(struct view *v, const struct nlmsghdr *n)
{
	text_add(v->t, " family=%u", *body_of(n));
	return true;
}

/* Within its chain a rule's place is all that tells it from an equal one. */
static bool head_nft_rule(struct view *v, const struct nlmsghdr *n)
{
	struct attr table, chain;

	if (!find_in(n, v->kind->body, NFTA_RULE_TABLE, &table) ||
	    !find_in(n, v->kind->body, NFTA_RULE_CHAIN, &chain))
		die("an nftables rule without table or chain");
	text_add(v->t, " family=%u %s %s", *body_of(n), (const char *)table.p,
		 (const char *)chain.p);
	show_order(v, v->prev && *body_of(v->prev) == *body_of(n) &&
			      same_attr(v, n, NFTA_RULE_TABLE) && same_attr(v, n, NFTA_RULE_CHAIN));
	return true;
}

/* Numbered as IFLA_INFO_SLAVE_DATA of a bridge port: timers, and what was heard. */
#define PORT_DROP(at) at ".21 " at ".22 " at ".23 " at ".38 " at ".41 "

/* Expressions with a state, wherever they stand. */
#define EXPR_DROP "*:counter.* *:quota.4 *:last.* "

enum {
	KIND_LINK, /* the first of: */
};

static const struct kind kinds[] = {
	[KIND_LINK] = {
		.name = "link",
		.type = RTM_GETLINK,
		.ext_mask = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS,
		.body = sizeof(struct ifinfomsg),
		.head = head_link,
		/* statistics, carrier changes; bridge: timers, entries learned; IPv6: cacheinfo */
		.drop = PORT_DROP(
			"18.5:bridge") "7 23 35 47 48 18.3 18.2:bridge.16 18.2:bridge.17 "
				       "18.2:bridge.18 18.2:bridge.19 18.2:bridge.47.3 18.2:bridge.47.7 "
				       "18.2:bridge.48 26.10.3 26.10.5 26.10.6",
		.nest = "18 26 26.? 26.?? 18.2:bridge.47",
		.typed = "18.2 18.5",
		.index = "5 10 18.2:vxlan.3 18.2:bridge.47.2 18.2:bridge.47.6 18.5:bridge.34",
		.mask = "26.10.1",
		.volatile_bits = 0x10, /* a router solicitation was sent */
	},
	{
		.name = "port",
		.type = RTM_GETLINK,
		.families = { AF_BRIDGE },
		.ext_mask = RTEXT_FILTER_BRVLAN,
		.body = sizeof(struct ifinfomsg),
		.head = head_link,
		.drop = PORT_DROP("12"),
		.nest = "12 26",
		.index = "5 10 12.34",
	},
	{
		.name = "addr",
		.type = RTM_GETADDR,
		.families = { AF_INET, AF_INET6 },
		.body = sizeof(struct ifaddrmsg),
		.head = head_addr,
		.drop = "6", /* cacheinfo */
		.address = "1 2 4 5",
		.mask = "8",
		.volatile_bits = IFA_F_TENTATIVE,
	},
	{
		.name = "route",
		.type = RTM_GETROUTE,
		.families = { AF_INET, AF_INET6 },
		.body = sizeof(struct rtmsg),
		.head = head_route,
		.drop = "12 23", /* cacheinfo, expires */
		.nest = "8",
		.index = "3 4",
		.address = "1 2 5 7 9.5",
	},
	{
		.name = "rule",
		.type = RTM_GETRULE,
		.families = { AF_INET, AF_INET6 },
		.body = sizeof(struct fib_rule_hdr),
		.head = head_rule,
		.address = "1 2",
	},
	{
		.name = "neigh",
		.type = RTM_GETNEIGH,
		.body = sizeof(struct ndmsg),
		.head = head_neigh,
		.drop = "3 4", /* cacheinfo, probes */
		.index = "8 9",
		.address = "1",
	},
	{
		.name = "proxy",
		.type = RTM_GETNEIGH,
		.ndm_flags = NTF_PROXY,
		.body = sizeof(struct ndmsg),
		.head = head_neigh,
		.drop = "3 4",
		.address = "1",
	},
	{
		.name = "fdb",
		.type = RTM_GETNEIGH,
		.families = { AF_BRIDGE },
		.body = sizeof(struct ndmsg),
		.head = head_neigh,
		.drop = "3 4",
		.index = "8 9",
		.address = "1",
	},
	{
		.name = "nexthop",
		.type = RTM_GETNEXTHOP,
		.body = sizeof(struct nhmsg),
		.head = head_raw,
		.optional = true,
		.drop = "12.4", /* time unbalanced */
		.index = "5 10",
		.address = "6",
	},
	{
		.name = "neightbl",
		.type = RTM_GETNEIGHTBL,
		.body = sizeof(struct ndtmsg),
		.head = head_raw,
		/* config (ages, entries), statistics; references, reachable time drawn by chance */
		.drop = "5 7 6.2 6.3",
		.nest = "6",
		.index = "6.1",
	},
	{
		.name = "qdisc",
		.type = RTM_GETQDISC,
		.body = sizeof(struct tcmsg),
		.head = head_qdisc,
		.optional = true,
		.drop = "3 4 7", /* statistics */
	},
	{
		.name = "nft-table",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(TABLE),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft,
		.optional = true,
		.drop = "4", /* the handle, as in all that follow */
	},
	{
		.name = "nft-chain",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(CHAIN),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft,
		.optional = true,
		.drop = "2 8", /* counters of the policy */
		.nest = "4 4.4",
	},
	{
		.name = "nft-rule",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(RULE),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft_rule,
		.optional = true,
		.drop = EXPR_DROP "3 6", /* the handle of the rule before */
		.nest = "4 4.1 *:dynset.7 *:dynset.10 *:dynset.10.1 *:immediate.2 *:immediate.2.2",
		.typed = "4.1.2 *:dynset.7.2 *:dynset.10.1.2",
	},
	{
		.name = "nft-set",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(SET),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft,
		.optional = true,
		.drop = EXPR_DROP "16 20", /* the number of elements: each is shown */
		.nest = "9 17 18 18.1",
		.typed = "17.2 18.1.2",
		.has_elems = true,
	},
	{
		.name = "nft-obj",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(OBJ),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft,
		.optional = true,
		.drop = "6 4:1.* 4:2.4", /* what counters and quotas have counted */
		.typed = "4",
	},
	{
		.name = "nft-flowtable",
		.bus = NETLINK_NETFILTER,
		.type = NFT_GET(FLOWTABLE),
		.body = sizeof(struct nfgenmsg),
		.head = head_nft,
		.optional = true,
		.drop = "5",
		.nest = "3 3.3",
	},
};

/* Asked for once a set: its elements are not objects of their own to the kernel. */
static const struct kind elem_kind = {
	.name = "nft-elem",
	.bus = NETLINK_NETFILTER,
	.type = NFT_GET(SETELEM),
	.body = sizeof(struct nfgenmsg),
	.drop = EXPR_DROP "5", /* time left */
	.nest = "1 2 2.2 7 10 11 11.1",
	.typed = "7.2 11.1.2",
};

#endif
