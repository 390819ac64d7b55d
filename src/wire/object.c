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
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/attr.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

enum {
	OBJECT_MAX = 65000, /* an attribute's length has 16 bits */
	ROOM = 64, /* attributes that an edit adds: flags, metric, expiry, and longer labels */
	ADDR_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		     IFA_F_MCAUTOJOIN, /* those that a request may set */
};

/* ---- reading ---- */

static size_t header_size(uint16_t type)
{
	switch (type) {
	case RTM_NEWADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWROUTE:
		return sizeof(struct rtmsg);
	case RTM_NEWNEIGH:
		return sizeof(struct ndmsg);
	case RTM_NEWNEXTHOP:
		return sizeof(struct nhmsg);
	default:
		return 0;
	}
}

static uint16_t type_of(const struct nlattr *attr)
{
	return (uint16_t)mnl_attr_get_type(attr);
}

static uint32_t u32_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? mnl_attr_get_u32(attr) : 0;
}

static void ip_of(const struct nlattr *attr, uint8_t family, struct vnet_ip *ret_ip)
{
	size_t size = family == AF_INET ? 4 : 16;

	if (mnl_attr_get_payload_len(attr) != size)
		return;
	*ret_ip = (struct vnet_ip){ .family = family };
	memcpy(ret_ip->bytes, mnl_attr_get_payload(attr), size);
}

static void read_addr(const struct nlmsghdr *head, struct vnet_object *object)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(head);
	struct vnet_ip local = { 0 };
	struct vnet_ip address = { 0 };
	const struct nlattr *attr;

	object->kind = VNET_OBJECT_ADDR;
	object->index = (int32_t)info->ifa_index;
	object->flags = info->ifa_flags;
	object->lifetime = UINT32_MAX;
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		if (type_of(attr) == IFA_LOCAL)
			ip_of(attr, info->ifa_family, &local);
		else if (type_of(attr) == IFA_ADDRESS)
			ip_of(attr, info->ifa_family, &address);
		else if (type_of(attr) == IFA_FLAGS)
			object->flags = u32_of(attr);
		else if (type_of(attr) == IFA_RT_PRIORITY)
			object->metric = u32_of(attr);
		else if (type_of(attr) == IFA_CACHEINFO &&
			 mnl_attr_get_payload_len(attr) >= sizeof(struct ifa_cacheinfo))
			object->lifetime =
				((struct ifa_cacheinfo *)mnl_attr_get_payload(attr))->ifa_valid;
	}
	/* IPv6 without a peer has IFA_ADDRESS alone; with one, IFA_LOCAL is our end. */
	object->to.prefix = info->ifa_prefixlen;
	object->to.ip = local.family ? local : address;
	object->via = local.family ? address : local;
}

/* IPv6 counts in clock ticks. */
static uint32_t expiry(const struct nlattr *attr)
{
	const struct rta_cacheinfo *info = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) < sizeof(*info) || info->rta_expires <= 0)
		return UINT32_MAX;
	return (uint32_t)(info->rta_expires / sysconf(_SC_CLK_TCK));
}

static void read_route(const struct nlmsghdr *head, struct vnet_object *object)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attr;

	object->kind = VNET_OBJECT_ROUTE;
	object->type = info->rtm_type;
	object->protocol = info->rtm_protocol;
	object->flags = info->rtm_flags;
	object->table = info->rtm_table;
	object->lifetime = UINT32_MAX;
	object->to.ip.family = info->rtm_family;
	object->to.prefix = info->rtm_dst_len;
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		switch (type_of(attr)) {
		case RTA_OIF:
			object->index = (int32_t)u32_of(attr);
			break;
		case RTA_TABLE:
			object->table = u32_of(attr);
			break;
		case RTA_PRIORITY:
			object->metric = u32_of(attr);
			break;
		case RTA_NH_ID:
			object->nexthop = u32_of(attr);
			break;
		case RTA_DST:
			ip_of(attr, info->rtm_family, &object->to.ip);
			break;
		case RTA_GATEWAY:
			ip_of(attr, info->rtm_family, &object->via);
			object->gateway = true;
			break;
		case RTA_MULTIPATH:
			if (mnl_attr_get_payload_len(attr) < sizeof(struct rtnexthop))
				break;
			object->index =
				((struct rtnexthop *)mnl_attr_get_payload(attr))->rtnh_ifindex;
			object->several = true;
			object->gateway = true;
			break;
		case RTA_VIA:
			object->gateway = true;
			break;
		case RTA_EXPIRES:
			object->lifetime = u32_of(attr);
			break;
		case RTA_CACHEINFO:
			object->lifetime = expiry(attr);
			break;
		default:
			break;
		}
	}
	if (object->nexthop) /* what the nexthop object is made of is shown with the route */
		object->index = 0;
}

static void read_neigh(const struct nlmsghdr *head, struct vnet_object *object)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attr;

	object->kind = VNET_OBJECT_NEIGH;
	object->index = info->ndm_ifindex;
	object->flags = info->ndm_flags;
	object->state = info->ndm_state;
	object->type = info->ndm_type;
	object->lifetime = UINT32_MAX;
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		if (type_of(attr) == NDA_DST)
			ip_of(attr, info->ndm_family, &object->to.ip);
	}
}

static void read_nexthop(const struct nlmsghdr *head, struct vnet_object *object)
{
	const struct nhmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *attr;

	object->kind = VNET_OBJECT_NEXTHOP;
	object->flags = info->nh_flags;
	object->protocol = info->nh_protocol;
	object->lifetime = UINT32_MAX;
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		if (type_of(attr) == NHA_OIF)
			object->index = (int32_t)u32_of(attr);
		else if (type_of(attr) == NHA_ID)
			object->nexthop = u32_of(attr);
		else if (type_of(attr) == NHA_GATEWAY)
			ip_of(attr, info->nh_family, &object->via);
	}
}

int vn_object_read(const struct nlmsghdr *head, struct vnet_object *ret_object)
{
	size_t size = header_size(head->nlmsg_type);
	struct vnet_object object = { 0 };

	if (!size || mnl_nlmsg_get_payload_len(head) < size)
		return -EBADMSG;
	switch (head->nlmsg_type) {
	case RTM_NEWADDR:
		read_addr(head, &object);
		break;
	case RTM_NEWROUTE:
		read_route(head, &object);
		break;
	case RTM_NEWNEIGH:
		read_neigh(head, &object);
		break;
	default:
		read_nexthop(head, &object);
		break;
	}
	object.size = head->nlmsg_len;
	object.message = malloc(object.size);
	if (!object.message)
		return -ENOMEM;
	memcpy(object.message, head, object.size);
	*ret_object = object;
	return 0;
}

static bool hops_use(const struct nlattr *attr, int32_t index)
{
	const uint8_t *hops = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	struct rtnexthop hop;

	for (; left >= sizeof(hop); hops += RTNH_ALIGN(hop.rtnh_len)) {
		memcpy(&hop, hops, sizeof(hop));
		if (hop.rtnh_ifindex == index)
			return true;
		if (hop.rtnh_len < sizeof(hop) || (size_t)RTNH_ALIGN(hop.rtnh_len) > left)
			return false;
		left -= RTNH_ALIGN(hop.rtnh_len);
	}
	return false;
}

bool vnet_object_uses(const struct vnet_object *object, int32_t index)
{
	const struct nlattr *attr;

	if (!object->several)
		return object->index == index;
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(struct rtmsg))
	{
		if (type_of(attr) == RTA_MULTIPATH && hops_use(attr, index))
			return true;
	}
	return false;
}

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
		switch (type_of(attr)) {
		case IFA_FLAGS:
			break;
		case IFA_RT_PRIORITY:
			if (!edit->has_metric)
				copy(msg, attr);
			break;
		case IFA_LABEL:
			put_label(msg, attr, edit);
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
	size_t left = mnl_attr_get_payload_len(attr);
	uint8_t *hops = malloc(left);
	size_t at = 0;

	if (!hops) {
		msg->overflow = true;
		return;
	}
	memcpy(hops, mnl_attr_get_payload(attr), left);
	while (left - at >= sizeof(struct rtnexthop)) {
		struct rtnexthop hop;

		memcpy(&hop, hops + at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left - at)
			break;
		if (hop.rtnh_ifindex == edit->from)
			hop.rtnh_ifindex = edit->to;
		hop.rtnh_flags &= RTNH_F_ONLINK;
		hop.rtnh_flags = (uint8_t)edit_flags(hop.rtnh_flags, edit);
		memcpy(hops + at, &hop, sizeof(hop));
		at += RTNH_ALIGN(hop.rtnh_len);
		if (at > left)
			break;
	}
	vn_attr(msg, RTA_MULTIPATH, hops, left);
	free(hops);
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
		uint32_t oif = u32_of(attr);

		switch (type_of(attr)) {
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
		switch (type_of(attr)) {
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

	info.nh_flags &= RTNH_F_ONLINK;
	info.nh_scope = 0; /* refused in a request */
	info.resvd = 0;
	vn_msg_begin(msg, RTM_NEWNEXTHOP, 0, 0, &info, sizeof(info));
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(info))
	{
		switch (type_of(attr)) {
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
		if (type_of(attr) == IFA_LOCAL || type_of(attr) == IFA_ADDRESS)
			copy(msg, attr);
	}
	return vn_msg_end(msg);
}
