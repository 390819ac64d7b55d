/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "ops/ops.h"
#include "sys/probe.h"

/*
 * Transmit checksum offload off, on the server's end of its veth pair: replies
 * would else leave with partial checksums, which some DHCP clients drop. Only
 * on a link that the same plan makes, hence no inverse and nothing to read back.
 */

static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	(void)env;
	return vn_csum_off(op->u.csum.link);
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vnet_link_by_name(snap, op->ns, op->u.csum.link) ? 0 : -ENODEV;
}

static bool done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return vnet_link_by_name(snap, op->ns, op->u.csum.link) != NULL;
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.csum.link);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	(void)op;
	vn_text_add(text, "transmit checksums by the CPU");
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	vn_text_add(text, "ip netns exec %s ethtool -K %s tx off >/dev/null\n", netns,
		    op->u.csum.link);
}

const struct vn_op_row vn_op_csum_off = {
	.name = "checksum offload off",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -ENODEV,
	.perform = perform,
	.model = model,
	.done = done,
	.subject = subject,
	.describe = describe,
	.shell = shell,
};
