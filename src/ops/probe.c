/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <netinet/in.h>

#include "ops/ops.h"

/* Nothing changes; what comes after it comes only if the way out is there. */

enum { PROBE_MS = 2000 };

static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	bool answers = false;
	int r = vn_gateway_ask(&op->u.probe, 1, PROBE_MS, &answers, env->spent);

	return r == 0 && !answers ? -EHOSTUNREACH : r;
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vnet_link_by_index(snap, op->ns, op->u.probe.index) ? 0 : -ENODEV;
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	char ip[VNET_IP_TEXT];

	(void)vn_format(buf, VNET_PATH_SIZE, "the gateway %s through %s",
			vnet_ip_text(&op->u.probe.ip, ip), op->u.probe.link);
	return buf;
}

static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	char ip[VNET_IP_TEXT];
	bool scoped = op->u.probe.ip.family == AF_INET6;

	(void)netns;
	vn_text_add(text, "ping -q -c 1 -w 2 %s%s%s >/dev/null || exit 1\n",
		    vnet_ip_text(&op->u.probe.ip, ip), scoped ? "%" : "",
		    scoped ? op->u.probe.link : "");
}

const struct vn_op_row vn_op_probe = {
	.name = "ask",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -ENODEV,
	.perform = perform,
	.model = model,
	.done = vn_op_no_trace,
	.subject = subject,
	.shell = shell,
};
