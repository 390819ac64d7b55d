/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that can't make routes of a link without a carrier sleep (before Linux 4.3, and 4.15
 * for IPv6): the setting is hidden from vnet, and refused. Then the copies stand behind what the
 * NIC has: the host is reached all the same, both ways, and comes back as it was.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/ground.h"
#include "netns/inside.h"

enum {
	BEHIND = 10000, /* the metrics of IPv6 routes that stand behind all others */
	ROUND_TRIPS = 3,
	LOST_MAX = ROUND_TRIPS, /* of the probes of one flow, each two ms: a stall loses dozens */
};

#define NET "br0"

static const char hidden[] = "ignore_routes_with_linkdown";

/* The real executor, of an older kernel if @old. */
struct elder {
	struct vn_exec real;
	bool old;
	size_t asked;  /* for the setting */
	size_t behind; /* routes laid out there by create */
	bool creates;
};

struct test {
	struct elder elder;
	struct vnet *vnet;
};

static int on_read(void *self, const char *net, struct vnet_snapshot *snap, struct vnet_error *err)
{
	struct elder *e = self;
	int r = e->real.ops->read(e->real.self, net, snap, err);
	struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	size_t n = 0;

	for (size_t i = 0; r == 0 && e->old && i < host->n_sysctls; i++) {
		if (strcmp(host->sysctls[i].key, hidden) != 0)
			host->sysctls[n++] = host->sysctls[i];
	}
	if (r == 0 && e->old)
		host->n_sysctls = n;
	return r;
}

static int on_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
		      struct vn_ack *acks)
{
	struct elder *e = self;

	for (size_t i = 0; e->creates && i < n; i++)
		e->behind += ops[i].kind == VNET_OP_OBJECT_ADD &&
			     ops[i].u.object.object.kind == VNET_OBJECT_ROUTE &&
			     ops[i].u.object.object.metric > BEHIND;
	return e->real.ops->netlink(e->real.self, ns, ops, n, acks);
}

static int on_system(void *self, const struct vnet_op *op)
{
	struct elder *e = self;

	if (op->kind == VNET_OP_SYSCTL_SET && !strcmp(op->u.sysctl.key, hidden)) {
		e->asked++;
		if (e->old)
			return -ENOENT;
	}
	return e->real.ops->system(e->real.self, op);
}

static int on_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	struct elder *e = self;

	return e->real.ops->service(e->real.self, op, detail);
}

static int on_events(void *self, int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	struct elder *e = self;

	return e->real.ops->events(e->real.self, fn, arg);
}

static const struct vn_exec_ops elder_ops = {
	.read = on_read,
	.netlink = on_netlink,
	.system = on_system,
	.service = on_service,
	.events = on_events,
};

static void create(struct test *t, bool uplink)
{
	static const struct vnet_how how = { .what = "a test" };
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
	};
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };

	t->elder.creates = true;
	if (vnet_create(t->vnet, VNET_MODE_BRIDGE, NET, edits, uplink ? 2 : 0, &how, &result,
			&err) < 0)
		fail_msg("create: %s", err.msg);
	t->elder.creates = false;
	vnet_result_done(&result);
}

static void delete_net(struct test *t)
{
	static const struct vnet_how how = { .what = "a test" };
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };

	if (vnet_delete(t->vnet, NET, &how, &result, &err) < 0)
		fail_msg("delete: %s", err.msg);
	vnet_result_done(&result);
}

static int open_host(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	struct vn_exec exec = { .ops = &elder_ops, .self = &t->elder };
	const char *top = getenv("VNET_TOP");

	ground_shell(". %s/tests/lib/host.bash; uplink_host", top ? top : ".");
	assert_int_equal(vn_kernel_open(&t->elder.real, NULL), 0);
	t->vnet = ground_open(&exec);
	/* a directory and a lock stay behind of the first change of all */
	create(t, false);
	delete_net(t);
	*state = t;
	return 0;
}

static int close_host(void **state)
{
	struct test *t = *state;

	vnet_close(t->vnet);
	vn_kernel_close(&t->elder.real);
	free(t);
	return 0;
}

/* One round trip, of an @old kernel or of this one, leaves nothing behind. */
static void round_trip(struct test *t, bool old)
{
	auto_free char *before = NULL;
	auto_free char *after = NULL;

	t->elder.old = old;
	t->elder.asked = 0;
	t->elder.behind = 0;
	before = ground_text();
	create(t, true);
	assert_int_equal(shell("ping -q -c 1 -W 2 192.0.2.1 >/dev/null && "
			       "ping -q -c 1 -W 2 2001:db8:ff::1 >/dev/null"),
			 0);
	delete_net(t);
	for (int i = 0; i < 30; i++) { /* the kernel tells of carriers up to a second later */
		free(after);
		after = ground_text();
		if (!strcmp(before, after))
			break;
		vn_sleep_ms(50);
	}
	assert_string_equal(before, after);
}

static void this_kernel_is_asked(void **state)
{
	struct test *t = *state;

	round_trip(t, false);
	assert_true(t->elder.asked > 0);
	assert_int_equal(t->elder.behind, 0);
}

static void an_older_one_is_not(void **state)
{
	struct test *t = *state;

	round_trip(t, true);
	assert_int_equal(t->elder.asked, 0);
	assert_true(t->elder.behind > 0);
}

/* Four flows, a probe each two milliseconds: v4 and v6, outward and from outside. */
static void start_probes(void)
{
	ground_shell(
		"rm -f /run/probe.*; for to in 192.0.2.1 2001:db8:ff::1; do "
		"ping -q -i 0.002 $to >/run/probe.out.$to 2>&1 & echo $! >>/run/probe.pids; done; "
		"for to in 10.9.0.2 2001:db8:9::2; do "
		"ip netns exec far ping -q -i 0.002 $to >/run/probe.in.$to 2>&1 & "
		"echo $! >>/run/probe.pids; done");
	vn_sleep_ms(300);
}

/* Each has sent many, and all but a few have come back. */
static void end_probes(void)
{
	char command[512];

	vn_sleep_ms(300);
	ground_shell("kill -INT $(cat /run/probe.pids); sleep 0.2");
	(void)snprintf(command, sizeof(command),
		       "cat /run/probe.out.* /run/probe.in.* | awk '/packets transmitted/ { n++; "
		       "lost = $1 - $4; print \"# sent \" $1 \", lost \" lost; "
		       "if ($1 < 200 || lost > %d) bad = 1 } END { exit bad || n != 4 }'",
		       LOST_MAX);
	assert_int_equal(shell(command), 0);
}

static void it_is_reached_meanwhile(void **state)
{
	struct test *t = *state;

	t->elder.old = true;
	start_probes();
	for (int i = 0; i < ROUND_TRIPS; i++) {
		create(t, true);
		vn_sleep_ms(100);
		delete_net(t);
		vn_sleep_ms(100);
	}
	end_probes();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_kernel_is_asked),
		cmocka_unit_test(an_older_one_is_not),
		cmocka_unit_test(it_is_reached_meanwhile),
	};

	return cmocka_run_group_tests(tests, open_host, close_host);
}
