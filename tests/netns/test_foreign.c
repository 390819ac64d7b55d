/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Someone else changes the NIC while it is being moved, before each of the steps: the move is
 * undone, or done all the same; what he did is named, stands as he left it, and when he takes it
 * back himself, all is as it was. And the NIC is unplugged before each step.
 *
 * VNET_SLICE=N: one of each few points, beginning with N; all: all of them.
 */
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
#include "base/text.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/ground.h"
#include "netns/inside.h"

enum { SLICES = 12 };

#define NET "br0"

/*
 * What someone may do, as commands: $FROM and $TO are the links of the move, $AT the one on
 * which all stands in the end.
 *
 * @act:   what he does
 * @last:  ends well if it stands as he left it
 * @back:  takes it back
 * @said:  is told of it
 * @takes: the NIC is a port of his then, and of nobody when he lets it go
 * @can:   ends well where the kernel lets him; NULL: each does
 */
static const struct foreign {
	const char *name;
	const char *act;
	const char *last;
	const char *back;
	const char *said;
	bool takes;
	const char *can;
} foreigns[] = {
	{ "an address is added", "ip addr add 10.9.0.50/24 dev eth0",
	  "ip -br addr | grep -q ' 10.9.0.50/24'",
	  "ip addr del 10.9.0.50/24 dev eth0 2>/dev/null || ip addr del 10.9.0.50/24 dev " NET,
	  "added address 10.9.0.50/24 to eth0", false, NULL },
	{ "an IPv6 address is added", "ip addr add 2001:db8:9::50/64 dev eth0 nodad",
	  "ip -br addr | grep -q ' 2001:db8:9::50/64'",
	  "ip addr del 2001:db8:9::50/64 dev eth0 2>/dev/null || "
	  "ip addr del 2001:db8:9::50/64 dev " NET,
	  "added address 2001:db8:9::50/64 to eth0", false, NULL },
	{ "a route is deleted",
	  "ip route del 198.51.101.0/24 dev $FROM 2>/dev/null || "
	  "ip route del 198.51.101.0/24 dev $TO",
	  "! ip route show 198.51.101.0/24 | grep -q .",
	  "ip route add 198.51.101.0/24 via 10.77.0.1 dev $AT onlink",
	  "route 198.51.101.0/24 via 10.77.0.1", false, NULL },
	/* Before Linux 6.2, none is that is up. */
	{ "it is renamed", "ip link set eth0 name eth9", "ip link show dev eth9 >/dev/null",
	  "ip link set eth9 name eth0", "renamed it to eth9", false,
	  "ip link set lo name lo9 && ip link set lo9 name lo" },
	{ "another bridge takes it",
	  "ip link add other type bridge && ip link set eth0 master other",
	  "ip link show dev eth0 | grep -q ' master other '", "ip link del other",
	  "made it a port of something else", true, NULL },
};

/* The real executor, with someone who acts before its @at-th call. */
struct meddled {
	struct vn_exec real;
	const struct foreign *foreign; /* NULL: nobody does */
	size_t at;
	size_t calls;
};

struct test {
	struct meddled meddled;
	struct vnet *vnet;
	char *before;
	char *bare; /* without the NIC */
	size_t points;
	size_t undone;
	size_t recovered;
	size_t complaints;
};

static void meddle(struct meddled *m)
{
	if (m->foreign && m->calls == m->at)
		(void)shell(m->foreign->act); /* it may come too late */
	m->calls++;
}

static int on_read(void *self, const char *net, struct vnet_snapshot *snap, struct vnet_error *err)
{
	struct meddled *m = self;

	return m->real.ops->read(m->real.self, net, snap, err);
}

static int on_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
		      struct vn_ack *acks)
{
	struct meddled *m = self;

	meddle(m);
	return m->real.ops->netlink(m->real.self, ns, ops, n, acks);
}

static int on_system(void *self, const struct vnet_op *op)
{
	struct meddled *m = self;

	meddle(m);
	return m->real.ops->system(m->real.self, op);
}

static int on_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	struct meddled *m = self;

	return m->real.ops->service(m->real.self, op, detail);
}

static int on_events(void *self, int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	struct meddled *m = self;

	return m->real.ops->events(m->real.self, fn, arg);
}

static const struct vn_exec_ops meddled_ops = {
	.read = on_read,
	.netlink = on_netlink,
	.system = on_system,
	.service = on_service,
	.events = on_events,
};

/* ---- the host ---- */

static void plug_in(void)
{
	const char *top = getenv("VNET_TOP");

	ground_shell(". %s/tests/lib/host.bash; uplink_host", top ? top : ".");
	/* These end with the carrier of their link: who takes the NIC off the bridge ends them. */
	ground_shell("ip nexthop del id 7; ip nexthop del id 8");
}

/* The NIC, what is beyond it, and what stays where that is gone. */
static void unplug(void)
{
	ground_shell("ip link del eth0 2>/dev/null; ip netns del far;"
		     " ip rule del from 10.9.0.3; ip -6 rule del from 2001:db8:9::3");
}

static int open_host(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	struct vn_exec exec = { .ops = &meddled_ops, .self = &t->meddled };

	plug_in();
	assert_int_equal(vn_kernel_open(&t->meddled.real, NULL), 0);
	t->vnet = ground_open(&exec);
	*state = t;
	return 0;
}

static int close_host(void **state)
{
	struct test *t = *state;

	vnet_close(t->vnet);
	vn_kernel_close(&t->meddled.real);
	free(t->before);
	free(t->bare);
	free(t);
	return 0;
}

static void count_on(struct test *t, const struct foreign *foreign, size_t at)
{
	t->meddled.foreign = foreign;
	t->meddled.at = at;
	t->meddled.calls = 0;
}

typedef int verb_fn(struct test *t, struct vnet_error *err);

static int create(struct test *t, struct vnet_error *err)
{
	static const struct vnet_how how = { .what = "a test" };
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
	};
	struct vnet_result result = { 0 };
	int r = vnet_create(t->vnet, VNET_MODE_BRIDGE, NET, edits, 2, &how, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

static int delete_net(struct test *t, struct vnet_error *err)
{
	static const struct vnet_how how = { .what = "a test" };
	struct vnet_result result = { 0 };
	int r = vnet_delete(t->vnet, NET, &how, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

static void must(struct test *t, verb_fn *verb, const char *point)
{
	struct vnet_error err = { 0 };

	count_on(t, NULL, 0);
	if (verb(t, &err) < 0)
		fail_msg("%s: %s", point, err.msg);
}

/* With a link's name, the kernel gives its IPv4 addresses new labels: IFA_LABEL, number 3. */
static void drop_labels(char *text)
{
	for (char *at = text; (at = strstr(at, " 3=")); at++) {
		char *line = at;
		char *end = at + 1 + strcspn(at + 1, " ");

		while (line > text && line[-1] != '\n')
			line--;
		if (!strncmp(line, ". addr ", 7))
			memmove(at, end, strlen(end) + 1);
	}
}

static bool is(const char *want, const char *point)
{
	auto_free char *now = NULL;

	for (int i = 0; i < 30; i++) { /* the kernel tells of carriers up to a second later */
		free(now);
		now = ground_text();
		drop_labels(now);
		if (!strcmp(now, want))
			return true;
		vn_sleep_ms(50);
	}
	print_error("%s: not as it should be\n", point);
	(void)vn_file_write("/run/before", want, 0600);
	(void)vn_file_write("/run/now", now, 0600);
	(void)shell("diff /run/before /run/now | head -n 20 >&2; rm /run/before /run/now");
	return false;
}

static bool in_slice(size_t i)
{
	const char *slice = getenv("VNET_SLICE");

	if (slice && !strcmp(slice, "all"))
		return true;
	return i % SLICES == (slice ? strtoul(slice, NULL, 10) % SLICES : 0);
}

/* ---- one point ---- */

/* It has failed: then it is named, and what he did stands. */
static bool is_named(const struct foreign *foreign, const struct vnet_error *err)
{
	return err->outcome == VNET_OUTCOME_FAILED && strstr(err->msg, foreign->said);
}

/*
 * @verb leads from the state before to the one after, @back back again. Where @verb failed, we
 * are before; he takes back what he did where it is on the NIC.
 */
static void one_point(struct test *t, verb_fn *verb, bool creates, const struct foreign *foreign,
		      size_t at)
{
	struct vnet_error err = { 0 };
	char point[128];
	bool good = true;
	int r;

	(void)snprintf(point, sizeof(point), "%s, call %zu: %s", creates ? "create" : "delete", at,
		       foreign->name);
	t->points++;
	count_on(t, foreign, at);
	(void)setenv("FROM", creates ? "eth0" : NET, 1);
	(void)setenv("TO", creates ? NET : "eth0", 1);
	r = verb(t, &err);
	(void)setenv("AT", creates == (r == 0) ? NET : "eth0", 1);
	if (r < 0) {
		t->undone++;
		good = is_named(foreign, &err);
		if (!good)
			print_error("%s: %d, outcome %d: %s\n", point, r, (int)err.outcome,
				    err.msg);
	}
	if (shell(foreign->last) != 0) {
		print_error("%s: clobbered; %s\n", point, r < 0 ? err.msg : "done");
		good = false;
	}
	/* First he, then we: with what he has added before us, ours would go. */
	good = shell(foreign->back) == 0 && good;
	if (foreign->takes && creates == (r == 0))
		good = shell("ip link set eth0 master " NET) == 0 && good;
	if (creates == (r == 0))
		must(t, delete_net, point);
	good = is(t->before, point) && good;
	t->complaints += !good;
	assert_int_equal(t->complaints, 0); /* the host is another one now */
}

static size_t calls_of(struct test *t, verb_fn *verb)
{
	must(t, verb, "counting");
	return t->meddled.calls;
}

static void someone_meddles(void **state)
{
	struct test *t = *state;
	size_t calls[2];
	size_t n = 0;

	calls[0] = calls_of(t, create);
	calls[1] = calls_of(t, delete_net);
	t->before = ground_text();
	drop_labels(t->before);
	for (size_t f = 0; f < sizeof(foreigns) / sizeof(foreigns[0]); f++) {
		if (foreigns[f].can && shell(foreigns[f].can) != 0) {
			printf("# %s: not on this kernel\n", foreigns[f].name);
			continue;
		}
		for (size_t at = 0; at < calls[0]; at++) {
			if (in_slice(n++))
				one_point(t, create, true, &foreigns[f], at);
		}
		for (size_t at = 0; at < calls[1]; at++) {
			if (!in_slice(n++))
				continue;
			must(t, create, "preparing");
			one_point(t, delete_net, false, &foreigns[f], at);
		}
	}
	printf("# %zu of %zu points, %zu undone, %zu complaints\n", t->points, n, t->undone,
	       t->complaints);
	assert_true(t->undone > 0);
	assert_int_equal(t->complaints, 0);
}

/* ---- the NIC is gone ---- */

static const struct foreign unplugs[] = {
	{ .name = "it is deleted", .act = "ip link del eth0" },
	{ .name = "its far end is deleted", .act = "ip -n far link del g0" },
};

static void recover(struct test *t, const char *point)
{
	static const struct vnet_how how = { .what = "a test" };
	struct vnet_error err = { 0 };
	auto_free char *what = NULL;
	struct vnet_plan plan = { 0 };

	count_on(t, NULL, 0);
	if (vnet_recover(t->vnet, &how, &what, &plan, &err) < 0)
		fail_msg("%s: recover: %s", point, err.msg);
	vnet_plan_done(&plan);
	t->recovered++;
}

/* One sentence, and its subject is in it. */
static bool is_clear(const struct vnet_error *err)
{
	return (err->outcome == VNET_OUTCOME_FAILED || err->outcome == VNET_OUTCOME_INCOMPLETE) &&
	       strstr(err->msg, "eth0") && !strchr(err->msg, '\n');
}

/* Nothing is left to move, or to move back to; of vnet's own nothing stays. */
static void one_unplugged(struct test *t, verb_fn *verb, const struct foreign *foreign, size_t at)
{
	struct vnet_error err = { 0 };
	char point[128];
	bool good;
	int r;

	(void)snprintf(point, sizeof(point), "%s, call %zu: %s",
		       verb == create ? "create" : "delete", at, foreign->name);
	t->points++;
	count_on(t, foreign, at);
	r = verb(t, &err);
	t->undone += r < 0;
	good = r == 0 || is_clear(&err);
	if (!good)
		print_error("%s: %d, outcome %d: %s\n", point, r, (int)err.outcome, err.msg);
	if (r < 0 && err.outcome == VNET_OUTCOME_INCOMPLETE)
		recover(t, point);
	if (shell("ip link show dev " NET " >/dev/null 2>&1") == 0)
		must(t, delete_net, point);
	good = is(t->bare, point) && good;
	t->complaints += !good;
}

static void someone_unplugs(void **state)
{
	struct test *t = *state;
	verb_fn *const verbs[] = { create, delete_net };
	size_t calls[2];
	size_t n = 0;

	t->points = t->undone = t->recovered = t->complaints = 0;
	calls[0] = calls_of(t, create);
	calls[1] = calls_of(t, delete_net);
	ground_shell("ip link del eth0");
	t->bare = ground_text();
	drop_labels(t->bare);
	unplug();
	plug_in();
	for (size_t f = 0; f < sizeof(unplugs) / sizeof(unplugs[0]); f++) {
		for (size_t at = 0; at < calls[0] + calls[1]; at++) {
			bool creates = at < calls[0];

			if (!in_slice(n++))
				continue;
			if (!creates)
				must(t, create, "preparing");
			one_unplugged(t, verbs[!creates], &unplugs[f],
				      creates ? at : at - calls[0]);
			unplug();
			plug_in();
		}
	}
	printf("# %zu of %zu points, %zu undone, %zu by `recover`, %zu complaints\n", t->points, n,
	       t->undone, t->recovered, t->complaints);
	assert_true(t->undone > 0);
	assert_int_equal(t->complaints, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {

		cmocka_unit_test(someone_meddles),
		cmocka_unit_test(someone_unplugs),
	};

	return cmocka_run_group_tests(tests, open_host, close_host);
}
