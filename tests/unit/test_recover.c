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

static void the_undo_fails_too(void **state)
{
	(void)state;
	assert_int_equal(sweep_each(scenes, n_scenes, sweep_pairs), 0);
}

static void killed_on_the_way(void **state)
{
	(void)state;
	assert_int_equal(sweep_each(scenes, n_scenes, sweep_kills), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_undo_fails_too),
		cmocka_unit_test(killed_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
