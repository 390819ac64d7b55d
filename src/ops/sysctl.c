/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/snapshot.h"
#include "ops/ops.h"
#include "sys/file.h"

/*
 * Of a link's settings a snapshot has these two with the link itself, always; the others
 * in a list, where they matter.
 */
static const struct {
	const char *key;
	size_t offset;
} with_link[] = {
	{ "accept_ra", offsetof(struct vnet_link, accept_ra) },
	{ "autoconf", offsetof(struct vnet_link, autoconf) },
};

static int32_t *field_of(struct vnet_link *link, const struct vnet_op *op)
{
	bool ipv6 = !strcmp(op->u.sysctl.dir, "ipv6/conf");

	for (size_t i = 0; ipv6 && i < sizeof(with_link) / sizeof(with_link[0]); i++) {
		if (!strcmp(with_link[i].key, op->u.sysctl.key))
			return (int32_t *)((char *)link + with_link[i].offset);
	}
	return NULL;
}

/* The setting as @snap has it, into @value; false if it is not known, or there is none. */
static bool value_in(const struct vnet_snapshot *snap, const struct vnet_op *op,
		     char value[VNET_SYSCTL_VALUE])
{
	const struct vnet_link *found = vnet_link_by_name(snap, op->ns, op->u.sysctl.link);
	const struct vnet_sysctl *sysctl = vnet_sysctl_find(snap, op->ns, op->u.sysctl.link,
							    op->u.sysctl.dir, op->u.sysctl.key);
	struct vnet_link link;
	const int32_t *field;

	if (!found)
		return false;
	link = *found;
	field = field_of(&link, op);
	if (field)
		return *field >= 0 && vn_format(value, VNET_SYSCTL_VALUE, "%" PRId32, *field) == 0;
	return sysctl && vn_copy(value, VNET_SYSCTL_VALUE, sysctl->value) == 0;
}

/* No IPv6 on this link: its settings are not there, and need not be. */
static bool has_none(const struct vnet_snapshot *snap, const struct vnet_op *op)
{
	const struct vnet_link *link = vnet_link_by_name(snap, op->ns, op->u.sysctl.link);

	return link && link->accept_ra == -1 && !strncmp(op->u.sysctl.dir, "ipv6", 4);
}

/* Written in the caller's namespace: the executor sees to it that this is op->ns. */
static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	char path[VNET_PATH_SIZE];
	int r;

	(void)env;
	(void)vn_format(path, sizeof(path), "/proc/sys/net/%s/%s/%s", op->u.sysctl.dir,
			op->u.sysctl.link, op->u.sysctl.key);
	r = vn_sysctl_write(path, op->u.sysctl.value);
	/* A kernel without IPv6 has nothing to be protected from. */
	return r == -ENOENT ? 0 : r;
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_link *found = vnet_link_by_name(snap, op->ns, op->u.sysctl.link);
	struct vnet_sysctl sysctl = { 0 };
	int32_t *field;

	if (!found)
		return -ENODEV;
	field = field_of(vn_snapshot_link(snap, op->ns, found->index), op);
	if (field) {
		*field = (int32_t)strtol(op->u.sysctl.value, NULL, 10);
		return 0;
	}
	memcpy(sysctl.link, op->u.sysctl.link, sizeof(sysctl.link));
	memcpy(sysctl.dir, op->u.sysctl.dir, sizeof(sysctl.dir));
	memcpy(sysctl.key, op->u.sysctl.key, sizeof(sysctl.key));
	memcpy(sysctl.value, op->u.sysctl.value, sizeof(sysctl.value));
	return vn_snapshot_set_sysctl(snap, op->ns, &sysctl);
}

static void inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
		    const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	char old[VNET_SYSCTL_VALUE];

	if (value_in(before, op, old) && vnet_link_by_name(origin, op->ns, op->u.sysctl.link))
		vnet_plan_sysctl_set(undo, op->ns, op->u.sysctl.link, op->u.sysctl.dir,
				     op->u.sysctl.key, old);
}

static bool done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	char now[VNET_SYSCTL_VALUE];

	if (!value_in(snap, op, now))
		return has_none(snap, op);
	return !strcmp(now, op->u.sysctl.value);
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_format(buf, VNET_PATH_SIZE, "net/%s/%s/%s", op->u.sysctl.dir, op->u.sysctl.link,
			op->u.sysctl.key);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "%s", op->u.sysctl.value);
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const char *exec = op->ns == VNET_NS_HOST ? "" : "ip netns exec ";

	vn_text_add(text, "%s%s%ssh -c 'echo %s >/proc/sys/net/%s/%s/%s'\n", exec,
		    op->ns == VNET_NS_HOST ? "" : netns, op->ns == VNET_NS_HOST ? "" : " ",
		    op->u.sysctl.value, op->u.sysctl.dir, op->u.sysctl.link, op->u.sysctl.key);
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
