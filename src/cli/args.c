/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this works
 *
 * Everything that is no option is the verb's argument. An option is looked up in
 * the option table, among those that the verb takes: one of a spec becomes an
 * edit, one of the call goes into struct vn_call.
 *
 * A list in `set` and `dhcp`: plain values replace it, +V and -V edit it, and the
 * two kinds don't mix.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* Which options have been used, a bit each, and in which of a list's two ways. */
struct uses {
	uint64_t plain;
	uint64_t sign;
};

bool cli_takes(const struct cli_verb *verb, enum vnet_mode_id mode, size_t i)
{
	const struct vn_option *opt = &vn_options[i];

	if (!(opt->verbs & verb->verb) || opt->hidden)
		return false;
	return i >= VNET_KEY_COUNT || mode == VNET_MODE_COUNT ||
	       (vnet_mode_get(mode)->keys >> i & 1);
}

/* The option of that name; -1 if the verb takes none of it. */
static int find_option(const struct cli_verb *verb, enum vnet_mode_id mode, const char *name,
		       size_t len)
{
	for (size_t i = 0; i < vn_n_options; i++) {
		if (cli_takes(verb, mode, i) && strlen(vn_options[i].key) == len &&
		    !strncmp(vn_options[i].key, name, len))
			return (int)i;
	}
	return -1;
}

static int add_edit(struct cli_args *args, struct uses *uses, enum vnet_key key, const char *text,
		    bool off, struct vnet_error *err)
{
	const struct vn_option *opt = &vn_options[key];
	struct vnet_edit *edit = &args->edits[args->n_edits++];
	bool sign = opt->list && !off && (*text == '+' || *text == '-');
	uint64_t bit = 1ULL << key;

	*edit = (struct vnet_edit){ .key = key, .how = '=', .text = text };
	if (off) {
		edit->how = '0';
	} else if (sign) {
		edit->how = *text;
		edit->text = text + 1;
	} else if (opt->list && uses->plain & bit) {
		edit->how = '+';
	}
	*(sign ? &uses->sign : &uses->plain) |= bit;
	if (uses->sign & uses->plain & bit)
		return vnet_error_set(err, -EINVAL,
				      "--%s: values with and without a sign don't mix", opt->key);
	return 0;
}

static int set_call(struct cli_args *args, const struct vn_option *opt, const char *text, bool off,
		    struct vnet_error *err)
{
	void *at = (char *)&args->call + opt->offset;

	if (off)
		return vnet_error_set(err, -EINVAL, "there is no --no-%s", opt->key);
	return vn_value_parse(opt, text, at, err);
}

/* The option argv[0]; returns how many words it took, or a negative errno with a sentence. */
static int parse_option(const struct cli_verb *verb, struct cli_args *args, struct uses *uses,
			int argc, char **argv, struct vnet_error *err)
{
	const char *name = argv[0] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	bool off = false;
	const char *text;
	int words = 1;
	int i = find_option(verb, args->mode, name, len);
	int r;

	if (i < 0 && !strncmp(name, "no-", 3) && !equals) {
		i = find_option(verb, args->mode, name + 3, len - 3);
		off = i >= 0;
	}
	if (i < 0)
		return vnet_error_set(err, -EINVAL, "unknown option '%.60s' (see --help)", argv[0]);
	if (off && vn_options[i].arg && !vn_options[i].list && !vn_options[i].no)
		return vnet_error_set(err, -EINVAL, "--%s always has a value: there is no '%s'",
				      vn_options[i].key, argv[0]);
	if (!vn_options[i].list && uses->plain >> i & 1)
		return vnet_error_set(err, -EINVAL, "--%s is given twice", vn_options[i].key);
	if (equals && !vn_options[i].arg)
		return vnet_error_set(err, -EINVAL, "--%s takes no value", vn_options[i].key);
	text = equals ? equals + 1 : "yes";
	if (!equals && vn_options[i].arg && !off) {
		if (argc < 2)
			return vnet_error_set(err, -EINVAL, "--%s lacks its value: want %s",
					      vn_options[i].key, vn_options[i].arg);
		text = argv[1];
		words = 2;
	}
	if (i < VNET_KEY_COUNT)
		r = add_edit(args, uses, (enum vnet_key)i, text, off, err);
	else
		r = set_call(args, &vn_options[i], text, off, err);
	uses->plain |= i < VNET_KEY_COUNT ? 0 : 1ULL << i;
	return r < 0 ? r : words;
}

/* A word that is no option: the verb's argument, or the device behind it. */
static int take_word(const struct cli_verb *verb, struct cli_args *args, const char *word,
		     struct vnet_error *err)
{
	if (word[0] == '-' && word[1])
		return vnet_error_set(err, -EINVAL, "unknown option '%.60s' (see --help)", word);
	if (!verb->arg)
		return vnet_error_set(err, -EINVAL, "'%.60s' is too much: it takes no argument",
				      word);
	if (!args->arg)
		args->arg = word;
	else if (verb->dev && !args->dev)
		args->dev = word;
	else
		return vnet_error_set(err, -EINVAL, "'%.60s' is too much: one %s is enough", word,
				      verb->dev ? verb->dev : verb->arg);
	return 0;
}

static int check_words(const struct cli_verb *verb, const struct cli_args *args,
		       struct vnet_error *err)
{
	if (verb->arg && verb->arg[0] != '[' && !args->arg)
		return vnet_error_set(err, -EINVAL, "%s is missing (see --help)", verb->arg);
	if (verb->dev && !args->dev)
		return vnet_error_set(err, -EINVAL, "%s is missing (see --help)", verb->dev);
	return 0;
}

static int parse_words(const struct cli_verb *verb, int argc, char **argv, struct cli_args *args,
		       struct vnet_error *err)
{
	struct uses uses = { 0 };
	int words;

	for (int i = 0; i < argc; i += words) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			args->help = true;
			return 0;
		}
		words = 1;
		if (argv[i][0] == '-' && argv[i][1] == '-' && argv[i][2])
			words = parse_option(verb, args, &uses, argc - i, argv + i, err);
		else if (take_word(verb, args, argv[i], err) < 0)
			return -EINVAL;
		if (words < 0)
			return words;
	}
	return check_words(verb, args, err);
}

int cli_parse(const struct cli_verb *verb, enum vnet_mode_id mode, int argc, char **argv,
	      struct cli_args *ret_args, struct vnet_error *err)
{
	/* one more than options, for the argument that becomes an edit (RANGE) */
	struct cli_args args = { .mode = mode,
				 .edits = calloc((size_t)argc + 1, sizeof(*args.edits)) };
	int r;

	if (!args.edits)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	r = parse_words(verb, argc, argv, &args, err);
	if (r < 0) {
		cli_args_done(&args);
		return r;
	}
	*ret_args = args;
	return 0;
}

void cli_args_done(struct cli_args *args)
{
	free(args->edits);
	args->edits = NULL;
}
