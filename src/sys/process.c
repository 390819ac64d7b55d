/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/process.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/spawn.h"

/*
 * How this works: a pid is only a number, which may come to mean another process
 * at any time. So a process is opened first (pidfd_open(2)), then looked at, and
 * then signalled through that descriptor: what was looked at is what gets the
 * signal. Children of ours are safe by themselves until their status is taken.
 */

enum {
	PROC_PATH = 32,	     /* "/proc/2147483647/cmdline" */
	NS_TEXT = 32,	     /* "net:[4026531840]"; 27 with an inode of 20 digits */
	CMDLINE_MAX = 4096,  /* of a command line that is searched */
	ENVIRON_MAX = 8192,  /* of an environment */
	CAPS_MAX = 64,	     /* bits of a set; Linux 6.18 has 41 */
	KILL_WAIT_MS = 2000, /* for the end after SIGKILL, which as a rule is at once */
	AGAIN_MS = 250,	     /* until SIGTERM is sent again */
	ID_PIDFD = 3,	     /* P_PIDFD of linux/wait.h, which glibc has only since 2.36 */
};

/* ---- spawn ---- */

/*
 * Narrow what the calling thread can pass on. Not by libcap-ng's own handling of the
 * bounding set: that wants CAP_SETPCAP even where there is nothing to drop.
 */
static int bounding_narrow(unsigned long long caps)
{
	for (unsigned long cap = 0; cap < CAPS_MAX; cap++) {
		int r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (r < 0) /* the kernel knows no more */
			break;
		if (r && !(caps >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/* What is no longer inheritable is no longer ambient: capabilities(7). */
static int caps_narrow(unsigned long long caps)
{
	int r;

	r = bounding_narrow(caps);
	if (r < 0)
		return r;
	if (capng_get_caps_process() < 0)
		return -EPERM;
	for (unsigned int cap = 0; cap < CAPS_MAX; cap++) {
		capng_type_t from = CAPNG_INHERITABLE;

		if (!(caps >> cap & 1))
			from |= CAPNG_EFFECTIVE | CAPNG_PERMITTED;
		(void)capng_update(CAPNG_DROP, from, cap); /* fails for what does not exist */
	}
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int stderr_pipe(int *ret_read, int *ret_write)
{
	auto_fd read_end = -1;
	auto_fd write_end = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_end = fds[0];
	write_end = fds[1];
	if (fcntl(read_end, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	*ret_read = take_fd(&read_end);
	*ret_write = take_fd(&write_end);
	return 0;
}

pid_t vn_process_spawn(const char *const argv[], unsigned long long caps, int *ret_stderr)
{
	const char *const environment[] = { NULL };
	auto_fd read_end = -1;
	auto_fd write_end = -1;
	pid_t pid = 0;
	int r;

	r = stderr_pipe(&read_end, &write_end);
	if (r < 0)
		return r;
	r = caps_narrow(caps);
	if (r < 0)
		return r;
	r = vn_spawn(argv[0], argv, environment, &write_end, 1, &pid);
	if (r < 0)
		return r;
	*ret_stderr = take_fd(&read_end);
	return pid;
}

pid_t vn_process_launch(const char *program, const char *const argv[], const char *const envp[])
{
	pid_t pid = 0;
	int r = vn_spawn(program, argv, envp, NULL, 0, &pid);

	return r < 0 ? r : pid;
}

/* ---- wait ---- */

/* By syscall(2): glibc has wrappers since 2.36 only. */
static int pidfd_open_(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0U);

	return fd < 0 ? -errno : fd;
}

static int pidfd_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U) < 0 ? -errno : 0;
}

/* Wait until the process has ended, though its status may not be taken yet. */
static int pidfd_wait(int pidfd, int timeout_ms)
{
	int64_t end = vn_clock_ms() + timeout_ms;
	int64_t left = timeout_ms;

	for (;;) {
		struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
		int r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);

		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		left = end - vn_clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
	}
}

static int status_take(pid_t pid, int *ret_status)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	*ret_status = status;
	return 0;
}

int vn_process_wait(pid_t pid, int timeout_ms, int *ret_status)
{
	auto_fd pidfd = pidfd_open_(pid);
	int r;

	if (pidfd == -ESRCH) /* its status has been taken */
		return -ECHILD;
	if (pidfd < 0)
		return pidfd;
	r = pidfd_wait(pidfd, timeout_ms);
	return r < 0 ? r : status_take(pid, ret_status);
}

void vn_process_abort(pid_t pid)
{
	int status;

	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	(void)status_take(pid, &status);
}

/* ---- find ---- */

static int proc_path(char path[PROC_PATH], pid_t pid, const char *file)
{
	return vn_format(path, PROC_PATH, "/proc/%d/%s", (int)pid, file);
}

/* The first @size bytes of a file of @pid at most. Returns how many, or a negative errno. */
static ssize_t proc_read(pid_t pid, const char *file, char *ret_text, size_t size)
{
	auto_fd fd = -1;
	char path[PROC_PATH];
	ssize_t n;
	int r = proc_path(path, pid, file);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, ret_text, size);
	return n < 0 ? -errno : n;
}

/* True if the command line of @pid, as far as it is read, has the whole argument @arg. */
static bool has_arg(pid_t pid, const char *arg)
{
	char line[CMDLINE_MAX];
	ssize_t n = proc_read(pid, "cmdline", line, sizeof(line));

	for (const char *at = line; at < line + n;) {
		const char *end = memchr(at, '\0', (size_t)(line + n - at));

		if (!end)
			return false;
		if (!strcmp(at, arg))
			return true;
		at = end + 1;
	}
	return false;
}

/*
 * What /proc/PID/ns/net says of the namespace @netns: namespaces(7). As there is but one
 * nsfs, the inode tells, and reading the link takes half of the time of a stat(2), which
 * opens the namespace.
 */
static int ns_text(int netns, char ret_text[NS_TEXT])
{
	struct stat st;

	if (fstat(netns, &st) < 0)
		return -errno;
	return vn_format(ret_text, NS_TEXT, "net:[%llu]", (unsigned long long)st.st_ino);
}

/* Returns 1 if @pid lives in the namespace @ns, 0 if not or if it is gone, or -errno. */
static int lives_in(pid_t pid, const char *ns)
{
	char path[PROC_PATH];
	char text[NS_TEXT];
	ssize_t n;
	int r;

	r = proc_path(path, pid, "ns/net");
	if (r < 0)
		return r;
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	text[n] = '\0';
	return !strcmp(text, ns);
}

/*
 * The namespace first: most processes live in others. Where it is hidden, the command
 * line says whether that matters.
 */
static int is_meant(pid_t pid, const char *ns, const char *arg)
{
	int r = lives_in(pid, ns);

	return r && (!arg || has_arg(pid, arg)) ? r : 0;
}

static pid_t proc_scan(DIR *proc, const char *ns, const char *arg)
{
	struct dirent *entry;
	uint64_t pid;
	int failed = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while ((entry = readdir(proc))) {
		int r;

		if (vn_number(entry->d_name, 10, 1, INT_MAX, &pid) < 0)
			continue;
		r = is_meant((pid_t)pid, ns, arg);
		if (r > 0)
			return (pid_t)pid;
		if (r < 0)
			failed = r;
	}
	return failed;
}

pid_t vn_process_find(int netns, const char *arg, pid_t hint)
{
	char ns[NS_TEXT];
	DIR *proc;
	pid_t pid;
	int r;

	r = ns_text(netns, ns);
	if (r < 0)
		return r;
	if (hint > 0 && is_meant(hint, ns, arg) > 0)
		return hint;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	pid = proc_scan(proc, ns, arg);
	(void)closedir(proc);
	return pid;
}

/* ---- look ---- */

/* Returns 1 if its name is one of @names, with all that is to be known of it; else 0. */
static int look_at(pid_t pid, const char *const names[], size_t n, struct vn_process *ret_process)
{
	ssize_t len = proc_read(pid, "comm", ret_process->name, sizeof(ret_process->name));
	size_t i = 0;

	if (len <= 0) /* gone */
		return 0;
	ret_process->name[len - 1] = '\0'; /* for the newline */
	while (i < n && strcmp(ret_process->name, names[i]) != 0)
		i++;
	len = i < n ? proc_read(pid, "cmdline", ret_process->line, VN_PROCESS_LINE) : 0;
	if (len <= 0) /* gone, or ended */
		return 0;
	ret_process->pid = pid;
	ret_process->line[len] = '\0';
	ret_process->size = (size_t)len;
	return 1;
}

int vn_process_each(int netns, const char *const names[], size_t n, vn_process_fn *fn, void *arg)
{
	struct vn_process process;
	struct dirent *entry;
	char ns[NS_TEXT];
	uint64_t pid;
	DIR *proc;
	int r = ns_text(netns, ns);

	if (r < 0)
		return r;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (r == 0 && (entry = readdir(proc))) {
		if (vn_number(entry->d_name, 10, 1, INT_MAX, &pid) == 0 &&
		    lives_in((pid_t)pid, ns) > 0 && look_at((pid_t)pid, names, n, &process))
			r = fn(&process, arg);
	}
	(void)closedir(proc);
	return r;
}

int vn_process_program(pid_t pid, char *ret_path, size_t size)
{
	static const char gone[] = " (deleted)";
	char path[PROC_PATH];
	size_t len;
	ssize_t n;
	int r = proc_path(path, pid, "exe");

	if (r < 0)
		return r;
	n = readlink(path, ret_path, size);
	if (n < 0)
		return -errno;
	len = (size_t)n;
	if (len == size)
		return -ENAMETOOLONG;
	ret_path[len] = '\0';
	if (len >= sizeof(gone) && !strcmp(ret_path + len - (sizeof(gone) - 1), gone))
		return -ESTALE;
	return 0;
}

int vn_process_env(pid_t pid, const char *name, char *ret_value, size_t size)
{
	char env[ENVIRON_MAX + 1];
	size_t len = strlen(name);
	ssize_t n = proc_read(pid, "environ", env, ENVIRON_MAX);

	if (n < 0)
		return (int)n;
	env[n] = '\0';
	for (const char *at = env; at < env + n; at += strlen(at) + 1) {
		if (!strncmp(at, name, len) && at[len] == '=')
			return vn_copy(ret_value, size, at + len + 1);
	}
	return -ENOENT;
}

bool vn_process_sees_files(pid_t pid)
{
	char path[PROC_PATH];
	struct stat theirs;
	struct stat ours;

	return proc_path(path, pid, "ns/mnt") == 0 && stat(path, &theirs) == 0 &&
	       stat("/proc/self/ns/mnt", &ours) == 0 && theirs.st_ino == ours.st_ino;
}

int vn_process_netns(pid_t pid, const char *arg, int host)
{
	auto_fd fd = -1;
	char path[PROC_PATH];
	char ns[NS_TEXT];
	int r = ns_text(host, ns);

	if (r < 0)
		return r;
	if (!has_arg(pid, arg) || lives_in(pid, ns) || proc_path(path, pid, "ns/net") < 0)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Looked at once more: the process that was opened is the one that was asked for. */
	return fd < 0 || !has_arg(pid, arg) ? -ENOENT : take_fd(&fd);
}

/* ---- signal, end ---- */

/* Open @pid if it is still the one meant. Returns a pidfd, -ESRCH or another -errno. */
static int meant_open(pid_t pid, int netns, const char *arg)
{
	auto_fd pidfd = pidfd_open_(pid);
	char ns[NS_TEXT];
	int r;

	if (pidfd < 0)
		return pidfd;
	r = ns_text(netns, ns);
	if (r < 0)
		return r;
	r = is_meant(pid, ns, arg);
	if (r < 0)
		return r;
	return r ? take_fd(&pidfd) : -ESRCH;
}

int vn_process_signal(pid_t pid, int netns, const char *arg, int signal)
{
	auto_fd pidfd = meant_open(pid, netns, arg);

	return pidfd < 0 ? pidfd : pidfd_signal(pidfd, signal);
}

static int signal_and_wait(int pidfd, int signal, int timeout_ms)
{
	int r;

	r = pidfd_signal(pidfd, signal);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return pidfd_wait(pidfd, timeout_ms);
}

int vn_process_end(pid_t pid, int netns, const char *arg, int grace_ms)
{
	auto_fd pidfd = meant_open(pid, netns, arg);
	siginfo_t info;
	int r;

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : pidfd;
	/* Again and again: dhcpcd 9.4 loses one that comes while it talks to its helper. */
	do {
		int wait_ms = grace_ms < AGAIN_MS ? grace_ms : AGAIN_MS;

		r = signal_and_wait(pidfd, SIGTERM, wait_ms);
		grace_ms -= wait_ms;
	} while (r == -ETIMEDOUT && grace_ms > 0);
	if (r == -ETIMEDOUT)
		r = signal_and_wait(pidfd, SIGKILL, KILL_WAIT_MS);
	/* Orphans come to us where we are process 1 or a subreaper: leave no zombie. */
	if (!r)
		(void)waitid((idtype_t)ID_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
	return r;
}
