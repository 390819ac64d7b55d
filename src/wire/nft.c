/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * One dump of all chains, one of all rules. Most hosts have no rule that asks for an
 * interface, and that was it. Where there are some, the sets that interfaces are looked up
 * in are dumped, each once, and the rules once more: now for each of them it is known.
 */
#include "wire/nft.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "wire/attr.h"
#include "wire/nft_rule.h"
#include "wire/sock.h"

#ifndef NFPROTO_INET
#define NFPROTO_INET 1
#endif

enum {
	INGRESS = 5,	   /* NF_INET_INGRESS, which older headers lack */
	DEVICE_PREFIX = 2, /* NFTA_DEVICE_PREFIX, of Linux 6.17 */
	SET_BUF = 640,	   /* a request with two names */
};

/* Index and group of a bridge that is still to be made: no other link has them. */
static const uint32_t no_port = UINT32_MAX;

/* A set or map in which an interface is looked up. */
struct set {
	uint8_t family;
	bool turns;
	uint64_t hash; /* of all below */
	char table[VN_NFT_NAME];
	struct vn_nft_lookup lookup;
};

/* A base chain of one device, though not of the family netdev. */
struct chain {
	char table[VN_NFT_NAME];
	char name[VN_NFT_NAME];
};

struct survey {
	struct vn_sock *sock;
	struct vnet_snapshot *snap;
	struct vn_nft_move move;
	enum vnet_tie_kind bound_kind;
	struct vn_nft_rule rule; /* the one at hand */
	struct chain *bound;
	size_t n_bound;
	struct set *sets;
	size_t n_sets;
	size_t sets_size;
	bool known; /* the sets have been looked into */
	bool turns; /* there is something to be told */
};

/* ---- dumps ---- */

static int dump(struct survey *s, uint16_t type, uint8_t family, const struct set *set,
		int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	const struct nfgenmsg info = { .nfgen_family = family, .version = NFNETLINK_V0 };
	uint32_t seq = vn_sock_seq(s->sock, 1);
	uint8_t buf[SET_BUF];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP, seq, &info,
		     sizeof(info));
	if (set) {
		vn_attr_str(&msg, NFTA_SET_ELEM_LIST_TABLE, set->table);
		vn_attr_str(&msg, NFTA_SET_ELEM_LIST_SET, set->lookup.set);
	}
	r = vn_msg_end(&msg);
	return r < 0 ? r : vn_sock_dump(s->sock, &msg, seq, fn, arg);
}

/* No such kernel, or not for this caller. */
static bool is_absent(int r)
{
	return r == -EINVAL || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EPERM ||
	       r == -EACCES;
}

static const char *family_name(uint8_t family)
{
	static const struct {
		uint8_t family;
		const char *name;
	} names[] = {
		{ NFPROTO_INET, "inet" }, { NFPROTO_IPV4, "ip" },	{ NFPROTO_IPV6, "ip6" },
		{ NFPROTO_ARP, "arp" },	  { NFPROTO_NETDEV, "netdev" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].family == family)
			return names[i].name;
	}
	return NULL;
}

/* Names may have 255 characters: what does not fit is cut. */
static int add_tie(struct survey *s, enum vnet_tie_kind kind, const char *what, uint8_t family,
		   const char *table, const char *name, uint64_t handle)
{
	struct vnet_tie tie = { .kind = kind };
	int n = snprintf(tie.text, sizeof(tie.text), "%s%s %.100s %.100s", what,
			 family_name(family), table, name);

	if (handle && n > 0 && (size_t)n < sizeof(tie.text))
		(void)snprintf(tie.text + n, sizeof(tie.text) - (size_t)n, " handle %" PRIu64,
			       handle);
	(void)snprintf(tie.name, sizeof(tie.name), "nf_tables");
	vn_text_clean(tie.text);
	return vn_snapshot_add_tie(s->snap, &tie);
}

/* ---- what is bound to a device ---- */

static void copy_name(const struct nlattr *attr, char ret_name[VN_NFT_NAME])
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	len = len < VN_NFT_NAME ? len : VN_NFT_NAME - 1;
	if (len)
		memcpy(ret_name, mnl_attr_get_payload(attr), len);
	ret_name[len] = '\0';
}

static bool is_device(const char *name, const struct nlattr *attr)
{
	char device[VN_NFT_NAME];

	copy_name(attr, device);
	if (!*device)
		return false;
	if (mnl_attr_get_type(attr) == DEVICE_PREFIX)
		return !strncmp(name, device, strlen(device));
	return !strcmp(name, device);
}

/* The devices of a hook stand alone or in a list. */
static bool is_bound(const char *name, const struct nlattr *one, const struct nlattr *list)
{
	const struct nlattr *attr;

	if (one && mnl_attr_get_payload_len(one) && is_device(name, one))
		return true;
	if (!list)
		return false;
	VN_FOR_EACH_NESTED(attr, list)
	{
		if (is_device(name, attr))
			return true;
	}
	return false;
}

static bool is_bound_alone(const struct survey *s, const struct nlattr *one,
			   const struct nlattr *list)
{
	return is_bound(s->move.from.name, one, list) && !is_bound(s->move.to.name, one, list);
}

static int keep_bound(struct survey *s, const char *table, const char *name)
{
	struct chain *bound = reallocarray(s->bound, s->n_bound + 1, sizeof(*bound));

	if (!bound)
		return -ENOMEM;
	s->bound = bound;
	bound += s->n_bound++;
	memcpy(bound->table, table, sizeof(bound->table));
	memcpy(bound->name, name, sizeof(bound->name));
	return 0;
}

struct head {
	uint8_t family;
	char table[VN_NFT_NAME];
	char name[VN_NFT_NAME];
	const struct nlattr *hook;
};

/* Chains and flowtables alike: a table, a name, and a hook, if it is one with a hook. */
static int read_head(const struct nlmsghdr *head, uint16_t type, uint16_t table, uint16_t name,
		     uint16_t hook, struct head *ret_head)
{
	const struct nfgenmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attr;

	if (head->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type) ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	*ret_head = (struct head){ .family = info->nfgen_family };
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		if (mnl_attr_get_type(attr) == table)
			copy_name(attr, ret_head->table);
		else if (mnl_attr_get_type(attr) == name)
			copy_name(attr, ret_head->name);
		else if (mnl_attr_get_type(attr) == hook)
			ret_head->hook = attr;
	}
	return 0;
}

static bool is_ingress(const struct head *chain)
{
	const struct nlattr *number = vn_find_nested(chain->hook, NFTA_HOOK_HOOKNUM);

	return chain->family == NFPROTO_INET && number &&
	       mnl_attr_get_payload_len(number) == sizeof(uint32_t) &&
	       mnl_attr_get_u32(number) == htobe32(INGRESS);
}

static int on_chain(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	struct head chain;
	int r = read_head(head, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
			  NFTA_CHAIN_HOOK, &chain);

	if (r < 0 || !chain.hook)
		return r;
	if (is_ingress(&chain))
		r = keep_bound(s, chain.table, chain.name);
	if (r == 0 && family_name(chain.family) &&
	    is_bound_alone(s, vn_find_nested(chain.hook, NFTA_HOOK_DEV),
			   vn_find_nested(chain.hook, NFTA_HOOK_DEVS)))
		r = add_tie(s, s->bound_kind, "chain ", chain.family, chain.table, chain.name, 0);
	return r;
}

static int on_flowtable(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	struct head table;
	int r = read_head(head, NFT_MSG_NEWFLOWTABLE, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME,
			  NFTA_FLOWTABLE_HOOK, &table);

	if (r == 0 && family_name(table.family) &&
	    is_bound_alone(s, NULL, vn_find_nested(table.hook, NFTA_FLOWTABLE_HOOK_DEVS)))
		r = add_tie(s, s->bound_kind, "flowtable ", table.family, table.table, table.name,
			    0);
	return r;
}

/* ---- rules and sets ---- */

/* A rule that sees packets before the bridge does: those of the NIC stay so. */
static bool is_early(const struct survey *s)
{
	if (s->rule.family == NFPROTO_NETDEV || !family_name(s->rule.family))
		return true;
	for (size_t i = 0; i < s->n_bound && s->rule.family == NFPROTO_INET; i++) {
		if (!strcmp(s->bound[i].table, s->rule.table) &&
		    !strcmp(s->bound[i].name, s->rule.chain))
			return true;
	}
	return false;
}

static uint64_t hash_of(const struct vn_nft_rule *rule, const struct vn_nft_lookup *lookup)
{
	uint64_t hash = vn_hash(rule->family + 1, rule->table);

	return vn_hash(hash + lookup->content + (lookup->offset << 8), lookup->set);
}

static struct set *find_set(const struct survey *s, const struct vn_nft_lookup *lookup)
{
	uint64_t hash = hash_of(&s->rule, lookup);

	for (size_t i = s->n_sets; i-- > 0;) {
		struct set *set = &s->sets[i];

		if (set->hash == hash && set->family == s->rule.family &&
		    set->lookup.content == lookup->content &&
		    set->lookup.offset == lookup->offset && !strcmp(set->table, s->rule.table) &&
		    !strcmp(set->lookup.set, lookup->set))
			return set;
	}
	return NULL;
}

static int keep_set(struct survey *s, const struct vn_nft_lookup *lookup)
{
	struct set *set;

	if (s->n_sets == s->sets_size) {
		size_t size = s->sets_size ? s->sets_size * 2 : 16;

		set = reallocarray(s->sets, size, sizeof(*set));
		if (!set)
			return -ENOMEM;
		s->sets = set;
		s->sets_size = size;
	}
	set = &s->sets[s->n_sets++];
	*set = (struct set){ .family = s->rule.family,
			     .hash = hash_of(&s->rule, lookup),
			     .lookup = *lookup };
	memcpy(set->table, s->rule.table, sizeof(set->table));
	return 0;
}

static int on_rule(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	bool turns;
	int r = vn_nft_rule_read(head, &s->move, &s->rule);

	if (r < 0 || is_early(s))
		return r;
	turns = s->rule.turns;
	for (size_t i = 0; i < s->rule.n_lookups && r == 0; i++) {
		const struct set *set = find_set(s, &s->rule.lookups[i]);

		if (set)
			turns = turns || set->turns;
		else if (!s->known)
			r = keep_set(s, &s->rule.lookups[i]);
		else /* a rule of just now */
			r = -EINTR;
	}
	if (r == 0 && turns && s->known)
		r = add_tie(s, VNET_TIE_FIREWALL, "", s->rule.family, s->rule.table, s->rule.chain,
			    s->rule.handle);
	s->turns = s->turns || turns;
	return r;
}

static int on_elems(const struct nlmsghdr *head, void *arg)
{
	return vn_nft_elems_read(head, arg);
}

static int look_into(struct survey *s, struct set *set)
{
	struct vn_nft_elems elems = { 0 };
	int r = dump(s, NFT_MSG_GETSETELEM, set->family, set, on_elems, &elems);

	if (r == 0)
		set->turns = vn_nft_elems_turn(&elems, &set->lookup, &s->move);
	s->turns = s->turns || set->turns;
	free(elems.at);
	return r == -ENOENT ? -EINTR : r; /* it went with its rule */
}

static int survey_rules(struct survey *s)
{
	int r = dump(s, NFT_MSG_GETRULE, NFPROTO_UNSPEC, NULL, on_rule, s);

	for (size_t i = 0; i < s->n_sets && r == 0; i++)
		r = look_into(s, &s->sets[i]);
	s->known = true;
	if (r == 0 && s->turns)
		r = dump(s, NFT_MSG_GETRULE, NFPROTO_UNSPEC, NULL, on_rule, s);
	return r;
}

static int survey(struct survey *s)
{
	int r = dump(s, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, on_chain, s);

	if (is_absent(r))
		return 0;
	if (r == 0)
		r = survey_rules(s);
	if (r == 0)
		r = dump(s, NFT_MSG_GETFLOWTABLE, NFPROTO_UNSPEC, NULL, on_flowtable, s);
	return is_absent(r) ? 0 : r;
}

static struct vn_nft_port port_of(const char *name, const struct vnet_link *link)
{
	struct vn_nft_port port = { .index = no_port, .group = no_port };

	(void)vn_copy(port.name, sizeof(port.name), name);
	if (link) {
		port.index = (uint32_t)link->index;
		port.group = link->group;
	}
	return port;
}

int vn_nft_survey(const struct vnet_link *from, const char *to, enum vnet_tie_kind bound_kind,
		  struct vnet_snapshot *snap)
{
	struct survey s = { .snap = snap, .bound_kind = bound_kind };
	int r = vn_sock_open_of(VN_SOCK_NETFILTER, &s.sock);

	if (r < 0)
		return is_absent(r) ? 0 : r;
	s.move.from = port_of(from->name, from);
	s.move.to = port_of(to, vnet_link_by_name(snap, VNET_NS_HOST, to));
	r = survey(&s);
	vn_sock_close(s.sock);
	free(s.bound);
	free(s.sets);
	return r;
}
