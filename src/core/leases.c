/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/leases.h>

#include <errno.h>
#include <stdlib.h>

#include <vnet/net.h>

#include "base/text.h"
#include "services/leases.h"

int vnet_leases_read(const struct vnet_view *view, struct vnet_leases *ret_leases,
		     struct vnet_error *err)
{
	const char *path = view->service.leases;
	struct vnet_leases leases = { 0 };
	struct vn_lease_flaws flaws = { 0 };
	int r = vn_leases_read(path, &leases.items, &leases.n, &flaws);

	if (r == -EINVAL || r == -ELOOP)
		return vnet_error_set(err, r, "%s is no lease file: want a regular file", path);
	if (r < 0)
		return vnet_error_set(err, r, "%s: %s", path, vn_strerror(r));
	leases.bad_lines = flaws.bad_lines;
	leases.truncated = flaws.truncated;
	*ret_leases = leases;
	return 0;
}

void vnet_leases_done(struct vnet_leases *leases)
{
	if (!leases)
		return;
	free(leases->items);
	*leases = (struct vnet_leases){ 0 };
}
