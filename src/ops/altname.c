/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "wire/link.h"

static int encode(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		  struct vn_msg *msg)
{
	(void)env;
	return vn_altname_add_msg(msg, seq, op->u.altname.index, op->u.altname.name);
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	struct vnet_link *link = vn_snapshot_link(snap, op->ns, op->u.altname.index);

	if (!link)
		return -ENODEV;
	memcpy(link->altname, op->u.altname.name, sizeof(link->altname));
	return 0;
}

static bool done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_link *link = vnet_link_by_index(snap, op->ns, op->u.altname.index);

	return link && !strcmp(link->altname, op->u.altname.name);
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.altname.link);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "%s", op->u.altname.name);
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	bool host = op->ns == VNET_NS_HOST;

	vn_text_add(text, "ip %s%s%slink property add dev %s altname %s\n", host ? "" : "-n ",
		    host ? "" : netns, host ? "" : " ", op->u.altname.link, op->u.altname.name);
}

/* No inverse: it is only ever given to links that the same plan makes, and goes with them. */
const struct vn_op_row vn_op_altname_add = {
	.name = "altname add",
	.class = VN_OP_NETLINK,
	.gone = -EEXIST,
	.encode = encode,
	.model = model,
	.done = done,
	.subject = subject,
	.describe = describe,
	.shell = shell,
};
