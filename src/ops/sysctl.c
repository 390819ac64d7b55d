/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "sys/file.h"

/* net.ipv6.conf.LINK.KEY; of the keys a snapshot knows those of the table. */

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "accept_ra", offsetof(struct vnet_link, accept_ra) },
	{ "autoconf", offsetof(struct vnet_link, autoconf) },
};

static int32_t *value_of(struct vnet_link *link, const char *key)
{
	for (size_t i = 0; link && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i].key, key))
			return (int32_t *)((char *)link + keys[i].offset);
	}
	return NULL;
}

static int32_t value_in(const struct vnet_snapshot *snap, const struct vnet_op *op, int32_t none)
{
	const struct vnet_link *found = vnet_link_by_name(snap, op->ns, op->u.sysctl.link);
	struct vnet_link link;
	const int32_t *value;

	if (!found)
		return none;
	link = *found;
	value = value_of(&link, op->u.sysctl.key);
	return value ? *value : none;
}

/* Written in the caller's namespace: the executor sees to it that this is op->ns. */
static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	char path[VNET_PATH_SIZE];
	char value[16];
	int r;

	(void)env;
	(void)vn_format(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", op->u.sysctl.link,
			op->u.sysctl.key);
	(void)vn_format(value, sizeof(value), "%" PRId32, op->u.sysctl.value);
	r = vn_sysctl_write(path, value);
	/* A kernel without IPv6 has nothing to be protected from. */
	return r == -ENOENT ? 0 : r;
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_link *found = vnet_link_by_name(snap, op->ns, op->u.sysctl.link);
	int32_t *value;

	if (!found)
		return -ENODEV;
	value = value_of(vn_snapshot_link(snap, op->ns, found->index), op->u.sysctl.key);
	if (!value)
		return -ENOENT;
	*value = op->u.sysctl.value;
	return 0;
}

static void inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
		    const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	int32_t old = value_in(before, op, -1);

	if (old >= 0 && vnet_link_by_name(origin, op->ns, op->u.sysctl.link))
		vnet_plan_sysctl_set(undo, op->ns, op->u.sysctl.link, op->u.sysctl.key, old);
}

static bool done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	int32_t now = value_in(snap, op, INT32_MIN);

	return now == op->u.sysctl.value || now == -1; /* -1: no IPv6 */
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_format(buf, VNET_PATH_SIZE, "net.ipv6.conf.%s.%s", op->u.sysctl.link,
			op->u.sysctl.key);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "%" PRId32, op->u.sysctl.value);
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const char *exec = op->ns == VNET_NS_HOST ? "" : "ip netns exec ";

	vn_text_add(text, "%s%s%ssh -c 'echo %" PRId32 " >/proc/sys/net/ipv6/conf/%s/%s'\n", exec,
		    op->ns == VNET_NS_HOST ? "" : netns, op->ns == VNET_NS_HOST ? "" : " ",
		    op->u.sysctl.value, op->u.sysctl.link, op->u.sysctl.key);
}

const struct vn_op_row vn_op_sysctl_set = {
	.name = "sysctl set",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -ENODEV,
	.perform = perform,
	.model = model,
	.inverse = inverse,
	.done = done,
	.subject = subject,
	.describe = describe,
	.shell = shell,
};
