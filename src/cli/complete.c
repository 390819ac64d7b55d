/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this works
 *
 * The shells' own files are a line or two: they hand over the words typed so far, the last of
 * which is the one to be completed, and get back what it could become, one a line. So there is
 * one list of verbs and options, and names are those of the moment. What makes no sense has no
 * completion, and no message.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

enum { WORD = 32 }; /* of a verb */

/* One candidate: @prefix and @word, if the typed @cur begins it. */
static void offer(const char *cur, const char *prefix, const char *word)
{
	size_t len = strlen(prefix);
	size_t typed = strlen(cur);

	if (!strncmp(cur, prefix, typed < len ? typed : len) &&
	    (typed <= len || !strncmp(cur + len, word, typed - len)))
		printf("%s%s\n", prefix, word);
}

static void offer_networks(const char *cur)
{
	char **names = NULL;
	struct vnet *vnet;

	if (vnet_open(&vnet, NULL) < 0)
		return;
	if (vnet_list(vnet, &names, NULL) == 0) {
		for (char **name = names; *name; name++)
			offer(cur, "", *name);
	}
	free(names);
	vnet_close(vnet);
}

static void offer_devices(const char *cur)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *at = all; at && at->if_index; at++)
		offer(cur, "", at->if_name);
	if (all)
		if_freenameindex(all);
}

/* The word of a verb behind the @n that are typed already; "" if it is another verb, or whole. */
static void word_behind(const char *words, int n, char **argv, char ret_word[WORD])
{
	const char *at = words;

	ret_word[0] = '\0';
	for (int i = 0; i < n; i++) {
		size_t len = strcspn(at, " ");

		if (!len || (!strncmp(at, "MODE", len) ?
				     !vnet_mode_find(argv[i]) :
				     strlen(argv[i]) != len || strncmp(argv[i], at, len) != 0))
			return;
		at += len;
		at += strspn(at, " ");
	}
	(void)vn_format(ret_word, WORD, "%.*s", (int)strcspn(at, " "), at);
}

/* Verbs with a word in common stand together in the table. */
static void offer_verbs(int n, char **argv, const char *cur)
{
	char last[WORD] = "";

	for (size_t i = 0; i < cli_n_verbs; i++) {
		char word[WORD];

		word_behind(cli_verbs[i].words, n, argv, word);
		if (!word[0] || !strcmp(word, last))
			continue;
		memcpy(last, word, sizeof(last));
		for (int id = 0; !strcmp(word, "MODE") && id < VNET_MODE_COUNT; id++)
			offer(cur, "", vnet_mode_get((enum vnet_mode_id)id)->name);
		if (strcmp(word, "MODE") != 0)
			offer(cur, "", word);
	}
}

static void offer_options(const struct cli_verb *verb, enum vnet_mode_id mode, const char *cur)
{
	for (size_t i = 0; i < vn_n_options; i++) {
		const struct vn_option *opt = &vn_options[i];

		if (!cli_takes(verb, mode, i))
			continue;
		offer(cur, "--", opt->key);
		if (opt->scope != VN_SCOPE_VERB && (!opt->arg || opt->list || opt->no))
			offer(cur, "--no-", opt->key);
	}
	offer(cur, "--", "help");
}

/* The option whose value is to come, if the word before is one; NULL: none. */
static const struct vn_option *open_option(const struct cli_verb *verb, enum vnet_mode_id mode,
					   const char *word)
{
	for (size_t i = 0; i < vn_n_options; i++) {
		if (cli_takes(verb, mode, i) && vn_options[i].arg && !strncmp(word, "--", 2) &&
		    !strcmp(word + 2, vn_options[i].key))
			return &vn_options[i];
	}
	return NULL;
}

static void offer_value(const struct vn_option *opt, const char *cur)
{
	char words[64];
	char *rest = words;
	char *word;

	if (opt->type == VN_TYPE_NAME && opt->scope == VN_SCOPE_VERB)
		offer_networks(cur);
	else if (opt->type == VN_TYPE_NAME)
		offer_devices(cur);
	else if (strchr(opt->arg, '|') && vn_copy(words, sizeof(words), opt->arg) == 0)
		while ((word = strsep(&rest, "|"))) { /* what stands there in small letters */
			if (word[strspn(word, "abcdefghijklmnopqrstuvwxyz")] == '\0')
				offer(cur, "", word);
		}
}

/* What stands for itself: the name of a network, and of a device behind it. */
static void offer_arg(const struct cli_verb *verb, enum vnet_mode_id mode, int n, char **argv,
		      const char *cur)
{
	int args = 0;

	for (int i = 0; i < n; i++) {
		if (argv[i][0] != '-')
			args++;
		else if (open_option(verb, mode, argv[i]))
			i++;
	}
	if (args == 0 && verb->arg && strstr(verb->arg, "NAME") && verb->verb != VN_VERB_CREATE)
		offer_networks(cur);
	else if (args == 1 && verb->dev)
		offer_devices(cur);
}

void cli_complete(int n, char **argv)
{
	const char *cur = n ? argv[--n] : "";
	const struct cli_verb *verb = NULL;
	const struct vn_option *opt;
	enum vnet_mode_id mode;
	int words = 0;

	while (n && argv[0][0] == '-') { /* before the verb */
		int skip = !strcmp(argv[0], "-n") && n > 1 ? 2 : 1;

		if (skip == 2 && vnet_netns_enter(argv[1], NULL) < 0)
			return;
		if (skip == 1 && !strcmp(argv[0], "-n"))
			return;
		argv += skip;
		n -= skip;
	}
	offer_verbs(n, argv, cur);
	if (n)
		verb = cli_find_verb(n, argv, &mode, &words, NULL);
	if (!verb)
		return;
	n -= words;
	argv += words;
	opt = n ? open_option(verb, mode, argv[n - 1]) : NULL;
	if (opt)
		offer_value(opt, cur);
	else if (cur[0] == '-')
		offer_options(verb, mode, cur);
	else
		offer_arg(verb, mode, n, argv, cur);
}
