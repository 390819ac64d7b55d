/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each operation that moves the host's NIC fails on a real kernel, as in sweep_faults, and two
 * at a time: what `snap` saw before it must see again; or, beyond the point of no return, what
 * it sees after. Where the second one failed too, `recover` leads there.
 *
 * VNET_SLICE=N: one of each few points, beginning with N; N/M: one of each M; all: all of them.
 * With an argument: just the tests of that name, which may have a * in it.
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
#include "base/clock.h"
#include "base/text.h"
#include "core/net.h"
#include "lib/faulty.h"
#include "lib/ground.h"
#include "lib/state.h"
#include "netns/inside.h"
#include "ops/ops.h"

#define NET "br0"

enum {
	SLICES = 300,
	PAIR_SLICES = 3000, /* of the points with two faults */
	REST_MS = 3000,	    /* the kernel tells of a carrier up to a second late */
};

static const struct vnet_how plainly = { .what = "a test" };

struct sweep {
	struct faulty faulty;
	struct vnet *vnet;
	char *before;
	char *after;
	size_t points;
	size_t answers; /* of those: points where a message was answered with an error */
	size_t back;
	size_t on;
	size_t recovered;
	size_t complaints;
};

/* ---- verbs ---- */

typedef int verb_fn(struct vnet *vnet, const struct vnet_how *how, struct vnet_result *ret_result,
		    struct vnet_error *err);

static int create(struct vnet *vnet, const struct vnet_how *how, struct vnet_result *ret_result,
		  struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
	};

	return vnet_create(vnet, VNET_MODE_BRIDGE, NET, edits, 2, how, ret_result, err);
}

static int create_plain(struct vnet *vnet, const struct vnet_how *how,
			struct vnet_result *ret_result, struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "10.1.1.254/24" },
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "fd00:1::1/64" },
		{ .key = VNET_KEY_MAC, .how = '=', .text = "52:54:00:00:00:01" },
	};

	return vnet_create(vnet, VNET_MODE_BRIDGE, NET, edits, 3, how, ret_result, err);
}

static int set_on(struct vnet *vnet, const struct vnet_how *how, struct vnet_result *ret_result,
		  struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" };

	return vnet_set(vnet, NET, &edit, 1, how, ret_result, err);
}

static int set_off(struct vnet *vnet, const struct vnet_how *how, struct vnet_result *ret_result,
		   struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '0' };

	return vnet_set(vnet, NET, &edit, 1, how, ret_result, err);
}

static int delete_net(struct vnet *vnet, const struct vnet_how *how, struct vnet_result *ret_result,
		      struct vnet_error *err)
{
	return vnet_delete(vnet, NET, how, ret_result, err);
}

/* Each begins where @first and @second have led to, from the host as it is. */
static const struct way {
	const char *name;
	verb_fn *first;
	verb_fn *second;
	verb_fn *act;
} ways[] = {
	{ "create", NULL, NULL, create },
	{ "delete", create, NULL, delete_net },
	{ "set --uplink", create_plain, NULL, set_on },
	{ "set --no-uplink", create_plain, set_on, set_off },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* ---- the host ---- */

/*
 * Its router speaks: what of its earlier words was lent to the kernel becomes the kernel's own.
 * Returns false if nothing was left of them.
 */
static bool hear(void)
{
	return shell(". \"${VNET_TOP:-.}/tests/lib/host.bash\"; hear") == 0;
}

static void arm(struct sweep *s, enum fault fault, size_t at)
{
	struct vn_exec real = s->faulty.real;

	s->faulty = (struct faulty){ .real = real, .fault = fault, .at = at, .undo_at = SIZE_MAX };
}

static int run(struct sweep *s, verb_fn *verb, struct vnet_error *err)
{
	struct vnet_result result = { 0 };
	int r = verb(s->vnet, &plainly, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

static void must_run(struct sweep *s, verb_fn *verb, const char *point)
{
	struct vnet_error err = { 0 };

	arm(s, FAULT_NONE, 0);
	if (verb && run(s, verb, &err) < 0)
		fail_msg("%s: %s", point, err.msg);
}

/* From what is there, whichever it is, back to where @way begins. */
static void begin(struct sweep *s, const struct way *way, const char *point)
{
	struct vnet_error err = { 0 };

	arm(s, FAULT_NONE, 0);
	if (run(s, delete_net, &err) < 0 && err.code != -ENOENT)
		fail_msg("%s: beginning anew: %s", point, err.msg);
	must_run(s, way->first, point);
	must_run(s, way->second, point);
	if (!hear())
		fail_msg("%s: beginning anew: the router is lost", point);
}

static int open_host(void **state)
{
	struct sweep *s = calloc(1, sizeof(*s));
	struct vn_exec exec = { .ops = &faulty_ops };

	assert_non_null(s);
	ground_find_tools();
	ground_shell(". \"${VNET_TOP:-.}/tests/lib/host.bash\"; uplink_host; ! hear");
	/* Addresses of the bridge itself: else asked for as soon as it has its first carrier. */
	ground_shell(
		"sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
	assert_int_equal(vn_kernel_open(&s->faulty.real, NULL), 0);
	exec.self = &s->faulty;
	s->vnet = ground_open(&exec);
	*state = s;
	/* The address that a bridge makes of its MAC and the prefix is the NIC's in the end. */
	begin(s, &ways[WAYS - 1], "the first time");
	must_run(s, delete_net, "the first time");
	return 0;
}

static int close_host(void **state)
{
	struct sweep *s = *state;

	vnet_close(s->vnet);
	vn_kernel_close(&s->faulty.real);
	free(s->before);
	free(s->after);
	free(s);
	return 0;
}

static char *look_at_rest(void)
{
	char *last;

	assert_true(hear());
	last = ground_text();
	for (int64_t end = vn_clock_ms() + REST_MS; vn_clock_ms() < end;) {
		char *now;
		bool equal;

		vn_sleep_ms(300);
		now = ground_text();
		equal = !strcmp(now, last);
		free(last);
		last = now;
		if (equal)
			break;
	}
	return last;
}

/* Returns true if it is as @want says, when the kernel is at rest; @point: NULL, say nothing. */
static bool same(const char *want, const char *point)
{
	int64_t end = vn_clock_ms() + REST_MS;
	struct vn_text text = { 0 };
	bool heard = hear();
	size_t n;

	for (;;) {
		auto_free char *now = ground_text();

		vn_text_done(&text);
		n = state_diff(want, now, &text);
		if (!n || !point || vn_clock_ms() > end)
			break;
		vn_sleep_ms(50);
	}
	if (n && point)
		(void)fprintf(stderr, "%s: %zu lines differ:\n%s\n", point, n, text.buf);
	if (!heard && point)
		(void)fprintf(stderr, "%s: the router is lost\n", point);
	vn_text_done(&text);
	return n == 0 && heard;
}

static struct vnet_plan open_way(struct sweep *s, const struct way *way)
{
	static const struct vnet_how dryly = { .what = "a test", .dry_run = true };
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct vnet_plan plan;

	begin(s, way, way->name);
	free(s->before);
	s->before = look_at_rest();
	if (way->act(s->vnet, &dryly, &result, &err) < 0)
		fail_msg("%s: %s", way->name, err.msg);
	plan = result.plan;
	vnet_plan_init(&result.plan);
	vnet_result_done(&result);
	must_run(s, way->act, way->name);
	free(s->after);
	s->after = look_at_rest();
	begin(s, way, way->name);
	assert_true(same(s->before, way->name));
	return plan;
}

static bool in_slice(size_t i, size_t slices)
{
	const char *slice = getenv("VNET_SLICE");
	char *end = NULL;
	size_t n = slice ? strtoul(slice, &end, 10) : 0;

	if (slice && !strcmp(slice, "all"))
		return true;
	if (end && *end == '/')
		slices = strtoul(end + 1, NULL, 10);
	return i % slices == n % slices;
}

/* ---- faults ---- */

static void recover(struct sweep *s, const char *point)
{
	struct vnet_error err = { 0 };
	auto_free char *what = NULL;
	struct vnet_plan plan = { 0 };

	arm(s, FAULT_NONE, 0);
	if (vnet_recover(s->vnet, &plainly, &what, &plan, &err) < 0)
		fail_msg("%s: recover: %s", point, err.msg);
	assert_non_null(what);
	vnet_plan_done(&plan);
	s->recovered++;
}

/* What has become of it: all is before or after, as it is said to be. */
static bool is_told(struct sweep *s, int r, const struct vnet_error *err, const char *point)
{
	bool incomplete = r < 0 && err->outcome == VNET_OUTCOME_INCOMPLETE;

	if (incomplete && (!s->faulty.struck_again || !strstr(err->msg, "vnet recover"))) {
		(void)fprintf(stderr, "%s: incomplete: %s\n", point, err->msg);
		return false;
	}
	if (r < 0 && !incomplete && err->outcome != VNET_OUTCOME_FAILED) {
		(void)fprintf(stderr, "%s: outcome %d: %s\n", point, (int)err->outcome, err->msg);
		return false;
	}
	if (incomplete)
		recover(s, point);
	if (r == 0 || (incomplete && same(s->after, NULL))) {
		s->on++;
		return same(s->after, point);
	}
	s->back++;
	return same(s->before, point);
}

/* Whether others had a hand in it the transaction knows by itself: see test_foreign. */
static size_t call_of(const struct vnet_plan *plan, size_t k)
{
	size_t call = k;

	for (size_t i = 0; i < k; i++)
		call -= plan->ops[i].kind == VNET_OP_UNCHANGED;
	return call;
}

/* @m: and of the undo, or of the way on; SIZE_MAX: none. Returns false where it has no such. */
static bool one_point(struct sweep *s, const struct way *way, const struct vnet_plan *plan,
		      enum fault fault, int code, size_t k, size_t m)
{
	struct vnet_error err = { 0 };
	size_t on = s->on;
	char point[200];
	bool struck;
	bool good;
	int r;

	(void)snprintf(point, sizeof(point), "%s: operation %zu (%s): %s %d; then %zd", way->name,
		       k, vn_op_row(&plan->ops[k])->name, fault_names[fault], code, (ssize_t)m);
	s->points++;
	arm(s, fault, call_of(plan, k));
	s->faulty.code = code;
	s->faulty.undo_at = m;
	r = run(s, way->act, &err);
	struck = s->faulty.struck_again;
	good = s->faulty.struck;
	if (!good)
		(void)fprintf(stderr, "%s: it does not strike\n", point);
	good = is_told(s, r, &err, point) && good;
	if (!good)
		(void)fprintf(stderr, "%s: %d, outcome %d: %s\n", point, r, (int)err.outcome,
			      err.msg);
	s->complaints += !good;
	if (!good || s->on != on)
		begin(s, way, point);
	return struck;
}

static void say(const struct sweep *s, size_t of)
{
	printf("# %zu of %zu points: %zu back, %zu on, %zu recovered; %zu complaints\n", s->points,
	       of, s->back, s->on, s->recovered, s->complaints);
	assert_true(s->back > 0);
	assert_int_equal(s->complaints, 0);
}

/* Each way to fail once, but an error as each that the kernel may say. */
static void fail_operation(struct sweep *s, const struct way *way, const struct vnet_plan *plan,
			   size_t k, size_t *point)
{
	for (int fault = FAULT_BAD; fault < FAULT_COUNT; fault++) {
		for (size_t i = 0; i < (fault == FAULT_ERROR ? FAULT_CODES : 1); i++) {
			if (!in_slice((*point)++, SLICES))
				continue;
			s->answers += fault == FAULT_ERROR;
			(void)one_point(s, way, plan, (enum fault)fault, fault_codes[i], k,
					SIZE_MAX);
		}
	}
}

static void each_operation_fails(void **state)
{
	struct sweep *s = *state;
	size_t point = 0;

	s->points = s->answers = s->back = s->on = s->recovered = s->complaints = 0;
	for (size_t i = 0; i < WAYS; i++) {
		struct vnet_plan plan = open_way(s, &ways[i]);

		for (size_t k = 0; k < plan.n_ops; k++) {
			if (plan.ops[k].kind != VNET_OP_UNCHANGED)
				fail_operation(s, &ways[i], &plan, k, &point);
		}
		vnet_plan_done(&plan);
	}
	printf("# %zu operations answered with an error, of %d there are\n", s->answers,
	       FAULT_CODES);
	say(s, point);
}

static void two_fail(void **state)
{
	struct sweep *s = *state;
	size_t point = 0;

	s->points = s->back = s->on = s->recovered = s->complaints = 0;
	for (size_t i = 0; i < WAYS; i++) {
		struct vnet_plan plan = open_way(s, &ways[i]);

		for (size_t k = 0; k < plan.n_ops; k++) {
			for (size_t m = 0; m <= plan.n_ops + 8; m++) {
				int code = fault_codes[(k + m) % FAULT_CODES];

				if (plan.ops[k].kind != VNET_OP_UNCHANGED &&
				    in_slice(point++, PAIR_SLICES) &&
				    !one_point(s, &ways[i], &plan, FAULT_ERROR, code, k, m))
					break;
			}
		}
		vnet_plan_done(&plan);
	}
	say(s, point);
}

/* ---- without the net ---- */

static void the_net_is_needed(void **state)
{
	struct sweep *s = *state;

	for (size_t i = 0; i < WAYS; i++) {
		struct vnet_plan plan = open_way(s, &ways[i]);
		struct vnet_error err = { 0 };
		size_t k = 0;

		while (plan.ops[k].kind != VNET_OP_UNCHANGED)
			k++;
		arm(s, FAULT_ERROR, k - 1);
		s->faulty.no_undo = true;
		assert_true(run(s, ways[i].act, &err) < 0);
		assert_false(same(s->before, NULL));
		assert_int_equal(err.outcome, VNET_OUTCOME_INCOMPLETE);
		recover(s, ways[i].name);
		assert_true(same(s->before, ways[i].name));
		vnet_plan_done(&plan);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_net_is_needed),
		cmocka_unit_test(each_operation_fails),
		cmocka_unit_test(two_fail),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, open_host, close_host);
}
