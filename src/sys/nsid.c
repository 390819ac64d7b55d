/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The number of a namespace: a file of its own, so that the helpers link no threads with it. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "sys/netns.h"

#ifndef SO_NETNS_COOKIE /* asm-generic/socket.h, Linux 5.14 */
#define SO_NETNS_COOKIE 71
#endif

int vn_netns_id_of(int sock, uint64_t *ret_id)
{
	struct stat st;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	if (!getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len)) {
		*ret_id = cookie;
		return 0;
	}
	if (errno != ENOPROTOOPT)
		return -errno;
	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	*ret_id = (uint64_t)st.st_dev << 32 ^ (uint64_t)st.st_ino;
	return 0;
}

int vn_netns_id(uint64_t *ret_id)
{
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : vn_netns_id_of(fd, ret_id);
}
