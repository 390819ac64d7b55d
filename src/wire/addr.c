/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "wire/link.h"

/* Without a peer both are the address itself. */
static int put(struct vn_msg *msg, uint16_t type, uint16_t flags, uint32_t seq,
	       const struct vnet_ifaddr *addr)
{
	const struct vnet_ip *ip = &addr->addr.ip;
	const struct ifaddrmsg head = { .ifa_family = ip->family,
					.ifa_prefixlen = addr->addr.prefix,
					.ifa_index = (uint32_t)addr->index };
	size_t size = ip->family == AF_INET ? 4 : 16;

	vn_msg_begin(msg, type, flags, seq, &head, sizeof(head));
	vn_attr(msg, IFA_LOCAL, ip->bytes, size);
	vn_attr(msg, IFA_ADDRESS, ip->bytes, size);
	return vn_msg_end(msg);
}

int vn_addr_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr)
{
	return put(msg, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, seq, addr);
}

int vn_addr_del_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr)
{
	return put(msg, RTM_DELADDR, NLM_F_ACK, seq, addr);
}
