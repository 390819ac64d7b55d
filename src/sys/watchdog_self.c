/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the watchdog does in its own process, and for it: no part of the library, which neither
 * forks nor changes what belongs to the whole process.
 */
#include "sys/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { HEAR_MS = 200 }; /* for the line of who has connected: the countdown goes on meanwhile */

/* ---- the process ---- */

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

	/* Who has put capabilities down to start a server gets no memory that would be locked. */
	(void)munlockall();
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

/* ---- the socket for others ---- */

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
	int r = vn_watchdog_address(path, &address);

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
