/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/watchdog.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/spawn.h"

enum {
	ASK_MS = 2000, /* for an answer */
	HEAR_MS = 200, /* for the line of who has connected: the countdown goes on meanwhile */
};

/* ---- spawn ---- */

static_assert(VN_WATCHDOG_SOCK == STDERR_FILENO + 1 && VN_WATCHDOG_LOCK == STDERR_FILENO + 2,
	      "they follow standard error");

pid_t vn_watchdog_spawn(const char *program, int lock, int *ret_sock)
{
	const char *const argv[] = { program, NULL };
	const char *const environment[] = { NULL };
	auto_fd ours = -1;
	auto_fd theirs = -1;
	int fds[2];
	pid_t pid = 0;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ours = fds[0];
	theirs = fds[1];
	r = vn_spawn(program, argv, environment, (const int[]){ -1, theirs, lock }, 3, &pid);
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

/* After this it can't be answered any more: an answer is there by now, or it was not taken. */
static int give_up(int fd, char ret_answer[VN_WATCHDOG_LINE])
{
	int r = shutdown(fd, SHUT_RDWR) < 0 ? -errno : vn_watchdog_hear(fd, 0, ret_answer);

	return r < 0 ? -ETIMEDOUT : 0;
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
	if (r == -ETIMEDOUT)
		r = give_up(fd, ret_answer);
	return r == -EPIPE ? -ENOENT : r;
}
