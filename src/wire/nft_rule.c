/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A rule is a small program: expressions load registers, and others compare them or look
 * them up in a set. So it is run with what matters here: which register holds an interface.
 * At a comparison both interfaces are tried, as the kernel would: where it means the one and
 * not the other, the rule turns with the move. One that says `{ eth0, br0 }` does not, nor
 * one that says `!= lo`, nor one for the bridge alone.
 *
 * Registers of 4 and of 16 bytes share their memory: everything is counted in slots of 4.
 * A key of several parts is loaded in ascending slots, so that a slot written to ends what
 * was loaded behind it too.
 */
#include "wire/nft_rule.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "wire/attr.h"

enum {
	SLOT = 4,   /* bytes */
	SLOTS = 20, /* the verdict's four, and 16 */
	ELEMS_FIRST = 64,
};

static_assert(VN_NFT_NAME == NFT_NAME_MAXLEN, "names fit");
static_assert(VN_NFT_KEY == NFT_DATA_VALUE_MAXLEN, "keys fit");

/* ---- attributes ---- */

/* Numbers are big-endian; 0 is none of those that are asked for here. */
static uint32_t number(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ?
		       be32toh(mnl_attr_get_u32(attr)) :
		       0;
}

/* Returns false if it is not there, or no name. */
static bool name_of(const struct nlattr *attr, char ret_name[VN_NFT_NAME])
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (!len || len > VN_NFT_NAME)
		return false;
	memcpy(ret_name, mnl_attr_get_payload(attr), len);
	if (len < VN_NFT_NAME)
		ret_name[len] = '\0';
	return memchr(ret_name, '\0', VN_NFT_NAME) != NULL;
}

static bool is_named(const struct nlattr *attr, const char *name)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;
	const char *text = len ? mnl_attr_get_payload(attr) : "";

	if (len && !text[len - 1])
		len--;
	return len == strlen(name) && !memcmp(text, name, len);
}

/* The bytes in a nest of struct nft_data; returns how many, 0 for none. */
static size_t data_of(const struct nlattr *nest, uint8_t ret_data[VN_NFT_KEY])
{
	const struct nlattr *value = vn_find_nested(nest, NFTA_DATA_VALUE);
	size_t len = value ? mnl_attr_get_payload_len(value) : 0;

	if (len > VN_NFT_KEY)
		return 0;
	if (len)
		memcpy(ret_data, mnl_attr_get_payload(value), len);
	return len;
}

/* ---- registers ---- */

struct run {
	const struct vn_nft_move *move;
	struct vn_nft_rule *rule;
	uint8_t holds[SLOTS]; /* enum vn_nft_content that begins in this slot */
};

static size_t size_of(enum vn_nft_content content)
{
	if (content == VN_NFT_OTHER)
		return 0;
	return content == VN_NFT_IFNAME ? VNET_NAME_SIZE : sizeof(uint32_t);
}

static const void *value_of(const struct vn_nft_port *port, enum vn_nft_content content)
{
	switch (content) {
	case VN_NFT_IFNAME:
		return port->name;
	case VN_NFT_IFINDEX:
		return &port->index;
	case VN_NFT_IFGROUP:
		return &port->group;
	case VN_NFT_OTHER:
		break;
	}
	return NULL;
}

/* The first slot of a register; SLOTS for none, and for the verdict. */
static size_t slot_of(const struct nlattr *attr)
{
	uint32_t reg = number(attr);

	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (size_t)reg * (NFT_REG_SIZE / NFT_REG32_SIZE);
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return reg - NFT_REG32_00 + NFT_REG_SIZE / NFT_REG32_SIZE;
	return SLOTS;
}

static void load(struct run *run, const struct nlattr *reg, enum vn_nft_content content)
{
	size_t slot = slot_of(reg);

	for (size_t i = 0; i < SLOTS; i++) {
		if (i * SLOT + size_of(run->holds[i]) > slot * SLOT)
			run->holds[i] = VN_NFT_OTHER;
	}
	if (slot * SLOT + size_of(content) <= (size_t)SLOTS * SLOT && slot < SLOTS)
		run->holds[slot] = (uint8_t)content;
}

/* ---- expressions ---- */

static void run_meta(struct run *run, const struct nlattr *data)
{
	static const struct {
		uint32_t key;
		enum vn_nft_content content;
	} keys[] = {
		{ NFT_META_IIFNAME, VN_NFT_IFNAME },   { NFT_META_OIFNAME, VN_NFT_IFNAME },
		{ NFT_META_IIF, VN_NFT_IFINDEX },      { NFT_META_OIF, VN_NFT_IFINDEX },
		{ NFT_META_IIFGROUP, VN_NFT_IFGROUP }, { NFT_META_OIFGROUP, VN_NFT_IFGROUP },
	};
	const struct nlattr *reg = vn_find_nested(data, NFTA_META_DREG);
	uint32_t key = number(vn_find_nested(data, NFTA_META_KEY));
	enum vn_nft_content content = VN_NFT_OTHER;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].key == key)
			content = keys[i].content;
	}
	if (reg)
		load(run, reg, content);
}

/* Where the routes lead: after the move, over the other one. */
static void run_fib(struct run *run, const struct nlattr *data)
{
	uint32_t result = number(vn_find_nested(data, NFTA_FIB_RESULT));
	uint32_t flags = number(vn_find_nested(data, NFTA_FIB_FLAGS));
	enum vn_nft_content content = VN_NFT_OTHER;

	if (result == NFT_FIB_RESULT_OIFNAME && !(flags & NFTA_FIB_F_PRESENT))
		content = VN_NFT_IFNAME;
	else if (result == NFT_FIB_RESULT_OIF && !(flags & NFTA_FIB_F_PRESENT))
		content = VN_NFT_IFINDEX;
	load(run, vn_find_nested(data, NFTA_FIB_DREG), content);
}

/*
 * As nft_cmp_eval() of the kernel: as many bytes as were given, so that "eth" is a prefix.
 * To be equal or not is one question: both name what they compare with.
 */
static bool meets(uint32_t op, const void *value, const uint8_t *data, size_t len)
{
	int d = memcmp(value, data, len);

	switch (op) {
	case NFT_CMP_LT:
	case NFT_CMP_GTE:
		return d < 0;
	case NFT_CMP_GT:
	case NFT_CMP_LTE:
		return d > 0;
	default:
		return d == 0;
	}
}

static void run_cmp(struct run *run, const struct nlattr *data)
{
	size_t slot = slot_of(vn_find_nested(data, NFTA_CMP_SREG));
	enum vn_nft_content content = slot < SLOTS ? run->holds[slot] : VN_NFT_OTHER;
	uint32_t op = number(vn_find_nested(data, NFTA_CMP_OP));
	uint8_t bytes[VN_NFT_KEY];
	size_t len = data_of(vn_find_nested(data, NFTA_CMP_DATA), bytes);

	if (content == VN_NFT_OTHER || len > size_of(content))
		return;
	if (meets(op, value_of(&run->move->from, content), bytes, len) &&
	    !meets(op, value_of(&run->move->to, content), bytes, len))
		run->rule->turns = true;
}

/* Of the parts of the key, those that are interfaces. */
static void look_up(struct run *run, const struct nlattr *name, const struct nlattr *reg)
{
	struct vn_nft_rule *rule = run->rule;
	size_t slot = slot_of(reg);

	for (size_t i = slot; i < SLOTS; i++) {
		struct vn_nft_lookup *lookup = &rule->lookups[rule->n_lookups];

		if (run->holds[i] == VN_NFT_OTHER)
			continue;
		if (rule->n_lookups == VN_NFT_LOOKUPS) { /* rather one too many than one too few */
			rule->turns = true;
			return;
		}
		if (!name_of(name, lookup->set))
			return;
		lookup->content = run->holds[i];
		lookup->offset = (i - slot) * SLOT;
		rule->n_lookups++;
	}
}

static void run_lookup(struct run *run, const struct nlattr *data)
{
	const struct nlattr *reg = vn_find_nested(data, NFTA_LOOKUP_DREG);

	look_up(run, vn_find_nested(data, NFTA_LOOKUP_SET), vn_find_nested(data, NFTA_LOOKUP_SREG));
	if (reg)
		load(run, reg, VN_NFT_OTHER);
}

static void run_objref(struct run *run, const struct nlattr *data)
{
	look_up(run, vn_find_nested(data, NFTA_OBJREF_SET_NAME),
		vn_find_nested(data, NFTA_OBJREF_SET_SREG));
}

/* What an expression does to the registers: its own function, or one that is written to. */
static const struct {
	const char *name;
	void (*run)(struct run *run, const struct nlattr *data);
	uint16_t to;
} expressions[] = {
	{ "meta", run_meta, 0 },
	{ "fib", run_fib, 0 },
	{ "cmp", run_cmp, 0 },
	{ "lookup", run_lookup, 0 },
	{ "objref", run_objref, 0 },
	{ "immediate", NULL, NFTA_IMMEDIATE_DREG },
	{ "payload", NULL, NFTA_PAYLOAD_DREG },
	{ "bitwise", NULL, NFTA_BITWISE_DREG },
	{ "byteorder", NULL, NFTA_BYTEORDER_DREG },
	{ "exthdr", NULL, NFTA_EXTHDR_DREG },
	{ "ct", NULL, NFTA_CT_DREG },
	{ "rt", NULL, NFTA_RT_DREG },
	{ "socket", NULL, NFTA_SOCKET_DREG },
	{ "hash", NULL, NFTA_HASH_DREG },
	{ "numgen", NULL, NFTA_NG_DREG },
	{ "osf", NULL, NFTA_OSF_DREG },
	{ "xfrm", NULL, NFTA_XFRM_DREG },
};

static void run_one(struct run *run, const struct nlattr *expr)
{
	const struct nlattr *name = vn_find_nested(expr, NFTA_EXPR_NAME);
	const struct nlattr *data = vn_find_nested(expr, NFTA_EXPR_DATA);

	for (size_t i = 0; data && i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		const struct nlattr *reg;

		if (!is_named(name, expressions[i].name))
			continue;
		reg = expressions[i].run ? NULL : vn_find_nested(data, expressions[i].to);
		if (expressions[i].run)
			expressions[i].run(run, data);
		else if (reg)
			load(run, reg, VN_NFT_OTHER);
		return;
	}
	/* One that says how often, where to, or is not known: nothing reads on behind it. */
	memset(run->holds, VN_NFT_OTHER, sizeof(run->holds));
}

int vn_nft_rule_read(const struct nlmsghdr *head, const struct vn_nft_move *move,
		     struct vn_nft_rule *ret_rule)
{
	const struct nfgenmsg *info = mnl_nlmsg_get_payload(head);
	struct run run = { .move = move, .rule = ret_rule };
	const struct nlattr *list;
	const struct nlattr *expr;
	const struct nlattr *handle;

	if (head->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	/* Not all of it: that is 2 KiB, for each of thousands of rules. */
	ret_rule->family = info->nfgen_family;
	ret_rule->turns = false;
	ret_rule->handle = 0;
	ret_rule->n_lookups = 0;
	if (!name_of(vn_find_attr(head, sizeof(struct nfgenmsg), NFTA_RULE_TABLE),
		     ret_rule->table) ||
	    !name_of(vn_find_attr(head, sizeof(struct nfgenmsg), NFTA_RULE_CHAIN), ret_rule->chain))
		return -EBADMSG;
	handle = vn_find_attr(head, sizeof(struct nfgenmsg), NFTA_RULE_HANDLE);
	if (handle && mnl_attr_get_payload_len(handle) == sizeof(uint64_t))
		ret_rule->handle = be64toh(mnl_attr_get_u64(handle));
	list = vn_find_attr(head, sizeof(struct nfgenmsg), NFTA_RULE_EXPRESSIONS);
	if (!list)
		return 0;
	VN_FOR_EACH_NESTED(expr, list)
	{
		run_one(&run, expr);
	}
	return 0;
}

/* ---- sets ---- */

static int append(struct vn_nft_elems *elems, const struct vn_nft_elem *elem)
{
	if (elems->n == elems->size) {
		size_t size = elems->size ? elems->size * 2 : ELEMS_FIRST;
		struct vn_nft_elem *at = reallocarray(elems->at, size, sizeof(*at));

		if (!at)
			return -ENOMEM;
		elems->at = at;
		elems->size = size;
	}
	elems->at[elems->n++] = *elem;
	return 0;
}

/* One without a key, for all that is in no other, holds every interface: it says nothing. */
static int read_elem(const struct nlattr *nest, struct vn_nft_elems *elems)
{
	struct vn_nft_elem elem = { 0 };

	elem.len = data_of(vn_find_nested(nest, NFTA_SET_ELEM_KEY), elem.key);
	elem.is_end = number(vn_find_nested(nest, NFTA_SET_ELEM_FLAGS)) & NFT_SET_ELEM_INTERVAL_END;
	if (!elem.len)
		return 0;
	if (data_of(vn_find_nested(nest, NFTA_SET_ELEM_KEY_END), elem.end) != elem.len)
		memcpy(elem.end, elem.key, elem.len);
	return append(elems, &elem);
}

int vn_nft_elems_read(const struct nlmsghdr *head, struct vn_nft_elems *elems)
{
	const struct nlattr *list;
	const struct nlattr *elem;
	int r = 0;

	if (head->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM) ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	list = vn_find_attr(head, sizeof(struct nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!list)
		return 0;
	VN_FOR_EACH_NESTED(elem, list)
	{
		r = read_elem(elem, elems);
		if (r < 0)
			break;
	}
	return r;
}

/* Of a set of intervals, each begins with one element and ends before another. */
static bool lies_within(const struct vn_nft_elems *elems, const void *value, size_t len)
{
	const struct vn_nft_elem *last = NULL;

	for (size_t i = 0; i < elems->n; i++) {
		const struct vn_nft_elem *elem = &elems->at[i];
		int d;

		if (elem->len != len || memcmp(elem->key, value, len) > 0)
			continue;
		d = last ? memcmp(elem->key, last->key, len) : 1;
		if (d > 0 || (d == 0 && !elem->is_end))
			last = elem;
	}
	return last && !last->is_end;
}

static bool covers(const struct vn_nft_elem *elem, const struct vn_nft_lookup *lookup,
		   const struct vn_nft_port *port)
{
	const void *value = value_of(port, lookup->content);
	size_t len = size_of(lookup->content);

	return value && lookup->offset + len <= elem->len &&
	       memcmp(elem->key + lookup->offset, value, len) <= 0 &&
	       memcmp(elem->end + lookup->offset, value, len) >= 0;
}

static bool same_but(const struct vn_nft_elem *a, const struct vn_nft_elem *b, size_t from,
		     size_t to)
{
	return a->len == b->len && !memcmp(a->key, b->key, from) && !memcmp(a->end, b->end, from) &&
	       !memcmp(a->key + to, b->key + to, a->len - to) &&
	       !memcmp(a->end + to, b->end + to, a->len - to);
}

/* True if there is the same of the other interface. */
static bool has_twin(const struct vn_nft_elems *elems, const struct vn_nft_elem *elem,
		     const struct vn_nft_lookup *lookup, const struct vn_nft_port *other)
{
	size_t end = lookup->offset + size_of(lookup->content);

	for (size_t i = 0; i < elems->n; i++) {
		if (covers(&elems->at[i], lookup, other) &&
		    same_but(&elems->at[i], elem, lookup->offset, end))
			return true;
	}
	return false;
}

bool vn_nft_elems_turn(const struct vn_nft_elems *elems, const struct vn_nft_lookup *lookup,
		       const struct vn_nft_move *move)
{
	size_t len = size_of(lookup->content);
	bool intervals = false;

	for (size_t i = 0; i < elems->n && !intervals; i++)
		intervals = elems->at[i].is_end;
	if (intervals)
		return lies_within(elems, value_of(&move->from, lookup->content), len) &&
		       !lies_within(elems, value_of(&move->to, lookup->content), len);
	for (size_t i = 0; i < elems->n; i++) {
		if (covers(&elems->at[i], lookup, &move->from) &&
		    !has_twin(elems, &elems->at[i], lookup, &move->to))
			return true;
	}
	return false;
}
