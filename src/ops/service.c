/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "ops/ops.h"

/* The DHCP server; the executor knows how (src/services), these rows what it means. */

static const char *subject(const struct vnet_op *op, char *buf)
{
	(void)vn_copy(buf, VNET_PATH_SIZE, op->u.service.netns);
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "dnsmasq, %s", op->u.service.conf);
}

/* ---- start ---- */

static int start_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	const struct vnet_file *conf = vnet_file_by_path(snap, op->u.service.conf);

	if (snap->running)
		return -EEXIST;
	if (!conf || !conf->content || !snap->ns[op->ns].exists)
		return -ENOENT;
	snap->running = true;
	return 0;
}

/*
 * The configuration goes first: what is not yet the server when servers are looked for
 * reads it later than that, and finds none, or the one from before.
 */
static void start_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			  const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_file *leases = vnet_file_by_path(origin, op->u.service.leases);
	const struct vnet_file *pid = vnet_file_by_path(origin, op->u.service.pid_file);

	(void)before;
	vn_file_restore(op->u.service.conf, origin, undo);
	vnet_plan_service(undo, VNET_OP_SERVICE_STOP, &op->u.service);
	/* The server makes these itself, and may die before it is stopped; what was there stays. */
	if (!pid || !pid->content)
		vnet_plan_file_del(undo, op->u.service.pid_file);
	if (!leases || !leases->content)
		vnet_plan_file_del(undo, op->u.service.leases);
}

static bool start_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	(void)op;
	return snap->running;
}

/* With the capabilities that src/services gives it, and the directory that it wants. */
static void start_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	const char *slash = strrchr(op->u.service.leases, '/');

	vn_text_add(text, "mkdir -p %.*s\n", slash ? (int)(slash - op->u.service.leases) : 0,
		    op->u.service.leases);
	vn_text_add(text,
		    "ip netns exec %s setpriv --no-new-privs "
		    "--bounding-set=-all,+net_admin,+net_bind_service,+setuid,+setgid "
		    "dnsmasq --conf-file=%s\n",
		    netns, op->u.service.conf);
}

const struct vn_op_row vn_op_service_start = {
	.name = "dhcp start",
	.class = VN_OP_SERVICE,
	.gone = -EEXIST,
	.model = start_model,
	.inverse = start_inverse,
	.done = start_done,
	.subject = subject,
	.describe = describe,
	.shell = start_shell,
};

/* ---- stop ---- */

static int stop_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	(void)op;
	if (!snap->running)
		return -ESRCH;
	snap->running = false;
	return 0;
}

static void stop_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			 const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)origin;
	if (before->running)
		vnet_plan_service(undo, VNET_OP_SERVICE_START, &op->u.service);
}

static bool stop_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	(void)op;
	return !snap->running;
}

static void stop_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	/* The server may not delete its pid file: it is not root any more. */
	vn_text_add(text,
		    "pid=$(cat %s); kill \"$pid\"; while kill -0 \"$pid\" 2>/dev/null; do "
		    "sleep 0.01; done; rm -f %s\n",
		    op->u.service.pid_file, op->u.service.pid_file);
}

const struct vn_op_row vn_op_service_stop = {
	.name = "dhcp stop",
	.class = VN_OP_SERVICE,
	.gone = -ESRCH,
	.model = stop_model,
	.inverse = stop_inverse,
	.done = stop_done,
	.subject = subject,
	.describe = describe,
	.shell = stop_shell,
};

/* ---- reload ---- */

static int reload_model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	(void)op;
	return snap->running ? 0 : -ESRCH;
}

/* The files it read are taken back after it: so is its reading them, at the very end. */
static void reload_inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
			   const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	(void)before;
	(void)origin;
	vnet_plan_service(undo, VNET_OP_SERVICE_RELOAD, &op->u.service);
}

static bool reload_done(const struct vnet_op *op, const struct vnet_snapshot *snap)
{
	(void)op;
	(void)snap;
	return false; /* nothing shows it */
}

static void reload_shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	(void)netns;
	vn_text_add(text, "kill -HUP \"$(cat %s)\"\n", op->u.service.pid_file);
}

const struct vn_op_row vn_op_service_reload = {
	.name = "dhcp reload",
	.class = VN_OP_SERVICE,
	.gone = -ESRCH,
	.model = reload_model,
	.inverse = reload_inverse,
	.done = reload_done,
	.subject = subject,
	.describe = describe,
	.shell = reload_shell,
};
