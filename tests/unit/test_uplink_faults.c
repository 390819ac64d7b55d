/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's NIC as uplink, on the fake kernel: each operation is answered with each error that
 * a kernel has, and each two of them fail, the second one of the undo or of the way on.
 *
 * VNET_SLICE=N: one of each few points, beginning with N; all: all of them.
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
#include "core/net.h"
#include "lib/fake_nic.h"
#include "lib/faulty.h"

enum { SLICES = 40 };

static const struct vnet_how plainly = { .what = "a test" };
static const struct vnet_how dryly = { .what = "a test", .dry_run = true };

/* Each begins where @first and @second have led to. */
static const struct way {
	const char *name;
	fake_verb_fn *first;
	fake_verb_fn *second;
	fake_verb_fn *act;
} ways[] = {
	{ "create", NULL, NULL, fake_nic_create },
	{ "delete", fake_nic_create, NULL, fake_nic_delete },
	{ "set --uplink", fake_nic_create_plain, NULL, fake_nic_set_on },
	{ "set --no-uplink", fake_nic_create_plain, fake_nic_set_on, fake_nic_set_off },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/*
 * @point:    of all, those of other slices too
 * @done:     points that were run
 * @back, @on: how they ended
 * @again: of those, where the second fault struck
 * @recovered: by `recover`, of those
 */
struct count {
	size_t point;
	size_t done;
	size_t back;
	size_t on;
	size_t again;
	size_t recovered;
};

/* One way on one host: where it begins, and how the world looks there and at its end. */
struct scene {
	struct fake *fake;
	const struct way *way;
	bool old;
	struct fake_state begin;
	char *before;
	char *after;
	size_t n_ops;
	struct count *count;
};

/* Whether others had a hand in it is no operation of the kernel's. */
static size_t length_of(struct fake *fake, fake_verb_fn *verb)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	size_t n = 0;

	if (verb(fake, &dryly, &result, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < result.plan.n_ops; i++)
		n += result.plan.ops[i].kind != VNET_OP_UNCHANGED;
	vnet_result_done(&result);
	return n;
}

static void open_scene(struct scene *s, const struct way *way, bool old, struct count *count)
{
	struct fake *fake = old ? fake_nic_old() : fake_nic_new();

	*s = (struct scene){ .fake = fake, .way = way, .old = old, .count = count };
	assert_false(fake_nic_hear(fake));
	fake_nic_must_run(fake, way->first);
	fake_nic_must_run(fake, way->second);
	assert_true(fake_nic_hear(fake));
	s->n_ops = length_of(fake, way->act);
	fake_save(fake, &s->begin);
	s->before = fake_text(fake, 0);
	fake_nic_must_run(fake, way->act);
	assert_true(fake_nic_hear(fake));
	s->after = fake_text(fake, 0);
}

static void close_scene(struct scene *s)
{
	fake_restore(s->fake, &s->begin);
	fake_state_done(&s->begin);
	fake_free(s->fake);
	free(s->before);
	free(s->after);
}

static bool in_slice(size_t i)
{
	const char *slice = getenv("VNET_SLICE");

	if (slice && !strcmp(slice, "all"))
		return true;
	return i % SLICES == (slice ? strtoul(slice, NULL, 10) % SLICES : 0);
}

/* ---- one point ---- */

/* Only where the undo, or the way on, has failed too: `recover` finishes, and it is said. */
static void finish(struct scene *s, const char *point, const struct vnet_error *err)
{
	struct vnet_error second = { 0 };
	auto_free char *what = NULL;
	struct vnet_plan plan = { 0 };

	if (!s->fake->struck_again || !strstr(err->msg, "vnet recover") || !fake_journal(s->fake))
		fail_msg("%s: incomplete: %s", point, err->msg);
	fake_calm(s->fake);
	if (vnet_recover(s->fake->vnet, &plainly, &what, &plan, &second) < 0)
		fail_msg("%s: recover: %s", point, second.msg);
	vnet_plan_done(&plan);
	s->count->recovered++;
}

/* @second: the operation after the first fault's batch that fails too; SIZE_MAX: none. */
static bool one_point(struct scene *s, size_t at, int code, size_t second)
{
	struct fake *fake = s->fake;
	struct vnet_error err = { 0 };
	auto_free char *now = NULL;
	bool incomplete;
	char point[160];
	bool struck;
	int r;

	(void)snprintf(point, sizeof(point), "%s%s: operation %zu: %d; then %zd", s->way->name,
		       s->old ? " on an old kernel" : "", at, code, (ssize_t)second);
	fake_restore(fake, &s->begin);
	fake->fault = (struct fake_fault){ .kind = FAKE_REFUSE, .at = at, .code = code };
	if (second != SIZE_MAX)
		fake->second =
			(struct fake_fault){ .kind = FAKE_REFUSE, .at = second, .code = code };
	r = fake_nic_run(fake, s->way->act, &err);
	if (!fake->struck)
		fail_msg("%s: it does not strike", point);
	struck = fake->struck_again;
	incomplete = r < 0 && err.outcome == VNET_OUTCOME_INCOMPLETE;
	if (r < 0 && !incomplete && err.outcome != VNET_OUTCOME_FAILED)
		fail_msg("%s: outcome %d: %s", point, (int)err.outcome, err.msg);
	if (incomplete)
		finish(s, point, &err);
	assert_false(fake_journal(fake));
	if (!fake_nic_hear(fake))
		fail_msg("%s: the router is lost: %s", point, err.msg);
	now = fake_text(fake, 0);
	if (strcmp(now, s->before) != 0 && strcmp(now, s->after) != 0)
		fail_msg("%s: %s:\n%s\nis neither\n%s\nnor\n%s", point, err.msg, now, s->before,
			 s->after);
	if (!incomplete && strcmp(now, r < 0 ? s->before : s->after) != 0)
		fail_msg("%s: it says %d, %s", point, r, err.msg);
	s->count->done++;
	s->count->back += !strcmp(now, s->before);
	s->count->on += !strcmp(now, s->after);
	s->count->again += struck;
	return struck;
}

/* ---- sweeps ---- */

static void each_error(struct scene *s)
{
	for (size_t at = 0; at < s->n_ops; at++) {
		for (size_t i = 0; i < FAULT_CODES; i++) {
			if (in_slice(s->count->point++))
				(void)one_point(s, at, fault_codes[i], SIZE_MAX);
		}
	}
}

static void each_two(struct scene *s)
{
	for (size_t at = 0; at < s->n_ops; at++) {
		bool struck = true;

		/* Of the undo there are as many as of the way there, or some more. */
		for (size_t second = 0; struck && second < 4 * s->n_ops; second++) {
			if (in_slice(s->count->point++))
				struck = one_point(s, at, fault_codes[(at + second) % FAULT_CODES],
						   second);
		}
	}
}

static struct count sweep(void (*points)(struct scene *s), const char *what)
{
	struct count count = { 0 };

	for (size_t i = 0; i < 2 * (size_t)WAYS; i++) {
		struct scene scene;

		open_scene(&scene, &ways[i / 2], i % 2 != 0, &count);
		points(&scene);
		close_scene(&scene);
	}
	printf("# %s: %zu of %zu points: %zu times back, %zu on; %zu struck again, %zu by `recover`\n",
	       what, count.done, count.point, count.back, count.on, count.again, count.recovered);
	assert_true(count.back > 0 && count.on > 0);
	return count;
}

static void each_operation_has_each_error(void **state)
{
	(void)state;
	(void)sweep(each_error, "operations times errors");
}

static void two_operations_fail(void **state)
{
	struct count count;

	(void)state;
	count = sweep(each_two, "pairs of operations");
	assert_true(count.again > 0 && count.recovered > 0);
}

/* Without the undo, each way is stopped somewhere in between. */
static void the_undo_is_needed(void **state)
{
	struct count count = { 0 };

	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct vnet_error err = { 0 };
		auto_free char *now = NULL;
		struct scene s;

		open_scene(&s, &ways[i], false, &count);
		fake_restore(s.fake, &s.begin);
		s.fake->fault = (struct fake_fault){ .kind = FAKE_REFUSE, .at = 9, .code = -EIO };
		s.fake->no_undo = true;
		assert_true(fake_nic_run(s.fake, s.way->act, &err) < 0);
		now = fake_text(s.fake, 0);
		assert_string_not_equal(now, s.before);
		assert_string_not_equal(now, s.after);
		close_scene(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_undo_is_needed),
		cmocka_unit_test(each_operation_has_each_error),
		cmocka_unit_test(two_operations_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
