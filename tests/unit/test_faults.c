/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each operation of each change fails in each way, on the fake kernel: what was before
 * must be there again, or, where the change was done all the same, the whole of it.
 * And with the undo taken out, that sweep must fail.
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

#include "base/cleanup.h"
#include "base/text.h"
#include "lib/scenes.h"
#include "lib/sweep.h"
#include "ops/ops.h"

static void each_operation_fails(void **state)
{
	size_t points = 0;
	size_t complaints = 0;

	(void)state;
	for (size_t i = 0; i < n_scenes; i++) {
		struct sweep s;

		sweep_open(&s, &scenes[i]);
		sweep_faults(&s);
		sweep_reads(&s);
		points += s.points;
		complaints += sweep_report(&s);
		sweep_close(&s);
	}
	printf("# %zu points, %zu complaints\n", points, complaints);
	assert_int_equal(complaints, 0);
}

/* ---- without the net ---- */

/* The undo says that it has done all, and does nothing: the sweep above must notice it. */
static void without_undo(struct sweep *s, size_t *ret_harmless)
{
	for (size_t k = 0; k < s->plan.n_ops; k++) {
		struct fake_fault fault = { .kind = FAKE_REFUSE, .code = -EPERM, .at = k };
		size_t before = s->complaints;
		auto_free char *now = NULL;
		struct vnet_error err;

		fake_restore(s->fake, &s->start);
		s->fake->fault = fault;
		s->fake->no_undo = true;
		s->points++;
		(void)scene_act(s->scene, &s->stage, &err);
		want_world(s, s->before, "undone");
		now = fake_text(s->fake, 0);
		if (strcmp(now, s->before) == 0)
			++*ret_harmless; /* nothing had been done yet */
		else
			assert_int_equal(s->complaints, before + 1);
	}
}

static void the_net_is_needed(void **state)
{
	size_t points = 0;
	size_t complaints = 0;
	size_t harmless = 0;

	(void)state;
	for (size_t i = 0; i < n_scenes; i++) {
		struct sweep s;
		size_t none = 0;

		sweep_open(&s, &scenes[i]);
		without_undo(&s, &none);
		if (!s.complaints)
			fail_msg("%s: nobody misses the undo", s.scene->name);
		points += s.points;
		complaints += s.complaints;
		harmless += none;
		sweep_close(&s);
	}
	printf("# undo taken out: %zu points, %zu complaints\n", points, complaints);
	assert_int_equal(points, complaints + harmless);
	assert_true(harmless < points / 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_fails),
		cmocka_unit_test(the_net_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
