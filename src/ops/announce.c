/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/announce.h"

#include <errno.h>
#include <sys/socket.h>

#include "ops/ops.h"

/* Nothing changes here; neighbours learn at which MAC an address is from now on, or routers are
 * asked to say again what they advertise. */

static int perform(const struct vnet_op *op, const struct vn_op_env *env)
{
	if (op->u.announce.solicit)
		return vn_solicit(env->announcer, op->u.announce.index, &op->u.announce.mac,
				  &op->u.announce.ip);
	return vn_announce(env->announcer, op->u.announce.index, &op->u.announce.mac,
			   &op->u.announce.ip);
}

static int model(const struct vnet_op *op, struct vnet_snapshot *snap)
{
	return vnet_link_by_index(snap, op->ns, op->u.announce.index) ? 0 : -ENODEV;
}

/* What was so before the plan is said again; what the plan made so is so no more. */
static void inverse(const struct vnet_op *op, const struct vnet_snapshot *before,
		    const struct vnet_snapshot *origin, struct vnet_plan *undo)
{
	const struct vnet_ns *in = &origin->ns[op->ns];

	(void)before;
	for (size_t i = 0; i < in->n_objects; i++) {
		if (in->objects[i]->kind == VNET_OBJECT_ADDR &&
		    in->objects[i]->index == op->u.announce.index &&
		    vnet_ip_equal(&in->objects[i]->to.ip, &op->u.announce.ip)) {
			(void)vnet_plan_add(undo, op);
			return;
		}
	}
}

static const char *subject(const struct vnet_op *op, char *buf)
{
	char ip[VNET_IP_TEXT];

	(void)vn_format(buf, VNET_PATH_SIZE, "%s %s", op->u.announce.link,
			vnet_ip_text(&op->u.announce.ip, ip));
	return buf;
}

static void describe(const struct vnet_op *op, struct vn_text *text)
{
	char mac[VNET_MAC_TEXT];

	if (op->u.announce.solicit)
		vn_text_add(text, "asking routers to advertise");
	else
		vn_text_add(text, "at %s", vnet_mac_text(&op->u.announce.mac, mac));
}

/* No program for it is everywhere. */
static void shell(const struct vnet_op *op, const char *netns, struct vn_text *text)
{
	char ip[VNET_IP_TEXT];

	(void)netns;
	(void)vnet_ip_text(&op->u.announce.ip, ip);
	if (op->u.announce.solicit)
		vn_text_add(text, "# rdisc6 %s, from %s\n", op->u.announce.link, ip);
	else if (op->u.announce.ip.family == AF_INET)
		vn_text_add(text, "# arping -c 1 -U -I %s %s\n", op->u.announce.link, ip);
	else
		vn_text_add(text, "# ndsend %s %s\n", ip, op->u.announce.link);
}

const struct vn_op_row vn_op_announce = {
	.name = "announce",
	.class = VN_OP_SYSTEM,
	.inside = true,
	.gone = -ENODEV,
	.perform = perform,
	.model = model,
	.inverse = inverse,
	.done = vn_op_no_trace,
	.subject = subject,
	.describe = describe,
	.shell = shell,
};
