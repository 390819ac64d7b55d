/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <stddef.h>

#include "ops/ops.h"

static const struct vn_op_row *const rows[] = {
	[VNET_OP_LINK_ADD] = &vn_op_link_add,
	[VNET_OP_LINK_SET] = &vn_op_link_set,
	[VNET_OP_LINK_DEL] = &vn_op_link_del,
	[VNET_OP_ALTNAME_ADD] = &vn_op_altname_add,
	[VNET_OP_ADDR_ADD] = &vn_op_addr_add,
	[VNET_OP_ADDR_DEL] = &vn_op_addr_del,
	[VNET_OP_OBJECT_ADD] = &vn_op_object_add,
	[VNET_OP_OBJECT_DEL] = &vn_op_object_del,
	[VNET_OP_ROUTE_LEND] = &vn_op_route_lend,
	[VNET_OP_SYSCTL_SET] = &vn_op_sysctl_set,
	[VNET_OP_WAIT] = &vn_op_wait,
	[VNET_OP_PROBE] = &vn_op_probe,
	[VNET_OP_ANNOUNCE] = &vn_op_announce,
	[VNET_OP_UNCHANGED] = &vn_op_unchanged,
	[VNET_OP_NETNS_ADD] = &vn_op_netns_add,
	[VNET_OP_NETNS_DEL] = &vn_op_netns_del,
	[VNET_OP_CSUM_OFF] = &vn_op_csum_off,
	[VNET_OP_FILE_WRITE] = &vn_op_file_write,
	[VNET_OP_FILE_DEL] = &vn_op_file_del,
	[VNET_OP_SERVICE_START] = &vn_op_service_start,
	[VNET_OP_SERVICE_STOP] = &vn_op_service_stop,
	[VNET_OP_SERVICE_RELOAD] = &vn_op_service_reload,
	[VNET_OP_CLIENT_START] = &vn_op_client_start,
	[VNET_OP_CLIENT_STOP] = &vn_op_client_stop,
};

static_assert(sizeof(rows) / sizeof(rows[0]) == VNET_OP_KIND_COUNT, "rows[] covers vnet_op_kind");

const struct vn_op_row *vn_op_row(const struct vnet_op *op)
{
	assert(op->kind < VNET_OP_KIND_COUNT);
	return rows[op->kind];
}

bool vn_op_no_trace(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	(void)op;
	(void)snap;
	return true;
}
