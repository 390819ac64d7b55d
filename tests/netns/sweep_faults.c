/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each operation of each change fails on a real kernel, with the real dnsmasq: by a
 * message or a call that the kernel refuses, by an error in the place of the call, or by
 * an answer that is lost. What `snap` saw before it must see again, line by line. And
 * with the undo taken out, it must not.
 *
 * VNET_SLICE=N: one of each few points, beginning with N; all: all of them.
 */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/ground.h"
#include "lib/scenes.h"
#include "lib/state.h"
#include "ops/ops.h"

enum {
	SLICES = 12,
	PAIR_SLICES = 50, /* of the points with two faults */
};

/* ---- the real executor, with a fault ---- */

enum fault {
	FAULT_NONE,
	FAULT_BAD,   /* the kernel is asked for what it refuses */
	FAULT_ERROR, /* not done; an error says so */
	FAULT_LOST,  /* not done, and nothing said */
	FAULT_DONE,  /* done, and nothing said */
	FAULT_COUNT,
};

static const char *const fault_names[] = { "none", "refused", "error", "lost", "done, lost" };

static_assert(sizeof(fault_names) / sizeof(fault_names[0]) == FAULT_COUNT, "covers enum fault");

/*
 * @at:      the operation that fails
 * @undo_at: of the undo, the one that fails; SIZE_MAX: none
 * @no_undo: the undo says that it has done all, and does nothing
 */
struct faulty {
	struct vn_exec real;
	enum fault fault;
	size_t at;
	size_t undo_at;
	bool no_undo;
	size_t n_ops;
	size_t n_undo;
	bool struck;
	bool undoing;
	bool struck_again;
};

/* Each family's header begins with the family; of this one there is none. */
static void spoil_message(struct vnet_object *object)
{
	static uint8_t message[65536];

	assert_true(object->size <= sizeof(message));
	memcpy(message, object->message, object->size);
	message[sizeof(struct nlmsghdr)] = 200;
	object->message = message;
}

/* Turn @op into one of its kind that the kernel refuses. */
static void spoil(struct vnet_op *op)
{
	static const struct vnet_mac group = { { 1, 0, 0x5e, 0, 0, 1 } };

	switch (op->kind) {
	case VNET_OP_LINK_ADD:
		op->u.link.link.mac = group;
		break;
	case VNET_OP_LINK_SET:
	case VNET_OP_LINK_DEL:
		op->u.link.link.index = INT32_MAX;
		break;
	case VNET_OP_ALTNAME_ADD:
		op->u.altname.index = INT32_MAX;
		break;
	case VNET_OP_ADDR_ADD:
	case VNET_OP_ADDR_DEL:
		op->u.addr.ifaddr.index = INT32_MAX;
		break;
	case VNET_OP_OBJECT_ADD:
	case VNET_OP_OBJECT_DEL:
		spoil_message(&op->u.object.object);
		break;
	case VNET_OP_ANNOUNCE:
		op->u.announce.index = INT32_MAX;
		break;
	case VNET_OP_WAIT:
	case VNET_OP_UNCHANGED:
		op->u.wait.index = INT32_MAX;
		break;
	case VNET_OP_PROBE:
		op->u.probe.index = INT32_MAX;
		break;
	case VNET_OP_SYSCTL_SET:
		(void)vn_copy(op->u.sysctl.link, sizeof(op->u.sysctl.link), "../lo");
		break;
	case VNET_OP_NETNS_ADD:
	case VNET_OP_NETNS_DEL:
		(void)vn_copy(op->u.netns.name, sizeof(op->u.netns.name), "no/such/name");
		break;
	case VNET_OP_CSUM_OFF:
		(void)vn_copy(op->u.csum.link, sizeof(op->u.csum.link), "nonesuch");
		break;
	case VNET_OP_FILE_WRITE:
		(void)vn_copy(op->u.file.path, sizeof(op->u.file.path), "/nonesuch/file");
		break;
	case VNET_OP_FILE_DEL:
		(void)vn_copy(op->u.file.path, sizeof(op->u.file.path), "/proc/version");
		break;
	case VNET_OP_CLIENT_START: /* in no scene */
	case VNET_OP_CLIENT_STOP:
		break;
	case VNET_OP_SERVICE_START:
	case VNET_OP_SERVICE_STOP:
	case VNET_OP_SERVICE_RELOAD:
		(void)vn_copy(op->u.service.conf, sizeof(op->u.service.conf), "/nonesuch/conf");
		break;
	case VNET_OP_KIND_COUNT:
		break;
	}
}

/* Where the fault strikes, if it does, among the next @n operations; else @n. */
static size_t strikes(struct faulty *f, size_t n, enum fault *ret_fault)
{
	size_t from = f->n_ops;

	*ret_fault = FAULT_NONE;
	f->n_ops += n;
	if (f->undoing) {
		from = f->n_undo;
		f->n_undo += n;
		if (f->undo_at < from || f->undo_at >= from + n)
			return n;
		f->struck_again = true;
		*ret_fault = FAULT_ERROR;
		return f->undo_at - from;
	}
	if (f->fault == FAULT_NONE || f->struck || f->at < from || f->at >= from + n)
		return n;
	f->struck = true;
	*ret_fault = f->fault;
	return f->at - from;
}

static int faulty_read(void *self, const char *net, struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	struct faulty *f = self;

	return f->real.ops->read(f->real.self, net, snap, err);
}

static int real_netlink(struct faulty *f, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			struct vn_ack *acks)
{
	return n ? f->real.ops->netlink(f->real.self, ns, ops, n, acks) : 0;
}

/* All but the one at @k, and its acknowledgement by hand. */
static int netlink_without(struct faulty *f, enum vnet_ns_id ns, const struct vnet_op *ops,
			   size_t n, size_t k, struct vn_ack *acks)
{
	int r = real_netlink(f, ns, ops, k, acks);

	if (r == 0)
		r = real_netlink(f, ns, ops + k + 1, n - k - 1, acks + k + 1);
	acks[k] = (struct vn_ack){ .known = true, .code = -EPERM };
	return r;
}

static int faulty_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			  struct vn_ack *acks)
{
	struct faulty *f = self;
	bool undoing = f->undoing;
	enum fault fault;
	size_t k = strikes(f, n, &fault);
	auto_free struct vnet_op *copy = calloc(n, sizeof(*copy));
	int r;

	assert_non_null(copy);
	f->undoing = f->struck;
	if (undoing && f->no_undo) {
		for (size_t i = 0; i < n; i++)
			acks[i] = (struct vn_ack){ .known = true };
		return 0;
	}
	memcpy(copy, ops, n * sizeof(*ops));
	if (fault == FAULT_BAD)
		spoil(&copy[k]);
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		r = netlink_without(f, ns, copy, n, k, acks);
	else
		r = real_netlink(f, ns, copy, n, acks);
	if (r < 0 || (fault != FAULT_LOST && fault != FAULT_DONE))
		return r;
	for (size_t i = k; i < n; i++)
		acks[i] = (struct vn_ack){ 0 };
	return -ETIMEDOUT;
}

static int faulty_system(void *self, const struct vnet_op *op)
{
	struct faulty *f = self;
	bool undoing = f->undoing;
	struct vnet_op copy = *op;
	enum fault fault;
	int r;

	(void)strikes(f, 1, &fault);
	f->undoing = f->struck;
	if (undoing && f->no_undo)
		return 0;
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		return -EPERM;
	if (fault == FAULT_BAD)
		spoil(&copy);
	r = f->real.ops->system(f->real.self, &copy);
	return r == 0 && fault == FAULT_DONE ? -EIO : r;
}

static int faulty_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	struct faulty *f = self;
	bool undoing = f->undoing;
	struct vnet_op copy = *op;
	enum fault fault;
	int r;

	(void)strikes(f, 1, &fault);
	f->undoing = f->struck;
	if (undoing && f->no_undo)
		return 0;
	/* To stop what does not run is no failure: so that one is not asked for. */
	if (fault == FAULT_BAD && op->kind == VNET_OP_SERVICE_STOP)
		fault = FAULT_ERROR;
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		return vnet_error_set(detail, -ETIMEDOUT, "so it is");
	if (fault == FAULT_BAD)
		spoil(&copy);
	r = f->real.ops->service(f->real.self, &copy, detail);
	return r == 0 && fault == FAULT_DONE ? vnet_error_set(detail, -ETIMEDOUT, "so it is") : r;
}

static const struct vn_exec_ops faulty_ops = {
	.read = faulty_read,
	.netlink = faulty_netlink,
	.system = faulty_system,
	.service = faulty_service,
};

/* ---- the stage ---- */

static const struct vnet_how forced = { .what = "a test", .force = true };

struct sweep {
	struct faulty faulty;
	struct stage stage;
	char *blank;
	char *before;
	size_t points;
	size_t complaints;
};

static void arm(struct sweep *s, enum fault fault, size_t at)
{
	struct vn_exec real = s->faulty.real;

	s->faulty = (struct faulty){ .real = real, .fault = fault, .at = at, .undo_at = SIZE_MAX };
}

/* Returns true if it is as @want says. */
static bool same(const char *want, const char *point, const char *when)
{
	auto_free char *now = ground_text();
	struct vn_text text = { 0 };
	size_t n = state_diff(want, now, &text);

	if (n && point)
		(void)fprintf(stderr, "%s: %s: %zu lines differ:\n%s\n", point, when, n, text.buf);
	vn_text_done(&text);
	return n == 0;
}

/* Nothing of vnet's any more. */
static void clear(struct sweep *s, const char *point)
{
	static const char *const nets[] = { "br0", "lan0" };

	arm(s, FAULT_NONE, 0);
	ground_shell("for tap in tap0 tap1; do [ ! -e /sys/class/net/$tap ] ||"
		     " ip link del $tap; done");
	for (int i = 0; i < 2; i++) {
		struct vnet_result result;
		struct vnet_error err = { 0 };
		int r = vnet_delete(s->stage.vnet, nets[i], &forced, &result, &err);

		if (r == 0)
			vnet_result_done(&result);
		else if (r != -ENOENT)
			fail_msg("%s: clearing: %s", point, err.msg);
	}
	if (s->blank && !same(s->blank, point, "deleted"))
		s->complaints++;
}

static void prepare(struct sweep *s, const struct scene *scene)
{
	if (scene->prepare)
		scene->prepare(&s->stage);
	free(s->before);
	s->before = ground_text();
}

static int sweep_open(void **state)
{
	struct sweep *s = calloc(1, sizeof(*s));
	struct vnet_error err = { 0 };
	struct vn_exec exec = { .ops = &faulty_ops };

	assert_non_null(s);
	ground_prepare();
	assert_int_equal(vn_kernel_open(&s->faulty.real, &err), 0);
	exec.self = &s->faulty;
	s->stage = (struct stage){ .vnet = ground_open(&exec), .add_tap = ground_add_tap };
	arm(s, FAULT_NONE, 0);
	/* once round, which makes the directories that stay */
	assert_int_equal(scene_act(&scenes[1], &s->stage, &err), 0);
	clear(s, "the first network");
	s->blank = ground_text();
	*state = s;
	return 0;
}

static int sweep_close(void **state)
{
	struct sweep *s = *state;

	vnet_close(s->stage.vnet);
	vn_kernel_close(&s->faulty.real);
	free(s->blank);
	free(s->before);
	free(s);
	return 0;
}

/* The plan of the scene, from the state that is there; the caller's to free. */
static struct vnet_plan plan_of(struct sweep *s, const struct scene *scene)
{
	static const struct vnet_how dryly = { .what = "a test", .dry_run = true };
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	struct vnet_plan plan;

	if (scene->act(&s->stage, &dryly, &result, &err) < 0)
		fail_msg("%s: %s", scene->name, err.msg);
	plan = result.plan;
	vnet_plan_init(&result.plan);
	vnet_result_done(&result);
	return plan;
}

static bool in_slice(size_t i, size_t slices)
{
	const char *slice = getenv("VNET_SLICE");

	if (slice && !strcmp(slice, "all"))
		return true;
	return i % slices == (slice ? strtoul(slice, NULL, 10) % slices : 0);
}

/* ---- one fault ---- */

/* The sentence names the operation, its object and the errno, or what a server said. */
static bool names(const struct vnet_error *err, const struct vnet_op *op)
{
	bool service = vn_op_row(op)->class == VN_OP_SERVICE;
	char subject[VNET_PATH_SIZE];

	return strstr(err->msg, vn_op_row(op)->name) &&
	       strstr(err->msg, vn_op_row(op)->subject(op, subject)) &&
	       (strstr(err->msg, vn_strerror(err->code)) ||
		(service && (strstr(err->msg, "so it is") || strstr(err->msg, "dnsmasq in "))));
}

static void one_point(struct sweep *s, const struct scene *scene, const struct vnet_op *op,
		      enum fault fault, size_t k)
{
	struct vnet_error err = { 0 };
	char point[160];
	bool good;
	int r;

	(void)snprintf(point, sizeof(point), "%s: operation %zu (%s): %s", scene->name, k,
		       vn_op_row(op)->name, fault_names[fault]);
	s->points++;
	arm(s, fault, k);
	r = scene_act(scene, &s->stage, &err);
	good = s->faulty.struck;
	if (r == 0 && fault == FAULT_DONE && vn_op_row(op)->class == VN_OP_NETLINK) {
		clear(s, point);
		prepare(s, scene);
		return;
	}
	/* a message that the kernel refuses is told by the spoilt one's number */
	good = good && r < 0 && err.outcome == VNET_OUTCOME_FAILED && err.op == (int)k &&
	       names(&err, op);
	if (!good)
		print_error("%s: %d, outcome %d: %s\n", point, r, (int)err.outcome, err.msg);
	good = same(s->before, point, "undone") && good;
	s->complaints += !good;
	if (good)
		return;
	clear(s, point);
	prepare(s, scene);
}

static void each_operation_fails(void **state)
{
	struct sweep *s = *state;
	size_t point = s->points = s->complaints = 0;
	size_t operations = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		operations += plan.n_ops;
		for (size_t k = 0; k < plan.n_ops; k++) {
			for (int fault = FAULT_BAD; fault < FAULT_COUNT; fault++) {
				if (in_slice(point++, SLICES))
					one_point(s, &scenes[i], &plan.ops[k], (enum fault)fault,
						  k);
			}
		}
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu operations, %zu of %zu points, %zu complaints\n", operations, s->points,
	       point, s->complaints);
	assert_true(s->points > 0);
	assert_int_equal(s->complaints, 0);
}

/* ---- and one in the undo ---- */

static void recover(struct sweep *s, const char *point)
{
	struct vnet_how how = { .what = "recover" };
	struct vnet_error err = { 0 };
	auto_free char *what = NULL;
	struct vnet_plan plan;

	arm(s, FAULT_NONE, 0);
	if (vnet_recover(s->stage.vnet, &how, &what, &plan, &err) < 0)
		fail_msg("%s: recover: %s", point, err.msg);
	assert_non_null(what);
	vnet_plan_done(&plan);
}

/* Returns false where the undo has no operation @m. */
static bool two_faults(struct sweep *s, const struct scene *scene, size_t k, size_t m)
{
	struct vnet_error err = { 0 };
	char point[160];
	bool struck;
	int r;

	(void)snprintf(point, sizeof(point), "%s: operation %zu, and of the undo %zu", scene->name,
		       k, m);
	arm(s, FAULT_ERROR, k);
	s->faulty.undo_at = m;
	r = scene_act(scene, &s->stage, &err);
	struck = s->faulty.struck_again;
	if (struck) {
		s->points++;
		if (r >= 0 || err.outcome != VNET_OUTCOME_INCOMPLETE ||
		    !strstr(err.msg, "vnet recover"))
			fail_msg("%s: %d, outcome %d: %s", point, r, (int)err.outcome, err.msg);
		recover(s, point);
	}
	if (!struck && (r >= 0 || err.outcome != VNET_OUTCOME_FAILED))
		fail_msg("%s: %d, outcome %d: %s", point, r, (int)err.outcome, err.msg);
	if (!same(s->before, point, struck ? "recovered" : "undone")) {
		s->complaints++;
		clear(s, point);
		prepare(s, scene);
	}
	return struck;
}

static void the_undo_fails_too(void **state)
{
	struct sweep *s = *state;
	size_t point = s->points = s->complaints = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		for (size_t k = 0; k < plan.n_ops; k++) {
			for (size_t m = 0; m <= plan.n_ops + 8; m++) {
				if (in_slice(point++, PAIR_SLICES) &&
				    !two_faults(s, &scenes[i], k, m))
					break;
			}
		}
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu points, %zu complaints\n", s->points, s->complaints);
	assert_true(s->points > 0);
	assert_int_equal(s->complaints, 0);
}

/* ---- without the net ---- */

static void the_net_is_needed(void **state)
{
	struct sweep *s = *state;
	size_t missed = s->complaints = 0;

	for (size_t i = 0; i < n_scenes; i++) {
		struct vnet_error err = { 0 };
		struct vnet_plan plan;

		prepare(s, &scenes[i]);
		plan = plan_of(s, &scenes[i]);
		arm(s, FAULT_ERROR, plan.n_ops - 1);
		s->faulty.no_undo = true;
		assert_true(scene_act(&scenes[i], &s->stage, &err) < 0);
		if (same(s->before, NULL, NULL))
			fail_msg("%s: nobody misses the undo", scenes[i].name);
		missed++;
		/* it is noticed, and the journal is still there */
		assert_int_equal(err.outcome, VNET_OUTCOME_INCOMPLETE);
		recover(s, scenes[i].name);
		assert_true(same(s->before, scenes[i].name, "recovered"));
		vnet_plan_done(&plan);
		clear(s, scenes[i].name);
	}
	printf("# %zu of %zu changes miss it\n", missed, n_scenes);
	assert_int_equal(s->complaints, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_fails),
		cmocka_unit_test(the_net_is_needed),
		cmocka_unit_test(the_undo_fails_too),
	};

	return cmocka_run_group_tests(tests, sweep_open, sweep_close);
}
