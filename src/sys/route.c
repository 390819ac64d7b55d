/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/route.h"

#include <errno.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { PREFERENCE_MASK = 3 };

/* By this call alone one may say that it is the kernel's: netlink has no word for it. */
int vn_route_lend(int32_t index, const struct vnet_ip *router, uint32_t metric, uint32_t lifetime,
		  uint8_t preference)
{
	struct in6_rtmsg request = {
		.rtmsg_metric = metric,
		.rtmsg_info = lifetime * (unsigned long)sysconf(_SC_CLK_TCK),
		.rtmsg_flags = RTF_UP | RTF_GATEWAY | RTF_DEFAULT | RTF_ADDRCONF | RTF_EXPIRES |
			       RTF_PREF((uint32_t)preference & PREFERENCE_MASK),
		.rtmsg_ifindex = index,
	};
	auto_fd fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(&request.rtmsg_gateway, router->bytes, sizeof(request.rtmsg_gateway));
	return ioctl(fd, SIOCADDRT, &request) < 0 ? -errno : 0;
}
