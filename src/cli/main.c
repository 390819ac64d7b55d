/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vnet/log.h>
#include <vnet/version.h>

#include "base/text.h"
#include "cli/cli.h"

static void log_line(void *arg, enum vnet_log_level level, const char *line)
{
	bool verbose = *(const bool *)arg;
	char clean[512];

	if (!verbose && level != VNET_LOG_WARNING)
		return;
	(void)snprintf(clean, sizeof(clean), "%s", line);
	vn_text_clean(clean);
	(void)fprintf(stderr, "vnet: %s\n", clean);
}

/* "bridge create br0": what messages begin with. */
static void name_what(struct cli_args *args, int words, char **argv)
{
	size_t len = 0;

	for (int i = 0; i < words; i++)
		len += (size_t)snprintf(args->what + len, sizeof(args->what) - len, "%s%s",
					i ? " " : "", argv[i]);
	if (args->arg)
		(void)snprintf(args->what + len, sizeof(args->what) - len, " %.32s", args->arg);
	if (args->dev) {
		len = strlen(args->what);
		(void)snprintf(args->what + len, sizeof(args->what) - len, " %.16s", args->dev);
	}
	vn_text_clean(args->what);
}

static int fail(const char *what, struct vnet_error *err, int r)
{
	vn_text_clean_typed(err->msg); /* one line, and nothing in it that a terminal obeys */
	(void)fprintf(stderr, "vnet: %s%s%s\n", what, *what ? ": " : "",
		      err->code ? err->msg : vn_strerror(r));
	if (err->code)
		(void)fprintf(stderr, "%s", err->hint);
	return err->code ? (int)err->outcome : VNET_OUTCOME_FAILED;
}

/* A change is not cut off by Ctrl-C or a terminal that goes: it ends by itself within seconds. */
static void hold_signals(void)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static int run_verb(const struct cli_verb *verb, const struct cli_args *args,
		    struct vnet_error *err)
{
	struct vnet *vnet;
	int r;

	if (verb->verb & VN_VERBS_CHANGING && !args->call.dry_run)
		hold_signals();
	r = vnet_open(&vnet, err);
	if (r < 0)
		return r;
	r = verb->run(vnet, args, err);
	vnet_close(vnet);
	return r;
}

/*
 * Output that can't be written: what a verb only told is lost, what it changed stays
 * changed, and the status goes on saying so.
 */
static int flush(int r, bool told_only)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return r;
	(void)fprintf(stderr, "vnet: standard output: %s\n", vn_strerror(-errno));
	return r == 0 && told_only ? VNET_OUTCOME_FAILED : r;
}

static int run(int argc, char **argv, struct vnet_error *err)
{
	const struct cli_verb *verb;
	struct cli_args args = { 0 };
	enum vnet_mode_id mode;
	int words;
	int r;

	verb = cli_find_verb(argc, argv, &mode, &words, err);
	if (!verb)
		return fail("", err, -EINVAL);
	r = cli_parse(verb, mode, argc - words, argv + words, &args, err);
	name_what(&args, words, argv);
	if (r < 0)
		return fail(args.what, err, r);
	if (args.help)
		cli_help_verb(verb);
	else
		r = run_verb(verb, &args, err);
	if (r < 0)
		r = fail(args.what, err, r);
	r = flush(r, args.help || args.call.dry_run || !(verb->verb & VN_VERBS_CHANGING));
	cli_args_done(&args);
	return r;
}

/* Options before the verb. Returns the index of the verb, or -1 when all is said. */
static int globals(int argc, char **argv, bool *verbose, struct vnet_error *err)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			cli_help();
			return -1;
		}
		if (!strcmp(argv[i], "--version")) {
			printf("vnet %s\n", VNET_VERSION);
			return -1;
		}
		if (!strcmp(argv[i], "--help-scdoc")) { /* for the build of the man page */
			cli_help_scdoc();
			return -1;
		}
		if (!strcmp(argv[i], "--complete")) { /* for the shells */
			cli_complete(argc - i - 1, argv + i + 1);
			return -1;
		}
		if (!strcmp(argv[i], "-v"))
			*verbose = true;
		else if (strcmp(argv[i], "-n") != 0)
			return vnet_error_set(err, -EINVAL, "unknown option '%.60s' (see --help)",
					      argv[i]);
		else if (++i >= argc)
			return vnet_error_set(err, -EINVAL, "-n lacks the name of a namespace");
		else if (vnet_netns_enter(argv[i], err) < 0)
			return err->code;
	}
	if (i == argc)
		return vnet_error_set(err, -EINVAL, "no verb (see vnet --help)");
	return i;
}

/* What vnet opens must never become a standard stream that the caller closed. */
static void fill_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	struct vnet_error err = { 0 };
	static bool verbose;
	int i;

	fill_streams();
	(void)signal(SIGXFSZ, SIG_IGN); /* a file too large is an error as any other */
	i = globals(argc, argv, &verbose, &err);
	if (err.code)
		return fail("", &err, err.code);
	if (i < 0)
		return flush(0, true);
	vnet_log_set(log_line, &verbose);
	return run(argc - i, argv + i, &err);
}
