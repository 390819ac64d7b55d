/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/gen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/options.h"
#include "lib/must.h"

enum { RANGE_MAX = 16383 }; /* addresses behind the first: what the check allows */

/* ---- numbers ---- */

/* splitmix64, of https://prng.di.unimi.it/splitmix64.c (public domain) */
static uint64_t next(struct gen *gen)
{
	uint64_t z = gen->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t gen_below(struct gen *gen, uint32_t n)
{
	return (uint32_t)(next(gen) % n);
}

static bool one_in(struct gen *gen, uint32_t n)
{
	return !gen_below(gen, n);
}

static uint32_t between(struct gen *gen, uint32_t low, uint32_t high)
{
	/* the bounds themselves now and then */
	if (one_in(gen, 8))
		return one_in(gen, 2) ? low : high;
	return low + gen_below(gen, high - low + 1);
}

/* ---- edits ---- */

static void add(struct gen_edits *edits, enum vnet_key key, char how, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct gen_edits *edits, enum vnet_key key, char how, const char *fmt, ...)
{
	struct vnet_edit *edit = &edits->edits[edits->n];
	va_list ap;
	int n;

	must(edits->n < GEN_EDITS);
	va_start(ap, fmt);
	n = vsnprintf(edits->text[edits->n], GEN_TEXT, fmt, ap);
	va_end(ap);
	must(n >= 0 && n < GEN_TEXT);
	*edit = (struct vnet_edit){ .key = key, .how = how, .text = edits->text[edits->n] };
	edits->n++;
}

/* The texts lie in the structure: a copy must not point into the old one. */
static void append(struct gen_edits *to, const struct gen_edits *from)
{
	for (size_t i = 0; i < from->n; i++)
		add(to, from->edits[i].key, from->edits[i].how, "%s", from->edits[i].text);
}

static void add_ip(struct gen_edits *edits, enum vnet_key key, char how, uint32_t number,
		   int prefix)
{
	struct vnet_ip ip = vnet_ip4(number);
	char text[VNET_IP_TEXT];

	if (prefix)
		add(edits, key, how, "%s/%d", vnet_ip_text(&ip, text), prefix);
	else
		add(edits, key, how, "%s", vnet_ip_text(&ip, text));
}

/* ---- the network ---- */

static uint32_t size_of(const struct gen_net *net)
{
	return 1U << (32 - net->prefix);
}

/*
 * 10/8 in pieces that never overlap: the second byte is drawn, and of 10.x/16 the
 * subnet is a part. Offsets in it: own addresses at 1, 2 or the last but one, a router
 * at 3, reserved leases at 5 to 7 and in the range, the range from 8 up to the last
 * but 8, a server at the last but 4.
 */
static void draw_subnet(struct gen *gen, struct gen_net *net)
{
	uint32_t size;

	net->prefix = (uint8_t)between(gen, 16, net->dhcp ? 27 : 30);
	size = size_of(net);
	net->subnet = 10U << 24 | gen_below(gen, 200) << 16 | gen_below(gen, 65536 / size) * size;
	net->own = one_in(gen, 3) ? size - 2 : 1;
}

static void add_addresses(struct gen *gen, struct gen_net *net)
{
	struct gen_edits *to = &net->network;
	uint32_t other = 10U << 24 | (200 + gen_below(gen, 50)) << 16 | gen_below(gen, 256) << 8;

	if (one_in(gen, 4))
		add_ip(to, VNET_KEY_ADDRESS, '+', other | 9, 24);
	if (net->subnet)
		add_ip(to, VNET_KEY_ADDRESS, '+', net->subnet + net->own, net->prefix);
	if (net->subnet && size_of(net) > 4 && one_in(gen, 3)) /* a second one in the same */
		add_ip(to, VNET_KEY_ADDRESS, '+', net->subnet + 2, net->prefix);
	if (one_in(gen, 4))
		add(to, VNET_KEY_ADDRESS, '+', "fd00:%x::%x/%u", 1 + gen_below(gen, 0xfffe),
		    1 + gen_below(gen, 0xfffe), between(gen, 33, 112));
	if (one_in(gen, 8))
		add(to, VNET_KEY_ADDRESS, '+', "2001:db8:%x::1/64", gen_below(gen, 0xffff));
}

static void add_mac(struct gen *gen, struct gen_edits *to)
{
	add(to, VNET_KEY_MAC, '=', "%02x:%02x:%02x:%02x:%02x:%02x", gen_below(gen, 64) << 2 | 2,
	    gen_below(gen, 256), gen_below(gen, 256), gen_below(gen, 256), gen_below(gen, 256),
	    gen_below(gen, 256));
}

/* In seconds with one decimal, from tenths. */
static void add_time(struct gen *gen, struct gen_edits *to, enum vnet_key key, uint32_t low,
		     uint32_t high)
{
	uint32_t v = between(gen, low, high);

	if (v % 10)
		add(to, key, '=', "%" PRIu32 ".%" PRIu32, v / 10, v % 10);
	else
		add(to, key, '=', "%" PRIu32, v / 10);
}

static void add_link(struct gen *gen, struct gen_edits *to)
{
	if (one_in(gen, 2))
		add(to, VNET_KEY_MTU, '=', "%" PRIu32, between(gen, 1280, 9000));
	if (one_in(gen, 3))
		add_mac(gen, to);
	if (one_in(gen, 2))
		add(to, VNET_KEY_STP, '=', one_in(gen, 2) ? "yes" : "no");
	if (one_in(gen, 3))
		add_time(gen, to, VNET_KEY_FORWARD_DELAY, 20, 300);
	if (one_in(gen, 3))
		add_time(gen, to, VNET_KEY_AGEING, 0, 36000);
	if (one_in(gen, 3))
		add_time(gen, to, VNET_KEY_HELLO, 10, 100);
	if (one_in(gen, 3))
		add_time(gen, to, VNET_KEY_MAX_AGE, 60, 400);
	if (one_in(gen, 3))
		add(to, VNET_KEY_PRIORITY, '=', "%" PRIu32, between(gen, 0, 65535));
}

/* ---- its server ---- */

/* Up to three below the range and one in it, so that none is the same twice. */
static void add_hosts(struct gen *gen, const struct gen_net *net, struct gen_edits *to)
{
	uint32_t n = gen_below(gen, 5);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t offset = i < 3 ? 5 + i :
					  net->low + gen_below(gen, net->high - net->low + 1);
		struct vnet_ip ip = vnet_ip4(net->subnet + offset);
		char text[VNET_IP_TEXT];
		char name[24] = "";

		if (one_in(gen, 2))
			(void)snprintf(name, sizeof(name), ",guest-%" PRIu32, i);
		add(to, VNET_KEY_DHCP_HOST, '+', "52:54:00:%02x:%02x:%02x=%s%s",
		    gen_below(gen, 256), gen_below(gen, 256), i, vnet_ip_text(&ip, text), name);
	}
}

/* What leases carry besides; of each number at most one. */
static void add_options(struct gen *gen, bool explicit, struct gen_edits *to)
{
	static const char *const values[] = { "10.9.9.9", "10.9.9.9,10.9.9.10", "300",
					      "01:02:ff", "a, \"b\" \\ #c",	"x" };
	static const char *const paths[] = { "/srv/root", "10.9.9.9:/a b,c", "\\\"" };

	if (one_in(gen, 3))
		add(to, VNET_KEY_DHCP_DOMAIN, '=', "lab-%" PRIu32 ".example", gen_below(gen, 9));
	if (one_in(gen, 3))
		add(to, VNET_KEY_DHCP_PXE, '=', "boot/%" PRIu32 ".efi%s", gen_below(gen, 9),
		    explicit || one_in(gen, 2) ? "@10.9.9.8" : "");
	for (uint32_t n = gen_below(gen, 4); n; n--)
		add(to, VNET_KEY_DHCP_OPTION, '+', "%" PRIu32 "=%s", 224 + n,
		    values[gen_below(gen, sizeof(values) / sizeof(values[0]))]);
	if (one_in(gen, 4))
		add(to, VNET_KEY_DHCP_OPTION, '+', "17=%s",
		    paths[gen_below(gen, sizeof(paths) / sizeof(paths[0]))]);
}

static void draw_range(struct gen *gen, struct gen_net *net)
{
	uint32_t last = size_of(net) - 9;

	net->low = between(gen, 8, last);
	net->high =
		between(gen, net->low, last < net->low + RANGE_MAX ? last : net->low + RANGE_MAX);
}

/* @explicit: nothing is left to be chosen by what is there now. */
static void add_server(struct gen *gen, const struct gen_net *net, bool explicit,
		       struct gen_edits *to)
{
	static const char *const units[] = { "s", "m", "h", "d", "" };
	static const uint32_t most[] = { 31536000, 525600, 8760, 365, 31536000 };
	struct vnet_ip first = vnet_ip4(net->subnet + net->low);
	struct vnet_ip last = vnet_ip4(net->subnet + net->high);
	char a[VNET_IP_TEXT];
	char b[VNET_IP_TEXT];
	uint32_t unit = gen_below(gen, 5);

	add(to, VNET_KEY_DHCP_RANGE, '=', "%s-%s", vnet_ip_text(&first, a), vnet_ip_text(&last, b));
	if (one_in(gen, 3))
		add_ip(to, VNET_KEY_DHCP_ROUTER, '=', net->subnet + 3, 0);
	else if (explicit || one_in(gen, 3))
		add(to, VNET_KEY_DHCP_ROUTER, '=', "none");
	if (one_in(gen, 4))
		add(to, VNET_KEY_DHCP_DNS, '+', "none");
	else
		for (uint32_t n = gen_below(gen, 4); n; n--)
			add(to, VNET_KEY_DHCP_DNS, '+', "9.9.%" PRIu32 ".%" PRIu32, n,
			    gen_below(gen, 255));
	if (explicit || one_in(gen, 3))
		add_ip(to, VNET_KEY_DHCP_SERVER, '=', net->subnet + size_of(net) - 4, net->prefix);
	if (one_in(gen, 2))
		add(to, VNET_KEY_DHCP_LEASE_TIME, '=', "%" PRIu32 "%s",
		    between(gen,
			    unit == 1		 ? 2 :
			    unit > 1 && unit < 4 ? 1 :
						   120,
			    most[unit]),
		    units[unit]);
	add_options(gen, explicit, to);
	add_hosts(gen, net, to);
}

static void fill(struct gen *gen, bool explicit, struct gen_net *net)
{
	net->network.n = net->server.n = 0;
	add_addresses(gen, net);
	add_link(gen, &net->network);
	if (!net->dhcp)
		return;
	draw_range(gen, net);
	add_server(gen, net, explicit, &net->server);
}

void gen_net(struct gen *gen, struct gen_net *ret_net)
{
	memset(ret_net, 0, sizeof(*ret_net));
	ret_net->dhcp = !one_in(gen, 3);
	if (ret_net->dhcp || !one_in(gen, 6))
		draw_subnet(gen, ret_net);
	fill(gen, false, ret_net);
}

/* The same with other hosts. */
static void change_hosts(struct gen *gen, const struct gen_net *from, struct gen_net *ret_net)
{
	*ret_net = *from;
	ret_net->network.n = ret_net->server.n = 0;
	append(&ret_net->network, &from->network);
	for (size_t i = 0; i < from->server.n; i++) {
		const struct vnet_edit *edit = &from->server.edits[i];

		if (edit->key != VNET_KEY_DHCP_HOST)
			add(&ret_net->server, edit->key, edit->how, "%s", edit->text);
	}
	add_hosts(gen, ret_net, &ret_net->server);
}

/*
 * Another subnet that holds the old one, or a part of it: a server that goes on would be
 * in it with the old prefix, which is refused.
 */
static bool overlap(const struct gen_net *a, const struct gen_net *b)
{
	uint8_t prefix = a->prefix < b->prefix ? a->prefix : b->prefix;

	return a->subnet && b->subnet && !((a->subnet ^ b->subnet) >> (32 - prefix));
}

void gen_change(struct gen *gen, const struct gen_net *from, struct gen_net *ret_net)
{
	if (!from->dhcp || one_in(gen, 3)) {
		do {
			gen_net(gen, ret_net);
		} while (overlap(from, ret_net));
		/* An address chosen by itself might be one that the bridge is about to lose. */
		fill(gen, true, ret_net);
		return;
	}
	if (one_in(gen, 4)) {
		change_hosts(gen, from, ret_net);
		return;
	}
	memset(ret_net, 0, sizeof(*ret_net));
	ret_net->subnet = from->subnet;
	ret_net->prefix = from->prefix;
	ret_net->own = from->own;
	ret_net->dhcp = !one_in(gen, 4);
	fill(gen, true, ret_net);
}

/* ---- edits for any spec ---- */

void gen_edits_of(const struct vnet_spec *spec, struct gen_edits *ret_edits)
{
	ret_edits->n = 0;
	for (int key = VNET_KEY_ADDRESS; key < VNET_KEY_COUNT; key++) {
		const struct vn_option *opt = &vn_options[key];
		size_t n = vnet_spec_count(spec, (enum vnet_key)key);

		if (opt->list || opt->no)
			add(ret_edits, (enum vnet_key)key, '0', "%s", "");
		for (size_t i = 0; i < n; i++) {
			struct vn_text text = { 0 };

			vn_value_print(opt, vn_spec_value(spec, (enum vnet_key)key, i), &text);
			must(!text.failed);
			add(ret_edits, (enum vnet_key)key, opt->list ? '+' : '=', "%s", text.buf);
			vn_text_done(&text);
		}
	}
}

void gen_edits_all(const struct gen_net *net, struct gen_edits *ret_edits)
{
	ret_edits->n = 0;
	add(ret_edits, VNET_KEY_ADDRESS, '0', "%s", "");
	append(ret_edits, &net->network);
	if (!net->dhcp)
		return;
	add(ret_edits, VNET_KEY_DHCP_DNS, '0', "%s", "");
	add(ret_edits, VNET_KEY_DHCP_OPTION, '0', "%s", "");
	add(ret_edits, VNET_KEY_DHCP_HOST, '0', "%s", "");
	append(ret_edits, &net->server);
}

/* ---- how many ---- */

size_t gen_count(size_t slice, size_t all, struct gen *ret_gen)
{
	const char *which = getenv("VNET_SLICE");
	const char *laws = getenv("VNET_LAWS");
	size_t n = which && !strcmp(which, "all") ? all : slice;

	if (laws)
		n = strtoul(laws, NULL, 10);
	ret_gen->state = which ? strtoull(which, NULL, 10) : 1;
	printf("# seed %" PRIu64 ", %zu networks\n", ret_gen->state, n);
	return n;
}

void gen_distinct_add(struct gen_distinct *distinct, const char *text)
{
	if (distinct->n == distinct->size) {
		distinct->size = distinct->size ? 2 * distinct->size : 1024;
		distinct->hashes =
			realloc(distinct->hashes, distinct->size * sizeof(*distinct->hashes));
		must(distinct->hashes);
	}
	distinct->hashes[distinct->n++] = vn_hash(0, text);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

size_t gen_distinct_count(struct gen_distinct *distinct)
{
	size_t n = 0;

	if (distinct->n)
		qsort(distinct->hashes, distinct->n, sizeof(*distinct->hashes), by_number);
	for (size_t i = 0; i < distinct->n; i++)
		n += !i || distinct->hashes[i] != distinct->hashes[i - 1];
	return n;
}

void gen_distinct_done(struct gen_distinct *distinct)
{
	free(distinct->hashes);
	*distinct = (struct gen_distinct){ 0 };
}
