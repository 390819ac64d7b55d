/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/sweep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lib/must.h"
#include "lib/state.h"
#include "ops/ops.h"

enum { COMPLAINTS = 20 }; /* told in full */

const struct vnet_how sweep_plainly = { .what = "a test" };

void complain(struct sweep *s, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (s->complaints++ >= COMPLAINTS)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	vn_text_add(&s->said, "%s: %s: %s\n", s->scene->name, s->point, line);
}

void want_world(struct sweep *s, const char *want, const char *when)
{
	auto_free char *now = fake_text(s->fake, 0);
	struct vn_text text = { 0 };

	if (state_diff(want, now, &text))
		complain(s, "%s: the world is not as it should be:\n%s", when, text.buf);
	vn_text_done(&text);
}

void want_journal(struct sweep *s, bool want)
{
	if (fake_journal(s->fake) != want)
		complain(s, want ? "no journal" : "a journal is left");
}

void want_sentence(struct sweep *s, const struct vnet_error *err, size_t op, int code)
{
	const struct vn_op_row *row = vn_op_row(&s->plan.ops[op]);
	char subject[VNET_PATH_SIZE];

	if (!strstr(err->msg, row->name) ||
	    !strstr(err->msg, row->subject(&s->plan.ops[op], subject)) ||
	    !(strstr(err->msg, vn_strerror(code)) ||
	      (row->class == VN_OP_SERVICE && strstr(err->msg, "so it is"))))
		complain(s, "says '%s'", err->msg);
}

void want_outcome(struct sweep *s, int r, const struct vnet_error *err, int code,
		  enum vnet_outcome outcome)
{
	if (r != code || err->code != code)
		complain(s, "returns %d and %d, not %d", r, err->code, code);
	if (err->outcome != outcome)
		complain(s, "outcome %d, not %d: %s", (int)err->outcome, (int)outcome, err->msg);
}

/* ---- a scene, to be run again and again ---- */

void sweep_open(struct sweep *s, const struct scene *scene)
{
	struct vnet_error err = { 0 };
	struct vnet_result result;

	*s = (struct sweep){ .fake = fake_new(), .scene = scene };
	s->stage =
		(struct stage){ .vnet = s->fake->vnet, .self = s->fake, .add_tap = fake_add_tap };
	if (scene->prepare)
		scene->prepare(&s->stage);
	fake_calm(s->fake);
	fake_save(s->fake, &s->start);
	s->before = fake_text(s->fake, 0);
	must_be(scene->act(&s->stage, &sweep_plainly, &result, &err) == 0, scene->name, err.msg);
	s->plan = result.plan;
	vnet_plan_init(&result.plan);
	vnet_result_done(&result);
	s->after = fake_text(s->fake, 0);
	s->n_reads = s->fake->n_reads;
	must_be(s->plan.n_ops > 0 && strcmp(s->before, s->after) != 0, scene->name, "does nothing");
	fake_restore(s->fake, &s->start);
}

void sweep_close(struct sweep *s)
{
	fake_restore(s->fake, &s->start);
	fake_state_done(&s->start);
	fake_free(s->fake);
	free(s->before);
	free(s->after);
	vnet_plan_done(&s->plan);
	vn_text_done(&s->said);
}

int sweep_act(struct sweep *s, const struct fake_fault *fault, const struct fake_fault *second,
	      struct vnet_error *err)
{
	fake_restore(s->fake, &s->start);
	s->fake->fault = *fault;
	if (second)
		s->fake->second = *second;
	s->points++;
	*err = (struct vnet_error){ 0 };
	return scene_act(s->scene, &s->stage, err);
}

size_t sweep_report(struct sweep *s)
{
	printf("# %s: %zu operations, %zu points\n", s->scene->name, s->plan.n_ops, s->points);
	if (s->complaints)
		(void)fprintf(stderr, "%s\n", s->said.buf);
	return s->complaints;
}

size_t sweep_each(const struct scene *scenes_of, size_t n, void (*points_of)(struct sweep *s))
{
	size_t points = 0;
	size_t complaints = 0;

	for (size_t i = 0; i < n; i++) {
		struct sweep s;

		sweep_open(&s, &scenes_of[i]);
		points_of(&s);
		points += s.points;
		complaints += sweep_report(&s);
		sweep_close(&s);
	}
	printf("# %zu points, %zu complaints\n", points, complaints);
	return complaints;
}
