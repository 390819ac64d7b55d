/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edge of the library: what a caller may leave out, and what it is told of what it may not. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/vnet.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/net.h"
#include "lib/fake.h"
#include "sys/file.h"

#define NET "br0"

static int make_fake(void **state)
{
	*state = fake_new();
	return 0;
}

static int free_fake(void **state)
{
	fake_free(*state);
	return 0;
}

static void what_may_be_left_out(void **state)
{
	const struct vnet_edit address = { VNET_KEY_ADDRESS, '=', "10.1.1.1/24" };
	struct fake *fake = *state;
	struct vnet_view view;

	assert_int_equal(vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, &address, 1, NULL, NULL,
				     NULL),
			 0);
	assert_int_equal(vnet_read(fake->vnet, NET, &view, NULL), 0);
	assert_true(view.found);
	vnet_view_done(&view);
	assert_int_equal(vnet_set(fake->vnet, NET, NULL, 0, NULL, NULL, NULL), 0);
	assert_int_equal(vnet_delete(fake->vnet, NET, NULL, NULL, NULL), 0);
	assert_int_equal(vnet_delete(fake->vnet, NET, NULL, NULL, NULL), -ENOENT);
}

/* Each call is refused with this sentence. */
static void refused(int r, struct vnet_error *err, const char *msg)
{
	assert_int_equal(r, -EINVAL);
	assert_int_equal(err->code, -EINVAL);
	assert_int_equal(err->outcome, VNET_OUTCOME_REFUSED);
	assert_string_equal(err->msg, msg);
	*err = (struct vnet_error){ 0 };
}

static void what_makes_no_sense_is_refused(void **state)
{
	const struct vnet_edit bad_key = { (enum vnet_key)VNET_KEY_COUNT, '=', "1" };
	const struct vnet_edit less_key = { (enum vnet_key) - 1, '=', "1" };
	const struct vnet_edit no_text = { VNET_KEY_DHCP_RANGE, '=', NULL };
	const struct vnet_edit bad_how = { VNET_KEY_MTU, '?', "1400" };
	const struct vnet_edit less_mtu = { VNET_KEY_MTU, '-', "1400" };
	const enum vnet_mode_id bad_mode = (enum vnet_mode_id)VNET_MODE_COUNT;
	struct vnet *vnet = ((struct fake *)*state)->vnet;
	struct vnet_error err = { 0 };
	struct vnet_view view;
	char want[64];

	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NULL, NULL, 0, NULL, NULL, &err), &err,
		"the name of the network is missing");
	refused(vnet_set(vnet, NULL, NULL, 0, NULL, NULL, &err), &err,
		"the name of the network is missing");
	refused(vnet_delete(vnet, NULL, NULL, NULL, &err), &err,
		"the name of the network is missing");
	refused(vnet_read(vnet, NULL, &view, &err), &err, "the name of the network is missing");
	refused(vnet_add_port(vnet, NET, NULL, NULL, NULL, &err), &err,
		"the name of the port is missing");
	refused(vnet_del_port(vnet, NET, NULL, NULL, NULL, &err), &err,
		"the name of the port is missing");
	(void)snprintf(want, sizeof(want), "there is no mode %d", VNET_MODE_COUNT);
	refused(vnet_create(vnet, bad_mode, NET, NULL, 0, NULL, NULL, &err), &err, want);
	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NET, &bad_key, 1, NULL, NULL, &err), &err,
		"option 0: there is none of that key");
	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NET, &less_key, 1, NULL, NULL, &err), &err,
		"option 0: there is none of that key");
	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NET, NULL, 1, NULL, NULL, &err), &err,
		"option 0: there is none of that key");
	refused(vnet_dhcp(vnet, NULL, &no_text, 1, NULL, NULL, &err), &err,
		"option 0: its value is missing");
	(void)snprintf(want, sizeof(want), "key %d: there is no such edit of it", VNET_KEY_MTU);
	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NET, &bad_how, 1, NULL, NULL, &err), &err,
		want);
	refused(vnet_create(vnet, VNET_MODE_BRIDGE, NET, &less_mtu, 1, NULL, NULL, &err), &err,
		want);
}

/* In the lock stands who holds it, and what for. */
static void look_at_lock(struct fake *fake)
{
	auto_free char *text = NULL;
	char path[VNET_PATH_SIZE];

	assert_int_equal(vn_format(path, sizeof(path), "%s/lock", fake->vnet->run_dir), 0);
	assert_int_equal(vn_file_read(path, &text, NULL), 0);
	assert_non_null(strstr(text, fake->hook_arg));
}

static void what_is_said_to_be_done_is_one_line(void **state)
{
	struct fake *fake = *state;
	struct vnet_how how = { .what = "a\nnet br1\033[2J" };

	fake->hook = look_at_lock;
	fake->hook_arg = (char[]){ ": a?net br1?[2J" };
	assert_int_equal(vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, NULL, 0, &how, NULL, NULL),
			 0);
	fake->hook_arg = (char[]){ ": a program" };
	how.what = NULL;
	assert_int_equal(vnet_delete(fake->vnet, NET, &how, NULL, NULL), 0);
}

/* By its name each key is found again, and what its values are as text makes the same spec. */
static void keys_have_names_and_texts(void **state)
{
	struct vnet_key_info info;
	enum vnet_key key;

	(void)state;
	for (int i = 0; i < VNET_KEY_COUNT; i++) {
		assert_int_equal(vnet_key_info((enum vnet_key)i, &info), 0);
		assert_int_equal(vnet_key_find(info.name, &key), 0);
		assert_int_equal(key, i);
		assert_true(info.chosen || info.help);
	}
	assert_int_equal(vnet_key_info(VNET_KEY_DHCP_RANGE, &info), 0);
	assert_string_equal(info.name, "dhcp.range");
	assert_int_equal(vnet_key_info(VNET_KEY_ADDRESS, &info), 0);
	assert_true(info.list && info.arg && !info.chosen);
	assert_int_equal(vnet_key_info((enum vnet_key)VNET_KEY_COUNT, &info), -EINVAL);
	assert_int_equal(vnet_key_find("range", &key), -ENOENT);
}

static void values_are_read_as_text(void **state)
{
	static const char *const addresses[] = { "10.1.1.1/24", "2001:db8::1/64" };
	struct vnet_spec spec;
	char *text;

	(void)state;
	vnet_spec_init(&spec, VNET_MODE_BRIDGE);
	assert_int_equal(vnet_spec_count(&spec, VNET_KEY_ADDRESS), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(vnet_spec_edit(&spec, VNET_KEY_ADDRESS, '+', addresses[i], NULL),
				 0);
	assert_int_equal(vnet_spec_edit(&spec, VNET_KEY_FORWARD_DELAY, '=', "2.5", NULL), 0);
	assert_int_equal(vnet_spec_count(&spec, VNET_KEY_ADDRESS), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(vnet_spec_text(&spec, VNET_KEY_ADDRESS, i, &text), 0);
		assert_string_equal(text, addresses[i]);
		free(text);
	}
	assert_int_equal(vnet_spec_text(&spec, VNET_KEY_FORWARD_DELAY, 0, &text), 0);
	assert_string_equal(text, "2.50");
	free(text);
	assert_int_equal(vnet_spec_text(&spec, VNET_KEY_ADDRESS, 2, &text), -ENOENT);
	assert_int_equal(vnet_spec_text(&spec, VNET_KEY_MTU, 0, &text), -ENOENT);
	assert_int_equal(vnet_spec_text(&spec, (enum vnet_key)VNET_KEY_COUNT, 0, &text), -ENOENT);
	vnet_spec_done(&spec);
}

static void leases_of_a_view(void **state)
{
	static const char text[] = "1700000000 52:54:00:00:00:01 10.1.1.11 one *\nnonsense\n";
	char path[] = "/tmp/vnet-leases-XXXXXX";
	struct vnet_view view = { .service.leases = "/nowhere/at/all" };
	struct vnet_error err = { 0 };
	struct vnet_leases leases;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(vnet_leases_read(&view, &leases, &err), 0);
	assert_int_equal(leases.n, 0);
	vnet_leases_done(&leases);

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	(void)close(fd);
	(void)snprintf(view.service.leases, sizeof(view.service.leases), "%s", path);
	assert_int_equal(vnet_leases_read(&view, &leases, &err), 0);
	(void)unlink(path);
	assert_int_equal(leases.n, 1);
	assert_int_equal(leases.bad_lines, 1);
	assert_false(leases.truncated);
	assert_int_equal(leases.items[0].expires, 1700000000);
	assert_string_equal(leases.items[0].name, "one");
	vnet_leases_done(&leases);
	assert_null(leases.items);

	(void)snprintf(view.service.leases, sizeof(view.service.leases), "/tmp");
	refused(vnet_leases_read(&view, &leases, &err), &err,
		"/tmp is no lease file: want a regular file");
	vnet_leases_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_may_be_left_out, make_fake, free_fake),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, make_fake,
						free_fake),
		cmocka_unit_test_setup_teardown(what_is_said_to_be_done_is_one_line, make_fake,
						free_fake),
		cmocka_unit_test(keys_have_names_and_texts),
		cmocka_unit_test(values_are_read_as_text),
		cmocka_unit_test(leases_of_a_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
