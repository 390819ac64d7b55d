/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each operation of each change fails on a real kernel, with the real dnsmasq: by a
 * message or a call that the kernel refuses, by an error in the place of the call, or by
 * an answer that is lost. What `snap` saw before it must see again, line by line. And
 * with the undo taken out, it must not.
 *
 * VNET_SLICE=N: one of each few points, beginning with N; all: all of them.
 */
#include <assert.h>
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

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/faulty.h"
#include "lib/ground.h"
#include "lib/scenes.h"
#include "lib/state.h"
#include "ops/ops.h"

enum {
	SLICES = 12,
	PAIR_SLICES = 50, /* of the points with two faults */
};

/* ---- the stage ---- */

static const struct vnet_how forced = { .what = "a test", .force = true };

struct sweep {
	struct faulty faulty;
	struct stage stage;
	char *blank;
	char *before;
	size_t points;
	size_t complaints;
};

static void arm(struct sweep *s, enum fault fault, size_t at)
{
	struct vn_exec real = s->faulty.real;

	s->faulty = (struct faulty){ .real = real, .fault = fault, .at = at, .undo_at = SIZE_MAX };
}

/* Returns true if it is as @want says. */
static bool same(const char *want, const char *point, const char *when)
{
	auto_free char *now = ground_text();
	struct vn_text text = { 0 };
	size_t n = state_diff(want, now, &text);

	if (n && point)
		(void)fprintf(stderr, "%s: %s: %zu lines differ:\n%s\n", point, when, n, text.buf);
	vn_text_done(&text);
	return n == 0;
}

/* Nothing of vnet's any more. */
static void clear(struct sweep *s, const char *point)
{
	static const char *const nets[] = { "br0", "lan0" };

	arm(s, FAULT_NONE, 0);
	ground_shell("for tap in tap0 tap1; do [ ! -e /sys/class/net/$tap ] ||"
		     " ip link del $tap; done");
	for (int i = 0; i < 2; i++) {
		struct vnet_result result;
		struct vnet_error err = { 0 };
		int r = vnet_delete(s->stage.vnet, nets[i], &forced, &result, &err);

		if (r == 0)
			vnet_result_done(&result);
		else if (r != -ENOENT)
			fail_msg("%s: clearing: %s", point, err.msg);
	}
	if (s->blank && !same(s->blank, point, "deleted"))
		s->complaints++;
}

static void prepare(struct sweep *s, const struct scene *scene)
{
	if (scene->prepare)
		scene->prepare(&s->stage);
	free(s->before);
	s->before = ground_text();
}

static int sweep_open(void **state)
{
	struct sweep *s = calloc(1, sizeof(*s));
	struct vnet_error err = { 0 };
	struct vn_exec exec = { .ops = &faulty_ops };

	assert_non_null(s);
	ground_prepare();
	assert_int_equal(vn_kernel_open(&s->faulty.real, &err), 0);
	exec.self = &s->faulty;
	s->stage = (struct stage){ .vnet = ground_open(&exec), .add_tap = ground_add_tap };
	arm(s, FAULT_NONE, 0);
	/* once round, which makes the directories that stay */
	assert_int_equal(scene_act(&scenes[1], &s->stage, &err), 0);
	clear(s, "the first network");
	s->blank = ground_text();
	*state = s;
	return 0;
}

static int sweep_close(void **state)
{
	struct sweep *s = *state;

	vnet_close(s->stage.vnet);
	vn_kernel_close(&s->faulty.real);
	free(s->blank);
	free(s->before);
	free(s);
	return 0;
}

/* The plan of the scene, from the state that is there; the caller's to free. */
static struct vnet_plan plan_of(struct sweep *s, const struct scene *scene)
{
	static const struct vnet_how dryly = { .what = "a test", .dry_run = true };
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct vnet_plan plan;

	if (scene->act(&s->stage, &dryly, &result, &err) < 0)
		fail_msg("%s: %s", scene->name, err.msg);
	plan = result.plan;
	vnet_plan_init(&result.plan);
	vnet_result_done(&result);
	return plan;
}

static bool in_slice(size_t i, size_t slices)
{
	const char *slice = getenv("VNET_SLICE");

	if (slice && !strcmp(slice, "all"))
		return true;
	return i % slices == (slice ? strtoul(slice, NULL, 10) % slices : 0);
}

/* ---- one fault ---- */

/* The sentence names the operation, its object and the errno, or what a server said. */
static bool names(const struct vnet_error *err, const struct vnet_op *op)
{
	bool service = vn_op_row(op)->class == VN_OP_SERVICE;
	char subject[VNET_PATH_SIZE];

	return strstr(err->msg, vn_op_row(op)->name) &&
	       strstr(err->msg, vn_op_row(op)->subject(op, subject)) &&
	       (strstr(err->msg, vn_strerror(err->code)) ||
		(service && (strstr(err->msg, "so it is") || strstr(err->msg, "dnsmasq in "))));
}

static void one_point(struct sweep *s, const struct scene *scene, const struct vnet_op *op,
		      enum fault fault, size_t k)
{
	struct vnet_error err = { 0 };
	char point[160];
	bool good;
	int r;

	(void)snprintf(point, sizeof(point), "%s: operation %zu (%s): %s", scene->name, k,
		       vn_op_row(op)->name, fault_names[fault]);
	s->points++;
	arm(s, fault, k);
	r = scene_act(scene, &s->stage, &err);
	good = s->faulty.struck;
	if (r == 0 && fault == FAULT_DONE && vn_op_row(op)->class == VN_OP_NETLINK) {
		clear(s, point);
		prepare(s, scene);
		return;
	}
	/* a message that the kernel refuses is told by the spoilt one's number */
	good = good && r < 0 && err.outcome == VNET_OUTCOME_FAILED && err.op == (int)k &&
	       names(&err, op);
	if (!good)
		print_error("%s: %d, outcome %d: %s\n", point, r, (int)err.outcome, err.msg);
	good = same(s->before, point, "undone") && good;
	s->complaints += !good;
	if (good)
		return;
	clear(s, point);
	prepare(s, scene);
}

static void each_operation_fails(void **state)
{
	struct sweep *s = *state;
	size_t point = s->points = s->complaints = 0;
	size_t operations = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		operations += plan.n_ops;
		for (size_t k = 0; k < plan.n_ops; k++) {
			for (int fault = FAULT_BAD; fault < FAULT_COUNT; fault++) {
				if (in_slice(point++, SLICES))
					one_point(s, &scenes[i], &plan.ops[k], (enum fault)fault,
						  k);
			}
		}
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu operations, %zu of %zu points, %zu complaints\n", operations, s->points,
	       point, s->complaints);
	assert_true(s->points > 0);
	assert_int_equal(s->complaints, 0);
}

/* ---- and one in the undo ---- */

static void recover(struct sweep *s, const char *point)
{
	struct vnet_how how = { .what = "recover" };
	struct vnet_error err = { 0 };
	auto_free char *what = NULL;
	struct vnet_plan plan;

	arm(s, FAULT_NONE, 0);
	if (vnet_recover(s->stage.vnet, &how, &what, &plan, &err) < 0)
		fail_msg("%s: recover: %s", point, err.msg);
	assert_non_null(what);
	vnet_plan_done(&plan);
}

/* Returns false where the undo has no operation @m. */
static bool two_faults(struct sweep *s, const struct scene *scene, size_t k, size_t m)
{
	struct vnet_error err = { 0 };
	char point[160];
	bool struck;
	int r;

	(void)snprintf(point, sizeof(point), "%s: operation %zu, and of the undo %zu", scene->name,
		       k, m);
	arm(s, FAULT_ERROR, k);
	s->faulty.undo_at = m;
	r = scene_act(scene, &s->stage, &err);
	struck = s->faulty.struck_again;
	if (struck) {
		s->points++;
		if (r >= 0 || err.outcome != VNET_OUTCOME_INCOMPLETE ||
		    !strstr(err.msg, "vnet recover"))
			fail_msg("%s: %d, outcome %d: %s", point, r, (int)err.outcome, err.msg);
		recover(s, point);
	}
	if (!struck && (r >= 0 || err.outcome != VNET_OUTCOME_FAILED))
		fail_msg("%s: %d, outcome %d: %s", point, r, (int)err.outcome, err.msg);
	if (!same(s->before, point, struck ? "recovered" : "undone")) {
		s->complaints++;
		clear(s, point);
		prepare(s, scene);
	}
	return struck;
}

static void the_undo_fails_too(void **state)
{
	struct sweep *s = *state;
	size_t point = s->points = s->complaints = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		for (size_t k = 0; k < plan.n_ops; k++) {
			for (size_t m = 0; m <= plan.n_ops + 8; m++) {
				if (in_slice(point++, PAIR_SLICES) &&
				    !two_faults(s, &scenes[i], k, m))
					break;
			}
		}
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu points, %zu complaints\n", s->points, s->complaints);
	assert_true(s->points > 0);
	assert_int_equal(s->complaints, 0);
}

/* ---- without the net ---- */

static void the_net_is_needed(void **state)
{
	struct sweep *s = *state;
	size_t missed = s->complaints = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_error err = { 0 };
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		arm(s, FAULT_ERROR, plan.n_ops - 1);
		s->faulty.no_undo = true;
		assert_true(scene_act(&scenes[i], &s->stage, &err) < 0);
		if (same(s->before, NULL, NULL))
			fail_msg("%s: nobody misses the undo", scenes[i].name);
		missed++;
		/* it is noticed, and the journal is still there */
		assert_int_equal(err.outcome, VNET_OUTCOME_INCOMPLETE);
		recover(s, scenes[i].name);
		assert_true(same(s->before, scenes[i].name, "recovered"));
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu of %zu changes miss it\n", missed, n_scenes);
	assert_int_equal(s->complaints, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_fails),
		cmocka_unit_test(the_net_is_needed),
		cmocka_unit_test(the_undo_fails_too),
	};

	return cmocka_run_group_tests(tests, sweep_open, sweep_close);
}
