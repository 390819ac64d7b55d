/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	FD_END = 5,    /* of what the watchdog inherits */
	FD_HIGH = 16,  /* above all that is moved there */
	ASK_MS = 2000, /* for an answer */
	HEAR_MS = 200, /* for the line of who has connected: the countdown goes on meanwhile */
};

/* ---- spawn ---- */

/* The functions of posix_spawn(3) return positive error numbers. */
static int actions_fill(posix_spawn_file_actions_t *actions, int sock, int lock)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);

	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDERR_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, sock, VN_WATCHDOG_SOCK);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, lock, VN_WATCHDOG_LOCK);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(actions, FD_END);
	if (!r)
		r = posix_spawn_file_actions_addchdir_np(actions, "/");
	return -r;
}

static int attr_fill(posix_spawnattr_t *attr)
{
	sigset_t all;
	sigset_t none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	r = posix_spawnattr_setsigdefault(attr, &all);
	if (!r)
		r = posix_spawnattr_setsigmask(attr, &none);
	if (!r)
		r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
							   POSIX_SPAWN_SETSIGMASK);
	return -r;
}

static int spawn(const char *program, int sock, int lock, pid_t *ret_pid)
{
	char *const environment[] = { NULL };
	char *const argv[] = { (char *)(uintptr_t)program, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = -posix_spawn_file_actions_init(&actions);

	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attr);
	if (r == 0) {
		r = actions_fill(&actions, sock, lock);
		if (r == 0)
			r = attr_fill(&attr);
		if (r == 0)
			r = -posix_spawn(ret_pid, program, &actions, &attr, argv, environment);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

pid_t vn_watchdog_spawn(const char *program, int lock, int *ret_sock)
{
	auto_fd ours = -1;
	auto_fd theirs = -1;
	auto_fd high_sock = -1;
	auto_fd high_lock = -1;
	int fds[2];
	pid_t pid = 0;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ours = fds[0];
	theirs = fds[1];
	/* Out of the way of where they go. */
	high_sock = fcntl(theirs, F_DUPFD_CLOEXEC, FD_HIGH);
	high_lock = fcntl(lock, F_DUPFD_CLOEXEC, FD_HIGH);
	if (high_sock < 0 || high_lock < 0)
		return -errno;
	r = spawn(program, high_sock, high_lock, &pid);
	if (r < 0)
		return r;
	*ret_sock = take_fd(&ours);
	return pid;
}

/* ---- the other end ---- */

/* Whoever runs out of memory: this one is what brings the host back. */
static void spare_from_oom(char ret_old[VN_WATCHDOG_OOM])
{
	static const char least[] = "-1000";
	auto_fd fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_old, VN_WATCHDOG_OOM - 1);

	ret_old[n > 0 ? n : 0] = '\0';
	if (n > 0)
		(void)!pwrite(fd, least, sizeof(least) - 1, 0);
}

void vn_watchdog_expose(const char *oom)
{
	auto_fd fd = *oom ? open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0)
		(void)!write(fd, oom, strlen(oom));
}

int vn_watchdog_settle(char ret_oom[VN_WATCHDOG_OOM])
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(0);
	spare_from_oom(ret_oom);
	/* Not allowed in a container, as a rule; then it is as good as the disk is. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	return 0;
}

/* ---- packets ---- */

int vn_watchdog_say(int sock, const char *line)
{
	ssize_t n;

	do {
		n = send(sock, line, strlen(line), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int vn_watchdog_give(int sock, struct vn_spent *spent)
{
	union {
		struct cmsghdr head;
		char buf[CMSG_SPACE(sizeof(spent->fds))];
	} control = { .buf = { 0 } };
	char line[] = "keep";
	struct iovec iov = { .iov_base = line, .iov_len = sizeof(line) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = CMSG_SPACE(spent->n * sizeof(int)),
	};
	int r;

	if (!spent->n)
		return 0;
	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(spent->n * sizeof(int)),
					 .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), spent->fds, spent->n * sizeof(int));
	r = sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
	vn_spent_close(spent);
	return r;
}

int vn_watchdog_hear(int sock, int timeout_ms, char ret_line[VN_WATCHDOG_LINE])
{
	struct pollfd poll_fd = { .fd = sock, .events = POLLIN };
	char control[CMSG_SPACE(VN_SPENT_MAX * sizeof(int))];
	struct iovec iov = { .iov_base = ret_line, .iov_len = VN_WATCHDOG_LINE - 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	int r;

	do {
		r = poll(&poll_fd, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0) /* one that ended without having read what it was told */
		return errno == ECONNRESET ? -EPIPE : -errno;
	ret_line[n] = '\0';
	return n ? 0 : -EPIPE;
}

/* ---- the socket for others ---- */

static int address_of(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return vn_copy(ret_address->sun_path, sizeof(ret_address->sun_path), path);
}

/* For root alone; what the watchdog starts later is not to have that umask. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t old = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	(void)umask(old);
	return r;
}

int vn_watchdog_listen(const char *path)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (fd < 0)
		return -errno;
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	r = bind_private(fd, &address);
	if (r < 0)
		return r;
	if (listen(fd, 8) < 0)
		return -errno;
	return take_fd(&fd);
}

int vn_watchdog_accept(int listener, char ret_line[VN_WATCHDOG_LINE])
{
	/* cppcheck-suppress nullPointer ; accept4(2): who it is need not be told */
	auto_fd fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int r = fd < 0 ? -errno : vn_watchdog_hear(fd, HEAR_MS, ret_line);

	return r < 0 ? r : take_fd(&fd);
}

int vn_watchdog_ask(const char *path, const char *line, char ret_answer[VN_WATCHDOG_LINE])
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (fd < 0)
		return -errno;
	if (r < 0)
		return r;
	/* One that was killed has left its socket. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ECONNREFUSED ? -ENOENT : -errno;
	r = vn_watchdog_say(fd, line);
	if (r == 0)
		r = vn_watchdog_hear(fd, ASK_MS, ret_answer);
	return r == -EPIPE ? -ENOENT : r;
}
