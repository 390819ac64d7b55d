/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_MUST_H
#define TESTS_LIB_MUST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What a test builds on: where it is not so, no test can go on. In all builds. */
static inline void must_be(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

#define must(ok) must_be((ok), __func__, #ok)

#endif /* TESTS_LIB_MUST_H */
