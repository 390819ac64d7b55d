/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/attr.h"
#include "wire/object.h"

/* What the kernel's message of an object says of it. */

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
		if (vn_attr_type(attr) == IFA_LOCAL)
			ip_of(attr, info->ifa_family, &local);
		else if (vn_attr_type(attr) == IFA_ADDRESS)
			ip_of(attr, info->ifa_family, &address);
		else if (vn_attr_type(attr) == IFA_FLAGS)
			object->flags = vn_attr_number(attr);
		else if (vn_attr_type(attr) == IFA_RT_PRIORITY)
			object->metric = vn_attr_number(attr);
		else if (vn_attr_type(attr) == IFA_CACHEINFO &&
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
	/* To the nearest: it does not get less with each move. */
	return (uint32_t)((info->rta_expires + sysconf(_SC_CLK_TCK) / 2) / sysconf(_SC_CLK_TCK));
}

/* FNV-1a, as vn_hash(). */
static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

/* Links, weights and routers: not what has become of them. */
static uint64_t hash_hops(const struct nlattr *attr)
{
	const uint8_t *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	uint64_t hash = 0xcbf29ce484222325;
	struct rtnexthop hop;

	for (const uint8_t *next; (next = vn_hop_next(at, &left, &hop)); at = next) {
		hash = add_bytes(hash, &hop.rtnh_ifindex, sizeof(hop.rtnh_ifindex));
		hash = add_bytes(hash, &hop.rtnh_hops, sizeof(hop.rtnh_hops));
		hash = add_bytes(hash, at + sizeof(hop), hop.rtnh_len - sizeof(hop));
	}
	return hash;
}

static void read_hops(const struct nlattr *attr, struct vnet_object *object)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(struct rtnexthop))
		return;
	object->index = ((struct rtnexthop *)mnl_attr_get_payload(attr))->rtnh_ifindex;
	object->several = true;
	object->gateway = true;
	object->hops = hash_hops(attr);
}

/* What a nexthop object is made of is shown with the route over it. */
static void forget_hops(struct vnet_object *object)
{
	object->index = 0;
	object->gateway = false;
	object->several = false;
	object->hops = 0;
	object->via = (struct vnet_ip){ 0 };
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
		switch (vn_attr_type(attr)) {
		case RTA_OIF:
			object->index = (int32_t)vn_attr_number(attr);
			break;
		case RTA_TABLE:
			object->table = vn_attr_number(attr);
			break;
		case RTA_PRIORITY:
			object->metric = vn_attr_number(attr);
			break;
		case RTA_NH_ID:
			object->nexthop = vn_attr_number(attr);
			break;
		case RTA_DST:
			ip_of(attr, info->rtm_family, &object->to.ip);
			break;
		case RTA_PREFSRC:
			ip_of(attr, info->rtm_family, &object->source);
			break;
		case RTA_GATEWAY:
			ip_of(attr, info->rtm_family, &object->via);
			object->gateway = true;
			break;
		case RTA_MULTIPATH:
			read_hops(attr, object);
			break;
		case RTA_VIA:
			object->gateway = true;
			break;
		case RTA_EXPIRES:
			object->lifetime = vn_attr_number(attr);
			break;
		case RTA_CACHEINFO:
			object->lifetime = expiry(attr);
			break;
		default:
			break;
		}
	}
	if (object->nexthop)
		forget_hops(object);
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
		if (vn_attr_type(attr) == NDA_DST)
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
		if (vn_attr_type(attr) == NHA_OIF)
			object->index = (int32_t)vn_attr_number(attr);
		else if (vn_attr_type(attr) == NHA_ID)
			object->nexthop = vn_attr_number(attr);
		else if (vn_attr_type(attr) == NHA_GATEWAY)
			ip_of(attr, info->nh_family, &object->via);
	}
}

int vn_object_read(const struct nlmsghdr *head, struct vnet_object *ret_object)
{
	/* A notice of its end says the same: RTM_DELx is RTM_NEWx and one. */
	uint16_t type = head->nlmsg_type & (UINT16_MAX - 1);
	size_t size = header_size(type);
	struct vnet_object object = { 0 };

	if (!size || mnl_nlmsg_get_payload_len(head) < size)
		return -EBADMSG;
	switch (type) {
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
	((struct nlmsghdr *)object.message)->nlmsg_type = type;
	*ret_object = object;
	return 0;
}

static bool hops_use(const struct nlattr *attr, int32_t index)
{
	const uint8_t *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	struct rtnexthop hop;

	while ((at = vn_hop_next(at, &left, &hop))) {
		if (hop.rtnh_ifindex == index)
			return true;
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
		if (vn_attr_type(attr) == RTA_MULTIPATH && hops_use(attr, index))
			return true;
	}
	return false;
}

/* The router in the attributes behind the header of a hop. */
static void router_of(const uint8_t *at, const struct rtnexthop *hop, uint8_t family,
		      struct vnet_ip *ret_via)
{
	const struct nlattr *attr = (const struct nlattr *)(at + sizeof(*hop));
	int left = hop->rtnh_len - (int)sizeof(*hop);

	for (; mnl_attr_ok(attr, left);
	     left -= MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
		if (vn_attr_type(attr) == RTA_GATEWAY)
			ip_of(attr, family, ret_via);
	}
}

static bool hop_of(const struct vnet_object *object, const struct nlattr *attr, size_t i,
		   struct vnet_hop *ret_hop)
{
	const uint8_t *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	struct rtnexthop hop;

	for (const uint8_t *next; (next = vn_hop_next(at, &left, &hop)); at = next) {
		if (i-- > 0)
			continue;
		*ret_hop = (struct vnet_hop){ .index = hop.rtnh_ifindex,
					      .onlink = hop.rtnh_flags & RTNH_F_ONLINK };
		router_of(at, &hop, object->to.ip.family, &ret_hop->via);
		return true;
	}
	return false;
}

bool vnet_object_hop(const struct vnet_object *object, size_t i, struct vnet_hop *ret_hop)
{
	const struct nlattr *attr;

	if (!object->several && i > 0)
		return false;
	if (!object->several) {
		*ret_hop = (struct vnet_hop){ .index = object->index,
					      .via = object->via,
					      .onlink = object->flags & RTNH_F_ONLINK };
		return true;
	}
	VN_FOR_EACH_ATTR(attr, object->message, sizeof(struct rtmsg))
	{
		if (vn_attr_type(attr) == RTA_MULTIPATH)
			return hop_of(object, attr, i, ret_hop);
	}
	return false;
}
