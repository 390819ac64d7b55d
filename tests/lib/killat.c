/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killat - SIGKILL a command at its N-th system call.
 *
 * For the sweeps that prove what a kill leaves behind: run it with N = 1, 2, 3.. until it says that
 * the command ended by itself. It works on any binary, and unlike a timer it hits each point once.
 *
 * usage: killat [-xpt] [-m MARK]... [-o FILE] [-T SECONDS] N [--] COMMAND [ARG...]
 *        killat -v [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]
 *        killat -c [-t] [-m MARK]... [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]
 *   N           kill at the entry of call N: it has no effect any more
 *   -x          kill at the exit of call N: its effect is there
 *   -c          kill nothing, print "count=CALLS status=STATUS"
 *   -v          kill when it has made a child by vfork(2) or posix_spawn(3), before that one has
 *               done anything; the child is left stopped, "child=PID" printed
 *   -p          print the point of the kill: "killed=N call=NAME at=entry"
 *   -t          print each call counted: "N NAME"
 *   -m MARK     count from this call on, itself call 1 (default: -m netlink -m /vnet). MARK is
 *               exec: from the start, after exec; netlink: the first socket(AF_NETLINK);
 *               NAME: the first call of this name; /TEXT: the first openat of a path with /TEXT
 *   -o FILE     killat's lines go there; else to stdout, and the command's stdout to stderr
 *   -T SECONDS  give up after so long (default 60): the command is killed, exit status 3
 * exit status: 0 killed, or -c; 10 ended by itself before ("status=STATUS count=CALLS");
 *   2 usage; 3 failed. STATUS is the exit status, or 128 and the signal.
 *
 * Counted: the calls of all threads, by one counter. So that it counts the same each time, a thread
 * that has made another stands still until that one ends or HOLD_MS have passed. Child processes
 * are not counted and not killed, as a SIGKILL to the command alone would leave them. A command
 * with LeakSanitizer needs ASAN_OPTIONS=detect_leaks=0: it cannot work in a traced process.
 */
#define _GNU_SOURCE 1
#include <asm/unistd.h>
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

/* One a line they would be two screens. A call that is not here is called call_NUMBER. */
/* clang-format off */
static const char *const call_name[] = {
#define CALL(name) [__NR_##name] = #name
	CALL(accept4), CALL(bind), CALL(brk), CALL(capget), CALL(capset), CALL(chdir),
	CALL(clock_gettime), CALL(clock_nanosleep), CALL(clone), CALL(clone3), CALL(close),
	CALL(close_range), CALL(connect), CALL(copy_file_range), CALL(dup), CALL(dup3),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(eventfd2), CALL(execve),
	CALL(execveat), CALL(exit), CALL(exit_group), CALL(faccessat), CALL(faccessat2),
	CALL(fallocate), CALL(fchdir), CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(fchownat),
	CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fstat), CALL(fstatfs), CALL(fsync),
	CALL(ftruncate), CALL(futex), CALL(getcwd), CALL(getdents64), CALL(getegid),
	CALL(geteuid), CALL(getgid), CALL(getgroups), CALL(getpeername), CALL(getpgid),
	CALL(getpid), CALL(getppid), CALL(getrandom), CALL(getsid), CALL(getsockname),
	CALL(getsockopt), CALL(gettid), CALL(getuid), CALL(getxattr), CALL(inotify_add_watch),
	CALL(inotify_init1), CALL(ioctl), CALL(kill), CALL(linkat), CALL(listen), CALL(lseek),
	CALL(madvise), CALL(memfd_create), CALL(mkdirat), CALL(mknodat), CALL(mlockall),
	CALL(mmap), CALL(mount), CALL(mprotect), CALL(mremap), CALL(munmap), CALL(nanosleep),
	CALL(newfstatat), CALL(openat), CALL(openat2), CALL(pidfd_open), CALL(pidfd_send_signal),
	CALL(pipe2), CALL(ppoll), CALL(prctl), CALL(pread64), CALL(prlimit64), CALL(pselect6),
	CALL(pwrite64), CALL(read), CALL(readlinkat), CALL(readv), CALL(recvfrom), CALL(recvmmsg),
	CALL(recvmsg), CALL(renameat2), CALL(restart_syscall), CALL(rseq), CALL(rt_sigaction),
	CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait), CALL(sched_getaffinity),
	CALL(sched_yield), CALL(sendfile), CALL(sendmmsg), CALL(sendmsg), CALL(sendto),
	CALL(set_robust_list), CALL(set_tid_address), CALL(setgid), CALL(setgroups), CALL(setns),
	CALL(setpgid), CALL(setresgid), CALL(setresuid), CALL(setsid), CALL(setsockopt),
	CALL(setuid), CALL(shutdown), CALL(signalfd4), CALL(socket), CALL(socketpair),
	CALL(statfs), CALL(statx), CALL(symlinkat), CALL(tgkill), CALL(timerfd_create),
	CALL(timerfd_settime), CALL(umask), CALL(umount2), CALL(uname), CALL(unlinkat),
	CALL(unshare), CALL(utimensat), CALL(wait4), CALL(waitid), CALL(write), CALL(writev),
#ifdef __NR_open /* what newer architectures have left behind */
	CALL(access), CALL(arch_prctl), CALL(chmod), CALL(chown), CALL(dup2), CALL(epoll_wait),
	CALL(fork), CALL(getdents), CALL(link), CALL(lstat), CALL(mkdir), CALL(open), CALL(pipe),
	CALL(poll), CALL(readlink), CALL(rename), CALL(rmdir), CALL(select), CALL(stat),
	CALL(symlink), CALL(unlink), CALL(vfork),
#endif
#undef CALL
};
/* clang-format on */

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
	bool at_exit, at_vfork, show_point, show_calls;
	const char *marks[MAX_MARKS];
	size_t n_marks;
	FILE *out;
	bool own_out; /* out is a file of its own, not our stdout */
	uint64_t deadline;
	/* so far */
	pid_t pid;
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

static const char *name_of(uint64_t nr, char *buf, size_t size)
{
	if (nr < sizeof(call_name) / sizeof(call_name[0]) && call_name[nr])
		return call_name[nr];
	snprintf(buf, size, "call_%llu", (unsigned long long)nr);
	return buf;
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

	if (kill(r->pid, SIGKILL) < 0)
		fail("kill");
	r->killed = true;
	if (r->show_point)
		fprintf(r->out, "killed=%ld call=%s at=%s\n", r->at, name_of(nr, buf, sizeof(buf)),
			r->at_exit ? "exit" : "entry");
}

static void at_syscall(struct run *r, struct thread *t)
{
	struct __ptrace_syscall_info info;
	static uint64_t target_nr;
	char buf[32];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) < 0) {
		if (errno != ESRCH)
			fail("ptrace: syscall info");
		return;
	}
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->target)
		kill_it(r, target_nr);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || r->killed)
		return;
	if (!r->counting)
		r->counting = is_mark(r, t->tid, &info);
	if (!r->counting)
		return;
	r->count++;
	if (r->show_calls)
		fprintf(r->out, "%ld %s\n", r->count, name_of(info.entry.nr, buf, sizeof(buf)));
	if (r->count != r->at)
		return;
	target_nr = info.entry.nr;
	t->target = true;
	if (!r->at_exit)
		kill_it(r, target_nr);
}

static bool is_thread(const struct run *r, pid_t tid)
{
	return tgkill(r->pid, tid, 0) == 0;
}

/* The new thread starts by itself; the old one waits. */
static void at_clone(struct run *r, struct thread *t)
{
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, t->tid, NULL, &tid) < 0)
		return;
	if (!is_thread(r, (pid_t)tid))
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
	} else if (event == PTRACE_EVENT_VFORK && !r->killed) {
		at_vfork(r, t);
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		(void)ptrace(PTRACE_LISTEN, t->tid, NULL, NULL); /* stopped as if untraced */
		return;
	} else if (!event) {
		t->signal = sig;
	}
	if (!r->killed && !t->waits_for)
		go_on(t);
}

/* 0: go on; else the status of waitpid() for the command as a whole is in *ret. */
static int take_report(struct run *r, pid_t tid, int status, int *ret)
{
	if (WIFSTOPPED(status)) {
		if (tid == r->pid || is_thread(r, tid))
			at_stop(r, find_thread(r, tid), status);
		else if (r->at_vfork && !r->killed)
			r->child = tid; /* before its parent tells of it */
		else
			(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
		return 0;
	}
	forget_thread(r, tid);
	if (tid != r->pid)
		return 0;
	*ret = status;
	return 1;
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
static int trace(struct run *r)
{
	int status, end = 0;

	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno != EINTR)
			fail("waitpid");
		if (tid > 0 && take_report(r, tid, status, &end))
			return end;
		if (now_ns() > r->deadline) {
			(void)kill(r->pid, SIGKILL);
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

static int run_traced(struct run *r, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | (r->at_vfork ? PTRACE_O_TRACEVFORK : 0);
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
	return trace(r);
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
	fputs("usage: killat [-xpt] [-m MARK]... [-o FILE] [-T SECONDS] N [--] COMMAND [ARG...]\n"
	      "       killat -c [-t] [-m MARK]... [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]\n"
	      "       killat -v [-o FILE] [-T SECONDS] [--] COMMAND [ARG...]\n",
	      stderr);
	exit(EXIT_USAGE);
}

/* Fills the run; returns where the command begins. */
static char **parse(struct run *r, int argc, char **argv)
{
	bool count = false;
	long seconds = TIMEOUT_S;
	int c;

	while ((c = getopt(argc, argv, "+cvxptm:o:T:")) != -1) {
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
	if (optind >= argc)
		usage();
	r->deadline = now_ns() + (uint64_t)seconds * 1000000000;
	return argv + optind;
}

int main(int argc, char **argv)
{
	static struct run r = { .out = NULL };
	char **command = parse(&r, argc, argv);

	if (!r.out)
		r.out = stdout;
	if (!r.n_marks) {
		r.marks[r.n_marks++] = "netlink";
		r.marks[r.n_marks++] = "/vnet";
	}
	int status = run_traced(&r, command);

	if (!r.began)
		return EXIT_FAILED;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (r.killed && code == 128 + SIGKILL)
		return fflush(r.out) ? EXIT_FAILED : 0;
	bool kills = r.at || r.at_vfork;

	fprintf(r.out, "%s=%ld %s=%ld\n", kills ? "status" : "count", kills ? code : r.count,
		kills ? "count" : "status", kills ? r.count : code);
	if (fflush(r.out))
		return EXIT_FAILED;
	return kills ? EXIT_ENDED : 0;
}
