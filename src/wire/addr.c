/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <string.h>

#include "wire/link.h"

/*
 * Addresses are what libnl models well, broadcast and peer included: it builds
 * the request, which then goes the way of all others.
 */
typedef int build_fn(struct rtnl_addr *addr, int flags, struct nl_msg **ret_msg);

static int append(struct vn_msg *msg, uint32_t seq, struct nl_msg *built, uint16_t flags)
{
	const struct nlmsghdr *head = nlmsg_hdr(built);

	vn_msg_begin(msg, head->nlmsg_type, flags, seq, nlmsg_data(head),
		     (size_t)nlmsg_datalen(head));
	return vn_msg_end(msg);
}

static int put(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *ifaddr, build_fn *build,
	       uint16_t flags)
{
	const struct vnet_ip *ip = &ifaddr->addr.ip;
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local =
		nl_addr_build(ip->family, ip->bytes, ip->family == AF_INET ? 4 : 16);
	struct nl_msg *built = NULL;
	int r = -ENOMEM;

	if (addr && local) {
		nl_addr_set_prefixlen(local, ifaddr->addr.prefix);
		rtnl_addr_set_ifindex(addr, ifaddr->index);
		if (rtnl_addr_set_local(addr, local) == 0 && build(addr, 0, &built) == 0)
			r = append(msg, seq, built, flags);
	}
	nlmsg_free(built);
	nl_addr_put(local);
	rtnl_addr_put(addr);
	return r;
}

int vn_addr_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr)
{
	return put(msg, seq, addr, rtnl_addr_build_add_request,
		   NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
}

int vn_addr_del_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr)
{
	return put(msg, seq, addr, rtnl_addr_build_delete_request, NLM_F_ACK);
}
