/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/snapshot.h"
#include "ops/ops.h"

/* DHCP clients of others; the executor knows how (src/services), these rows what it means. */

static const struct vnet_client *find(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	for (size_t i = 0; i < snap->n_clients; i++) {
		if (!strcmp(snap->clients[i].program, op->u.client.program) &&
		    !strcmp(snap->clients[i].link, op->u.client.link))
			return &snap->clients[i];
	}
	return NULL;
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_format(buf, VNET_PATH_SIZE, "%s on %s", op->u.client.program, op->u.client.link);
	return buf;
}

/* ---- start ---- */

static int start_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	struct vnet_client client = { .command = (char *)(uintptr_t)op->u.client.command };

	if (find(op, snap))
		return -EEXIST;
	memcpy(client.program, op->u.client.program, sizeof(client.program));
	memcpy(client.link, op->u.client.link, sizeof(client.link));
	return vn_snapshot_add_client(snap, &client);
}

static void start_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			  const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)before;
	(void)origin;
	vnet_plan_client(undo, VNET_OP_CLIENT_STOP, &op->u.client);
}

static bool start_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return find(op, snap) != NULL;
}

static void put_word(struct vn_text *text, const char *word, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.,:/=@%+-";

	if (len && strspn(word, plain) >= len) {
		vn_text_add(text, "%.*s", (int)len, word);
		return;
	}
	vn_text_add(text, "'");
	for (size_t i = 0; i < len; i++)
		vn_text_add(text, word[i] == '\'' ? "'\\%c'" : "%c", word[i]);
	vn_text_add(text, "'");
}

/* Its words, as a shell takes them; all but the full path, which is what it calls itself. */
static void start_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const char *at = op->u.client.command;
	bool seen = false; /* the full path */

	(void)netns;
	while (*at) {
		size_t len = strcspn(at, "\n");

		if (!seen && *at == '/')
			seen = true;
		else if (strncmp(at, "PATH=", 5) != 0)
			put_word(text, at, len);
		at += len + (at[len] == '\n');
		if (*at && text->len && text->buf[text->len - 1] != '\n')
			vn_text_add(text, " ");
	}
	vn_text_add(text, "\n");
}

const struct vn_op_row vn_op_client_start = {
	.name = "client start",
	.class = VN_OP_SERVICE,
	.gone = -EEXIST,
	.model = start_model,
	.inverse = start_inverse,
	.done = start_done,
	.subject = subject,
	.shell = start_shell,
};

/* ---- stop ---- */

static int stop_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	if (!find(op, snap))
		return -ESRCH;
	vn_snapshot_del_client(snap, op->u.client.program, op->u.client.link);
	return 0;
}

static void stop_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			 const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_client *old = find(op, before);
	struct vnet_handover client = op->u.client;

	(void)origin;
	if (!old)
		return;
	client.pid = old->pid;
	vnet_plan_client(undo, VNET_OP_CLIENT_START, &client);
}

static bool stop_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	return !find(op, snap);
}

static void stop_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	if (op->u.client.pid)
		vn_text_add(text, "kill %d # %s on %s\n", (int)op->u.client.pid,
			    op->u.client.program, op->u.client.link);
	else /* in an undo alone: who will have been started */
		vn_text_add(text, "# stop %s on %s\n", op->u.client.program, op->u.client.link);
}

const struct vn_op_row vn_op_client_stop = {
	.name = "client stop",
	.class = VN_OP_SERVICE,
	.gone = -ESRCH,
	.model = stop_model,
	.inverse = stop_inverse,
	.done = stop_done,
	.subject = subject,
	.shell = stop_shell,
};
