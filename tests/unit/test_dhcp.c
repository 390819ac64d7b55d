/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DHCP server's end is down, and the marks are off, while the uplink joins its bridge or leaves
 * it: decisions on hand-made snapshots.
 */
#include <linux/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <vnet/mode.h>

#include "base/snapshot.h"

enum { BRIDGE = 5, NIC = 7, END = 8 };

enum {
	IS_PORT = 1,	  /* the NIC is a port of the bridge now */
	IS_MARKED = 2,	  /* ... and `isolated` */
	HAS_END = 4,	  /* there is a server's end */
	END_IS_DOWN = 8,  /* ... which is down */
	WANTS_NIC = 16,	  /* as uplink */
	WANTS_DHCP = 32,  /* a server */
	SERVES_LAN = 64,  /* --serve-uplink */
	TAKES_DOWN = 128, /* expected: the end goes down */
	CLEARS = 256,	  /* expected: the NIC loses its mark */
};

static const unsigned int cases[] = {
	/* it joins */
	HAS_END | WANTS_NIC | WANTS_DHCP | TAKES_DOWN,
	HAS_END | END_IS_DOWN | WANTS_NIC | WANTS_DHCP,
	HAS_END | WANTS_NIC | WANTS_DHCP | SERVES_LAN,
	HAS_END | WANTS_NIC,
	WANTS_NIC | WANTS_DHCP,
	/* it leaves */
	IS_PORT | IS_MARKED | HAS_END | WANTS_DHCP | TAKES_DOWN | CLEARS,
	IS_PORT | IS_MARKED | HAS_END | END_IS_DOWN | WANTS_DHCP | CLEARS,
	IS_PORT | HAS_END | WANTS_DHCP | SERVES_LAN,
	IS_PORT | IS_MARKED | HAS_END,
	/* it stays */
	IS_PORT | IS_MARKED | HAS_END | WANTS_NIC | WANTS_DHCP,
	IS_PORT | HAS_END | WANTS_NIC | WANTS_DHCP | SERVES_LAN,
};

static struct vnet_spec spec_of(bool uplink, bool dhcp, bool serve)
{
	struct vnet_spec spec;

	vnet_spec_init(&spec, VNET_MODE_BRIDGE);
	(void)snprintf(spec.name, sizeof(spec.name), "br0");
	(void)snprintf(spec.uplink, sizeof(spec.uplink), "eth0");
	spec.set |= (uint64_t)uplink << VNET_KEY_UPLINK | (uint64_t)dhcp << VNET_KEY_DHCP_RANGE;
	spec.dhcp.serve_uplink = serve;
	return spec;
}

static void add_link(struct vnet_snapshot *snap, int32_t index, const char *name, bool is_port,
		     bool isolated, bool up)
{
	struct vnet_link link = {
		.index = index,
		.master = is_port ? BRIDGE : 0,
		.flags = up ? IFF_UP : 0,
		.port = { .isolated = isolated },
	};

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	(void)snprintf(link.master_name, sizeof(link.master_name), "%s", is_port ? "br0" : "");
	assert_int_equal(vn_snapshot_add_link(snap, VNET_NS_HOST, &link), 0);
}

static struct vnet_snapshot host_of(unsigned int c)
{
	struct vnet_snapshot snap = { 0 };
	char end[VNET_NAME_SIZE];

	vnet_dhcp_link_name("br0", end);
	add_link(&snap, NIC, "eth0", c & IS_PORT, c & IS_MARKED, true);
	if (c & HAS_END)
		add_link(&snap, END, end, true, c & IS_MARKED, !(c & END_IS_DOWN));
	return snap;
}

/* What a plan does, in the order that counts: the end first. */
static unsigned int done_by(const struct vnet_plan *plan)
{
	unsigned int done = 0;

	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct vnet_op *op = &plan->ops[i];
		const struct vnet_link *link = &op->u.link.link;

		assert_int_equal(op->kind, VNET_OP_LINK_SET);
		if (op->u.link.set == VNET_LINK_UP && link->index == END && !(link->flags & IFF_UP))
			done |= TAKES_DOWN;
		else if (op->u.link.set == VNET_LINK_ISOLATED && link->index == NIC &&
			 !link->port.isolated)
			done |= CLEARS;
		else
			fail_msg("operation %zu is none that is meant", i);
		assert_false((done & CLEARS) && i + 1 < plan->n_ops);
	}
	return done;
}

static void pause_while_it_moves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int c = cases[i];
		struct vnet_spec have = spec_of(c & IS_PORT, c & HAS_END, c & SERVES_LAN);
		struct vnet_spec want = spec_of(c & WANTS_NIC, c & WANTS_DHCP, c & SERVES_LAN);
		struct vnet_snapshot snap = host_of(c);
		struct vnet_plan plan;

		vnet_plan_init(&plan);
		vnet_dhcp_pause(&have, &want, &snap, &plan);
		assert_int_equal(plan.failed, 0);
		if (done_by(&plan) != (c & (TAKES_DOWN | CLEARS)))
			fail_msg("case %zu: %#x", i, done_by(&plan));
		vnet_plan_done(&plan);
		vnet_snapshot_done(&snap);
		vnet_spec_done(&have);
		vnet_spec_done(&want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pause_while_it_moves) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
