/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/snapshot.h"
#include "ops/ops.h"

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.file.path);
	return buf;
}

void vn_file_restore(const char *path, const struct vnet_snapshot *before, struct vnet_plan *undo)
{
	const struct vnet_file *file = vnet_file_by_path(before, path);

	if (file && file->content)
		vnet_plan_file_write(undo, path, file->content, file->mode);
	else
		vnet_plan_file_del(undo, path);
}

/* Both take back to what was there before. */
static void inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
		    const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)origin;
	vn_file_restore(op->u.file.path, before, undo);
}

/* ---- file write ---- */

static int write_perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	(void)env;
	return vn_file_write(op->u.file.path, op->u.file.content, op->u.file.mode);
}

static int write_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vn_snapshot_set_file(snap, op->u.file.path, op->u.file.content, op->u.file.mode);
}

static bool write_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_file *file = vnet_file_by_path(snap, op->u.file.path);

	return file && file->content && !strcmp(file->content, op->u.file.content);
}

static void write_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "install -D -m %" PRIo32 " /dev/stdin %s <<'END'\n%sEND\n",
		    op->u.file.mode, op->u.file.path, op->u.file.content);
}

const struct vn_op_row vn_op_file_write = {
	.name = "write",
	.class = VN_OP_SYSTEM,
	.gone = 0,
	.perform = write_perform,
	.model = write_model,
	.inverse = inverse,
	.done = write_done,
	.subject = subject,
	.shell = write_shell,
};

/* ---- file del ---- */

static int del_perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	struct stat st;

	(void)env;
	/* What is no regular file counts as not there in a snapshot: someone else's. */
	if (lstat(op->u.file.path, &st) == 0 && !S_ISREG(st.st_mode))
		return 0;
	return unlink(op->u.file.path) < 0 && errno != ENOENT ? -errno : 0;
}

static int del_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vn_snapshot_set_file(snap, op->u.file.path, NULL, 0);
}

static bool del_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	const struct vnet_file *file = vnet_file_by_path(snap, op->u.file.path);

	return !file || !file->content;
}

static void del_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "rm -f %s\n", op->u.file.path);
}

const struct vn_op_row vn_op_file_del = {
	.name = "delete",
	.class = VN_OP_SYSTEM,
	.gone = -ENOENT,
	.perform = del_perform,
	.model = del_model,
	.inverse = inverse,
	.done = del_done,
	.subject = subject,
	.shell = del_shell,
};
