/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text, as the value of each option: what is taken is printed so that it is taken again. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"

enum { VALUE_MAX = 1024 };

struct value {
	alignas(max_align_t) uint8_t bytes[VALUE_MAX];
};

static void round_trip(const struct vn_option *opt, const struct value *value)
{
	struct value again = { { 0 } };
	struct vn_text text = { 0 };
	struct vnet_error err = { 0 };
	char *printed;

	vn_value_print(opt, value, &text);
	must(vn_text_take(&text, &printed) == 0);
	must(!strchr(printed, '\n'));
	must(vn_value_parse(opt, printed, &again, &err) == 0);
	must(vn_value_equal(opt, value, &again));
	free(printed);
}

static bool parse(const struct vn_option *opt, const char *text)
{
	struct value value = { { 0 } };
	struct vnet_error err = { 0 };
	int r;

	must(vn_type_size(opt->type) <= sizeof(value));
	r = vn_value_parse(opt, text, &value, &err);
	if (r == 0)
		round_trip(opt, &value);
	else
		fuzz_refused(&err, r);
	return r == 0;
}

/* A value in, in twice, out again, out twice; what is none changes nothing. */
static void edit(enum vnet_key key, const char *text, bool is_value)
{
	static const char hows[] = { '=', '+', '-', '-', '+', '0' };
	struct vnet_spec spec;

	vnet_spec_init(&spec, VNET_MODE_BRIDGE);
	for (size_t i = 0; i < (is_value ? sizeof(hows) : 1); i++) {
		struct vnet_error err = { 0 };
		int r = vnet_spec_edit(&spec, key, hows[i], text, &err);

		must(i > 0 || (r == 0) == is_value);
		if (r < 0)
			fuzz_refused(&err, r);
		must(r < 0 || hows[i] == '-' || hows[i] == '0' || vnet_spec_has(&spec, key));
		must(vnet_spec_count(&spec, key) <= is_value);
	}
	vnet_spec_done(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	for (size_t i = 0; i < vn_n_options; i++) {
		bool is_value = parse(&vn_options[i], text);

		if (i < VNET_KEY_COUNT)
			edit((enum vnet_key)i, text, is_value);
	}
	free(text);
	return 0;
}
