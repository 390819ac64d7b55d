/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What rules and sets of nf_tables say about an interface, from hand-made messages: whole, cut
 * off and torn.
 */
#include <endian.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/msg.h"
#include "wire/nft_rule.h"

/* eth0 becomes a port of br0 */
static const struct vn_nft_move move = {
	.from = { .name = "eth0", .index = 7, .group = 0 },
	.to = { .name = "br0", .index = UINT32_MAX, .group = UINT32_MAX },
};

struct builder {
	uint8_t buf[2048];
	struct vn_msg msg;
	size_t list;
	size_t expr;
	size_t data;
};

static void begin(struct builder *b, uint16_t type, uint16_t list)
{
	struct nfgenmsg info = { .nfgen_family = NFPROTO_IPV4 };

	vn_msg_init(&b->msg, b->buf, sizeof(b->buf));
	vn_msg_begin(&b->msg, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0, 1, &info,
		     sizeof(info));
	vn_attr_str(&b->msg, NFTA_RULE_TABLE, "t"); /* 1 and 2: of a list of elements too */
	vn_attr_str(&b->msg, NFTA_RULE_CHAIN, "c");
	b->list = vn_nest(&b->msg, list);
}

static const struct nlmsghdr *finish(struct builder *b)
{
	vn_nest_end(&b->msg, b->list);
	assert_int_equal(vn_msg_end(&b->msg), 0);
	return (const struct nlmsghdr *)b->buf;
}

static void expr_begin(struct builder *b, const char *name)
{
	b->expr = vn_nest(&b->msg, NFTA_LIST_ELEM);
	vn_attr_str(&b->msg, NFTA_EXPR_NAME, name);
	b->data = vn_nest(&b->msg, NFTA_EXPR_DATA);
}

static void expr_end(struct builder *b)
{
	vn_nest_end(&b->msg, b->data);
	vn_nest_end(&b->msg, b->expr);
}

static void put_be(struct builder *b, uint16_t type, uint32_t value)
{
	vn_attr_u32(&b->msg, type, htobe32(value));
}

static void put_data(struct builder *b, uint16_t type, const void *data, size_t len)
{
	size_t nest = vn_nest(&b->msg, type);

	vn_attr(&b->msg, NFTA_DATA_VALUE, data, len);
	vn_nest_end(&b->msg, nest);
}

static void put_meta(struct builder *b, uint32_t key, uint32_t reg)
{
	expr_begin(b, "meta");
	put_be(b, NFTA_META_DREG, reg);
	put_be(b, NFTA_META_KEY, key);
	expr_end(b);
}

static void put_cmp(struct builder *b, uint32_t reg, uint32_t op, const void *data, size_t len)
{
	expr_begin(b, "cmp");
	put_be(b, NFTA_CMP_SREG, reg);
	put_be(b, NFTA_CMP_OP, op);
	put_data(b, NFTA_CMP_DATA, data, len);
	expr_end(b);
}

static void put_load(struct builder *b, const char *name, uint16_t dreg, uint32_t reg)
{
	expr_begin(b, name);
	put_be(b, dreg, reg);
	expr_end(b);
}

static void put_lookup(struct builder *b, uint32_t reg, const char *set)
{
	expr_begin(b, "lookup");
	vn_attr_str(&b->msg, NFTA_LOOKUP_SET, set);
	put_be(b, NFTA_LOOKUP_SREG, reg);
	expr_end(b);
}

/* True if the rule that compares @key with @len bytes of @data turns. */
static bool turns(uint32_t key, uint32_t op, const void *data, size_t len)
{
	struct builder b;
	struct vn_nft_rule rule;

	begin(&b, NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS);
	put_meta(&b, key, NFT_REG_1);
	put_cmp(&b, NFT_REG_1, op, data, len);
	assert_int_equal(vn_nft_rule_read(finish(&b), &move, &rule), 0);
	assert_string_equal(rule.table, "t");
	assert_string_equal(rule.chain, "c");
	return rule.turns;
}

static bool name_turns(uint32_t key, uint32_t op, const char *name, size_t len)
{
	char padded[IFNAMSIZ] = { 0 };

	(void)snprintf(padded, sizeof(padded), "%s", name);
	return turns(key, op, padded, len);
}

static void rules_that_name_it(void **state)
{
	static const uint32_t seven = 7;
	static const uint32_t eight = 8;
	static const uint32_t zero = 0;

	(void)state;
	/* as nft writes it: padded; as iptables-nft does: with its NUL; a prefix: without */
	assert_true(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth0", 16));
	assert_true(name_turns(NFT_META_OIFNAME, NFT_CMP_EQ, "eth0", 5));
	assert_true(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth", 3));
	assert_true(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth0", 4));
	assert_true(name_turns(NFT_META_IIFNAME, NFT_CMP_NEQ, "eth0", 16));
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth01", 16));
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth01", 6));
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth", 4)); /* "eth", whole */
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "eth1", 16));
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_NEQ, "lo", 16));
	assert_false(name_turns(NFT_META_IIFNAME, NFT_CMP_EQ, "", 0));
	assert_true(turns(NFT_META_IIF, NFT_CMP_EQ, &seven, 4));
	assert_true(turns(NFT_META_OIF, NFT_CMP_NEQ, &seven, 4));
	assert_false(turns(NFT_META_IIF, NFT_CMP_EQ, &eight, 4));
	assert_true(turns(NFT_META_IIFGROUP, NFT_CMP_EQ, &zero, 4));
	assert_false(turns(NFT_META_IIFGROUP, NFT_CMP_EQ, &seven, 4));
	/* a mark of that value is no interface */
	assert_false(turns(NFT_META_MARK, NFT_CMP_EQ, &seven, 4));
}

/* What is loaded over it is no interface any more, whichever way the register is called. */
static void registers_are_reused(void **state)
{
	static const struct {
		uint32_t meta;
		uint32_t load;
		uint32_t cmp;
		bool turns;
	} rows[] = {
		{ NFT_REG_1, NFT_REG_2, NFT_REG_1, true },
		{ NFT_REG_1, NFT_REG_1, NFT_REG_1, false },
		{ NFT_REG_1, NFT_REG32_00, NFT_REG_1, false },
		{ NFT_REG_1, NFT_REG32_03, NFT_REG_1, false },
		{ NFT_REG_1, NFT_REG32_04, NFT_REG_1, true },
		{ NFT_REG32_04, NFT_REG_1, NFT_REG_2, false },
		{ NFT_REG_2, NFT_REG_3, NFT_REG32_04, true },
		{ NFT_REG_2, NFT_REG_2, NFT_REG32_04, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vn_nft_rule rule;
		struct builder b;

		begin(&b, NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS);
		put_meta(&b, NFT_META_IIFNAME, rows[i].meta);
		put_load(&b, "payload", NFTA_PAYLOAD_DREG, rows[i].load);
		put_cmp(&b, rows[i].cmp, NFT_CMP_EQ, "eth0", 5);
		assert_int_equal(vn_nft_rule_read(finish(&b), &move, &rule), 0);
		if (rule.turns != rows[i].turns)
			fail_msg("row %zu", i);
	}
}

static void lookups_know_where_it_stands(void **state)
{
	struct vn_nft_rule rule;
	struct builder b;

	(void)state;
	begin(&b, NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS);
	put_load(&b, "payload", NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_meta(&b, NFT_META_OIFNAME, NFT_REG32_01);
	put_meta(&b, NFT_META_IIF, NFT_REG32_05);
	put_lookup(&b, NFT_REG_1, "s");
	assert_int_equal(vn_nft_rule_read(finish(&b), &move, &rule), 0);
	assert_false(rule.turns);
	assert_int_equal(rule.n_lookups, 2);
	assert_string_equal(rule.lookups[0].set, "s");
	assert_int_equal(rule.lookups[0].offset, 4);
	assert_int_equal(rule.lookups[0].content, VN_NFT_IFNAME);
	assert_int_equal(rule.lookups[1].offset, 20);
	assert_int_equal(rule.lookups[1].content, VN_NFT_IFINDEX);
	/* more than anyone writes: rather one too many than one too few */
	begin(&b, NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS);
	put_meta(&b, NFT_META_IIFNAME, NFT_REG_1);
	for (int i = 0; i <= VN_NFT_LOOKUPS; i++)
		put_lookup(&b, NFT_REG_1, "s");
	assert_int_equal(vn_nft_rule_read(finish(&b), &move, &rule), 0);
	assert_true(rule.turns);
}

/* Each cut of a message, and each single byte of it torn: read without harm. */
static void answers_are_cut(void **state)
{
	struct vn_nft_rule rule;
	struct builder b;
	size_t len;

	(void)state;
	begin(&b, NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS);
	put_meta(&b, NFT_META_IIFNAME, NFT_REG_1);
	put_cmp(&b, NFT_REG_1, NFT_CMP_EQ, "eth0", 5);
	put_lookup(&b, NFT_REG_1, "set");
	put_load(&b, "nonsense", 1, NFT_REG_1);
	len = finish(&b)->nlmsg_len;
	for (size_t cut = NLMSG_HDRLEN; cut <= len; cut++) {
		for (size_t tear = NLMSG_HDRLEN; tear < cut; tear++) {
			/* of this very size, as far as messages are padded: it is watched */
			uint8_t *copy = calloc(1, NLMSG_ALIGN(cut));
			struct vn_nft_elems elems = { 0 };
			struct nlmsghdr head;

			assert_non_null(copy);
			memcpy(copy, b.buf, cut);
			memcpy(&head, copy, sizeof(head));
			head.nlmsg_len = (uint32_t)cut;
			memcpy(copy, &head, sizeof(head));
			copy[tear] = (uint8_t)(copy[tear] ^ (1U << (tear + cut) % 8));
			(void)vn_nft_rule_read((const struct nlmsghdr *)copy, &move, &rule);
			head.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
			memcpy(copy, &head, sizeof(head));
			(void)vn_nft_elems_read((const struct nlmsghdr *)copy, &elems);
			free(elems.at);
			free(copy);
		}
	}
	assert_int_equal(vn_nft_elems_read((const struct nlmsghdr *)b.buf,
					   &(struct vn_nft_elems){ 0 }),
			 -EBADMSG);
}

/* One element: @key up to 64 bytes, and its end where it is a range. */
static void put_elem(struct builder *b, const void *key, const void *last, size_t len,
		     uint32_t flags)
{
	b->expr = vn_nest(&b->msg, NFTA_LIST_ELEM);
	put_data(b, NFTA_SET_ELEM_KEY, key, len);
	if (last)
		put_data(b, NFTA_SET_ELEM_KEY_END, last, len);
	if (flags)
		put_be(b, NFTA_SET_ELEM_FLAGS, flags);
	vn_nest_end(&b->msg, b->expr);
}

static bool elems_turn(struct builder *b, size_t offset)
{
	const struct vn_nft_lookup lookup = { .content = VN_NFT_IFNAME, .offset = offset };
	struct vn_nft_elems elems = { 0 };
	bool turn;

	assert_int_equal(vn_nft_elems_read(finish(b), &elems), 0);
	turn = vn_nft_elems_turn(&elems, &lookup, &move);
	free(elems.at);
	return turn;
}

static void sets_of_names(void **state)
{
	struct builder b;
	char key[3][20] = { "eth0", "eth0", "br0" };
	const char first[16] = "eth";
	const char after[16] = "eti";
	const char far[16] = "etz";
	const char nothing[16] = "";

	(void)state;
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	assert_false(elems_turn(&b, 0));
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, key[0], NULL, 16, 0);
	assert_true(elems_turn(&b, 0));
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, key[0], NULL, 16, 0);
	put_elem(&b, key[2], NULL, 16, 0);
	assert_false(elems_turn(&b, 0));
	/* with a port behind the name: the twin has the same */
	key[0][17] = key[2][17] = 22;
	key[1][17] = 23;
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, key[0], NULL, 20, 0);
	put_elem(&b, key[2], NULL, 20, 0);
	assert_false(elems_turn(&b, 0));
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, key[0], NULL, 20, 0);
	put_elem(&b, key[1], NULL, 20, 0);
	put_elem(&b, key[2], NULL, 20, 0);
	assert_true(elems_turn(&b, 0));
	/* too short for a name, or the name elsewhere */
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, key[0], NULL, 16, 0);
	assert_false(elems_turn(&b, 4));
	/* "eth*" as an interval, and one that ends before */
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, nothing, NULL, 16, NFT_SET_ELEM_INTERVAL_END);
	put_elem(&b, first, NULL, 16, 0);
	put_elem(&b, after, NULL, 16, NFT_SET_ELEM_INTERVAL_END);
	assert_true(elems_turn(&b, 0));
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, nothing, NULL, 16, NFT_SET_ELEM_INTERVAL_END);
	put_elem(&b, after, NULL, 16, 0);
	put_elem(&b, far, NULL, 16, NFT_SET_ELEM_INTERVAL_END);
	assert_false(elems_turn(&b, 0));
	/* "eth*" as a range of one part of a key */
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, first, after, 16, 0);
	assert_true(elems_turn(&b, 0));
	begin(&b, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(&b, first, after, 16, 0);
	put_elem(&b, key[2], NULL, 16, 0);
	assert_false(elems_turn(&b, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_name_it),
		cmocka_unit_test(registers_are_reused),
		cmocka_unit_test(lookups_know_where_it_stands),
		cmocka_unit_test(answers_are_cut),
		cmocka_unit_test(sets_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
