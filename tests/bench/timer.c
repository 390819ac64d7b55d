/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timer - how long programs take, from their start to their end, side by side.
 *
 * usage: timer [-o] [-n ROUNDS] [-w ROUNDS] [-g MS] [-p MS] {NAME BEFORE RUN AFTER}...
 *   -o         time RUN up to its first output, not to its end
 *   -n ROUNDS  rounds that count (default 25)
 *   -w ROUNDS  rounds before them that don't (default 2)
 *   -g MS      pause between BEFORE and RUN (default 10)
 *   -p MS      pause behind AFTER, in which the kernel clears away what was deleted (default 10)
 *
 * In each round each variant runs once, in an order that is shuffled anew: BEFORE, RUN, AFTER, of
 * which RUN alone is timed. Each of the three is a program with its arguments, split at blanks,
 * without a shell; empty: nothing. Their standard output goes nowhere.
 *
 * Prints a line for each variant, its fields separated by tabs:
 *   NAME MEDIAN MIN P90 RATIO ROUNDS FAILED
 * Times are in microseconds. RATIO is the median of the rounds' ratios to the first variant: what
 * slows a whole round down cancels out. FAILED counts the rounds in which one of the three ended
 * otherwise than with exit status 0.
 * Exit status: 0, or 2 for wrong usage or where a program could not be started.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGS_MAX = 64, FIELDS = 4 };

struct command {
	char *argv[ARGS_MAX + 1]; /* argv[0] NULL: nothing to do */
};

struct variant {
	const char *name;
	struct command before;
	struct command run;
	struct command after;
	double *us; /* by round */
	int failed;
};

struct bench {
	int rounds;
	int warm_up;
	int gap_ms;
	int pause_ms;
	bool output;
	int n;
	struct variant *variants;
	int *order;
	uint64_t random;
};

__attribute__((noreturn)) static void die(const char *what, int error)
{
	fprintf(stderr, "timer: %s: %s\n", what, strerror(error));
	exit(2);
}

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("memory", ENOMEM);
	return p;
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void pause_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* xorshift64 (Marsaglia, 2003): plenty for an order. */
static uint64_t next_random(struct bench *bench)
{
	bench->random ^= bench->random << 13;
	bench->random ^= bench->random >> 7;
	bench->random ^= bench->random << 17;
	return bench->random;
}

/* Fisher and Yates. */
static void shuffle(struct bench *bench)
{
	for (int i = bench->n - 1; i > 0; i--) {
		int k = (int)(next_random(bench) % (uint64_t)(i + 1));
		int kept = bench->order[i];

		bench->order[i] = bench->order[k];
		bench->order[k] = kept;
	}
}

static void start(const struct command *command, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!r)
		r = posix_spawnp(ret_pid, command->argv[0], &actions, NULL, command->argv, environ);
	if (r)
		die(command->argv[0], r);
	(void)posix_spawn_file_actions_destroy(&actions);
}

static bool ended_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			die("wait", errno);
	}
	return !status;
}

/* Run it with its output to @out; returns how many microseconds it took. */
static double run(const struct command *command, int out, bool *failed)
{
	double begin = now_us();
	pid_t pid;

	if (!command->argv[0])
		return 0;
	start(command, out, &pid);
	if (!ended_well(pid))
		*failed = true;
	return now_us() - begin;
}

/* The same up to its first output. */
static double run_to_output(const struct command *command, bool *failed)
{
	double begin = now_us();
	double us;
	int fds[2];
	char c;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe", errno);
	start(command, fds[1], &pid);
	(void)close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		*failed = true;
	us = now_us() - begin;
	if (!ended_well(pid))
		*failed = true;
	(void)close(fds[0]);
	return us;
}

static void run_variant(const struct bench *bench, struct variant *variant, int out, int round)
{
	bool failed = false;
	double us;

	(void)run(&variant->before, out, &failed);
	pause_ms(bench->gap_ms);
	if (bench->output)
		us = run_to_output(&variant->run, &failed);
	else
		us = run(&variant->run, out, &failed);
	(void)run(&variant->after, out, &failed);
	pause_ms(bench->pause_ms);
	if (round >= 0) {
		variant->us[round] = us;
		variant->failed += failed;
	}
}

static void run_rounds(struct bench *bench)
{
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (out < 0)
		die("/dev/null", errno);
	for (int round = -bench->warm_up; round < bench->rounds; round++) {
		shuffle(bench);
		for (int i = 0; i < bench->n; i++)
			run_variant(bench, &bench->variants[bench->order[i]], out, round);
	}
	(void)close(out);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which the part @q of the sorted values lies. */
static double quantile(const double *sorted, int n, double q)
{
	double at = q * (n - 1);
	int i = (int)at;

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static void print_variant(const struct bench *bench, const struct variant *variant)
{
	size_t n = (size_t)bench->rounds;
	double *ratio = allocate(n, sizeof(*ratio));
	double *us = allocate(n, sizeof(*us));

	for (size_t i = 0; i < n; i++) {
		us[i] = variant->us[i];
		ratio[i] = variant->us[i] / bench->variants[0].us[i];
	}
	qsort(us, n, sizeof(*us), compare);
	qsort(ratio, n, sizeof(*ratio), compare);
	printf("%s\t%.0f\t%.0f\t%.0f\t%.3f\t%d\t%d\n", variant->name,
	       quantile(us, bench->rounds, 0.5), us[0], quantile(us, bench->rounds, 0.9),
	       quantile(ratio, bench->rounds, 0.5), bench->rounds, variant->failed);
	free(ratio);
	free(us);
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: timer [-o] [-n ROUNDS] [-w ROUNDS] [-g MS] [-p MS] "
	      "{NAME BEFORE RUN AFTER}...\n",
	      stderr);
	exit(2);
}

static int number(const char *s, int min)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno || *end || end == s || n < min || n > 1000000)
		usage();
	return (int)n;
}

static void split(char *text, struct command *command)
{
	char *save;
	int n = 0;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (n == ARGS_MAX)
			die(command->argv[0], E2BIG);
		command->argv[n++] = word;
	}
}

static void options(struct bench *bench, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "+on:w:g:p:")) != -1) {
		if (opt == 'o')
			bench->output = true;
		else if (opt == 'n')
			bench->rounds = number(optarg, 1);
		else if (opt == 'w')
			bench->warm_up = number(optarg, 0);
		else if (opt == 'g')
			bench->gap_ms = number(optarg, 0);
		else if (opt == 'p')
			bench->pause_ms = number(optarg, 0);
		else
			usage();
	}
	bench->n = (argc - optind) / FIELDS;
	if (!bench->n || bench->n * FIELDS != argc - optind)
		usage();
}

int main(int argc, char **argv)
{
	struct bench bench = { .rounds = 25, .warm_up = 2, .gap_ms = 10, .pause_ms = 10 };

	options(&bench, argc, argv);
	bench.random = (uint64_t)now_us() | 1; /* never 0: it would stay so */
	bench.variants = allocate((size_t)bench.n, sizeof(*bench.variants));
	bench.order = allocate((size_t)bench.n, sizeof(*bench.order));
	for (int i = 0; i < bench.n; i++) {
		struct variant *variant = &bench.variants[i];
		char **field = &argv[optind + i * FIELDS];

		bench.order[i] = i;
		variant->name = field[0];
		split(field[1], &variant->before);
		split(field[2], &variant->run);
		split(field[3], &variant->after);
		variant->us = allocate((size_t)bench.rounds, sizeof(*variant->us));
		if (!variant->run.argv[0])
			usage();
	}
	run_rounds(&bench);
	for (int i = 0; i < bench.n; i++)
		print_variant(&bench, &bench.variants[i]);
	for (int i = 0; i < bench.n; i++)
		free(bench.variants[i].us);
	free(bench.variants);
	free(bench.order);
	return fflush(stdout) ? 2 : 0;
}
