/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two threads with a context each make and delete networks: in the same namespace, where one
 * waits for the other, and in a namespace of their own. What is refused is told in the words that
 * belong to the call, whatever the other thread does meanwhile. For TSan and ASan to look at.
 *
 * VNET_SLICE=all: 10,000 networks in all; else a slice of them.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/vnet.h>

enum { THREADS = 2, WHOLE = 10000, SLICE = 200 };

/*
 * One of them. cmocka's assertions are for the main thread: what went wrong is told to it.
 *
 * @own:    in a namespace of its own
 * @rounds: networks to make and delete
 * @failed: the first thing that went wrong; empty: nothing
 */
struct worker {
	char name[VNET_NAME_SIZE];
	char address[VNET_CIDR_TEXT];
	bool own;
	size_t rounds;
	char failed[640];
};

static bool wrong(struct worker *worker, size_t round, const char *what, int r, const char *msg)
{
	(void)snprintf(worker->failed, sizeof(worker->failed), "%s, round %zu: %s: %d, '%s'",
		       worker->name, round, what, r, msg);
	return false;
}

static bool step(struct worker *worker, size_t round, const char *what, int r,
		 const struct vnet_error *err)
{
	return r == 0 || wrong(worker, round, what, r, err->msg);
}

/* It fails with @want, and the sentence names the network. */
static bool refused(struct worker *worker, size_t round, const char *what, int r, int want,
		    const struct vnet_error *err)
{
	if (r == want && err->code == want && err->outcome == VNET_OUTCOME_REFUSED &&
	    strstr(err->msg, worker->name))
		return true;
	return wrong(worker, round, what, r, err->msg);
}

/* The network is listed, and read back as it was asked for. */
static bool is_there(struct worker *worker, size_t round, struct vnet *vnet)
{
	struct vnet_error err = { 0 };
	struct vnet_view view;
	char **names = NULL;
	bool listed = false;
	int r = vnet_list(vnet, &names, &err);

	for (size_t i = 0; r == 0 && names[i]; i++)
		listed = listed || !strcmp(names[i], worker->name);
	free(names);
	if (r < 0 || !listed)
		return wrong(worker, round, "list", r, err.msg);
	r = vnet_read(vnet, worker->name, &view, &err);
	if (r < 0)
		return wrong(worker, round, "read", r, err.msg);
	if (!view.found || !vnet_spec_equal(&view.record, &view.live))
		r = -EBADMSG;
	vnet_view_done(&view);
	return step(worker, round, "read back", r, &err);
}

static bool one_round(struct worker *worker, size_t round, struct vnet *vnet)
{
	const struct vnet_edit edit = { VNET_KEY_ADDRESS, '=', worker->address };
	const struct vnet_edit bad = { VNET_KEY_MTU, '=', worker->name };
	const struct vnet_how how = { .what = worker->name };
	struct vnet_error errors[5] = { { 0 } };
	const char *name = worker->name;
	int r;

	r = vnet_create(vnet, VNET_MODE_BRIDGE, name, &bad, 1, &how, NULL, &errors[0]);
	if (!refused(worker, round, "an MTU that is none", r, -ERANGE, &errors[0]))
		return false;
	r = vnet_create(vnet, VNET_MODE_BRIDGE, name, &edit, 1, &how, NULL, &errors[1]);
	if (!step(worker, round, "create", r, &errors[1]) || !is_there(worker, round, vnet))
		return false;
	r = vnet_create(vnet, VNET_MODE_BRIDGE, name, &edit, 1, &how, NULL, &errors[2]);
	if (!refused(worker, round, "create once more", r, -EEXIST, &errors[2]))
		return false;
	r = vnet_delete(vnet, name, &how, NULL, &errors[3]);
	if (!step(worker, round, "delete", r, &errors[3]))
		return false;
	r = vnet_delete(vnet, name, &how, NULL, &errors[4]);
	return refused(worker, round, "delete once more", r, -ENOENT, &errors[4]);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct vnet_error err = { 0 };
	struct vnet *vnet;
	int r = worker->own && unshare(CLONE_NEWNET) < 0 ? -errno : 0;

	if (r < 0 || vnet_open(&vnet, &err) < 0) {
		(void)wrong(worker, 0, "open", r, err.msg);
		return NULL;
	}
	for (size_t round = 0; round < worker->rounds && one_round(worker, round, vnet);)
		round++;
	vnet_close(vnet);
	return NULL;
}

static size_t rounds(void)
{
	const char *slice = getenv("VNET_SLICE");
	size_t whole = slice && !strcmp(slice, "all") ? WHOLE : SLICE;

	return whole / THREADS / 2; /* of two tests */
}

static void run_both(bool own)
{
	struct worker workers[THREADS] = { 0 };
	pthread_t threads[THREADS];
	struct timespec start;
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned int i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];

		(void)snprintf(worker->name, sizeof(worker->name), "thread%u", i);
		(void)snprintf(worker->address, sizeof(worker->address), "10.77.%u.1/24", i & 0xff);
		worker->own = own;
		worker->rounds = rounds();
		assert_int_equal(pthread_create(&threads[i], NULL, work, worker), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	for (int i = 0; i < THREADS; i++)
		assert_string_equal(workers[i].failed, "");
	print_message("# %zu networks made and deleted in %ld s\n", THREADS * rounds(),
		      (long)(end.tv_sec - start.tv_sec));
}

static void in_one_namespace(void **state)
{
	(void)state;
	run_both(false);
}

static void in_a_namespace_each(void **state)
{
	(void)state;
	run_both(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_one_namespace),
		cmocka_unit_test(in_a_namespace_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
