/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of legacy iptables: a byte for the family, two for each hook, then the entries. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "lib/must.h"
#include "sys/xtables.h"

enum { HEAD = 1 + 2 * VN_XTABLES_HOOKS };

static int on_rule(const char *text, void *arg)
{
	size_t *n = arg;

	for (const char *c = text; *c; c++)
		must(*c >= ' ' && *c <= '~');
	++*n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vn_xtable table = { .name = "filter" };
	uint8_t *entries;
	size_t n = 0;
	int r;

	if (size < HEAD)
		return 0;
	table.family = data[0] % 2 ? AF_INET6 : AF_INET;
	for (size_t i = 0; i < VN_XTABLES_HOOKS; i++)
		table.hooks[i] = data[1 + 2 * i] | (uint32_t)data[2 + 2 * i] << 8;
	table.size = size - HEAD;
	entries = malloc(table.size + !table.size);
	must(entries);
	memcpy(entries, data + HEAD, table.size);
	table.entries = entries;
	r = vn_xtables_parse(&table, "eth0", "br0", on_rule, &n);
	must(r <= 0 && n <= size);
	free(entries);
	return 0;
}
