/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_NFT_RULE_H
#define VN_WIRE_NFT_RULE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>

/*
 * What rules and sets of nf_tables (linux/netfilter/nf_tables.h) say about interfaces. Nothing
 * here asks the kernel.
 */

enum {
	VN_NFT_NAME = 256,  /* NFT_NAME_MAXLEN */
	VN_NFT_KEY = 64,    /* NFT_DATA_VALUE_MAXLEN: of a register's data, of a set's key */
	VN_NFT_LOOKUPS = 8, /* of interfaces, in one rule; people write one */
};

/* What a register holds, as far as it matters. */
enum vn_nft_content {
	VN_NFT_OTHER,
	VN_NFT_IFNAME,
	VN_NFT_IFINDEX,
	VN_NFT_IFGROUP,
};

/* An interface, by all that a rule can mean it with. */
struct vn_nft_port {
	char name[VNET_NAME_SIZE]; /* padded with NUL */
	uint32_t index;
	uint32_t group;
};

/* Whose packets a rule sees today, and whose instead after the move. */
struct vn_nft_move {
	struct vn_nft_port from;
	struct vn_nft_port to;
};

/* An interface is looked up in a set: it stands at @offset of the key. */
struct vn_nft_lookup {
	enum vn_nft_content content;
	size_t offset;
	char set[VN_NFT_NAME];
};

/* @turns: it compares with something that the one interface is and the other one is not */
struct vn_nft_rule {
	uint8_t family; /* NFPROTO_* of linux/netfilter.h */
	bool turns;
	uint64_t handle;
	char table[VN_NFT_NAME];
	char chain[VN_NFT_NAME];
	struct vn_nft_lookup lookups[VN_NFT_LOOKUPS];
	size_t n_lookups;
};

/* An element of a set: the key, or a range of them; byte by byte, or its end alone. */
struct vn_nft_elem {
	uint8_t key[VN_NFT_KEY];
	uint8_t end[VN_NFT_KEY]; /* equal to @key where there is no range */
	size_t len;
	bool is_end; /* of an interval that another element begins */
};

struct vn_nft_elems {
	struct vn_nft_elem *at; /* free(3) it */
	size_t n;
	size_t size;
};

/* A rule, from the answer @head. Returns 0, or -EBADMSG if it is none. */
int vn_nft_rule_read(const struct nlmsghdr *head, const struct vn_nft_move *move,
		     struct vn_nft_rule *ret_rule);

/* Add the elements in the answer @head. Returns 0, -EBADMSG or -ENOMEM. */
int vn_nft_elems_read(const struct nlmsghdr *head, struct vn_nft_elems *elems);

/* True if the set holds the one interface but not, with all else equal, the other. */
bool vn_nft_elems_turn(const struct vn_nft_elems *elems, const struct vn_nft_lookup *lookup,
		       const struct vn_nft_move *move);

#endif /* VN_WIRE_NFT_RULE_H */
