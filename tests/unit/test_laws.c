/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds for every network, tried on generated ones with the public verbs on a
 * fake kernel. VNET_SLICE is the seed, or "all"; VNET_LAWS=N is how many networks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/mode.h>
#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "core/journal.h"
#include "core/net.h"
#include "core/txn.h"
#include "lib/fake.h"
#include "lib/gen.h"
#include "lib/state.h"
#include "ops/ops.h"

#define NET "br0"

enum {
	SLICE = 1000,
	ALL = 12000,
};

static const struct vnet_how plainly = { .what = "a law" };
static const struct vnet_how dryly = { .what = "a law", .dry_run = true };

/* ---- the verbs, which must work ---- */

static void check(int r, const struct vnet_error *err, const char *verb)
{
	if (r < 0)
		fail_msg("%s: %s", verb, err->msg);
}

/* Create @net, its server in the same transaction or in a second one. */
static void create(struct fake *fake, const struct gen_net *net, bool at_once)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct gen_edits edits;

	gen_edits_all(net, &edits);
	check(vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET,
			  at_once ? edits.edits : net->network.edits,
			  at_once ? edits.n : net->network.n, &plainly, &result, &err),
	      &err, "create");
	vnet_result_done(&result);
	if (at_once || !net->dhcp)
		return;
	check(vnet_dhcp(fake->vnet, NULL, net->server.edits, net->server.n, &plainly, &result,
			&err),
	      &err, "dhcp");
	vnet_result_done(&result);
}

/* Returns the number of operations. */
static size_t set(struct fake *fake, const struct gen_edits *edits)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	size_t n;

	check(vnet_set(fake->vnet, NET, edits->edits, edits->n, &plainly, &result, &err), &err,
	      "set");
	n = result.plan.n_ops;
	vnet_result_done(&result);
	return n;
}

static void stop(struct fake *fake)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };

	check(vnet_dhcp_stop(fake->vnet, NET, &plainly, &result, &err), &err, "dhcp stop");
	vnet_result_done(&result);
}

static void delete_net(struct fake *fake)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };

	check(vnet_delete(fake->vnet, NET, &plainly, &result, &err), &err, "delete");
	vnet_result_done(&result);
}

static void read_net(struct fake *fake, struct vnet_view *ret_view)
{
	struct vnet_error err = { 0 };

	check(vnet_read(fake->vnet, NET, ret_view, &err), &err, "read");
	assert_true(ret_view->found);
}

static void assert_same(const char *want, const char *got, const char *what)
{
	struct vn_text text = { 0 };

	if (state_diff(want, got, &text))
		fail_msg("%s:\n%s", what, text.buf);
	vn_text_done(&text);
}

/* ---- what is made is what is read; and it goes without a trace ---- */

static void assert_spec_text(const struct vnet_spec *spec, struct gen_distinct *distinct)
{
	auto_free char *text = NULL;
	auto_free char *again = NULL;
	struct vnet_spec parsed;

	assert_int_equal(vnet_spec_print(spec, &text), 0);
	assert_int_equal(vnet_spec_parse(text, &parsed, NULL), 0);
	assert_true(vnet_spec_equal(spec, &parsed));
	assert_int_equal(vnet_spec_print(&parsed, &again), 0);
	assert_string_equal(text, again);
	gen_distinct_add(distinct, text);
	vnet_spec_done(&parsed);
}

static void assert_nothing_to_do(struct fake *fake, const struct vnet_view *view)
{
	static const struct gen_edits none = { 0 };
	struct vnet_plan plan;

	vnet_plan_init(&plan);
	assert_int_equal(vnet_mode_get(view->live.mode)
				 ->plan(&view->live, &view->live, &view->snap, &plan, NULL),
			 0);
	assert_int_equal(plan.n_ops, 0);
	vnet_plan_done(&plan);
	assert_int_equal(set(fake, &none), 0);
}

static void made_is_read_and_goes(void **state)
{
	struct gen_distinct distinct = { 0 };
	struct gen gen;
	size_t n = gen_count(SLICE, ALL, &gen);
	struct fake *fake = fake_new();

	(void)state;
	for (size_t i = 0; i < n; i++) {
		auto_free char *before = fake_text(fake, 0);
		auto_free char *after = NULL;
		struct vnet_view view;
		struct gen_net net;

		gen_net(&gen, &net);
		create(fake, &net, gen_below(&gen, 2));
		read_net(fake, &view);
		assert_true(vnet_spec_equal(&view.record, &view.live));
		assert_int_equal(view.snap.running, net.dhcp);
		assert_spec_text(&view.record, &distinct);
		assert_nothing_to_do(fake, &view);
		vnet_view_done(&view);
		delete_net(fake);
		after = fake_text(fake, 0);
		assert_same(before, after, "created and deleted");
		assert_false(fake_journal(fake));
	}
	fake_free(fake);
	printf("# %zu networks, %zu distinct\n", n, gen_distinct_count(&distinct));
	assert_true(gen_distinct_count(&distinct) > n * 9 / 10);
	gen_distinct_done(&distinct);
}

/* ---- there and back ---- */

/* From what is there to @net: by set, and a server that is not wanted any more stops. */
static void change_to(struct fake *fake, const struct gen_net *net)
{
	struct gen_edits edits;

	if (!net->dhcp)
		stop(fake);
	gen_edits_all(net, &edits);
	(void)set(fake, &edits);
}

static void there_and_back(void **state)
{
	struct gen gen;
	size_t n = gen_count(SLICE, ALL, &gen);
	struct fake *fake = fake_new();
	size_t changed = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		auto_free char *before = NULL;
		auto_free char *there = NULL;
		auto_free char *after = NULL;
		struct gen_edits back;
		struct gen_net a;
		struct gen_net b;
		struct vnet_view view;

		gen_net(&gen, &a);
		gen_change(&gen, &a, &b);
		create(fake, &a, false);
		before = fake_text(fake, STATE_NO_LEASES);
		read_net(fake, &view);
		gen_edits_of(&view.record, &back);
		vnet_view_done(&view);
		change_to(fake, &b);
		there = fake_text(fake, STATE_NO_LEASES);
		changed += strcmp(before, there) != 0;
		if (!a.dhcp)
			stop(fake);
		(void)set(fake, &back);
		after = fake_text(fake, STATE_NO_LEASES);
		assert_same(before, after, "there and back");
		delete_net(fake);
	}
	fake_free(fake);
	printf("# %zu of %zu changes changed something\n", changed, n);
	assert_true(changed > n * 8 / 10);
}

/* ---- plans as text, and undone from anywhere ---- */

struct planned {
	size_t plans;
	size_t ops;
	size_t states;
	size_t kinds[VNET_OP_KIND_COUNT];
};

static void assert_op_text(const struct vnet_op *op)
{
	struct vn_text text = { 0 };
	struct vn_text again = { 0 };
	auto_free char *content = NULL;
	auto_free char *line = NULL;
	struct vnet_op read;

	vn_op_write(op, &text);
	line = strdup(text.buf);
	assert_non_null(line);
	assert_int_equal(vn_op_read(line, &read, &content), 0);
	vn_op_write(&read, &again);
	assert_string_equal(text.buf, again.buf);
	assert_int_equal(read.kind, op->kind);
	assert_int_equal(read.ns, op->ns);
	if (op->kind == VNET_OP_FILE_WRITE)
		assert_string_equal(content, op->u.file.content);
	vn_text_done(&text);
	vn_text_done(&again);
}

static void assert_same_plan(const struct vnet_plan *a, const struct vnet_plan *b)
{
	assert_int_equal(a->n_ops, b->n_ops);
	for (size_t i = 0; i < a->n_ops; i++) {
		struct vn_text x = { 0 };
		struct vn_text y = { 0 };

		vn_op_write(&a->ops[i], &x);
		vn_op_write(&b->ops[i], &y);
		assert_string_equal(x.buf, y.buf);
		vn_text_done(&x);
		vn_text_done(&y);
	}
}

static void assert_journal(const struct fake *fake, const struct vnet_plan *plan,
			   const struct vnet_plan *undo)
{
	char what[] = "a law";
	char net[] = NET;
	const struct vn_journal written = {
		.what = what, .net = net, .plan = *plan, .undo = *undo
	};
	struct vn_journal journal;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/journal", fake->dir);
	assert_int_equal(vn_journal_write(path, &written), 0);
	assert_int_equal(vn_journal_read(path, &journal), 0);
	assert_string_equal(journal.what, "a law");
	assert_string_equal(journal.net, NET);
	assert_same_plan(plan, &journal.plan);
	assert_same_plan(undo, &journal.undo);
	vn_journal_done(&journal);
	assert_int_equal(unlink(path), 0);
}

static char *text_of(const struct vnet_snapshot *snap)
{
	struct vn_text text = { 0 };
	char *string;

	state_print(snap, 0, &text);
	assert_int_equal(vn_text_take(&text, &string), 0);
	state_sort(string);
	return string;
}

/* As the transaction does it: what shows that it is not needed is left out. */
static void undo_by_models(struct vnet_snapshot *state, const struct vnet_plan *undo)
{
	for (size_t i = 0; i < undo->n_ops; i++) {
		const struct vn_op_row *row = vn_op_row(&undo->ops[i]);
		int r = row->done(&undo->ops[i], state) ? 0 : row->model(&undo->ops[i], state);

		if (r < 0 && r != row->gone)
			fail_msg("undo %s: %s", row->name, vn_strerror(r));
	}
}

/* After each of the plan's operations: the undo leads from there to what was before. */
static void assert_undone(const struct vnet_snapshot *before, const struct vnet_plan *plan,
			  const struct vnet_plan *undo, struct planned *planned)
{
	auto_free char *want = text_of(before);
	struct vnet_snapshot state;

	assert_int_equal(vnet_snapshot_copy(before, &state), 0);
	for (size_t i = 0; i <= plan->n_ops; i++) {
		auto_free char *got = NULL;
		struct vnet_snapshot back;

		assert_int_equal(vnet_snapshot_copy(&state, &back), 0);
		undo_by_models(&back, undo);
		got = text_of(&back);
		assert_same(want, got, "undone");
		vnet_snapshot_done(&back);
		planned->states++;
		if (i < plan->n_ops)
			assert_int_equal(vn_op_row(&plan->ops[i])->model(&plan->ops[i], &state), 0);
	}
	vnet_snapshot_done(&state);
}

static void assert_plan(struct fake *fake, const struct vnet_plan *plan, struct planned *planned)
{
	static const struct vn_purpose purpose = { .net = NET, .dhcp = true };
	struct vnet_error err = { 0 };
	struct vnet_snapshot before;
	struct vnet_plan undo;

	check(vn_net_snapshot(fake->vnet, &purpose, &before, &err), &err, "snapshot");
	assert_int_equal(vn_plan_undo(&before, plan, &undo), 0);
	for (size_t i = 0; i < plan->n_ops; i++) {
		assert_op_text(&plan->ops[i]);
		planned->kinds[plan->ops[i].kind]++;
	}
	for (size_t i = 0; i < undo.n_ops; i++)
		assert_op_text(&undo.ops[i]);
	assert_journal(fake, plan, &undo);
	assert_undone(&before, plan, &undo, planned);
	planned->plans++;
	planned->ops += plan->n_ops;
	vnet_plan_done(&undo);
	vnet_snapshot_done(&before);
}

/* Plan a change without doing it, look at the plan, do it. */
static void planned_set(struct fake *fake, const struct gen_net *net, struct planned *planned)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct gen_edits edits;

	gen_edits_all(net, &edits);
	check(vnet_set(fake->vnet, NET, edits.edits, edits.n, &dryly, &result, &err), &err, "set");
	assert_plan(fake, &result.plan, planned);
	vnet_result_done(&result);
	(void)set(fake, &edits);
}

static void planned_create(struct fake *fake, const struct gen_net *net, struct planned *planned)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct gen_edits edits;

	gen_edits_all(net, &edits);
	check(vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, edits.edits, edits.n, &dryly, &result,
			  &err),
	      &err, "create");
	assert_plan(fake, &result.plan, planned);
	vnet_result_done(&result);
	create(fake, net, true);
}

static void planned_end(struct fake *fake, bool served, struct planned *planned)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };

	if (served) {
		check(vnet_dhcp_stop(fake->vnet, NET, &dryly, &result, &err), &err, "dhcp stop");
		assert_plan(fake, &result.plan, planned);
		vnet_result_done(&result);
	}
	check(vnet_delete(fake->vnet, NET, &dryly, &result, &err), &err, "delete");
	assert_plan(fake, &result.plan, planned);
	vnet_result_done(&result);
	delete_net(fake);
}

static void plans_are_undone(void **state)
{
	struct planned planned = { 0 };
	struct gen gen;
	size_t n = gen_count(SLICE, ALL, &gen);
	struct fake *fake = fake_new();

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct gen_net a;
		struct gen_net b;

		gen_net(&gen, &a);
		gen_change(&gen, &a, &b);
		planned_create(fake, &a, &planned);
		planned_set(fake, &b, &planned);
		planned_end(fake, a.dhcp || b.dhcp, &planned);
	}
	fake_free(fake);
	printf("# %zu plans, %zu operations, undone from %zu states\n", planned.plans, planned.ops,
	       planned.states);
	for (int kind = 0; kind < VNET_OP_KIND_COUNT; kind++) {
		struct vnet_op op = { .kind = (enum vnet_op_kind)kind };

		/* An uplink's: see test_uplink.c. */
		if (kind == VNET_OP_OBJECT_ADD || kind == VNET_OP_OBJECT_DEL ||
		    kind == VNET_OP_ROUTE_LEND || kind == VNET_OP_WAIT || kind == VNET_OP_PROBE ||
		    kind == VNET_OP_ANNOUNCE || kind == VNET_OP_UNCHANGED ||
		    kind == VNET_OP_CLIENT_START || kind == VNET_OP_CLIENT_STOP)
			continue;
		if (!planned.kinds[kind])
			fail_msg("no plan had a '%s'", vn_op_row(&op)->name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_is_read_and_goes),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(plans_are_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
