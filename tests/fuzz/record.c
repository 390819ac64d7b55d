/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record: what is read is printed so that it is read again, and a plan can be made of it. */
#include <stdlib.h>
#include <string.h>

#include <vnet/mode.h>

#include "fuzz/fuzz.h"
#include "lib/must.h"

static void round_trip(const struct vnet_spec *spec)
{
	struct vnet_error err = { 0 };
	struct vnet_spec again;
	char *second;
	char *first;

	must(vnet_spec_print(spec, &first) == 0);
	must(vnet_spec_parse(first, &again, &err) == 0);
	must(vnet_spec_equal(spec, &again));
	must(vnet_spec_print(&again, &second) == 0);
	must(!strcmp(first, second));
	vnet_spec_done(&again);
	free(second);
	free(first);
}

static void plan(const struct vnet_mode *mode, const struct vnet_spec *have,
		 const struct vnet_spec *want)
{
	struct vnet_snapshot snap = fuzz_host();
	struct vnet_error err = { 0 };
	struct vnet_plan plan;
	int r;

	vnet_plan_init(&plan);
	r = mode->check(have, want, &snap, true, &err);
	if (r == 0)
		r = mode->plan(have, want, &snap, &plan, &err);
	if (r == 0 && !plan.failed)
		fuzz_plan(&plan);
	else if (r < 0)
		fuzz_refused(&err, r);
	vnet_plan_done(&plan);
	vnet_snapshot_done(&snap);
}

/* What was left to vnet is chosen first, as if the record were what the user asked for. */
static void choose(const struct vnet_spec *spec)
{
	const struct vnet_mode *mode = vnet_mode_get(spec->mode);
	struct vnet_snapshot snap = fuzz_host();
	struct vnet_error err = { 0 };
	struct vnet_plan notes;
	struct vnet_spec chosen;

	vnet_plan_init(&notes);
	must(vnet_spec_copy(spec, &chosen) == 0);
	if (vnet_spec_defaults(&chosen, mode->keys, &err) == 0 &&
	    mode->choose(&chosen, &snap, &notes, &err) == 0)
		plan(mode, NULL, &chosen);
	vnet_spec_done(&chosen);
	vnet_plan_done(&notes);
	vnet_snapshot_done(&snap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct vnet_error err = { 0 };
	struct vnet_spec spec;
	int r = vnet_spec_parse(text, &spec, &err);

	if (r == 0) {
		round_trip(&spec);
		choose(&spec);
		plan(vnet_mode_get(spec.mode), &spec, NULL);
		vnet_spec_done(&spec);
	} else {
		fuzz_refused(&err, r);
	}
	free(text);
	return 0;
}
