/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journals that no vnet has written: each is refused, or means what it says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/journal.h"

#define HEAD "vnet-journal 1\nwhat bridge create br0\nnet br0\n"

static int parse(const char *text, struct vn_journal *ret_journal)
{
	char *copy = strdup(text);
	int r;

	assert_non_null(copy);
	r = vn_journal_parse(copy, ret_journal);
	free(copy);
	return r;
}

static void refused(const char *text)
{
	struct vn_journal journal;

	assert_int_equal(parse(text, &journal), -EBADMSG);
}

static void whole(void **state)
{
	static const char text[] = HEAD "do file-write 0 path=/run/x mode=384 content=a%0ab\n"
					"undo file-del 0 path=/run/x\n";
	struct vn_journal journal;
	char *printed;

	(void)state;
	assert_int_equal(parse(text, &journal), 0);
	assert_int_equal(vn_journal_print(&journal, &printed), 0);
	assert_string_equal(printed, text);
	free(printed);
	vn_journal_done(&journal);
}

/* A plan owns the content of a file that is written; that of another would be nobody's. */
static void content_of_nothing(void **state)
{
	(void)state;
	refused(HEAD "undo file-del 0 path=/run/x content=y\n");
}

/* What a table is asked for by is a number in it. */
static void numbers_of_nothing(void **state)
{
	(void)state;
	refused(HEAD "do wait 0 what=2 index=1 link=eth0\n");
	refused(HEAD "do object-add 0 how=32 link=eth0 "
		     "message=1800000014000000000000000000000002180000"
		     "01000000\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(content_of_nothing),
		cmocka_unit_test(numbers_of_nothing),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
