/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killat - SIGKILL a command at its N-th system call.
 *
 * For the sweeps that prove what a kill leaves behind: run it with N = 1, 2, 3.. until it says that
 * the command ended by itself. It works on any binary, and unlike a timer it hits each point once.
 *
 * usage: killat [-xptwd] [-f NAME [-k WHO] [-a M]] [-m MARK]... [-o FILE] [-T SECONDS] N [--]
 *               COMMAND [ARG...]
 *        killat -v [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]
 *        killat -c [-twd] [-f NAME] [-m MARK]... [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]
 *   N           kill at the entry of call N: it has no effect any more
 *   -x          kill at the exit of call N: its effect is there
 *   -c          kill nothing, print "count=CALLS status=STATUS"
 *   -v          kill when it has made a child by vfork(2) or posix_spawn(3), before that one has
 *               done anything; the child is left stopped, "child=PID" printed
 *   -p          print the point of the kill: "killed=N call=NAME at=entry"
 *   -t          print each call counted: "N NAME"
 *   -w          count only the calls that change something outside of the process that makes them:
 *               no message that asks, no call that waits
 *   -f NAME     follow the process that executes NAME, among the children: a daemon also where it
 *               goes on in a child of its own
 *   -d          count the calls of that one, from its start, instead of the command's
 *   -k WHO      whom to kill: command (default), followed, both
 *   -a M        kill the command at its call N, and then the one followed at its M-th from there on
 *   -m MARK     count from this call on, itself call 1 (default: -m netlink -m /vnet). MARK is
 *               exec: from the start, after exec; netlink: the first socket(AF_NETLINK);
 *               NAME: the first call of this name; /TEXT: the first openat of a path with /TEXT
 *   -o FILE     killat's lines go there; else to stdout, and the command's stdout to stderr
 *   -T SECONDS  give up after so long (default 60): the command is killed, exit status 3
 * exit status: 0 killed, or -c; 10 ended by itself before ("status=STATUS count=CALLS");
 *   2 usage; 3 failed. STATUS is the exit status, or 128 and the signal. Where the one followed
 *   alone is killed, a line "status=STATUS" says how the command ended.
 *
 * Counted: the calls of all threads, by one counter. So that it counts the same each time, a thread
 * that has made another stands still until that one ends or HOLD_MS have passed. Child processes
 * are not counted and not killed, as a SIGKILL to the command alone would leave them, but for the
 * one that is followed; it goes on untraced when killat ends. A command
 * with LeakSanitizer needs ASAN_OPTIONS=detect_leaks=0: it cannot work in a traced process.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "killat_calls.h"

enum {
	MAX_THREADS = 64,
	MAX_MARKS = 8,
	HOLD_MS = 200,
	TICK_US = 20000,
	TIMEOUT_S = 60,
	EXIT_USAGE = 2,
	EXIT_FAILED = 3,
	EXIT_ENDED = 10,
};

struct thread {
	pid_t tid;
	pid_t waits_for; /* held until this one ends, or: */
	uint64_t until;	 /* in ns of the monotonic clock */
	int signal;	 /* to deliver when it goes on */
	bool target;	 /* it is in call N, to be killed when it comes out */
};

struct run {
	/* as asked */
	long at; /* 0: count, or kill at a vfork */
	bool at_exit, at_vfork, show_point, show_calls, changes;
	const char *follow; /* the name of the child's program, or NULL */
	bool counts_followed, kills_command, kills_followed;
	long then; /* the one followed at this call, once the command is killed */
	const char *marks[MAX_MARKS];
	size_t n_marks;
	FILE *out;
	bool own_out; /* out is a file of its own, not our stdout */
	uint64_t deadline;
	/* so far */
	pid_t pid;
	pid_t followed;	    /* 0: not there yet */
	pid_t before;	    /* the process that has forked it, and ends */
	bool followed_over; /* it has ended */
	int end;	    /* of the command, as from waitpid() */
	bool ended;
	bool began; /* the command has been executed */
	bool counting;
	long count;
	bool killed;
	pid_t child; /* of a vfork, which holds still */
	struct thread threads[MAX_THREADS];
	size_t n_threads;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The traced command dies with us: PTRACE_O_EXITKILL. */
__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILED);
}

static bool path_has(pid_t tid, uint64_t address, const char *text)
{
	char path[512];
	struct iovec here = { path, sizeof(path) - 1 };
	struct iovec there = { (void *)(uintptr_t)address, sizeof(path) - 1 };
	ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

	if (n < 0) { /* the page after the path may not be there */
		here.iov_len = there.iov_len = 4096 - address % 4096;
		if (here.iov_len > sizeof(path) - 1)
			return false;
		n = process_vm_readv(tid, &here, 1, &there, 1, 0);
	}
	if (n < 0)
		return false;
	path[n] = '\0';
	return strstr(path, text);
}

static bool is_mark(const struct run *r, pid_t tid, const struct __ptrace_syscall_info *info)
{
	char buf[32];
	const char *name = name_of(info->entry.nr, buf, sizeof(buf));

	for (size_t i = 0; i < r->n_marks; i++) {
		const char *mark = r->marks[i];

		if (!strcmp(mark, "exec") || !strcmp(mark, name))
			return true;
		if (!strcmp(mark, "netlink") && !strcmp(name, "socket") &&
		    info->entry.args[0] == AF_NETLINK)
			return true;
		if (mark[0] == '/' && !strcmp(name, "openat") &&
		    path_has(tid, info->entry.args[1], mark))
			return true;
	}
	return false;
}

static struct thread *find_thread(struct run *r, pid_t tid)
{
	for (size_t i = 0; i < r->n_threads; i++)
		if (r->threads[i].tid == tid)
			return &r->threads[i];
	if (r->n_threads == MAX_THREADS) {
		errno = ENOSPC;
		fail("threads");
	}
	r->threads[r->n_threads] = (struct thread){ .tid = tid };
	return &r->threads[r->n_threads++];
}

static void go_on(struct thread *t)
{
	/* ESRCH: it is on its way out; its end is reported as any other */
	if (ptrace(PTRACE_SYSCALL, t->tid, NULL, (void *)(long)t->signal) < 0 && errno != ESRCH)
		fail("ptrace");
	t->signal = 0;
	t->waits_for = 0;
}

/* Let those go on that have waited for this thread, or for too long. */
static void release(struct run *r, pid_t ended)
{
	uint64_t now = now_ns();

	for (size_t i = 0; i < r->n_threads; i++) {
		struct thread *t = &r->threads[i];

		if (t->waits_for && (t->waits_for == ended || now >= t->until))
			go_on(t);
	}
}

static void forget_thread(struct run *r, pid_t tid)
{
	for (size_t i = 0; i < r->n_threads; i++)
		if (r->threads[i].tid == tid) {
			r->threads[i] = r->threads[--r->n_threads];
			break;
		}
	release(r, tid);
}

static void kill_it(struct run *r, uint64_t nr)
{
	char buf[32];
	bool both = r->kills_followed && r->followed && !r->followed_over;

	if (!r->kills_command && !both)
		return; /* nobody to kill: the command ends by itself */
	/* Who has ended in the meantime is as good as killed. */
	if (both && kill(r->followed, SIGKILL) < 0 && errno != ESRCH)
		fail("kill");
	if (r->kills_command && kill(r->pid, SIGKILL) < 0 && errno != ESRCH)
		fail("kill");
	if (r->show_point)
		fprintf(r->out, "killed=%ld call=%s at=%s\n", r->at, name_of(nr, buf, sizeof(buf)),
			r->at_exit ? "exit" : "entry");
	r->killed = !r->then;
	if (!r->then)
		return;
	r->at = r->then;
	r->then = r->count = 0;
	r->counts_followed = r->kills_followed = true;
	r->kills_command = false;
}

/* The process of a thread of those two whose calls we see; 0: none of them. */
static pid_t process_of(const struct run *r, pid_t tid)
{
	if (tid == r->pid || tgkill(r->pid, tid, 0) == 0)
		return r->pid;
	if (r->followed && (tid == r->followed || tgkill(r->followed, tid, 0) == 0))
		return r->followed;
	return 0;
}

static void at_syscall(struct run *r, struct thread *t)
{
	struct __ptrace_syscall_info info;
	static uint64_t target_nr;
	const char *name;
	char buf[32];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0) {
		if (errno != ESRCH)
			fail("ptrace: syscall info");
		return;
	}
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->target) {
		t->target = false;
		kill_it(r, target_nr);
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || r->killed ||
	    r->counts_followed != (process_of(r, t->tid) == r->followed))
		return;
	name = name_of(info.entry.nr, buf, sizeof(buf));
	if (!r->counting)
		r->counting = r->counts_followed || is_mark(r, t->tid, &info);
	if (!r->counting || (r->changes && !changes(t->tid, &info, name)))
		return;
	r->count++;
	if (r->show_calls)
		fprintf(r->out, "%ld %s\n", r->count, name);
	if (r->count != r->at)
		return;
	target_nr = info.entry.nr;
	t->target = r->at_exit;
	if (!r->at_exit)
		kill_it(r, target_nr);
}

static bool is_followed(const struct run *r, pid_t tid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)tid);
	f = fopen(path, "re");
	if (f) {
		(void)!fgets(comm, sizeof(comm), f);
		fclose(f);
	}
	comm[strcspn(comm, "\n")] = '\0';
	return !strcmp(comm, r->follow);
}

/* The new thread starts by itself; the old one waits. */
static void at_clone(struct run *r, struct thread *t)
{
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, t->tid, NULL, &tid) < 0)
		return;
	if (!process_of(r, (pid_t)tid))
		return; /* a process, or a thread that has already ended */
	t->waits_for = (pid_t)tid;
	t->until = now_ns() + HOLD_MS * 1000000ULL;
}

/* The child has not run yet: what stops it first is our attachment. */
static void at_vfork(struct run *r, struct thread *t)
{
	unsigned long child;
	int status;

	if (ptrace(PTRACE_GETEVENTMSG, t->tid, NULL, &child) < 0 || kill(r->pid, SIGKILL) < 0)
		fail("vfork");
	r->killed = true;
	while (r->child != (pid_t)child && waitpid((pid_t)child, &status, __WALL) < 0) {
		if (errno != EINTR)
			fail("waitpid");
	}
	if (kill((pid_t)child, SIGSTOP) < 0 || ptrace(PTRACE_DETACH, (pid_t)child, NULL, NULL) < 0)
		fail("child");
	fprintf(r->out, "child=%lu\n", child);
}

/* A daemon: its child is what is followed from here on, unless that one has said so itself. */
static void at_fork(struct run *r, struct thread *t)
{
	pid_t tid = t->tid;
	unsigned long child;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) < 0)
		return;
	r->before = tid;
	r->followed = (pid_t)child;
	forget_thread(r, tid);
	(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static void at_stop(struct run *r, struct thread *t, int status)
{
	int sig = WSTOPSIG(status);
	int event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		at_syscall(r, t);
	} else if (event == PTRACE_EVENT_EXEC) {
		r->began = true;
	} else if (event == PTRACE_EVENT_CLONE) {
		at_clone(r, t);
	} else if (event == PTRACE_EVENT_FORK && t->tid == r->followed) {
		at_fork(r, t);
		return;
	} else if (event == PTRACE_EVENT_VFORK && r->at_vfork && !r->killed) {
		at_vfork(r, t);
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		(void)ptrace(PTRACE_LISTEN, t->tid, NULL, NULL); /* stopped as if untraced */
		return;
	} else if (!event) {
		t->signal = sig;
	}
	if (!t->waits_for)
		go_on(t);
}

/* A child: it runs until it shows what it is, by its program: the one to be followed, or not. */
static void at_child(struct run *r, pid_t tid, int status)
{
	bool executed = status >> 16 == PTRACE_EVENT_EXEC;
	int sig = status >> 16 || WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);

	if (r->follow && tid != r->before && is_followed(r, tid)) {
		r->before = r->followed;
		r->followed = tid;
		at_stop(r, find_thread(r, tid), status);
	} else if (r->follow && tid != r->before && !executed) {
		(void)ptrace(PTRACE_CONT, tid, NULL, (void *)(long)sig);
	} else {
		(void)ptrace(PTRACE_DETACH, tid, NULL, (void *)(long)sig);
	}
}

/* The command has ended, and whose calls are counted, too. */
static bool is_over(const struct run *r)
{
	return r->ended && (!r->counts_followed || !r->followed || r->followed_over || r->killed);
}

static void take_report(struct run *r, pid_t tid, int status)
{
	if (WIFSTOPPED(status)) {
		if (process_of(r, tid))
			at_stop(r, find_thread(r, tid), status);
		else if (r->at_vfork && !r->killed)
			r->child = tid; /* before its parent tells of it */
		else
			at_child(r, tid, status);
		return;
	}
	forget_thread(r, tid);
	if (tid == r->pid) {
		r->end = status;
		r->ended = true;
	}
	r->followed_over |= tid == r->followed;
}

static void on_tick(int sig)
{
	(void)sig; /* it interrupts waitpid() */
}

/* A timer wakes us to look at the clock. The command does not inherit it. */
static void start_ticks(void)
{
	const struct sigaction tick = { .sa_handler = on_tick };
	const struct itimerval each = { { 0, TICK_US }, { 0, TICK_US } };

	if (sigaction(SIGALRM, &tick, NULL) < 0 || setitimer(ITIMER_REAL, &each, NULL) < 0)
		fail("timer");
}

/* Run the command to its end. */
static void trace(struct run *r)
{
	int status;

	while (!is_over(r)) {
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno != EINTR)
			fail("waitpid");
		if (tid > 0)
			take_report(r, tid, status);
		if (now_ns() > r->deadline) {
			(void)kill(r->pid, SIGKILL);
			if (r->followed && !r->followed_over)
				(void)kill(r->followed, SIGKILL);
			errno = ETIMEDOUT;
			fail("command killed");
		}
		if (tid < 0)
			release(r, 0);
	}
}

/* The child waits on the pipe until it is traced. */
__attribute__((noreturn)) static void run_command(const struct run *r, char **argv, const int *gate)
{
	char byte;

	(void)close(gate[1]);
	if (read(gate[0], &byte, 1) != 1)
		_exit(127);
	if (!r->own_out)
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(argv[0], argv);
	fprintf(stderr, "killat: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Who is followed outlives us: without PTRACE_O_EXITKILL. */
static void run_traced(struct run *r, char **argv)
{
	const long children = PTRACE_O_TRACEVFORK | PTRACE_O_TRACEFORK;
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
			     (r->at_vfork ? PTRACE_O_TRACEVFORK : 0) |
			     (r->follow ? children : PTRACE_O_EXITKILL);
	int gate[2];

	if (pipe2(gate, O_CLOEXEC) < 0)
		fail("pipe");
	r->pid = fork();
	if (r->pid < 0)
		fail("fork");
	if (!r->pid)
		run_command(r, argv, gate);
	if (ptrace(PTRACE_SEIZE, r->pid, NULL, (void *)options) < 0)
		fail("ptrace: seize");
	if (write(gate[1], "", 1) != 1)
		fail("pipe");
	start_ticks();
	trace(r);
}

static long number(const char *s, const char *what)
{
	char *end;

	errno = 0;
	long n = strtol(s, &end, 10);

	if (errno || *end || end == s || n < 1) {
		fprintf(stderr, "killat: %s '%s': want a number from 1\n", what, s);
		exit(EXIT_USAGE);
	}
	return n;
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: killat [-xptwd] [-f NAME [-k WHO] [-a M]] [-m MARK]... [-o FILE]\n"
	      "              [-T SECONDS] N [--] COMMAND [ARG...]\n"
	      "       killat -c [-twd] [-f NAME] [-m MARK]... [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]\n"
	      "       killat -v [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]\n",
	      stderr);
	exit(EXIT_USAGE);
}

static void whom(struct run *r, const char *who)
{
	r->kills_command = strcmp(who, "followed") != 0;
	r->kills_followed = strcmp(who, "command") != 0;
	if (r->kills_command && r->kills_followed && strcmp(who, "both") != 0)
		usage();
}

/* Fills the run; returns where the command begins. */
static char **parse(struct run *r, int argc, char **argv)
{
	bool count = false;
	long seconds = TIMEOUT_S;
	int c;

	while ((c = getopt(argc, argv, "+cvxptwdf:k:a:m:o:T:")) != -1) {
		if (c == 'c')
			count = true;
		else if (c == 'v')
			r->at_vfork = true;
		else if (c == 'x')
			r->at_exit = true;
		else if (c == 'p')
			r->show_point = true;
		else if (c == 't')
			r->show_calls = true;
		else if (c == 'w')
			r->changes = true;
		else if (c == 'd')
			r->counts_followed = true;
		else if (c == 'f')
			r->follow = optarg;
		else if (c == 'k')
			whom(r, optarg);
		else if (c == 'a')
			r->then = number(optarg, "-a");
		else if (c == 'm' && r->n_marks < MAX_MARKS)
			r->marks[r->n_marks++] = optarg;
		else if (c == 'o' && !r->own_out && (r->out = fopen(optarg, "we")))
			r->own_out = true;
		else if (c == 'T')
			seconds = number(optarg, "-T");
		else
			usage();
	}
	if (!count && !r->at_vfork && optind < argc)
		r->at = number(argv[optind++], "N");
	if (optind < argc && !strcmp(argv[optind], "--"))
		optind++;
	if (optind >= argc || (!r->follow && (r->counts_followed || r->kills_followed || r->then)))
		usage();
	r->deadline = now_ns() + (uint64_t)seconds * 1000000000;
	return argv + optind;
}

int main(int argc, char **argv)
{
	static struct run r = { .kills_command = true };
	char **command = parse(&r, argc, argv);

	if (!r.out)
		r.out = stdout;
	if (!r.n_marks) {
		r.marks[r.n_marks++] = "netlink";
		r.marks[r.n_marks++] = "/vnet";
	}
	run_traced(&r, command);
	if (!r.began)
		return EXIT_FAILED;
	int status = r.end;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (r.killed && !r.kills_command && code != 128 + SIGKILL)
		fprintf(r.out, "status=%d\n", code);
	if (r.killed && (!r.kills_command || code == 128 + SIGKILL))
		return fflush(r.out) ? EXIT_FAILED : 0;
	bool kills = r.at || r.at_vfork;

	fprintf(r.out, "%s=%ld %s=%ld\n", kills ? "status" : "count", kills ? code : r.count,
		kills ? "count" : "status", kills ? r.count : code);
	if (fflush(r.out))
		return EXIT_FAILED;
	return kills ? EXIT_ENDED : 0;
}
