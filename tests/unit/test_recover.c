/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo fails, too, or the process is gone: recover must lead back, or, where all
 * had been done, leave it so; and until then nothing else may be changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/scenes.h"
#include "lib/sweep.h"

static void each_scene(void (*points_of)(struct sweep *s))
{
	size_t points = 0;
	size_t complaints = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct sweep s;

		sweep_open(&s, &scenes[i]);
		points_of(&s);
		points += s.points;
		complaints += sweep_report(&s);
		sweep_close(&s);
	}
	printf("# %zu points, %zu complaints\n", points, complaints);
	assert_int_equal(complaints, 0);
}

static void the_undo_fails_too(void **state)
{
	(void)state;
	each_scene(sweep_pairs);
}

static void killed_on_the_way(void **state)
{
	(void)state;
	each_scene(sweep_kills);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_undo_fails_too),
		cmocka_unit_test(killed_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
