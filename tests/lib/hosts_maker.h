/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_HOSTS_MAKER_H
#define TESTS_LIB_HOSTS_MAKER_H

/* Parts of hosts.c that two files share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "lib/gen.h"

enum {
	SUBNETS = 3,
	ADDRS = 12,
	ROUTES = 16,
};

/*
 * While it is made. Subnet s is 10.s+10.0.0/24 and 2001:db8:s::/64; a router in it can be
 * used once the NIC has a plain address there.
 */
struct maker {
	struct gen gen;
	struct vn_text build; /* the commands of ip are a batch of their own */
	struct vn_text batch;
	struct vn_text admin;
	bool up;
	bool second; /* there is eth1 */
	bool plain4[SUBNETS];
	bool plain6[SUBNETS];
	bool spoilt4[SUBNETS]; /* the first address there is an odd one */
	char addrs[ADDRS][80]; /* as `ip addr del` takes them */
	size_t n_addrs;
	char routes[ROUTES][80];
	size_t n_routes;
	bool temporary; /* it may make temporary addresses, which are new ones each time */
	char src4[24];	/* an address that is there; or empty */
	char src6[48];
	bool force;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline uint32_t below(struct maker *m, uint32_t n)
{
	return gen_below(&m->gen, n);
}

static inline bool one_in(struct maker *m, uint32_t n)
{
	return below(m, n) == 0;
}

static inline const char *any(struct maker *m, const char *const *words, size_t n)
{
	return words[below(m, (uint32_t)n)];
}

/* Some of the settings of a link, or of "all" and "default"; one of @rarity each. */
void hosts_make_settings(struct maker *m, const char *link, uint32_t rarity);

/* The pair eth@i and far@i. */
void hosts_make_link(struct maker *m, int i);

/* All that eth0 is, but what hangs on it; and what packets pass on their way. */
void hosts_make_nic(struct maker *m);
void hosts_make_tc(struct maker *m);

#endif /* TESTS_LIB_HOSTS_MAKER_H */
