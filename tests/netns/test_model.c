/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the models say that will be is what the kernel shows: for generated networks,
 * each change is predicted, made and read back. With the real dnsmasq.
 */
#include <errno.h>
#include <linux/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vnet/mode.h>
#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/net.h"
#include "core/txn.h"
#include "lib/gen.h"
#include "lib/ground.h"
#include "lib/scenes.h"
#include "lib/state.h"

#define NET "br0"

enum {
	SLICE = 40,
	ALL = 1000,
};

static const struct vnet_how plainly = { .what = "a test" };
static const struct vnet_how dryly = { .what = "a test", .dry_run = true };

/* One change as a verb of the library. */
struct change {
	enum {
		CREATE,
		SET,
		STOP,
		DELETE,
	} verb;
	const struct gen_edits *edits;
};

static const char *const verbs[] = { "create", "set", "dhcp stop", "delete" };

static int run(struct vnet *vnet, const struct change *c, const struct vnet_how *how,
	       struct vnet_result *ret_result, struct vnet_error *err)
{
	switch (c->verb) {
	case CREATE:
		return vnet_create(vnet, VNET_MODE_BRIDGE, NET, c->edits->edits, c->edits->n, how,
				   ret_result, err);
	case SET:
		return vnet_set(vnet, NET, c->edits->edits, c->edits->n, how, ret_result, err);
	case STOP:
		return vnet_dhcp_stop(vnet, NET, how, ret_result, err);
	case DELETE:
		return vnet_delete(vnet, NET, how, ret_result, err);
	}
	return -EINVAL;
}

static void say_edits(const struct change *c)
{
	for (size_t i = 0; c->edits && i < c->edits->n; i++)
		print_error("  key %d %c %s\n", (int)c->edits->edits[i].key, c->edits->edits[i].how,
			    c->edits->text[i]);
}

static void check(int r, const struct change *c, const struct vnet_error *err)
{
	if (r == 0)
		return;
	say_edits(c);
	fail_msg("%s: %s", verbs[c->verb], err->msg);
}

static void look(struct vnet *vnet, struct vnet_snapshot *ret_snap)
{
	static const struct vn_purpose purpose = { .net = NET, .dhcp = true };
	struct vnet_error err = { 0 };

	if (vn_net_snapshot(vnet, &purpose, ret_snap, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Predict, make, read back. Returns the number of operations. */
static size_t change(struct vnet *vnet, const struct change *c)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct vn_text text = { 0 };
	struct vnet_snapshot before;
	struct vnet_snapshot predicted;
	struct vnet_snapshot found;
	size_t at;
	size_t n;

	look(vnet, &before);
	check(run(vnet, c, &dryly, &result, &err), c, &err);
	assert_int_equal(vn_plan_predict(&before, &result.plan, &predicted, &at), 0);
	n = result.plan.n_ops;
	vnet_result_done(&result);
	check(run(vnet, c, &plainly, &result, &err), c, &err);
	assert_int_equal(result.plan.n_ops, n);
	vnet_result_done(&result);
	look(vnet, &found);
	if (state_differs(&predicted, &found, &text)) {
		say_edits(c);
		fail_msg("%s: predicted (-) and found (+):\n%s", verbs[c->verb], text.buf);
	}
	vnet_snapshot_done(&before);
	vnet_snapshot_done(&predicted);
	vnet_snapshot_done(&found);
	return n;
}

/* The kernel keeps what the spec says, and there is nothing left to do. */
static void assert_kept(struct vnet *vnet, bool served)
{
	static const struct gen_edits none = { 0 };
	struct vnet_error err = { 0 };
	struct vnet_view view;

	if (vnet_read(vnet, NET, &view, &err) < 0)
		fail_msg("read: %s", err.msg);
	assert_true(view.found);
	assert_true(vnet_spec_equal(&view.record, &view.live));
	assert_int_equal(view.snap.running, served);
	vnet_view_done(&view);
	assert_int_equal(change(vnet, &(struct change){ .verb = SET, .edits = &none }), 0);
}

static size_t one_network(struct vnet *vnet, struct gen *gen)
{
	struct change c = { .verb = CREATE };
	struct gen_edits edits;
	struct gen_net a;
	struct gen_net b;
	size_t n;

	gen_net(gen, &a);
	gen_change(gen, &a, &b);
	gen_edits_all(&a, &edits);
	c.edits = &edits;
	n = change(vnet, &c);
	assert_kept(vnet, a.dhcp);
	if (a.dhcp && !b.dhcp)
		n += change(vnet, &(struct change){ .verb = STOP });
	gen_edits_all(&b, &edits);
	c.verb = SET;
	n += change(vnet, &c);
	assert_kept(vnet, b.dhcp);
	return n + change(vnet, &(struct change){ .verb = DELETE });
}

static void assert_same_ground(const char *before)
{
	auto_free char *after = ground_text();
	struct vn_text text = { 0 };

	if (state_diff(before, after, &text))
		fail_msg("left behind:\n%s", text.buf);
}

static void predicted_is_found(void **state)
{
	auto_free char *before = NULL;
	struct vnet_error err = { 0 };
	struct vn_exec exec;
	struct gen gen;
	size_t n = gen_count(SLICE, ALL, &gen);
	size_t operations = 0;
	struct vnet *vnet;

	(void)state;
	ground_prepare();
	assert_int_equal(vn_kernel_open(&exec, &err), 0);
	vnet = ground_open(&exec);
	(void)one_network(vnet, &gen); /* makes the directories, which stay */
	before = ground_text();
	for (size_t i = 0; i < n; i++)
		operations += one_network(vnet, &gen);
	assert_same_ground(before);
	printf("# %zu networks, %zu operations\n", n, operations);
	vnet_close(vnet);
	vn_kernel_close(&exec);
}

/* ---- several networks in one context ---- */

static void create_served(struct vnet *vnet, const char *name, const char *address,
			  const char *range)
{
	const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = address },
		{ .key = VNET_KEY_DHCP_RANGE, .how = '=', .text = range },
	};
	struct vnet_result result;
	struct vnet_error err = { 0 };

	if (vnet_create(vnet, VNET_MODE_BRIDGE, name, edits, 2, &plainly, &result, &err) < 0)
		fail_msg("create %s: %s", name, err.msg);
	vnet_result_done(&result);
}

static void assert_served(struct vnet *vnet, const char *name, bool served)
{
	struct vnet_error err = { 0 };
	struct vnet_view view;
	char link[VNET_NAME_SIZE];

	if (vnet_read(vnet, name, &view, &err) < 0)
		fail_msg("read %s: %s", name, err.msg);
	vnet_dhcp_link_name(name, link);
	assert_int_equal(view.snap.running, served);
	assert_int_equal(view.snap.ns[VNET_NS_DHCP].exists, served);
	assert_int_equal(vnet_link_by_name(&view.snap, VNET_NS_DHCP, link) != NULL, served);
	vnet_view_done(&view);
}

/* Each with its own server, whatever the context looked at before. */
static void each_has_its_own_server(void **state)
{
	struct vnet_result result;
	struct vnet_error err = { 0 };
	struct vn_exec exec;
	struct vnet *vnet;

	(void)state;
	assert_int_equal(vn_kernel_open(&exec, &err), 0);
	vnet = ground_open(&exec);
	create_served(vnet, "br0", "10.0.1.1/24", "10.0.1.11-20");
	create_served(vnet, "br1", "10.1.1.1/24", "10.1.1.11-20");
	assert_served(vnet, "br0", true);
	assert_served(vnet, "br1", true);
	assert_int_equal(vnet_dhcp_stop(vnet, "br0", &plainly, &result, &err), 0);
	vnet_result_done(&result);
	assert_served(vnet, "br1", true);
	assert_served(vnet, "br0", false);
	assert_served(vnet, "br1", true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vnet_delete(vnet, i ? "br1" : "br0", &plainly, &result, &err), 0);
		vnet_result_done(&result);
	}
	vnet_close(vnet);
	vn_kernel_close(&exec);
}

/* ---- what the kernel changes by itself ---- */

/* While STP settles the kernel shows another ageing time: that is no drift to be mended. */
static void stp_is_no_drift(void **state)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "10.1.1.1/24" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
		{ .key = VNET_KEY_DHCP_RANGE, .how = '=', .text = "10.1.1.11-20" },
	};
	struct vnet_result result;
	struct vnet_error err = { 0 };
	struct vn_exec exec;
	struct vnet *vnet;

	(void)state;
	assert_int_equal(vn_kernel_open(&exec, &err), 0);
	vnet = ground_open(&exec);
	if (vnet_create(vnet, VNET_MODE_BRIDGE, NET, edits, 3, &plainly, &result, &err) < 0)
		fail_msg("create: %s", err.msg);
	vnet_result_done(&result);
	/* twice the forward delay of 2 s, until the server's port forwards */
	ground_shell("for i in $(seq 200); do"
		     " [ $(cat /sys/class/net/" NET "/bridge/topology_change) = 0 ] || exit 0;"
		     " sleep 0.05; done; echo no topology change; exit 1");
	assert_kept(vnet, true);
	assert_int_equal(vnet_delete(vnet, NET, &plainly, &result, &err), 0);
	vnet_result_done(&result);
	vnet_close(vnet);
	vn_kernel_close(&exec);
}

/* ---- the comparison itself ---- */

/* One thing that is not as predicted is enough. */
static void a_wrong_prediction_is_noticed(void **state)
{
	struct vnet_error err = { 0 };
	struct vn_exec exec;
	struct vnet *vnet;
	struct vnet_snapshot found;
	struct vnet_snapshot wrong;
	struct vn_text text = { 0 };
	struct vnet_link *lan;

	(void)state;
	assert_int_equal(vn_kernel_open(&exec, &err), 0);
	vnet = ground_open(&exec);
	look(vnet, &found);
	assert_int_equal(state_differs(&found, &found, &text), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(vnet_snapshot_copy(&found, &wrong), 0);
		lan = vn_snapshot_link(&wrong, VNET_NS_HOST,
				       vnet_link_by_name(&wrong, VNET_NS_HOST, "lan0")->index);
		assert_non_null(lan);
		switch (i) {
		case 0:
			lan->mtu++;
			break;
		case 1:
			lan->mac.bytes[5]++;
			break;
		case 2:
			lan->flags ^= IFF_UP;
			break;
		case 3:
			lan->alias[0] = 'x';
			break;
		case 4:
			lan->bridge.priority++;
			break;
		case 5:
			lan->accept_ra ^= 1;
			break;
		case 6:
			wrong.ns[VNET_NS_HOST].n_addrs--;
			break;
		default:
			wrong.running = true;
			break;
		}
		if (!state_differs(&wrong, &found, &text))
			fail_msg("difference %d is not seen", i);
		vnet_snapshot_done(&wrong);
	}
	vn_text_done(&text);
	vnet_snapshot_done(&found);
	vnet_close(vnet);
	vn_kernel_close(&exec);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(predicted_is_found),
		cmocka_unit_test(each_has_its_own_server),
		cmocka_unit_test(stp_is_no_drift),
		cmocka_unit_test(a_wrong_prediction_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
