/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's NIC as uplink, on the fake kernel: what hangs on it comes back, whichever
 * operation fails, and every operation survives the journal.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/journal.h"
#include "core/net.h"
#include "core/txn.h"
#include "lib/fake_nic.h"
#include "ops/ops.h"
#include "wire/object.h"

static const struct vnet_how plainly = { .what = "a test" };
static const struct vnet_how dryly = { .what = "a test", .dry_run = true };

static struct fake *host_with_client(void)
{
	struct fake *fake = fake_nic_new();
	char command[] = "PATH=/bin\n/sbin/dhclient\ndhclient\n-lf\n/var/lib/l\neth0\n";
	const struct vnet_client client = {
		.program = "dhclient", .link = "eth0", .pid = 4712, .command = command
	};

	assert_int_equal(vn_snapshot_add_client(&fake->world, &client), 0);
	return fake;
}

/* ---- verbs ---- */

static int create_with_client(struct fake *fake, const struct vnet_how *how,
			      struct vnet_result *ret_result, struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_UPLINK_DHCP, .how = '=', .text = "client" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, FAKE_NET, edits, 2, how, ret_result, err);
}

static size_t hanging_on(const struct fake *fake, int32_t index)
{
	const struct vnet_ns *host = &fake->world.ns[VNET_NS_HOST];
	size_t n = 0;

	for (size_t i = 0; i < host->n_objects; i++)
		n += vnet_object_uses(host->objects[i], index);
	return n;
}

/* The plan of @verb, for what is there now. */
static void plan_of(struct fake *fake, fake_verb_fn *verb, struct vnet_result *ret_plan)
{
	struct vnet_error err = { 0 };

	if (verb(fake, &dryly, ret_plan, &err) < 0)
		fail_msg("%s", err.msg);
}

/* ---- laws ---- */

static void go_there_and_back(struct fake *fake)
{
	auto_free char *before = fake_text(fake, 0);
	auto_free char *after = NULL;
	const struct vnet_link *bridge;
	size_t n = hanging_on(fake, FAKE_NIC);

	fake_nic_must_run(fake, fake_nic_create);
	bridge = vnet_link_by_name(&fake->world, VNET_NS_HOST, FAKE_NET);
	assert_non_null(bridge);
	assert_int_equal(hanging_on(fake, FAKE_NIC), 0);
	assert_int_equal(hanging_on(fake, bridge->index), n);
	assert_int_equal(vnet_link_by_index(&fake->world, VNET_NS_HOST, FAKE_NIC)->master,
			 bridge->index);
	assert_int_equal(bridge->bridge.stp, 1);
	fake_nic_must_run(fake, fake_nic_delete);
	after = fake_text(fake, 0);
	assert_string_equal(before, after);
	fake_free(fake);
}

static void there_and_back(void **state)
{
	(void)state;
	go_there_and_back(fake_nic_new());
}

static void there_and_back_on_an_old_kernel(void **state)
{
	(void)state;
	go_there_and_back(fake_nic_old());
}

static void onto_and_off(void **state)
{
	struct fake *fake = fake_nic_new();
	struct vnet_result result = { 0 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	size_t n = hanging_on(fake, FAKE_NIC);

	(void)state;
	fake_nic_must_run(fake, fake_nic_create_plain);
	before = fake_text(fake, 0);
	fake_nic_must_run(fake, fake_nic_set_on);
	assert_int_equal(hanging_on(fake, FAKE_NIC), 0);
	plan_of(fake, fake_nic_set_on, &result); /* once more: nothing is left to do */
	assert_int_equal(result.plan.n_ops, 0);
	vnet_result_done(&result);
	fake_nic_must_run(fake, fake_nic_set_off);
	assert_int_equal(hanging_on(fake, FAKE_NIC), n);
	after = fake_text(fake, 0);
	assert_string_equal(before, after);
	fake_nic_must_run(fake, fake_nic_delete);
	fake_free(fake);
}

static void assert_journal(struct fake *fake, const struct vnet_plan *plan)
{
	char what[] = "a test";
	char net[] = FAKE_NET;
	char uplink[] = "eth0";
	const struct vn_journal written = {
		.what = what, .net = net, .uplink = uplink, .plan = *plan, .onward = *plan
	};
	struct vn_journal journal;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/copy", fake->dir);
	assert_int_equal(vn_journal_write(path, &written), 0);
	assert_int_equal(vn_journal_read(path, &journal), 0);
	assert_string_equal(journal.uplink, "eth0");
	assert_int_equal(journal.plan.n_ops, plan->n_ops);
	assert_int_equal(journal.onward.n_ops, plan->n_ops);
	for (size_t i = 0; i < plan->n_ops; i++) {
		struct vn_text a = { 0 };
		struct vn_text b = { 0 };

		vn_op_write(&plan->ops[i], &a);
		vn_op_write(&journal.onward.ops[i], &b);
		assert_string_equal(a.buf, b.buf);
		assert_int_equal(journal.onward.ops[i].marks, plan->ops[i].marks);
		vn_text_done(&a);
		vn_text_done(&b);
	}
	vn_journal_done(&journal);
	(void)remove(path);
}

static void every_operation_survives_the_journal(void **state)
{
	struct fake *fake = fake_nic_new();
	struct vnet_result result = { 0 };

	(void)state;
	plan_of(fake, fake_nic_create, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	fake_nic_must_run(fake, fake_nic_create);
	plan_of(fake, fake_nic_delete, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	fake_nic_must_run(fake, fake_nic_delete);
	fake_nic_must_run(fake, fake_nic_create_plain);
	plan_of(fake, fake_nic_set_on, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	fake_free(fake);
}

/*
 * Each operation fails, in each way: all is as before, or, beyond the point of no return,
 * as after. Where it goes on failing there, `recover` finishes.
 */
static void fail_each_of(struct fake *fake, fake_verb_fn *verb, fake_verb_fn *prepare,
			 size_t *ret_back, size_t *ret_on)
{
	static const enum fake_fault_kind kinds[] = { FAKE_REFUSE, FAKE_LOST, FAKE_DONE };
	struct vnet_result result = { 0 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	struct fake_state begin;
	size_t n_ops;

	if (prepare)
		fake_nic_must_run(fake, prepare);
	fake_save(fake, &begin);
	plan_of(fake, verb, &result);
	n_ops = result.plan.n_ops;
	vnet_result_done(&result);
	before = fake_text(fake, 0);
	fake_nic_must_run(fake, verb);
	after = fake_text(fake, 0);
	*ret_back = *ret_on = 0;
	for (size_t i = 0; i < n_ops * 6; i++) {
		struct vnet_error err = { 0 };
		auto_free char *now = NULL;
		auto_free char *what = NULL;
		struct vnet_plan plan = { 0 };
		int r;

		fake_restore(fake, &begin);
		fake_calm(fake);
		fake->fault = (struct fake_fault){ .kind = kinds[i % 3],
						   .at = i / 6,
						   .code = i % 3 ? -ETIMEDOUT : -EPERM,
						   .sticky = i / 3 % 2 == 1 };
		r = fake_nic_run(fake, verb, &err);
		if (r < 0 && err.outcome == VNET_OUTCOME_INCOMPLETE) {
			fake_calm(fake);
			assert_int_equal(vnet_recover(fake->vnet, &plainly, &what, &plan, &err), 0);
			vnet_plan_done(&plan);
		}
		assert_false(fake_journal(fake));
		now = fake_text(fake, 0);
		if (!strcmp(now, after))
			++*ret_on;
		else if (!strcmp(now, before))
			++*ret_back;
		else
			fail_msg("operation %zu, fault %zu: %s:\n%s\nis neither\n%s\nnor\n%s",
				 i / 6, i % 6, err.msg, now, before, after);
	}
	fake_state_done(&begin);
	fake_free(fake);
	printf("# %zu operations, %zu faults: %zu times back, %zu on\n", n_ops, n_ops * 6,
	       *ret_back, *ret_on);
}

static void fail_each(fake_verb_fn *verb, fake_verb_fn *prepare, size_t *ret_back, size_t *ret_on)
{
	fail_each_of(fake_nic_new(), verb, prepare, ret_back, ret_on);
}

static void each_operation_of_the_way_there_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(fake_nic_create, NULL, &back, &on);
	assert_true(back > on);
}

static void each_operation_of_the_way_back_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(fake_nic_delete, fake_nic_create, &back, &on);
	assert_true(back > 0 && on > 0);
}

static void each_operation_fails_on_an_old_kernel(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each_of(fake_nic_old(), fake_nic_create, NULL, &back, &on);
	assert_true(back > on);
}

static void each_operation_of_the_way_onto_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(fake_nic_set_on, fake_nic_create_plain, &back, &on);
	assert_true(back > on);
}

static int make_with(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		     struct vnet_error *err)
{
	fake_nic_must_run(fake, fake_nic_create_plain);
	return fake_nic_set_on(fake, how, ret_result, err);
}

static void each_operation_of_the_way_off_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(fake_nic_set_off, make_with, &back, &on);
	assert_true(back > 0 && on > 0);
}

/* Another one on the same link is not taken for it. */
static void stops_its_own_client(void **state)
{
	struct fake *fake = host_with_client();
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct vnet_client *clients;
	struct vnet_client own;
	char command[] = "/sbin/udhcpc\nudhcpc\n-i\nbr0\n";
	size_t n = 0;

	(void)state;
	fake_nic_must_run(fake, create_with_client);
	assert_int_equal(vn_snapshot_add_client(&fake->world,
						&(struct vnet_client){ .program = "udhcpc",
								       .link = FAKE_NET,
								       .pid = 4713,
								       .command = command }),
			 0);
	clients = fake->world.clients;
	assert_int_equal(fake->world.n_clients, 2);
	own = clients[0];
	own.pid = 4714;
	clients[0] = clients[1];
	clients[1] = own;
	assert_int_equal(fake_nic_delete(fake, &dryly, &result, &err), 0);
	for (size_t i = 0; i < result.plan.n_ops; i++) {
		const struct vnet_op *op = &result.plan.ops[i];

		if (op->kind != VNET_OP_CLIENT_STOP)
			continue;
		assert_string_equal(op->u.client.program, "dhclient");
		assert_int_equal(op->u.client.pid, 4714);
		n++;
	}
	assert_int_equal(n, 1);
	vnet_result_done(&result);
	fake_free(fake);
}

/* Whatever fails, there is one client, and it is where the address is. */
static void each_operation_with_a_client_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each_of(host_with_client(), create_with_client, NULL, &back, &on);
	assert_true(back > on);
	fail_each_of(host_with_client(), fake_nic_delete, create_with_client, &back, &on);
	assert_true(back > 0 && on > 0);
}

/* What refuses a delete is no hindrance for what nobody has confirmed. */
static void a_firewall_and_what_is_taken_back(void **state)
{
	struct fake *fake = fake_nic_new();
	auto_free char *before = fake_text(fake, 0);
	auto_free char *after = NULL;
	const struct vnet_tie tie = { .kind = VNET_TIE_FIREWALL, .text = "inet t c handle 2" };
	struct vnet_error err = { 0 };

	(void)state;
	fake_nic_must_run(fake, fake_nic_create);
	assert_int_equal(vn_snapshot_add_tie(&fake->world, &tie), 0);
	assert_int_equal(fake_nic_run(fake, fake_nic_delete, &err), -EBUSY);
	assert_non_null(strstr(err.msg, ": the firewall names it, "));
	err = (struct vnet_error){ 0 };
	if (vn_net_restore(fake->vnet, FAKE_NET, NULL, "a test", &err) < 0)
		fail_msg("%s", err.msg);
	after = fake_text(fake, 0);
	assert_string_equal(before, after);
	fake_free(fake);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(there_and_back_on_an_old_kernel),
		cmocka_unit_test(onto_and_off),
		cmocka_unit_test(every_operation_survives_the_journal),
		cmocka_unit_test(each_operation_of_the_way_there_fails),
		cmocka_unit_test(each_operation_of_the_way_back_fails),
		cmocka_unit_test(each_operation_fails_on_an_old_kernel),
		cmocka_unit_test(each_operation_of_the_way_onto_fails),
		cmocka_unit_test(each_operation_of_the_way_off_fails),
		cmocka_unit_test(a_firewall_and_what_is_taken_back),
		cmocka_unit_test(stops_its_own_client),
		cmocka_unit_test(each_operation_with_a_client_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
