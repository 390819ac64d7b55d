/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/log.h>

#include "base/text.h"
#include "lib/must.h"
#include "ops/ops.h"

enum { MESSAGE_MAX = 128 << 10 };

/* As one that prints would, but for the printing. */
static void sink(void *arg, enum vnet_log_level level, const char *line)
{
	char text[1024];

	(void)arg;
	must(snprintf(text, sizeof(text), "vnet: %d: %s\n", (int)level, line) > 0);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer may change them */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	vnet_log_set(sink, NULL);
	return 0;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
	char *s = calloc(1, size + 1);

	must(s);
	if (size)
		memcpy(s, data, size);
	return s;
}

char *fuzz_piece(struct fuzz_in *in, uint8_t end, size_t *ret_size)
{
	const uint8_t *found = in->left ? memchr(in->at, end, in->left) : NULL;
	size_t size = found ? (size_t)(found - in->at) : in->left;
	char *s = fuzz_string(in->at, size);

	in->at += size + (found != NULL);
	in->left -= size + (found != NULL);
	if (ret_size)
		*ret_size = size;
	return s;
}

void fuzz_refused(const struct vnet_error *err, int r)
{
	char line[sizeof(err->msg)];

	must(r < 0 && err->code == r && *err->msg);
	memcpy(line, err->msg, sizeof(line));
	vn_text_clean_typed(line);
	for (const char *c = line; *c; c++)
		must((uint8_t)*c >= ' ' && *c != 0x7f);
}

struct vnet_snapshot fuzz_host(void)
{
	struct vnet_snapshot snap = { .seed = 1 };

	(void)vn_copy(snap.run_dir, sizeof(snap.run_dir), "/run/vnet/1");
	(void)vn_copy(snap.lease_path, sizeof(snap.lease_path), "/var/lib/vnet/leases/1-br0");
	return snap;
}

static void print(const struct vnet_plan *plan)
{
	static const enum vnet_plan_format formats[] = { VNET_PLAN_TEXT, VNET_PLAN_SHELL };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *text = NULL;

		must(vnet_plan_print(plan, formats[i], &text) == 0 && text);
		free(text);
	}
}

static void encode(const struct vnet_op *op)
{
	const struct vn_op_row *row = vn_op_row(op);
	const struct vn_op_env env = { .netns = { -1, -1 }, .announcer = -1 };
	static uint8_t buf[MESSAGE_MAX];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	if (row->encode)
		(void)row->encode(op, &env, 1, &msg);
}

/* The state after each operation, and what would take it back; as the executor goes about it. */
static void model(const struct vnet_plan *plan, struct vnet_plan *undo)
{
	const struct vnet_snapshot origin = fuzz_host();
	struct vnet_snapshot snap = fuzz_host();

	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct vnet_op *op = &plan->ops[i];
		const struct vn_op_row *row = vn_op_row(op);

		encode(op);
		if (row->inverse)
			row->inverse(op, &snap, &origin, undo);
		(void)row->model(op, &snap);
		(void)row->done(op, &snap);
	}
	vnet_snapshot_done(&snap);
}

void fuzz_plan(const struct vnet_plan *plan)
{
	struct vnet_plan undo;

	vnet_plan_init(&undo);
	print(plan);
	model(plan, &undo);
	print(&undo);
	vnet_plan_done(&undo);
}
