/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a transaction goes about it: batches, indexes that are taken, the journal, the lock. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/net.h"
#include "lib/fake.h"
#include "lib/state.h"
#include "sys/file.h"
#include "wire/sock.h"

#define NET "br0"

enum { ADDRESSES = 200 };

static const struct vnet_how plainly = { .what = "a test" };

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

static int create(struct fake *fake, const struct vnet_edit *edits, size_t n,
		  struct vnet_error *err)
{
	struct vnet_result result;
	int r;

	*err = (struct vnet_error){ 0 };
	r = vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, edits, n, &plainly, &result, err);
	if (r == 0)
		vnet_result_done(&result);
	return r;
}

static void assert_world(struct fake *fake, const char *want)
{
	auto_free char *now = fake_text(fake, 0);
	struct vn_text text = { 0 };

	if (state_diff(want, now, &text))
		fail_msg("%s", text.buf);
}

/* ---- batches ---- */

struct many {
	struct vnet_edit edits[ADDRESSES];
	char text[ADDRESSES][24];
};

static void many_addresses(struct many *many)
{
	for (int i = 0; i < ADDRESSES; i++) {
		(void)snprintf(many->text[i], sizeof(many->text[i]), "10.%d.1.1/24", i);
		many->edits[i] = (struct vnet_edit){ .key = VNET_KEY_ADDRESS,
						     .how = '+',
						     .text = many->text[i] };
	}
}

/* Few enough that the acknowledgements fit into the socket; an order of magnitude fewer calls. */
static void batches_are_cut(void **state)
{
	struct fake *fake = *state;
	struct vnet_error err;
	struct many many;

	many_addresses(&many);
	assert_int_equal(create(fake, many.edits, ADDRESSES, &err), 0);
	assert_int_equal(fake->world.ns[VNET_NS_HOST].n_addrs, ADDRESSES + 2);
	assert_int_equal(fake->batch_max, VN_SOCK_BATCH);
	/* the link, its alias; then, behind the sysctls, the addresses and the link going up */
	assert_int_equal(fake->n_batches, 2 + (ADDRESSES + 1 + VN_SOCK_BATCH - 1) / VN_SOCK_BATCH);
}

/* In the middle of the third batch; what was lost with it is asked for, and found. */
static void acknowledgements_lost(void **state)
{
	struct fake *fake = *state;
	auto_free char *before = fake_text(fake, 0);
	struct vnet_result result;
	struct vnet_error err;
	struct many many;

	many_addresses(&many);
	fake->fault = (struct fake_fault){ .kind = FAKE_DONE, .code = -ENOBUFS, .at = 150 };
	assert_int_equal(create(fake, many.edits, ADDRESSES, &err), 0);
	assert_true(fake->struck);
	assert_int_equal(fake->world.ns[VNET_NS_HOST].n_addrs, ADDRESSES + 2);
	assert_int_equal(vnet_delete(fake->vnet, NET, &plainly, &result, &err), 0);
	vnet_result_done(&result);
	assert_world(fake, before);
}

/* A message that removes a link would run though one before it failed. */
static void deletions_go_alone(void **state)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "10.1.1.1/24" },
		{ .key = VNET_KEY_DHCP_RANGE, .how = '=', .text = "10.1.1.11-100" },
	};
	struct fake *fake = *state;
	struct vnet_result result;
	struct vnet_error err;

	assert_int_equal(create(fake, edits, 2, &err), 0);
	fake_calm(fake);
	assert_int_equal(vnet_delete(fake->vnet, NET, &plainly, &result, &err), 0);
	assert_int_equal(fake->batch_max, 1);
	vnet_result_done(&result);
}

/* ---- a stranger is faster ---- */

struct stranger {
	size_t times;
	bool by_name;
};

/* Makes a link with the index, or the name, that the plan has chosen. */
static void take_index(struct fake *fake)
{
	struct stranger *stranger = fake->hook_arg;
	struct vnet_link link = { .index = 1 << 20, .kind = "dummy", .mtu = 1500 };

	if (!stranger->times)
		return;
	stranger->times--;
	while (vnet_link_by_index(&fake->world, VNET_NS_HOST, link.index))
		link.index++;
	if (stranger->by_name)
		(void)vn_copy(link.name, sizeof(link.name), NET);
	else
		(void)snprintf(link.name, sizeof(link.name), "dummy%d", link.index & 0xff);
	assert_int_equal(vn_snapshot_add_link(&fake->world, VNET_NS_HOST, &link), 0);
}

/* What the stranger made stays as it is. */
static void assert_untouched(struct fake *fake)
{
	const struct vnet_ns *in = &fake->world.ns[VNET_NS_HOST];

	for (size_t i = 0; i < in->n_links; i++) {
		const struct vnet_link *link = &in->links[i];

		if (strcmp(link->kind, "dummy") != 0)
			continue;
		assert_string_equal(link->alias, "");
		assert_string_equal(link->altname, "");
		assert_int_equal(link->group, 0);
		assert_int_equal(link->flags, 0);
		assert_int_equal(link->mtu, 1500);
	}
}

static void an_index_is_taken(void **state)
{
	static const struct vnet_edit small = { .key = VNET_KEY_MTU, .how = '=', .text = "1400" };
	struct stranger stranger = { .times = 3 };
	struct fake *fake = *state;
	const struct vnet_link *link;
	struct vnet_error err;

	fake->hook = take_index;
	fake->hook_arg = &stranger;
	assert_int_equal(create(fake, &small, 1, &err), 0);
	link = vnet_link_by_name(&fake->world, VNET_NS_HOST, NET);
	assert_non_null(link);
	assert_int_equal(link->index, (1 << 20) + 3);
	assert_untouched(fake);
}

/* Each time again: then it is told as what it is. */
static void every_index_is_taken(void **state)
{
	struct stranger stranger = { .times = 1000 };
	struct fake *fake = *state;
	struct vnet_error err;

	fake->hook = take_index;
	fake->hook_arg = &stranger;
	assert_int_equal(create(fake, NULL, 0, &err), -EEXIST);
	assert_int_equal(err.outcome, VNET_OUTCOME_FAILED);
	assert_non_null(strstr(err.msg, "link add br0: File exists"));
	assert_null(vnet_link_by_name(&fake->world, VNET_NS_HOST, NET));
	assert_false(fake_journal(fake));
	assert_int_equal(1000 - stranger.times, 8);
	assert_untouched(fake);
}

/* Between looking and making. */
static void the_name_is_taken(void **state)
{
	struct stranger stranger = { .times = 1, .by_name = true };
	struct fake *fake = *state;
	struct vnet_error err;

	fake->hook = take_index;
	fake->hook_arg = &stranger;
	assert_int_equal(create(fake, NULL, 0, &err), -EEXIST);
	assert_int_equal(err.outcome, VNET_OUTCOME_REFUSED);
	assert_non_null(strstr(err.msg, "br0 is there already (a dummy that vnet did not make)"));
	assert_non_null(vnet_link_by_name(&fake->world, VNET_NS_HOST, NET));
	assert_untouched(fake);
	assert_false(fake_journal(fake));
}

/* ---- the journal and the lock ---- */

/* Where it can't be written nothing is begun. */
static void no_journal_no_change(void **state)
{
	struct fake *fake = *state;
	auto_free char *before = fake_text(fake, 0);
	struct vnet_error err;
	char path[VNET_PATH_SIZE + 8];

	/* a directory in the place of its temporary file: not even root can unlink() that */
	assert_int_equal(vn_dir_make(fake->vnet->run_dir), 0);
	(void)snprintf(path, sizeof(path), "%s.tmp", fake->vnet->journal);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(create(fake, NULL, 0, &err), -EISDIR);
	assert_int_equal(err.outcome, VNET_OUTCOME_FAILED);
	assert_non_null(strstr(err.msg, fake->vnet->journal));
	assert_int_equal(fake->n_ops, 0);
	assert_world(fake, before);
	assert_int_equal(rmdir(path), 0);
}

/* What nobody can read is told, and nothing is guessed. */
static void a_torn_journal(void **state)
{
	static const char *const texts[] = {
		"",
		"vnet-journal 1\n",
		"vnet-journal 1\nwhat x\n",
		"vnet-journal 1\nwhat x\nnet br0\nundo link-del",
		"vnet-journal 1\nwhat x\nnet br0\nundo link-del 0 index=1048576 na",
		"vnet-journal 1\nwhat x\nwhat y\nnet br0\n",
		"vnet-journal 2\nwhat x\nnet br0\n",
	};
	struct fake *fake = *state;
	auto_free char *before = fake_text(fake, 0);

	assert_int_equal(vn_dir_make(fake->vnet->run_dir), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct vnet_error err = { 0 };
		struct vnet_plan plan;
		char *what;

		assert_int_equal(vn_file_write(fake->vnet->journal, texts[i], 0600), 0);
		assert_int_equal(vnet_recover(fake->vnet, &plainly, &what, &plan, &err), -EBADMSG);
		assert_non_null(strstr(err.msg, fake->vnet->journal));
		assert_int_equal(create(fake, NULL, 0, &err), -EUCLEAN);
		assert_int_equal(err.outcome, VNET_OUTCOME_REFUSED);
		assert_true(fake_journal(fake));
	}
	assert_int_equal(fake->n_ops, 0);
	assert_world(fake, before);
	assert_int_equal(unlink(fake->vnet->journal), 0);
}

/* A dry run needs neither lock nor journal, and leaves nothing. */
static void a_dry_run_changes_nothing(void **state)
{
	static const struct vnet_how dryly = { .what = "a test", .dry_run = true };
	struct fake *fake = *state;
	auto_free char *before = fake_text(fake, 0);
	struct vnet_result result;
	struct vnet_error err = { 0 };

	assert_int_equal(vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, NULL, 0, &dryly, &result,
				     &err),
			 0);
	assert_true(result.plan.n_ops > 3);
	vnet_result_done(&result);
	assert_int_equal(fake->n_ops, 0);
	assert_world(fake, before);
	assert_int_equal(access(fake->vnet->run_dir, F_OK), -1);
}

/* ---- several networks ---- */

/* Each has a group, indexes and a server of its own; one goes without the other. */
static void networks_side_by_side(void **state)
{
	static const char *const names[] = { "br0", "br1", "br2" };
	struct fake *fake = *state;
	auto_free char *before = fake_text(fake, 0);
	char *texts[3];

	for (int i = 0; i < 3; i++) {
		struct vnet_result result;
		struct vnet_error err = { 0 };
		char address[24];
		char range[24];
		struct vnet_edit edits[] = {
			{ .key = VNET_KEY_ADDRESS, .how = '+', .text = address },
			{ .key = VNET_KEY_DHCP_RANGE, .how = '=', .text = range },
		};

		texts[i] = fake_text(fake, 0);
		(void)snprintf(address, sizeof(address), "10.%d.1.1/24", i);
		(void)snprintf(range, sizeof(range), "10.%d.1.11-20", i);
		if (vnet_create(fake->vnet, VNET_MODE_BRIDGE, names[i], edits, 2, &plainly, &result,
				&err) < 0)
			fail_msg("%s", err.msg);
		vnet_result_done(&result);
	}
	for (int i = 3; i-- > 0;) {
		struct vnet_result result;
		struct vnet_error err = { 0 };
		struct vnet_view view;

		assert_int_equal(vnet_read(fake->vnet, names[i], &view, &err), 0);
		assert_true(view.found && view.snap.running);
		assert_true(vnet_spec_equal(&view.record, &view.live));
		assert_int_equal(view.record.group, 0x766e0000 + i);
		vnet_view_done(&view);
		assert_int_equal(vnet_delete(fake->vnet, names[i], &plainly, &result, &err), 0);
		vnet_result_done(&result);
		assert_world(fake, texts[i]);
		free(texts[i]);
	}
	assert_world(fake, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fake, free_fake)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(batches_are_cut),		 TEST(acknowledgements_lost),
		TEST(deletions_go_alone),	 TEST(an_index_is_taken),
		TEST(every_index_is_taken),	 TEST(the_name_is_taken),
		TEST(no_journal_no_change),	 TEST(a_torn_journal),
		TEST(a_dry_run_changes_nothing), TEST(networks_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
