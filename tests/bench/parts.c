/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parts - what the parts of moving a NIC onto a bridge and back cost.
 *
 * usage: parts [-s] NIC ROUNDS
 *   -s      with STP
 *
 * Makes, by the library, the bridge br0 with the uplink NIC and deletes it again, ROUNDS times,
 * in the namespace it is started in. A clock stands between the transaction and the kernel, at
 * the seam where all reading and all changing passes. Prints a line for each part, its fields
 * separated by tabs:
 *   VERB PART MEDIAN CALLS
 * in microseconds for one change. What is none of the kernel's is the part "vnet itself":
 * planning, predicting, the undo, the lock, the journal; encoding is with the messages. The
 * watchdog is what the whole takes more with it than without: every other round is without one.
 * Exit status: 0, or 2.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vnet/net.h>

#include "core/net.h"

#define BRIDGE "br0"

enum { ROUNDS_MAX = 100000, PAUSE_MS = 20 };

enum part {
	PART_READ,     /* before the change, to plan it */
	PART_READBACK, /* and behind it */
	PART_MAKE,     /* the bridge, or taking it away */
	PART_SETTINGS, /* files in /proc/sys */
	PART_MESSAGES, /* all else by netlink */
	PART_SWITCH,   /* the one that makes the NIC a port, or releases it */
	PART_WAIT_LOCAL,
	PART_WAIT_UP,
	PART_GATEWAYS,
	PART_FILES, /* the record */
	PART_WATCHDOG,
	PART_REST,
	PART_ALL,
	PART_COUNT,
};

static const char *const names[] = {
	[PART_READ] = "reading the state, gateways too",
	[PART_READBACK] = "reading it back",
	[PART_MAKE] = "the bridge itself",
	[PART_SETTINGS] = "writing settings",
	[PART_MESSAGES] = "addresses, routes, neighbours",
	[PART_SWITCH] = "the message that switches",
	[PART_WAIT_LOCAL] = "waiting for addresses",
	[PART_WAIT_UP] = "waiting for the carrier",
	[PART_GATEWAYS] = "asking the gateways again",
	[PART_FILES] = "the record",
	[PART_WATCHDOG] = "the watchdog",
	[PART_REST] = "vnet itself",
	[PART_ALL] = "all",
};

static_assert(sizeof(names) / sizeof(names[0]) == PART_COUNT, "names[] covers enum part");

struct sample {
	double us[PART_COUNT];
	int calls[PART_COUNT];
};

/* The real executor with a clock around it. */
struct clocked {
	struct vn_exec exec;
	struct sample now;
	bool began; /* something has been changed */
};

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void took(struct clocked *c, enum part part, double since)
{
	c->now.us[part] += now_us() - since;
	c->now.calls[part]++;
}

static int on_read(void *self, const char *net, struct vnet_snapshot *snap, struct vnet_error *err)
{
	struct clocked *c = self;
	double since = now_us();
	int r = c->exec.ops->read(c->exec.self, net, snap, err);

	took(c, c->began ? PART_READBACK : PART_READ, since);
	return r;
}

static enum part part_of(const struct vnet_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].kind == VNET_OP_LINK_SET && (ops[i].u.link.set & VNET_LINK_MASTER))
			return PART_SWITCH;
		if (ops[i].kind == VNET_OP_LINK_ADD || ops[i].kind == VNET_OP_LINK_DEL)
			return PART_MAKE;
	}
	return PART_MESSAGES;
}

static int on_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
		      struct vn_ack *acks)
{
	struct clocked *c = self;
	double since = now_us();
	int r = c->exec.ops->netlink(c->exec.self, ns, ops, n, acks);

	c->began = true;
	took(c, part_of(ops, n), since);
	return r;
}

static enum part part_of_system(const struct vnet_op *op)
{
	if (op->kind == VNET_OP_WAIT)
		return op->u.wait.what == VNET_WAIT_UP ? PART_WAIT_UP : PART_WAIT_LOCAL;
	if (op->kind == VNET_OP_PROBE)
		return PART_GATEWAYS;
	return op->kind == VNET_OP_SYSCTL_SET ? PART_SETTINGS : PART_FILES;
}

static int on_system(void *self, const struct vnet_op *op)
{
	struct clocked *c = self;
	double since = now_us();
	int r = c->exec.ops->system(c->exec.self, op);

	c->began = true;
	took(c, part_of_system(op), since);
	return r;
}

static int on_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	struct clocked *c = self;

	return c->exec.ops->service(c->exec.self, op, detail);
}

static struct vn_spent *on_spent(void *self)
{
	struct clocked *c = self;

	return c->exec.ops->spent(c->exec.self);
}

static const struct vn_exec_ops clocked_ops = {
	.read = on_read,
	.netlink = on_netlink,
	.system = on_system,
	.service = on_service,
	.spent = on_spent,
};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "parts: %s: %s\n", what, why);
	exit(2);
}

/* ---- the rounds ---- */

struct bench {
	struct clocked clocked;
	struct vnet *vnet;
	struct vnet_edit edits[2];
	size_t n_edits;
};

static void change(struct bench *b, bool create, bool watched, struct sample *ret_sample)
{
	const struct vnet_how how = { .what = "bench" };
	struct clocked *c = &b->clocked;
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	double since;
	int r;

	c->now = (struct sample){ 0 };
	c->began = false;
	b->vnet->kernel =
		watched; /* whether there is a watchdog hangs on that, and who closes it */
	since = now_us();
	if (create)
		r = vnet_create(b->vnet, VNET_MODE_BRIDGE, BRIDGE, b->edits, b->n_edits, &how,
				&result, &err);
	else
		r = vnet_delete(b->vnet, BRIDGE, &how, &result, &err);
	took(c, PART_ALL, since);
	if (r < 0)
		die(create ? "create" : "delete", err.msg);
	vnet_result_done(&result);
	c->now.us[PART_REST] = c->now.us[PART_ALL];
	for (int i = 0; i < PART_WATCHDOG; i++)
		c->now.us[PART_REST] -= c->now.us[i];
	*ret_sample = c->now;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of what @part took. */
static double median_of(const struct sample *samples, size_t n, enum part part)
{
	double *us = calloc(n, sizeof(*us));
	double median;

	if (!us)
		die("memory", strerror(ENOMEM));
	for (size_t i = 0; i < n; i++)
		us[i] = samples[i].us[part];
	qsort(us, n, sizeof(*us), compare);
	median = us[n / 2];
	free(us);
	return median;
}

static void print(const char *verb, const struct sample *watched, const struct sample *alone,
		  size_t n)
{
	double all = median_of(watched, n, PART_ALL);

	for (int part = 0; part < PART_COUNT; part++) {
		double us = median_of(alone, n, part);

		if (part == PART_WATCHDOG)
			us = all - median_of(alone, n, PART_ALL);
		else if (part == PART_ALL)
			us = all;
		else if (part != PART_REST && !alone[0].calls[part])
			continue;
		printf("%s\t%s\t%.0f\t%d\n", verb, names[part], us, alone[0].calls[part]);
	}
}

static void run(struct bench *b, size_t rounds)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	struct sample *creates[2];
	struct sample *deletes[2];
	struct sample none;

	for (int watched = 0; watched < 2; watched++) {
		creates[watched] = calloc(rounds, sizeof(struct sample));
		deletes[watched] = calloc(rounds, sizeof(struct sample));
		if (!creates[watched] || !deletes[watched])
			die("memory", strerror(ENOMEM));
	}
	change(b, true, true, &none); /* what is made once: directories */
	change(b, false, true, &none);
	for (size_t i = 0; i < 2 * rounds; i++) {
		(void)nanosleep(&pause, NULL);
		change(b, true, i % 2, &creates[i % 2][i / 2]);
		(void)nanosleep(&pause, NULL);
		change(b, false, i % 2, &deletes[i % 2][i / 2]);
	}
	print("create", creates[1], creates[0], rounds);
	print("delete", deletes[1], deletes[0], rounds);
	for (int watched = 0; watched < 2; watched++) {
		free(creates[watched]);
		free(deletes[watched]);
	}
}

int main(int argc, char **argv)
{
	struct bench b = { .n_edits = 1 };
	struct vnet_error err = { 0 };
	bool stp = argc > 1 && !strcmp(argv[1], "-s");
	long rounds = argc == 3 + stp ? strtol(argv[2 + stp], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("usage", "parts [-s] NIC ROUNDS");
	b.edits[0] = (struct vnet_edit){ VNET_KEY_UPLINK, '=', argv[1 + stp] };
	b.edits[1] = (struct vnet_edit){ VNET_KEY_STP, '=', "yes" };
	b.n_edits += stp;
	if (vnet_open(&b.vnet, &err) < 0)
		die("open", err.msg);
	b.clocked.exec = b.vnet->exec;
	b.vnet->exec = (struct vn_exec){ .ops = &clocked_ops, .self = &b.clocked };
	run(&b, (size_t)rounds);
	b.vnet->exec = b.clocked.exec;
	b.vnet->kernel = true;
	vnet_close(b.vnet);
	return fflush(stdout) ? 2 : 0;
}
