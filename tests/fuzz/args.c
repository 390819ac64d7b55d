/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line, each word with its NUL: found and parsed, and its edits made. No verb is run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"

enum { WORDS_MAX = 64 };

static void make_edits(const struct cli_args *args)
{
	struct vnet_spec spec;

	vnet_spec_init(&spec, args->mode == VNET_MODE_COUNT ? VNET_MODE_BRIDGE : args->mode);
	for (size_t i = 0; i < args->n_edits; i++) {
		struct vnet_error err = { 0 };
		int r = vnet_spec_edit(&spec, args->edits[i].key, args->edits[i].how,
				       args->edits[i].text, &err);

		if (r < 0)
			fuzz_refused(&err, r);
	}
	vnet_spec_done(&spec);
}

static void parse(int argc, char **argv)
{
	struct vnet_error err = { 0 };
	struct cli_args args = { 0 };
	enum vnet_mode_id mode = VNET_MODE_COUNT;
	int words = 0;
	const struct cli_verb *verb = cli_find_verb(argc, argv, &mode, &words, &err);
	int r;

	if (!verb) {
		fuzz_refused(&err, -EINVAL);
		return;
	}
	r = cli_parse(verb, mode, argc - words, argv + words, &args, &err);
	if (r < 0) {
		fuzz_refused(&err, r);
		return;
	}
	must(args.n_edits <= (size_t)argc);
	make_edits(&args);
	cli_args_done(&args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	char *argv[WORDS_MAX + 1] = { NULL };
	int argc = 0;

	while (in.left && argc < WORDS_MAX)
		argv[argc++] = fuzz_piece(&in, '\0', NULL);
	if (argc)
		parse(argc, argv);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}
