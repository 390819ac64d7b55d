/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * What a dump says of an address or a route is, but for a few attributes, what a
 * request for it has to say. So a dumped message is copied attribute by attribute,
 * and only what names the link, and what the kernel does not take back, is changed:
 * attributes of kernels to come go along.
 */
#include "wire/object.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/icmpv6.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

enum {
	OBJECT_MAX = 65000, /* an attribute's length has 16 bits */
	ROOM = 64, /* attributes that an edit adds: flags, metric, expiry, and longer labels */
	METRIC_PREFIX = 256, /* of the route that the kernel makes with an IPv6 address */
	ADDR_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		     IFA_F_MCAUTOJOIN, /* those that a request may set */
};

/* ---- moving ---- */

static void copy(struct vn_msg *msg, const struct nlattr *attr)
{
	vn_attr(msg, attr->nla_type, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

static uint32_t edit_flags(uint32_t flags, const struct vnet_object_edit *edit)
{
	return (flags & ~edit->clear) | edit->set;
}

/* "eth0:sec" of eth0 becomes "br0:sec" of br0; a label of its own stays. */
static void put_label(struct vn_msg *msg, const struct nlattr *attr,
		      const struct vnet_object_edit *edit)
{
	size_t len = strlen(edit->from_name);
	char label[VNET_NAME_SIZE];
	char old[VNET_NAME_SIZE] = "";
	size_t n = mnl_attr_get_payload_len(attr);

	if (!n || n > sizeof(old))
		return;
	memcpy(old, mnl_attr_get_payload(attr), n - 1);
	if (strncmp(old, edit->from_name, len) != 0 || (old[len] && old[len] != ':'))
		copy(msg, attr);
	else if (snprintf(label, sizeof(label), "%s%s", edit->to_name, old + len) <
		 (int)sizeof(label))
		vn_attr_str(msg, IFA_LABEL, label);
}

/*
 * Of one that lasts for ever IPv4 does not show that it is not to be preferred: a flag does,
 * and so it stays whatever lifetime it gets.
 */
static void put_lifetime(struct vn_msg *msg, const struct nlattr *attr,
			 const struct vnet_object *object, const struct vnet_object_edit *edit)
{
	struct ifa_cacheinfo info = { 0 };

	if (mnl_attr_get_payload_len(attr) < sizeof(info))
		return;
	memcpy(&info, mnl_attr_get_payload(attr), sizeof(info));
	if (edit->has_lifetime)
		info.ifa_valid = info.ifa_prefered = edit->lifetime;
	if (object->flags & IFA_F_DEPRECATED)
		info.ifa_prefered = 0;
	vn_attr(msg, IFA_CACHEINFO, &info, sizeof(info));
}

static void move_addr(const struct vnet_object *object, const struct vnet_object_edit *edit,
		      struct vn_msg *msg)
{
	struct ifaddrmsg info = *(struct ifaddrmsg *)mnl_nlmsg_get_payload(object->message);
	uint32_t flags = edit_flags(object->flags & ADDR_FLAGS, edit);
	const struct nlattr *attr;

	info.ifa_index = (uint32_t)edit->to;
	info.ifa_flags = (uint8_t)flags;
	vn_msg_begin(msg, RTM_NEWADDR, 0, 0, &info, sizeof(info));
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(info))
	{
		switch (vn_attr_type(attr)) {
		case IFA_FLAGS:
			break;
		case IFA_RT_PRIORITY:
			if (!edit->has_metric)
				copy(msg, attr);
			break;
		case IFA_LABEL:
			put_label(msg, attr, edit);
			break;
		case IFA_CACHEINFO:
			put_lifetime(msg, attr, object, edit);
			break;
		default:
			copy(msg, attr);
			break;
		}
	}
	vn_attr_u32(msg, IFA_FLAGS, flags);
	if (edit->has_metric && edit->metric)
		vn_attr_u32(msg, IFA_RT_PRIORITY, edit->metric);
}

/* struct rtnexthop, one after the other: of each only the link and RTNH_F_ONLINK count. */
static void put_multipath(struct vn_msg *msg, const struct nlattr *attr,
			  const struct vnet_object_edit *edit)
{
	size_t size = mnl_attr_get_payload_len(attr);
	size_t left = size;
	uint8_t *hops = malloc(size);
	uint8_t *at = hops;
	struct rtnexthop hop;

	if (!hops) {
		msg->overflow = true;
		return;
	}
	memcpy(hops, mnl_attr_get_payload(attr), size);
	for (const uint8_t *next; (next = vn_hop_next(at, &left, &hop));
	     at = hops + (next - hops)) {
		hop.rtnh_flags &= RTNH_F_ONLINK;
		if (hop.rtnh_ifindex == edit->from) {
			hop.rtnh_ifindex = edit->to;
			if (hop.rtnh_len > sizeof(hop)) /* with a router */
				hop.rtnh_flags = (uint8_t)edit_flags(hop.rtnh_flags, edit);
		}
		memcpy(at, &hop, sizeof(hop));
	}
	vn_attr(msg, RTA_MULTIPATH, hops, size);
	free(hops);
}

/* A request that names the nexthop object says nothing of what that is made of. */
static bool is_of_nexthop(uint16_t type)
{
	return type == RTA_OIF || type == RTA_GATEWAY || type == RTA_VIA || type == RTA_MULTIPATH;
}

static void move_route(const struct vnet_object *object, const struct vnet_object_edit *edit,
		       struct vn_msg *msg)
{
	struct rtmsg info = *(struct rtmsg *)mnl_nlmsg_get_payload(object->message);
	const struct nlattr *attr;

	info.rtm_flags &= RTNH_F_ONLINK;
	if (object->via.family) /* on-link is what a router can be */
		info.rtm_flags = edit_flags(info.rtm_flags, edit);
	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(info))
	{
		uint32_t oif = vn_attr_number(attr);

		if (object->nexthop && is_of_nexthop(vn_attr_type(attr)))
			continue;
		switch (vn_attr_type(attr)) {
		case RTA_OIF:
			vn_attr_u32(msg, RTA_OIF,
				    (int32_t)oif == edit->from ? (uint32_t)edit->to : oif);
			break;
		case RTA_PRIORITY:
			if (!edit->has_metric)
				copy(msg, attr);
			break;
		case RTA_MULTIPATH:
			put_multipath(msg, attr, edit);
			break;
		case RTA_CACHEINFO: /* for reading only; what counts of it goes as RTA_EXPIRES */
			if (object->lifetime != UINT32_MAX)
				vn_attr_u32(msg, RTA_EXPIRES, object->lifetime);
			break;
		default:
			copy(msg, attr);
			break;
		}
	}
	if (edit->has_metric && edit->metric)
		vn_attr_u32(msg, RTA_PRIORITY, edit->metric);
}

static void move_neigh(const struct vnet_object *object, const struct vnet_object_edit *edit,
		       struct vn_msg *msg)
{
	struct ndmsg info = *(struct ndmsg *)mnl_nlmsg_get_payload(object->message);
	const struct nlattr *attr;

	info.ndm_ifindex = edit->to;
	if (edit->state)
		info.ndm_state = edit->state;
	else if (info.ndm_flags &
		 NTF_PROXY) /* shown as none; without it, it goes with the carrier */
		info.ndm_state = NUD_PERMANENT;
	vn_msg_begin(msg, RTM_NEWNEIGH, 0, 0, &info, sizeof(info));
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(info))
	{
		switch (vn_attr_type(attr)) {
		case NDA_DST:
		case NDA_LLADDR:
		case NDA_PROTOCOL:
		case NDA_FLAGS_EXT:
			copy(msg, attr);
			break;
		default:
			break;
		}
	}
}

static void move_nexthop(const struct vnet_object *object, const struct vnet_object_edit *edit,
			 struct vn_msg *msg)
{
	struct nhmsg info = *(struct nhmsg *)mnl_nlmsg_get_payload(object->message);
	const struct nlattr *attr;

	info.nh_flags = edit_flags(info.nh_flags & RTNH_F_ONLINK, edit);
	info.nh_scope = 0; /* refused in a request */
	info.resvd = 0;
	vn_msg_begin(msg, RTM_NEWNEXTHOP, 0, 0, &info, sizeof(info));
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(info))
	{
		switch (vn_attr_type(attr)) {
		case NHA_OIF:
			vn_attr_u32(msg, NHA_OIF, (uint32_t)edit->to);
			break;
		case NHA_ID:
		case NHA_GATEWAY:
		case NHA_ENCAP:
		case NHA_ENCAP_TYPE:
			copy(msg, attr);
			break;
		default:
			break;
		}
	}
}

int vnet_object_to_router(const struct vnet_ip *router, int32_t index,
			  struct vnet_object *ret_object)
{
	uint8_t size = router->family == AF_INET ? 4 : 16;
	struct rtmsg info = {
		.rtm_family = router->family,
		.rtm_dst_len = (unsigned char)(8 * size),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = router->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	uint8_t buf[128];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr(&msg, RTA_DST, router->bytes, size);
	vn_attr_u32(&msg, RTA_OIF, (uint32_t)index);
	vn_attr_u32(&msg, RTA_PRIORITY, 1);
	(void)vn_msg_end(&msg);
	return vn_object_read((const struct nlmsghdr *)buf, ret_object);
}

int vn_object_prefix_route(const struct vnet_object *addr, struct vnet_object *ret_route)
{
	const struct vnet_cidr to = vnet_cidr_network(&addr->to);
	struct rtmsg info = {
		.rtm_family = AF_INET6,
		.rtm_dst_len = to.prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_KERNEL,
		.rtm_type = RTN_UNICAST,
	};
	uint8_t buf[128];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr(&msg, RTA_DST, to.ip.bytes, sizeof(to.ip.bytes));
	vn_attr_u32(&msg, RTA_OIF, (uint32_t)addr->index);
	vn_attr_u32(&msg, RTA_PRIORITY, addr->metric ? addr->metric : METRIC_PREFIX);
	(void)vn_msg_end(&msg);
	return vn_object_read((const struct nlmsghdr *)buf, ret_route);
}

uint8_t vn_object_preference(const struct vnet_object *route)
{
	const struct nlattr *attr;

	VN_FOR_EACH_ATTR(attr, route->message, sizeof(struct rtmsg))
	{
		if (vn_attr_type(attr) == RTA_PREF && mnl_attr_get_payload_len(attr) >= 1)
			return mnl_attr_get_u8(attr);
	}
	return ICMPV6_ROUTER_PREF_MEDIUM;
}

int vnet_object_lent(const struct vnet_object *route, int32_t index, uint32_t metric,
		     struct vnet_object *ret_object)
{
	struct rtmsg info = {
		.rtm_family = AF_INET6,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	uint8_t buf[128];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr(&msg, RTA_GATEWAY, route->via.bytes, sizeof(route->via.bytes));
	vn_attr_u32(&msg, RTA_OIF, (uint32_t)index);
	vn_attr_u32(&msg, RTA_PRIORITY, metric);
	vn_attr_u32(&msg, RTA_EXPIRES, route->lifetime);
	vn_attr_u8(&msg, RTA_PREF, vn_object_preference(route));
	(void)vn_msg_end(&msg);
	return vn_object_read((const struct nlmsghdr *)buf, ret_object);
}

int vnet_object_move(const struct vnet_object *object, const struct vnet_object_edit *edit,
		     struct vnet_object *ret_object)
{
	size_t size = object->size + ROOM;
	uint8_t *buf;
	struct vn_msg msg;
	int r;

	if (size > OBJECT_MAX)
		return -EMSGSIZE;
	buf = malloc(size);
	if (!buf)
		return -ENOMEM;
	vn_msg_init(&msg, buf, size);
	switch (object->kind) {
	case VNET_OBJECT_ADDR:
		move_addr(object, edit, &msg);
		break;
	case VNET_OBJECT_ROUTE:
		move_route(object, edit, &msg);
		break;
	case VNET_OBJECT_NEIGH:
		move_neigh(object, edit, &msg);
		break;
	case VNET_OBJECT_NEXTHOP:
		move_nexthop(object, edit, &msg);
		break;
	}
	r = vn_msg_end(&msg);
	if (r == 0)
		r = vn_object_read((const struct nlmsghdr *)buf, ret_object);
	free(buf);
	return r;
}

/* ---- requests ---- */

static uint16_t request_flags(const struct vnet_object *object, enum vnet_object_how how)
{
	/* A neighbour that is there already, for ARP does not wait, is as good. */
	if (object->kind == VNET_OBJECT_NEIGH && how == VNET_OBJECT_NEW)
		how = VNET_OBJECT_REPLACE;
	switch (how) {
	case VNET_OBJECT_NEW:
		return NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	case VNET_OBJECT_PREPEND:
		return NLM_F_ACK | NLM_F_CREATE;
	case VNET_OBJECT_APPEND:
		return NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND;
	case VNET_OBJECT_REPLACE:
		break;
	}
	return NLM_F_ACK | NLM_F_REPLACE | (object->kind == VNET_OBJECT_ADDR ? 0 : NLM_F_CREATE);
}

int vn_object_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_object *object,
		      enum vnet_object_how how)
{
	const struct nlmsghdr *head = object->message;

	vn_msg_begin(msg, head->nlmsg_type, request_flags(object, how), seq,
		     mnl_nlmsg_get_payload(head), mnl_nlmsg_get_payload_len(head));
	return vn_msg_end(msg);
}

int vn_object_del_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_object *object)
{
	const struct nlmsghdr *head = object->message;
	const struct nlattr *attr;

	if (object->kind != VNET_OBJECT_ADDR) {
		/* RTM_DELx is RTM_NEWx and one: linux/rtnetlink.h */
		vn_msg_begin(msg, (uint16_t)(head->nlmsg_type + 1), NLM_F_ACK, seq,
			     mnl_nlmsg_get_payload(head), mnl_nlmsg_get_payload_len(head));
		return vn_msg_end(msg);
	}
	/* A label would have to be the very one. */
	vn_msg_begin(msg, RTM_DELADDR, NLM_F_ACK, seq, mnl_nlmsg_get_payload(head),
		     sizeof(struct ifaddrmsg));
	VN_FOR_EACH_ATTR(attr, head, sizeof(struct ifaddrmsg))
	{
		if (vn_attr_type(attr) == IFA_LOCAL || vn_attr_type(attr) == IFA_ADDRESS)
			copy(msg, attr);
	}
	return vn_msg_end(msg);
}
