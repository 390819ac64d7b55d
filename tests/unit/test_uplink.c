/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's NIC as uplink, on the fake kernel: what hangs on it comes back, whichever
 * operation fails, and every operation survives the journal.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/journal.h"
#include "core/net.h"
#include "core/txn.h"
#include "lib/fake.h"
#include "ops/ops.h"
#include "wire/object.h"

#define NET "br0"

enum { NIC = 2 }; /* eth0 of the fake */

static const struct vnet_how plainly = { .what = "a test" };
static const struct vnet_how dryly = { .what = "a test", .dry_run = true };

/* ---- what hangs on the NIC ---- */

/* As a request says it: the models know nothing of what the kernel adds in a dump. */
static void hang(struct fake *fake, struct vn_msg *msg)
{
	static const struct vnet_object_edit same = {
		.from = NIC, .to = NIC, .from_name = "eth0", .to_name = "eth0"
	};
	struct vnet_object dumped;
	struct vnet_object object;

	assert_int_equal(vn_msg_end(msg), 0);
	assert_int_equal(vn_object_read((const struct nlmsghdr *)msg->buf, &dumped), 0);
	assert_int_equal(vnet_object_move(&dumped, &same, &object), 0);
	assert_int_equal(vn_snapshot_add_object(&fake->world, VNET_NS_HOST, &object), 0);
	vnet_object_done(&dumped);
	vnet_object_done(&object);
	msg->len = 0;
}

static struct vnet_ip ip_of(const char *text)
{
	struct vnet_ip ip;

	assert_int_equal(vnet_ip_parse(text, &ip, NULL), 0);
	return ip;
}

static void put_ip(struct vn_msg *msg, uint16_t type, const char *text)
{
	struct vnet_ip ip = ip_of(text);

	vn_attr(msg, type, ip.bytes, ip.family == AF_INET ? 4 : 16);
}

static void hang_addr(struct fake *fake, struct vn_msg *msg, const char *text, uint8_t prefix,
		      const char *label, uint32_t flags)
{
	struct vnet_ip ip = ip_of(text);
	struct ifaddrmsg info = { .ifa_family = ip.family,
				  .ifa_prefixlen = prefix,
				  .ifa_flags = (uint8_t)flags,
				  .ifa_index = NIC };

	vn_msg_begin(msg, RTM_NEWADDR, 0, 0, &info, sizeof(info));
	put_ip(msg, IFA_ADDRESS, text);
	if (ip.family == AF_INET)
		put_ip(msg, IFA_LOCAL, text);
	if (label)
		vn_attr_str(msg, IFA_LABEL, label);
	vn_attr_u32(msg, IFA_FLAGS, flags);
	hang(fake, msg);
}

/* @to: NULL, the default route. */
static void hang_route(struct fake *fake, struct vn_msg *msg, const char *to, uint8_t prefix,
		       const char *via, uint32_t table, uint32_t metric)
{
	struct vnet_ip ip = ip_of(to ? to : via);
	struct rtmsg info = { .rtm_family = ip.family,
			      .rtm_dst_len = prefix,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST };

	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, RTA_TABLE, table);
	if (to)
		put_ip(msg, RTA_DST, to);
	if (via)
		put_ip(msg, RTA_GATEWAY, via);
	if (metric)
		vn_attr_u32(msg, RTA_PRIORITY, metric);
	vn_attr_u32(msg, RTA_OIF, NIC);
	hang(fake, msg);
}

static void hang_hops(struct fake *fake, struct vn_msg *msg)
{
	struct rtmsg info = { .rtm_family = AF_INET,
			      .rtm_dst_len = 24,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST };
	size_t nest;

	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, RTA_TABLE, RT_TABLE_MAIN);
	put_ip(msg, RTA_DST, "203.0.113.0");
	nest = vn_nest(msg, RTA_MULTIPATH);
	for (uint8_t i = 1; i < 3; i++) {
		struct rtnexthop hop = { .rtnh_len = sizeof(hop) + 8, .rtnh_ifindex = NIC };
		const uint8_t gateway[8] = { 8, 0, RTA_GATEWAY, 0, 192, 0, 2, i };

		vn_msg_raw(msg, &hop, sizeof(hop));
		vn_msg_raw(msg, gateway, sizeof(gateway));
	}
	vn_nest_end(msg, nest);
	hang(fake, msg);
}

static void hang_neigh(struct fake *fake, struct vn_msg *msg, const char *to, uint16_t state,
		       uint8_t flags)
{
	static const struct vnet_mac mac = { { 2, 0, 0, 0, 0, 9 } };
	struct ndmsg info = { .ndm_family = ip_of(to).family,
			      .ndm_ifindex = NIC,
			      .ndm_state = state,
			      .ndm_flags = flags };

	vn_msg_begin(msg, RTM_NEWNEIGH, 0, 0, &info, sizeof(info));
	put_ip(msg, NDA_DST, to);
	if (!(flags & NTF_PROXY))
		vn_attr(msg, NDA_LLADDR, mac.bytes, sizeof(mac.bytes));
	hang(fake, msg);
}

static void hang_nexthop(struct fake *fake, struct vn_msg *msg, uint32_t id, const char *via)
{
	struct nhmsg info = { .nh_family = ip_of(via).family, .nh_scope = 1 };

	vn_msg_begin(msg, RTM_NEWNEXTHOP, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, NHA_ID, id);
	vn_attr_u32(msg, NHA_OIF, NIC);
	put_ip(msg, NHA_GATEWAY, via);
	hang(fake, msg);
}

/* What a kernel can that makes routes sleep. */
static void add_linkdown(struct fake *fake)
{
	static const char *const dirs[] = { "ipv4/conf", "ipv6/conf" };
	static const char *const links[] = { "eth0", "default" };

	for (size_t i = 0; i < 4; i++) {
		struct vnet_sysctl sysctl = { .value = "0" };

		assert_int_equal(vn_copy(sysctl.dir, sizeof(sysctl.dir), dirs[i % 2]), 0);
		assert_int_equal(vn_copy(sysctl.link, sizeof(sysctl.link), links[i / 2]), 0);
		assert_int_equal(vn_copy(sysctl.key, sizeof(sysctl.key),
					 "ignore_routes_with_linkdown"),
				 0);
		assert_int_equal(vn_snapshot_add_sysctl(&fake->world, VNET_NS_HOST, &sysctl), 0);
	}
}

static struct fake *old_host_new(void)
{
	struct fake *fake = fake_new();
	uint8_t buf[512];
	struct vn_msg msg;

	vn_snapshot_link(&fake->world, VNET_NS_HOST, NIC)->carrier = 1;
	vn_msg_init(&msg, buf, sizeof(buf));
	hang_addr(fake, &msg, "192.0.2.10", 24, "eth0", IFA_F_PERMANENT);
	hang_addr(fake, &msg, "192.0.2.11", 24, "eth0:two", IFA_F_PERMANENT | IFA_F_SECONDARY);
	hang_addr(fake, &msg, "10.5.0.1", 16, "other", IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
	hang_addr(fake, &msg, "2001:db8::10", 64, NULL, IFA_F_PERMANENT);
	hang_addr(fake, &msg, "fe80::10", 64, NULL, IFA_F_PERMANENT);
	hang_route(fake, &msg, NULL, 0, "192.0.2.1", RT_TABLE_MAIN, 0);
	hang_route(fake, &msg, NULL, 0, "192.0.2.2", RT_TABLE_MAIN, 300);
	hang_route(fake, &msg, NULL, 0, "192.0.2.1", 100, 0);
	hang_route(fake, &msg, "198.51.100.0", 24, NULL, RT_TABLE_MAIN, 0);
	hang_route(fake, &msg, NULL, 0, "fe80::1", RT_TABLE_MAIN, 1024);
	hang_route(fake, &msg, "2001:db8:7::", 48, "2001:db8::1", 1000, 1);
	hang_hops(fake, &msg);
	hang_neigh(fake, &msg, "192.0.2.200", NUD_PERMANENT, 0);
	hang_neigh(fake, &msg, "192.0.2.201", NUD_NONE, NTF_PROXY);
	fake->world.gateways[0] = (struct vnet_gateway){ .index = NIC,
							 .link = "eth0",
							 .ip = ip_of("192.0.2.1"),
							 .source = ip_of("192.0.2.10") };
	fake->world.n_gateways = 1;
	hang_nexthop(fake, &msg, 7, "192.0.2.1");
	return fake;
}

static struct fake *host_new(void)
{
	struct fake *fake = old_host_new();

	add_linkdown(fake);
	return fake;
}

static struct fake *host_with_client(void)
{
	struct fake *fake = host_new();
	char command[] = "PATH=/bin\n/sbin/dhclient\ndhclient\n-lf\n/var/lib/l\neth0\n";
	const struct vnet_client client = {
		.program = "dhclient", .link = "eth0", .pid = 4712, .command = command
	};

	assert_int_equal(vn_snapshot_add_client(&fake->world, &client), 0);
	return fake;
}

/* ---- verbs ---- */

static int create(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		  struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, edits, 2, how, ret_result, err);
}

/* One that is there already, with addresses of its own. */
static int create_plain(struct fake *fake, const struct vnet_how *how,
			struct vnet_result *ret_result, struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "10.1.1.254/24" },
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "2001:db8:1::1/64" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, edits, 2, how, ret_result, err);
}

static int set_on(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		  struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" };

	return vnet_set(fake->vnet, NET, &edit, 1, how, ret_result, err);
}

static int create_with_client(struct fake *fake, const struct vnet_how *how,
			      struct vnet_result *ret_result, struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_UPLINK_DHCP, .how = '=', .text = "client" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, NET, edits, 2, how, ret_result, err);
}

static int set_off(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		   struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '0' };

	return vnet_set(fake->vnet, NET, &edit, 1, how, ret_result, err);
}

static int delete_net(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		      struct vnet_error *err)
{
	return vnet_delete(fake->vnet, NET, how, ret_result, err);
}

typedef int verb_fn(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		    struct vnet_error *err);

static int run(struct fake *fake, verb_fn *verb, struct vnet_error *err)
{
	struct vnet_result result = { 0 };
	int r = verb(fake, &plainly, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

static void must_run(struct fake *fake, verb_fn *verb)
{
	struct vnet_error err = { 0 };

	if (run(fake, verb, &err) < 0)
		fail_msg("%s", err.msg);
}

static size_t hanging_on(const struct fake *fake, int32_t index)
{
	const struct vnet_ns *host = &fake->world.ns[VNET_NS_HOST];
	size_t n = 0;

	for (size_t i = 0; i < host->n_objects; i++)
		n += vnet_object_uses(host->objects[i], index);
	return n;
}

/* The plan of @verb, for what is there now. */
static void plan_of(struct fake *fake, verb_fn *verb, struct vnet_result *ret_plan)
{
	struct vnet_error err = { 0 };

	if (verb(fake, &dryly, ret_plan, &err) < 0)
		fail_msg("%s", err.msg);
}

/* ---- laws ---- */

static void go_there_and_back(struct fake *fake)
{
	auto_free char *before = fake_text(fake, 0);
	auto_free char *after = NULL;
	const struct vnet_link *bridge;
	size_t n = hanging_on(fake, NIC);

	must_run(fake, create);
	bridge = vnet_link_by_name(&fake->world, VNET_NS_HOST, NET);
	assert_non_null(bridge);
	assert_int_equal(hanging_on(fake, NIC), 0);
	assert_int_equal(hanging_on(fake, bridge->index), n);
	assert_int_equal(vnet_link_by_index(&fake->world, VNET_NS_HOST, NIC)->master,
			 bridge->index);
	assert_int_equal(bridge->bridge.stp, 1);
	must_run(fake, delete_net);
	after = fake_text(fake, 0);
	assert_string_equal(before, after);
	fake_free(fake);
}

static void there_and_back(void **state)
{
	(void)state;
	go_there_and_back(host_new());
}

static void there_and_back_on_an_old_kernel(void **state)
{
	(void)state;
	go_there_and_back(old_host_new());
}

static void onto_and_off(void **state)
{
	struct fake *fake = host_new();
	struct vnet_result result = { 0 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	size_t n = hanging_on(fake, NIC);

	(void)state;
	must_run(fake, create_plain);
	before = fake_text(fake, 0);
	must_run(fake, set_on);
	assert_int_equal(hanging_on(fake, NIC), 0);
	plan_of(fake, set_on, &result); /* once more: nothing is left to do */
	assert_int_equal(result.plan.n_ops, 0);
	vnet_result_done(&result);
	must_run(fake, set_off);
	assert_int_equal(hanging_on(fake, NIC), n);
	after = fake_text(fake, 0);
	assert_string_equal(before, after);
	must_run(fake, delete_net);
	fake_free(fake);
}

static void assert_journal(struct fake *fake, const struct vnet_plan *plan)
{
	char what[] = "a test";
	char net[] = NET;
	char uplink[] = "eth0";
	const struct vn_journal written = {
		.what = what, .net = net, .uplink = uplink, .plan = *plan, .onward = *plan
	};
	struct vn_journal journal;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/copy", fake->dir);
	assert_int_equal(vn_journal_write(path, &written), 0);
	assert_int_equal(vn_journal_read(path, &journal), 0);
	assert_string_equal(journal.uplink, "eth0");
	assert_int_equal(journal.plan.n_ops, plan->n_ops);
	assert_int_equal(journal.onward.n_ops, plan->n_ops);
	for (size_t i = 0; i < plan->n_ops; i++) {
		struct vn_text a = { 0 };
		struct vn_text b = { 0 };

		vn_op_write(&plan->ops[i], &a);
		vn_op_write(&journal.onward.ops[i], &b);
		assert_string_equal(a.buf, b.buf);
		assert_int_equal(journal.onward.ops[i].marks, plan->ops[i].marks);
		vn_text_done(&a);
		vn_text_done(&b);
	}
	vn_journal_done(&journal);
	(void)remove(path);
}

static void every_operation_survives_the_journal(void **state)
{
	struct fake *fake = host_new();
	struct vnet_result result = { 0 };

	(void)state;
	plan_of(fake, create, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	must_run(fake, create);
	plan_of(fake, delete_net, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	must_run(fake, delete_net);
	must_run(fake, create_plain);
	plan_of(fake, set_on, &result);
	assert_journal(fake, &result.plan);
	vnet_result_done(&result);
	fake_free(fake);
}

/*
 * Each operation fails, in each way: all is as before, or, beyond the point of no return,
 * as after. Where it goes on failing there, `recover` finishes.
 */
static void fail_each_of(struct fake *fake, verb_fn *verb, verb_fn *prepare, size_t *ret_back,
			 size_t *ret_on)
{
	static const enum fake_fault_kind kinds[] = { FAKE_REFUSE, FAKE_LOST, FAKE_DONE };
	struct vnet_result result = { 0 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	struct fake_state begin;
	size_t n_ops;

	if (prepare)
		must_run(fake, prepare);
	fake_save(fake, &begin);
	plan_of(fake, verb, &result);
	n_ops = result.plan.n_ops;
	vnet_result_done(&result);
	before = fake_text(fake, 0);
	must_run(fake, verb);
	after = fake_text(fake, 0);
	*ret_back = *ret_on = 0;
	for (size_t i = 0; i < n_ops * 6; i++) {
		struct vnet_error err = { 0 };
		auto_free char *now = NULL;
		auto_free char *what = NULL;
		struct vnet_plan plan = { 0 };
		int r;

		fake_restore(fake, &begin);
		fake_calm(fake);
		fake->fault = (struct fake_fault){ .kind = kinds[i % 3],
						   .at = i / 6,
						   .code = i % 3 ? -ETIMEDOUT : -EPERM,
						   .sticky = i / 3 % 2 == 1 };
		r = run(fake, verb, &err);
		if (r < 0 && err.outcome == VNET_OUTCOME_INCOMPLETE) {
			fake_calm(fake);
			assert_int_equal(vnet_recover(fake->vnet, &plainly, &what, &plan, &err), 0);
			vnet_plan_done(&plan);
		}
		assert_false(fake_journal(fake));
		now = fake_text(fake, 0);
		if (!strcmp(now, after))
			++*ret_on;
		else if (!strcmp(now, before))
			++*ret_back;
		else
			fail_msg("operation %zu, fault %zu: %s:\n%s\nis neither\n%s\nnor\n%s",
				 i / 6, i % 6, err.msg, now, before, after);
	}
	fake_state_done(&begin);
	fake_free(fake);
	printf("# %zu operations, %zu faults: %zu times back, %zu on\n", n_ops, n_ops * 6,
	       *ret_back, *ret_on);
}

static void fail_each(verb_fn *verb, verb_fn *prepare, size_t *ret_back, size_t *ret_on)
{
	fail_each_of(host_new(), verb, prepare, ret_back, ret_on);
}

static void each_operation_of_the_way_there_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(create, NULL, &back, &on);
	assert_true(back > on);
}

static void each_operation_of_the_way_back_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(delete_net, create, &back, &on);
	assert_true(back > 0 && on > 0);
}

static void each_operation_fails_on_an_old_kernel(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each_of(old_host_new(), create, NULL, &back, &on);
	assert_true(back > on);
}

static void each_operation_of_the_way_onto_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(set_on, create_plain, &back, &on);
	assert_true(back > on);
}

static int make_with(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		     struct vnet_error *err)
{
	must_run(fake, create_plain);
	return set_on(fake, how, ret_result, err);
}

static void each_operation_of_the_way_off_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each(set_off, make_with, &back, &on);
	assert_true(back > 0 && on > 0);
}

/* Whatever fails, there is one client, and it is where the address is. */
static void each_operation_with_a_client_fails(void **state)
{
	size_t back;
	size_t on;

	(void)state;
	fail_each_of(host_with_client(), create_with_client, NULL, &back, &on);
	assert_true(back > on);
	fail_each_of(host_with_client(), delete_net, create_with_client, &back, &on);
	assert_true(back > 0 && on > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(there_and_back_on_an_old_kernel),
		cmocka_unit_test(onto_and_off),
		cmocka_unit_test(every_operation_survives_the_journal),
		cmocka_unit_test(each_operation_of_the_way_there_fails),
		cmocka_unit_test(each_operation_of_the_way_back_fails),
		cmocka_unit_test(each_operation_fails_on_an_old_kernel),
		cmocka_unit_test(each_operation_of_the_way_onto_fails),
		cmocka_unit_test(each_operation_of_the_way_off_fails),
		cmocka_unit_test(each_operation_with_a_client_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
