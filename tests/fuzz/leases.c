/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lease file: whatever guests have put there, what is read is bounded and safe to print. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "lib/must.h"
#include "services/leases.h"

static bool is_plain(const char *s, size_t size)
{
	if (strnlen(s, size) == size)
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct vnet_lease *leases = NULL;
	struct vn_lease_flaws flaws = { 0 };
	size_t n = 0;

	must(vn_leases_parse(text, size, &leases, &n, &flaws) == 0);
	must(!leases == !n && n + flaws.bad_lines <= size);
	for (size_t i = 0; i < n; i++) {
		must(leases[i].ip.family == AF_INET && leases[i].expires >= 0);
		must(is_plain(leases[i].name, sizeof(leases[i].name)));
		must(is_plain(leases[i].client_id, sizeof(leases[i].client_id)));
	}
	free(leases);
	free(text);
	return 0;
}
