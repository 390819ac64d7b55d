/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of the kernel that no kernel sends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/attr.h"

/* A length that is negative as an int would lead to before the message. */
static void lengths(void **state)
{
	struct nlmsghdr head = { .nlmsg_len = sizeof(head) };

	(void)state;
	assert_true(vn_msg_ok(&head, sizeof(head)));
	assert_false(vn_msg_ok(&head, sizeof(head) - 1));
	assert_false(vn_msg_ok(&head, 0));
	assert_false(vn_msg_ok(&head, -1));
	head.nlmsg_len = sizeof(head) - 1;
	assert_false(vn_msg_ok(&head, sizeof(head)));
	head.nlmsg_len = sizeof(head) + 1;
	assert_false(vn_msg_ok(&head, sizeof(head)));
	head.nlmsg_len = 0xfffdfcf7;
	assert_false(vn_msg_ok(&head, sizeof(head)));
}

/* An attribute that would end with the next multiple of four is not whole. */
static void ends_between(void **state)
{
	struct {
		struct nlmsghdr head;
		struct nlattr attr;
		uint8_t value[4]; /* cppcheck-suppress unusedStructMember ; the attribute's */
	} message = { .head = { .nlmsg_len = sizeof(message) },
		      .attr = { .nla_len = sizeof(message.attr) + 4, .nla_type = 1 } };

	(void)state;
	assert_non_null(vn_find_attr(&message.head, 0, 1));
	message.head.nlmsg_len--;
	assert_null(vn_find_attr(&message.head, 0, 1));
	message.attr.nla_len--;
	assert_non_null(vn_find_attr(&message.head, 0, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(ends_between),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
