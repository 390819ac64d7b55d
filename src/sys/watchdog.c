/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/watchdog.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/spawn.h"

enum { ASK_MS = 2000 }; /* for an answer */

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

/* ---- who asks others ---- */

int vn_watchdog_address(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return vn_copy(ret_address->sun_path, sizeof(ret_address->sun_path), path);
}

/* After this it can't be answered any more: an answer is there by now, or it was not taken. */
static int give_up(int fd, char ret_answer[VN_WATCHDOG_LINE])
{
	int r = shutdown(fd, SHUT_RDWR) < 0 ? -errno : vn_watchdog_hear(fd, 0, ret_answer);

	return r < 0 ? -ETIMEDOUT : 0;
}

/* One that was killed has left its socket. */
static int not_connected(int error)
{
	if (error == ECONNREFUSED)
		return -ENOENT;
	return error == EAGAIN ? -ETIMEDOUT : -error;
}

int vn_watchdog_ask(const char *path, const char *line, char ret_answer[VN_WATCHDOG_LINE])
{
	static const struct timeval limit = { .tv_sec = ASK_MS / 1000 };
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = vn_watchdog_address(path, &address);

	if (fd < 0)
		return -errno;
	if (r < 0)
		return r;
	/* Else it would wait for ever behind others that were not answered: unix(7). */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return not_connected(errno);
	r = vn_watchdog_say(fd, line);
	if (r == 0)
		r = vn_watchdog_hear(fd, ASK_MS, ret_answer);
	if (r == -ETIMEDOUT)
		r = give_up(fd, ret_answer);
	return r == -EPIPE ? -ENOENT : r;
}
