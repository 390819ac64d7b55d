/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Width of the column of verbs and of options. */
enum { COLUMN = 28 };

/* "MODE create" with the modes' names instead. */
static void print_words(const struct cli_verb *verb, const char *mode)
{
	if (!strncmp(verb->words, "MODE ", 5))
		printf("%s %s", mode, verb->words + 5);
	else
		printf("%s", verb->words);
}

void cli_help(void)
{
	printf("vnet: networks for virtual machines and network namespaces\n\n");
	printf("usage: vnet [-n NETNS] [-v] VERB [ARGUMENT] [OPTIONS]\n\n");
	for (size_t i = 0; i < cli_n_verbs; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s%s%s", cli_verbs[i].words,
			       cli_verbs[i].arg ? " " : "",
			       cli_verbs[i].arg ? cli_verbs[i].arg : "",
			       cli_verbs[i].dev ? " " : "",
			       cli_verbs[i].dev ? cli_verbs[i].dev : "");
		printf("  vnet %-*s %s\n", COLUMN - 5, left, cli_verbs[i].help);
	}
	printf("\nMODE is one of:\n");
	for (int id = 0; id < VNET_MODE_COUNT; id++)
		printf("  %-*s %s\n", COLUMN, vnet_mode_get((enum vnet_mode_id)id)->name,
		       vnet_mode_get((enum vnet_mode_id)id)->help);
	printf("\n  -n NETNS                     act in the namespace /run/netns/NETNS\n");
	printf("  -v                           tell each operation\n");
	printf("  --help                       also behind a verb: its options\n");
	printf("  --version\n");
	printf("\nexit status: 0 done, or nothing to do; 1 failed and undone, or busy;\n"
	       "2 refused, nothing was changed; 3 undo incomplete, see vnet recover\n");
}

static void option_left(const struct vn_option *opt, char *buf, size_t size)
{
	const char *no = opt->scope != VN_SCOPE_VERB && !opt->arg ? "[no-]" : "";

	(void)snprintf(buf, size, "--%s%s%s%s", no, opt->key, opt->arg ? " " : "",
		       opt->arg ? opt->arg : "");
}

/* What is left out stays as it is where a network is changed. */
static void option_default(const struct cli_verb *verb, const struct vn_option *opt, char *buf,
			   size_t size)
{
	if (opt->dflt && opt->arg && verb->verb != VN_VERB_SET)
		(void)snprintf(buf, size, " (%s)", opt->dflt);
	else
		buf[0] = '\0';
}

void cli_help_verb(const struct cli_verb *verb)
{
	printf("usage: vnet ");
	print_words(verb, "MODE");
	printf("%s%s%s%s [OPTIONS]\n\n%s\n\n", verb->arg ? " " : "", verb->arg ? verb->arg : "",
	       verb->dev ? " " : "", verb->dev ? verb->dev : "", verb->help);
	for (size_t i = 0; i < vn_n_options; i++) {
		const struct vn_option *opt = &vn_options[i];
		char left[64];
		char dflt[32];

		if (!(opt->verbs & verb->verb) || opt->hidden)
			continue;
		option_left(opt, left, sizeof(left));
		option_default(verb, opt, dflt, sizeof(dflt));
		printf("  %-*s %s%s\n", COLUMN, left, opt->help, dflt);
	}
}

/* A capital first; scdoc takes some characters for markup. */
static void print_scdoc(const char *s, bool sentence)
{
	for (const char *at = s; *at; at++) {
		if (strchr("\\*_`#[]<>|", *at))
			(void)putchar('\\');
		(void)putchar(sentence && at == s ? toupper((unsigned char)*at) : *at);
	}
}

static void scdoc_option(const struct cli_verb *verb, const struct vn_option *opt)
{
	char left[64];
	char dflt[32];

	option_left(opt, left, sizeof(left));
	option_default(verb, opt, dflt, sizeof(dflt));
	printf("*");
	print_scdoc(left, false);
	printf("*\n\t");
	print_scdoc(opt->help, true);
	print_scdoc(dflt, false);
	printf(".\n\n");
}

void cli_help_scdoc(void)
{
	for (size_t v = 0; v < cli_n_verbs; v++) {
		const struct cli_verb *verb = &cli_verbs[v];

		/* of a heading, scdoc takes all characters as they are */
		printf("## vnet %s%s%s%s%s\n\n", verb->words, verb->arg ? " " : "",
		       verb->arg ? verb->arg : "", verb->dev ? " " : "",
		       verb->dev ? verb->dev : "");
		print_scdoc(verb->help, true);
		printf(".\n\n");
		for (size_t i = 0; i < vn_n_options; i++) {
			if (vn_options[i].verbs & verb->verb && !vn_options[i].hidden)
				scdoc_option(verb, &vn_options[i]);
		}
	}
}
