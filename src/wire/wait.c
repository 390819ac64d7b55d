/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/wait.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "wire/object.h"
#include "wire/sock.h"

/*
 * How this works: it asks again and again. To wait for the kernel's notices would be as
 * quick, but a notice that came before the socket was there would be waited for in vain.
 */

enum { PAUSE_NS = 100000 };

/* What the answers say of the link. */
struct state {
	int32_t index;
	bool found;
	bool up;
	size_t addrs;
	size_t locals;
	size_t asleep; /* routes that do not count yet */
};

static int on_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);
	struct state *state = arg;

	if (head->nlmsg_type == RTM_NEWLINK && info->ifi_index == state->index) {
		state->found = true;
		state->up = (info->ifi_flags & IFF_RUNNING) != 0; /* IF_OPER_UP, as one bit */
	}
	return 0;
}

static int on_object(const struct nlmsghdr *head, void *arg)
{
	struct state *state = arg;
	struct vnet_object object;
	int r = vn_object_read(head, &object);

	if (r < 0)
		return r;
	if (object.index == state->index && object.kind == VNET_OBJECT_ADDR)
		state->addrs += !(object.flags & IFA_F_DADFAILED); /* someone else's: for ever */
	/* One of a whole address, not that of its subnet's routers. */
	else if (object.index == state->index && object.type == RTN_LOCAL)
		state->locals++;
	if (object.kind == VNET_OBJECT_ROUTE && (object.flags & (RTNH_F_LINKDOWN | RTNH_F_DEAD)))
		state->asleep++;
	vnet_object_done(&object);
	return 0;
}

static int dump(struct vn_sock *sock, uint16_t type, const void *info, size_t size, uint16_t attr,
		uint32_t value, int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, NLM_F_DUMP, seq, info, size);
	if (attr)
		vn_attr_u32(&msg, attr, value);
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, fn, arg);
}

/*
 * Returns 1 if the link is as it should be, 0 if not yet. Its routes are told of the carrier
 * a moment after it is up.
 */
static int is_up(struct vn_sock *sock, int32_t index)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtmsg route4 = { .rtm_family = AF_INET };
	struct rtmsg route6 = { .rtm_family = AF_INET6 };
	struct state state = { .index = index };
	int r = dump(sock, RTM_GETLINK, &info, sizeof(info), 0, 0, on_link, &state);

	if (r == 0 && !state.found)
		return -ENODEV;
	if (r == 0 && state.up)
		r = dump(sock, RTM_GETROUTE, &route4, sizeof(route4), RTA_OIF, (uint32_t)index,
			 on_object, &state);
	if (r == 0 && state.up)
		r = dump(sock, RTM_GETROUTE, &route6, sizeof(route6), RTA_OIF, (uint32_t)index,
			 on_object, &state);
	if (r < 0)
		return r == -EINTR ? 0 : r;
	return state.up && !state.asleep;
}

/* The kernel makes the local route of an IPv6 address later, by a worker of its own. */
static int is_local(struct vn_sock *sock, int32_t index)
{
	struct ifaddrmsg addr = { .ifa_family = AF_INET6, .ifa_index = (uint32_t)index };
	struct rtmsg route = { .rtm_family = AF_INET6,
			       .rtm_table = RT_TABLE_LOCAL,
			       .rtm_type = RTN_LOCAL };
	struct state state = { .index = index };
	int r = dump(sock, RTM_GETADDR, &addr, sizeof(addr), 0, 0, on_object, &state);

	if (r == 0)
		r = dump(sock, RTM_GETROUTE, &route, sizeof(route), RTA_OIF, (uint32_t)index,
			 on_object, &state);
	if (r < 0)
		return r == -EINTR ? 0 : r;
	return state.locals >= state.addrs;
}

int vn_wait(int32_t index, enum vnet_wait what, int timeout_ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t end = vn_clock_ms() + timeout_ms;
	struct vn_sock *sock;
	int r = vn_sock_open(&sock);

	if (r < 0)
		return r;
	do {
		r = what == VNET_WAIT_UP ? is_up(sock, index) : is_local(sock, index);
		if (r == 0)
			(void)nanosleep(&pause, NULL);
	} while (r == 0 && vn_clock_ms() < end);
	vn_sock_close(sock);
	if (r == 0)
		return -ETIMEDOUT;
	return r < 0 ? r : 0;
}
