/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * together - start commands at the same instant, and show what each of them said.
 *
 * For the tests of several runs at once. All commands are forked first and wait at a barrier; the
 * last arrival gives all of them one point in time, until which they spin: with a processor for
 * each, their execve() calls are microseconds apart.
 *
 * usage: together [-d USEC] [-n COPIES] [-t SECONDS] -- COMMAND [ARG...] [--- COMMAND [ARG...]]...
 *   -d USEC     start the second command so much later than the first, the third than the second,
 *               and so on; negative: the first later than the second
 *   -n COPIES   run each command so many times (default 1)
 *   -t SECONDS  SIGKILL what still runs after so long (default 60)
 * stdout: for each command, numbered from 1, its stdout and stderr as lines "NUMBER STATUS TEXT";
 *   at least one line, with empty text if it said nothing. STATUS is the exit status, or 128 and
 *   the signal; 127 also when it could not be executed.
 * exit status: 0 when all ended with 0, 1 when not, 2 usage or a system error.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_COMMANDS = 512,
	LEAD_NS = 2000000, /* from the opening of the barrier to the start: all are awake by then */
	SPIN_NS = 1000000, /* the last part of any waiting is spent awake */
};

/* In memory that all share. */
struct barrier {
	_Atomic uint32_t arrived;
	_Atomic uint32_t open;
	uint64_t start_ns;
};

struct command {
	char **argv;
	pid_t pid;
	int out;    /* a memory file: what it said */
	int status; /* -1: still runs */
};

struct run {
	struct command commands[MAX_COMMANDS];
	size_t n;
	long delay_us;
	long copies;
	long seconds;
	struct barrier *barrier;
};

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "together: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void wait_until(uint64_t ns)
{
	uint64_t sleep_to = ns - SPIN_NS;
	const struct timespec t = { .tv_sec = (time_t)(sleep_to / 1000000000),
				    .tv_nsec = (long)(sleep_to % 1000000000) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	while (now_ns() < ns)
		;
}

static void pass_barrier(struct barrier *b, size_t all)
{
	if (atomic_fetch_add(&b->arrived, 1) + 1 == all) {
		b->start_ns = now_ns() + LEAD_NS;
		atomic_store(&b->open, 1);
		(void)syscall(SYS_futex, &b->open, FUTEX_WAKE, MAX_COMMANDS, NULL, NULL, 0);
	}
	while (!atomic_load(&b->open))
		(void)syscall(SYS_futex, &b->open, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* In units of 1 us after the earliest one. */
static uint64_t delay_of(const struct run *r, size_t i)
{
	return r->delay_us < 0 ? (r->n - 1 - i) * (uint64_t)-r->delay_us :
				 i * (uint64_t)r->delay_us;
}

__attribute__((noreturn)) static void run_command(const struct run *r, size_t i)
{
	const struct command *c = &r->commands[i];

	if (dup2(c->out, STDOUT_FILENO) < 0 || dup2(c->out, STDERR_FILENO) < 0)
		_exit(127);
	pass_barrier(r->barrier, r->n);
	wait_until(r->barrier->start_ns + delay_of(r, i) * 1000);
	execvp(c->argv[0], c->argv);
	dprintf(STDERR_FILENO, "together: %s: %s\n", c->argv[0], strerror(errno));
	_exit(127);
}

static void kill_all(const struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->commands[i].pid > 0 && r->commands[i].status < 0)
			(void)kill(r->commands[i].pid, SIGKILL);
}

static void start_all(struct run *r)
{
	r->barrier = mmap(NULL, sizeof(*r->barrier), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->barrier == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < r->n; i++) {
		struct command *c = &r->commands[i];

		c->status = -1;
		c->out = memfd_create("together", MFD_CLOEXEC);
		if (c->out >= 0 && fcntl(c->out, F_SETFL, O_APPEND) == 0)
			c->pid = fork();
		else
			c->pid = -1;
		if (c->pid < 0) {
			int code = errno;

			kill_all(r);
			errno = code;
			fail("fork");
		}
		if (!c->pid)
			run_command(r, i);
	}
}

static void take_end(struct run *r, pid_t pid, int status)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->commands[i].pid == pid)
			r->commands[i].status = WIFEXITED(status) ? WEXITSTATUS(status) :
								    128 + WTERMSIG(status);
}

static void on_alarm(int sig)
{
	(void)sig; /* it interrupts waitpid(); again, should it have come just before */
	(void)alarm(1);
}

static void wait_all(struct run *r)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	int status;

	(void)sigaction(SIGALRM, &act, NULL);
	(void)alarm((unsigned int)r->seconds);
	for (size_t left = r->n; left;) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid < 0 && errno != EINTR)
			fail("waitpid");
		if (pid < 0) {
			kill_all(r);
			continue;
		}
		take_end(r, pid, status);
		left--;
	}
	(void)alarm(0);
}

static void print_output(const struct command *c, size_t number)
{
	FILE *f = fdopen(c->out, "r");
	char *line = NULL;
	size_t size = 0, lines = 0;
	ssize_t len;

	if (!f)
		fail("output");
	rewind(f);
	while ((len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		printf("%zu %d %s\n", number, c->status, line);
		lines++;
	}
	if (!lines)
		printf("%zu %d \n", number, c->status);
	free(line);
	(void)fclose(f);
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: together [-d USEC] [-n COPIES] [-t SECONDS] -- COMMAND [ARG...]"
	      " [--- COMMAND [ARG...]]...\n",
	      stderr);
	exit(2);
}

static long number(const char *s, long min, long max)
{
	char *end;

	errno = 0;
	long n = strtol(s, &end, 10);

	if (errno || *end || end == s || n < min || n > max)
		usage();
	return n;
}

static void add_command(struct run *r, char **argv)
{
	if (!argv[0])
		usage();
	for (long i = 0; i < r->copies; i++) {
		if (r->n == MAX_COMMANDS)
			usage();
		r->commands[r->n++].argv = argv;
	}
}

static void parse(struct run *r, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "+d:n:t:")) != -1) {
		if (opt == 'd')
			r->delay_us = number(optarg, -10000000, 10000000);
		else if (opt == 'n')
			r->copies = number(optarg, 1, MAX_COMMANDS);
		else if (opt == 't')
			r->seconds = number(optarg, 1, 86400);
		else
			usage();
	}
	char **command = argv + optind;

	for (char **a = command; *a; a++)
		if (!strcmp(*a, "---")) {
			*a = NULL;
			add_command(r, command);
			command = a + 1;
		}
	add_command(r, command);
}

int main(int argc, char **argv)
{
	static struct run r = { .copies = 1, .seconds = 60 };
	int code = 0;

	parse(&r, argc, argv);
	(void)fflush(stdout);
	start_all(&r);
	wait_all(&r);
	for (size_t i = 0; i < r.n; i++) {
		print_output(&r.commands[i], i + 1);
		if (r.commands[i].status)
			code = 1;
	}
	return fflush(stdout) ? 2 : code;
}
