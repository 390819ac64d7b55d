/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/snapshot.h"
#include "wire/object.h"
#include "wire/read.h"

/*
 * The kernel filters by link, so that a full routing table is never read; what a kernel
 * that does not know the filter sends besides is left out here.
 */

struct into {
	struct vnet_snapshot *snap;
	enum vnet_ns_id ns;
	int32_t index;
};

/*
 * Of routes those that someone made or that make others reachable: what the kernel keeps
 * for itself (local, broadcast, multicast...) comes and goes with the addresses. The dump
 * holds those over a nexthop object of the link too: they follow it, and go with it.
 */
static bool is_wanted(const struct vnet_object *object, int32_t index)
{
	if (!vnet_object_uses(object, index) &&
	    !(object->kind == VNET_OBJECT_ROUTE && object->nexthop))
		return false;
	switch (object->kind) {
	case VNET_OBJECT_ROUTE:
		return object->type == RTN_UNICAST && !(object->flags & RTM_F_CLONED);
	case VNET_OBJECT_NEIGH:
		return object->type != RTN_MULTICAST && object->type != RTN_BROADCAST &&
		       object->to.ip.family;
	case VNET_OBJECT_ADDR:
	case VNET_OBJECT_NEXTHOP:
		break;
	}
	return true;
}

static int on_object(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_object object;
	int r = vn_object_read(head, &object);

	if (r < 0)
		return r;
	/* One that leads over both links comes with each of them. */
	if (is_wanted(&object, into->index) && !((object.several || object.nexthop) &&
						 vnet_object_find(into->snap, into->ns, &object)))
		r = vn_snapshot_add_object(into->snap, into->ns, &object);
	vnet_object_done(&object);
	return r;
}

static int dump(struct vn_sock *sock, uint16_t type, const void *info, size_t size, uint16_t attr,
		struct into *into)
{
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, NLM_F_DUMP, seq, info, size);
	if (attr)
		vn_attr_u32(&msg, attr, (uint32_t)into->index);
	(void)vn_msg_end(&msg);
	r = vn_sock_dump(sock, &msg, seq, on_object, into);
	/* No such table yet, or a kernel without nexthop objects or without IPv6. */
	return r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

static int dump_all(struct vn_sock *sock, struct into *into)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct nhmsg nexthop = { .nh_family = AF_UNSPEC };
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
		struct ifaddrmsg addr = { .ifa_family = families[i],
					  .ifa_index = (uint32_t)into->index };
		struct rtmsg route = { .rtm_family = families[i] };
		struct ndmsg neigh = { .ndm_family = families[i] };
		struct ndmsg proxy = { .ndm_family = families[i], .ndm_flags = NTF_PROXY };

		r = dump(sock, RTM_GETADDR, &addr, sizeof(addr), 0, into);
		if (r == 0)
			r = dump(sock, RTM_GETROUTE, &route, sizeof(route), RTA_OIF, into);
		if (r == 0)
			r = dump(sock, RTM_GETNEIGH, &neigh, sizeof(neigh), NDA_IFINDEX, into);
		if (r == 0)
			r = dump(sock, RTM_GETNEIGH, &proxy, sizeof(proxy), NDA_IFINDEX, into);
	}
	return r ? r : dump(sock, RTM_GETNEXTHOP, &nexthop, sizeof(nexthop), NHA_OIF, into);
}

int vn_read_objects(struct vn_sock *sock, enum vnet_ns_id ns, int32_t index,
		    struct vnet_snapshot *snap)
{
	struct into into = { .snap = snap, .ns = ns, .index = index };

	return dump_all(sock, &into);
}
