/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/wait.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "wire/attr.h"
#include "wire/sock.h"

/*
 * How this works: it asks again and again. To wait for the kernel's notices would be as
 * quick, but a notice that came before the socket was there would be waited for in vain.
 */

enum { PAUSE_NS = 30000 }; /* what is waited for takes the kernel about three of these */

/* What the answers say of the link. */
struct state {
	int32_t index;
	bool up;
	size_t addrs;
	size_t locals;
	size_t asleep; /* routes that do not count yet */
};

static int on_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);
	struct state *state = arg;

	if (head->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	if (info->ifi_index == state->index)
		state->up = (info->ifi_flags & IFF_RUNNING) != 0; /* IF_OPER_UP, as one bit */
	return 0;
}

static int on_addr(const struct nlmsghdr *head, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(head);
	struct state *state = arg;

	if (head->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	/*
	 * The kernel filters by link, but for those that do not know how. What is still asked for
	 * was there before, and gets its route when that is over: without a carrier, never.
	 */
	if ((int32_t)info->ifa_index == state->index)
		state->addrs += !(info->ifa_flags & (IFA_F_DADFAILED | IFA_F_TENTATIVE));
	return 0;
}

static bool leads_over(const struct nlmsghdr *head, int32_t index)
{
	const struct nlattr *attr;

	VN_FOR_EACH_ATTR(attr, head, sizeof(struct rtmsg))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			return (int32_t)mnl_attr_get_u32(attr) == index;
	}
	return false;
}

static int on_route(const struct nlmsghdr *head, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	struct state *state = arg;

	if (head->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	if (info->rtm_flags & (RTNH_F_LINKDOWN | RTNH_F_DEAD))
		state->asleep += leads_over(head, state->index);
	/* One of a whole address, not that of its subnet's routers. */
	if (info->rtm_type == RTN_LOCAL)
		state->locals += leads_over(head, state->index);
	return 0;
}

/* With @flags of NLM_F_ACK a single answer, with NLM_F_DUMP all. */
static int ask(struct vn_sock *sock, uint16_t type, uint16_t flags, const void *info, size_t size,
	       uint16_t attr, uint32_t value, int (*fn)(const struct nlmsghdr *head, void *arg),
	       void *arg)
{
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, flags, seq, info, size);
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
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct state state = { .index = index };
	int r = ask(sock, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info), IFLA_EXT_MASK,
		    RTEXT_FILTER_SKIP_STATS, on_link, &state);

	for (size_t i = 0; r == 0 && state.up && i < sizeof(families); i++) {
		struct rtmsg route = { .rtm_family = families[i] };

		r = ask(sock, RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route), RTA_OIF,
			(uint32_t)index, on_route, &state);
	}
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
	int r = ask(sock, RTM_GETADDR, NLM_F_DUMP, &addr, sizeof(addr), 0, 0, on_addr, &state);

	if (r == 0)
		r = ask(sock, RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route), RTA_OIF,
			(uint32_t)index, on_route, &state);
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
