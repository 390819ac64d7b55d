/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_GEN_H
#define TESTS_LIB_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/net.h>

/*
 * Networks as a user might want them, at random from a seed: valid ones, each corner
 * of each option now and then.
 */

struct gen {
	uint64_t state;
};

/* A number below @n. */
uint32_t gen_below(struct gen *gen, uint32_t n);

enum {
	GEN_EDITS = 48,
	GEN_TEXT = 120,
};

struct gen_edits {
	struct vnet_edit edits[GEN_EDITS];
	char text[GEN_EDITS][GEN_TEXT];
	size_t n;
};

/*
 * What the edits of a network are made of: the parts that must fit together.
 *
 * @subnet: number of its IPv4 network; 0: it has no IPv4 address
 * @own:    the bridge's own address in it, as an offset
 * @low, @high: the range, as offsets
 */
struct gen_net {
	uint32_t subnet;
	uint8_t prefix;
	uint32_t own;
	uint32_t low;
	uint32_t high;
	bool dhcp;
	struct gen_edits network;
	struct gen_edits server; /* if @dhcp */
};

void gen_net(struct gen *gen, struct gen_net *ret_net);

/* Another one; now and then with the same subnet, so that a change is small. */
void gen_change(struct gen *gen, const struct gen_net *from, struct gen_net *ret_net);

/*
 * The edits that make of any spec one with all that @spec says (but for the keys that
 * vnet chooses for good), and nothing else.
 */
void gen_edits_of(const struct vnet_spec *spec, struct gen_edits *ret_edits);

/* Those that empty the lists and then say all of @net. */
void gen_edits_all(const struct gen_net *net, struct gen_edits *ret_edits);

/*
 * How many there are to be: by the environment. VNET_SLICE=all: @all; a number: @slice,
 * beginning with the number as seed; and VNET_LAWS=N: N. Prints both.
 */
size_t gen_count(size_t slice, size_t all, struct gen *ret_gen);

/* Count distinct texts. */
struct gen_distinct {
	uint64_t *hashes;
	size_t n;
	size_t size;
};

void gen_distinct_add(struct gen_distinct *distinct, const char *text);
size_t gen_distinct_count(struct gen_distinct *distinct);
void gen_distinct_done(struct gen_distinct *distinct);

#endif /* TESTS_LIB_GEN_H */
