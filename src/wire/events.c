/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/events.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "wire/attr.h"

enum { EVENTS_BUF = 32768 }; /* as of wire/sock.c */

struct vn_events {
	struct mnl_socket *mnl;
	uint8_t buf[EVENTS_BUF];
};

static int join(struct mnl_socket *mnl)
{
	static const int groups[] = {
		RTNLGRP_LINK,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,	 RTNLGRP_NEXTHOP,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		/* A kernel before 5.3 knows no nexthops. */
		if (mnl_socket_setsockopt(mnl, NETLINK_ADD_MEMBERSHIP, (int *)(uintptr_t)&groups[i],
					  sizeof(groups[i])) < 0 &&
		    groups[i] != RTNLGRP_NEXTHOP)
			return -errno;
	}
	return 0;
}

int vn_events_open(struct vn_events **ret_events)
{
	static const int buffer = 4 << 20;
	struct vn_events *events = calloc(1, sizeof(*events));
	int r = 0;

	if (!events)
		return -ENOMEM;
	events->mnl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!events->mnl || mnl_socket_bind(events->mnl, 0, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	if (r == 0) {
		(void)setsockopt(mnl_socket_get_fd(events->mnl), SOL_SOCKET, SO_RCVBUFFORCE,
				 &buffer, sizeof(buffer));
		r = join(events->mnl);
	}
	if (r < 0) {
		vn_events_close(events);
		return r;
	}
	*ret_events = events;
	return 0;
}

void vn_events_close(struct vn_events *events)
{
	if (!events)
		return;
	if (events->mnl)
		(void)mnl_socket_close(events->mnl);
	free(events);
}

/* Of a link also its part as a port, and its IPv6, are told of by themselves. */
static bool is_whole(const struct nlmsghdr *head)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);

	if (head->nlmsg_type != RTM_NEWLINK && head->nlmsg_type != RTM_DELLINK)
		return true;
	return mnl_nlmsg_get_payload_len(head) >= sizeof(*info) && info->ifi_family == AF_UNSPEC;
}

int vn_events_take(struct vn_events *events, const struct vn_sock *own,
		   int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	uint32_t portid = vn_sock_port(own);
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = mnl_socket_recvfrom(events->mnl, events->buf, EVENTS_BUF)) > 0) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)events->buf;
		int len = (int)n;

		for (; r == 0 && vn_msg_ok(head, len); head = mnl_nlmsg_next(head, &len)) {
			if (head->nlmsg_pid != portid && is_whole(head))
				r = fn(head, arg);
		}
	}
	if (r)
		return r < 0 ? r : 0;
	return n < 0 && errno != EAGAIN ? -errno : 0;
}
