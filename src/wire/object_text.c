/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/object.h"

/*
 * Objects as the words of iproute2. Attributes that its older versions have no word for
 * are left out: the message itself has them.
 */

static const char *family_of(const struct vnet_object *object)
{
	return object->to.ip.family == AF_INET6 ? "-6 " : "";
}

static void put_to(const struct vnet_object *object, struct vn_text *text)
{
	char cidr[VNET_CIDR_TEXT];

	vn_text_add(text, "%s", object->to.prefix ? vnet_cidr_text(&object->to, cidr) : "default");
}

void vn_object_name(const struct vnet_object *object, struct vn_text *text)
{
	char cidr[VNET_CIDR_TEXT];
	char ip[VNET_IP_TEXT];

	switch (object->kind) {
	case VNET_OBJECT_ADDR:
		vn_text_add(text, "address %s", vnet_cidr_text(&object->to, cidr));
		break;
	case VNET_OBJECT_ROUTE:
		vn_text_add(text, "route ");
		put_to(object, text);
		if (object->via.family)
			vn_text_add(text, " via %s", vnet_ip_text(&object->via, ip));
		if (object->table != RT_TABLE_MAIN)
			vn_text_add(text, " table %" PRIu32, object->table);
		break;
	case VNET_OBJECT_NEIGH:
		vn_text_add(text, "neighbour %s", vnet_ip_text(&object->to.ip, ip));
		break;
	case VNET_OBJECT_NEXTHOP:
		vn_text_add(text, "nexthop %" PRIu32, object->nexthop);
		break;
	}
}

static const struct nlattr *find(const struct vnet_object *object, size_t header, uint16_t type)
{
	const struct nlattr *attr;

	VN_FOR_EACH_ATTR(attr, object->message, header)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static void put_ip(const struct vnet_object *object, size_t header, uint16_t type, const char *word,
		   struct vn_text *text)
{
	const struct nlattr *attr = find(object, header, type);
	struct vnet_ip ip = { .family = object->to.ip.family };
	char buf[VNET_IP_TEXT];

	if (!attr || mnl_attr_get_payload_len(attr) > sizeof(ip.bytes))
		return;
	memcpy(ip.bytes, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	vn_text_add(text, " %s %s", word, vnet_ip_text(&ip, buf));
}

static void put_number(const struct vnet_object *object, size_t header, uint16_t type,
		       const char *word, struct vn_text *text)
{
	const struct nlattr *attr = find(object, header, type);

	if (attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
		vn_text_add(text, " %s %" PRIu32, word, mnl_attr_get_u32(attr));
}

/* ---- addresses ---- */

static void put_lifetime(const struct vnet_object *object, struct vn_text *text)
{
	const struct nlattr *attr = find(object, sizeof(struct ifaddrmsg), IFA_CACHEINFO);
	const struct ifa_cacheinfo *info = attr ? mnl_attr_get_payload(attr) : NULL;

	if (!info || mnl_attr_get_payload_len(attr) < sizeof(*info) ||
	    object->lifetime == UINT32_MAX)
		return;
	vn_text_add(text, " valid_lft %" PRIu32 " preferred_lft ", info->ifa_valid);
	if (info->ifa_prefered == UINT32_MAX)
		vn_text_add(text, "forever");
	else
		vn_text_add(text, "%" PRIu32, info->ifa_prefered);
}

static void put_addr_words(const struct vnet_object *object, struct vn_text *text)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} flags[] = {
		{ IFA_F_NODAD, "nodad" },
		{ IFA_F_HOMEADDRESS, "home" },
		{ IFA_F_MANAGETEMPADDR, "mngtmpaddr" },
		{ IFA_F_NOPREFIXROUTE, "noprefixroute" },
		{ IFA_F_MCAUTOJOIN, "autojoin" },
	};
	const size_t header = sizeof(struct ifaddrmsg);
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(object->message);
	const struct nlattr *label = find(object, header, IFA_LABEL);

	put_ip(object, header, IFA_BROADCAST, "broadcast", text);
	if (label && mnl_attr_get_payload_len(label) <= VNET_NAME_SIZE)
		vn_text_add(text, " label '%.*s'", (int)mnl_attr_get_payload_len(label) - 1,
			    (const char *)mnl_attr_get_payload(label));
	if (info->ifa_scope != RT_SCOPE_UNIVERSE && object->to.ip.family == AF_INET)
		vn_text_add(text, " scope %u", info->ifa_scope);
	put_number(object, header, IFA_RT_PRIORITY, "metric", text);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (object->flags & flags[i].flag)
			vn_text_add(text, " %s", flags[i].word);
	}
	put_lifetime(object, text);
}

static void shell_addr(const struct vnet_object *object, const char *verb, const char *link,
		       struct vn_text *text)
{
	char cidr[VNET_CIDR_TEXT];
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "ip addr %s ", verb);
	if (object->via.family && !vnet_ip_equal(&object->via, &object->to.ip)) {
		struct vnet_cidr peer = { .ip = object->via, .prefix = object->to.prefix };

		vn_text_add(text, "%s peer %s", vnet_ip_text(&object->to.ip, ip),
			    vnet_cidr_text(&peer, cidr));
	} else {
		vn_text_add(text, "%s", vnet_cidr_text(&object->to, cidr));
	}
	vn_text_add(text, " dev %s", link);
	if (strcmp(verb, "del") != 0)
		put_addr_words(object, text);
	vn_text_add(text, "\n");
}

/* ---- routes ---- */

static void put_metrics(const struct vnet_object *object, struct vn_text *text)
{
	static const struct {
		uint16_t type;
		const char *word;
	} words[] = {
		{ RTAX_MTU, "mtu" },	       { RTAX_ADVMSS, "advmss" },
		{ RTAX_WINDOW, "window" },     { RTAX_INITCWND, "initcwnd" },
		{ RTAX_HOPLIMIT, "hoplimit" },
	};
	const struct nlattr *nest = find(object, sizeof(struct rtmsg), RTA_METRICS);
	const struct nlattr *attr;

	if (!nest)
		return;
	VN_FOR_EACH_NESTED(attr, nest)
	{
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (mnl_attr_get_type(attr) == words[i].type &&
			    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				vn_text_add(text, " %s %" PRIu32, words[i].word,
					    mnl_attr_get_u32(attr));
		}
	}
}

/* Where from and where to: linux/rtnetlink.h has both in one number. */
static void put_realms(const struct vnet_object *object, struct vn_text *text)
{
	const struct nlattr *attr = find(object, sizeof(struct rtmsg), RTA_FLOW);

	if (attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
		vn_text_add(text, " realms %" PRIu32 "/%" PRIu32, mnl_attr_get_u32(attr) >> 16,
			    mnl_attr_get_u32(attr) & 0xffff);
}

static void put_hop_gateway(const struct rtnexthop *hop, uint8_t family, struct vn_text *text)
{
	const struct nlattr *attr = (const struct nlattr *)(hop + 1);
	int left = hop->rtnh_len - (int)sizeof(*hop);
	struct vnet_ip ip = { .family = family };
	char buf[VNET_IP_TEXT];

	for (; mnl_attr_ok(attr, left);
	     left -= MNL_ALIGN(attr->nla_len), attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) != RTA_GATEWAY ||
		    mnl_attr_get_payload_len(attr) > sizeof(ip.bytes))
			continue;
		memcpy(ip.bytes, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		vn_text_add(text, " via %s", vnet_ip_text(&ip, buf));
	}
}

/* One that is not there yet is @link: the plan makes it. */
static void put_hops(const struct vnet_object *object, const char *link, struct vn_text *text)
{
	const struct nlattr *attr = find(object, sizeof(struct rtmsg), RTA_MULTIPATH);
	size_t left = attr ? mnl_attr_get_payload_len(attr) : 0;
	const uint8_t *at = attr ? mnl_attr_get_payload(attr) : NULL;

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const struct rtnexthop *)at;
		char name[IF_NAMESIZE];

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return;
		vn_text_add(text, " nexthop");
		put_hop_gateway(hop, object->to.ip.family, text);
		vn_text_add(text, " dev %s weight %d",
			    if_indextoname((unsigned int)hop->rtnh_ifindex, name) ? name : link,
			    hop->rtnh_hops + 1);
		if (hop->rtnh_flags & RTNH_F_ONLINK)
			vn_text_add(text, " onlink");
		if ((size_t)RTNH_ALIGN(hop->rtnh_len) >= left)
			return;
		at += RTNH_ALIGN(hop->rtnh_len);
		left -= RTNH_ALIGN(hop->rtnh_len);
	}
}

static void shell_route(const struct vnet_object *object, const char *verb, const char *link,
			struct vn_text *text)
{
	const size_t header = sizeof(struct rtmsg);
	const struct rtmsg *info = mnl_nlmsg_get_payload(object->message);
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "ip %sroute %s ", family_of(object), verb);
	put_to(object, text);
	if (object->via.family)
		vn_text_add(text, " via %s", vnet_ip_text(&object->via, ip));
	if (object->index && !object->several)
		vn_text_add(text, " dev %s", link);
	vn_text_add(text, " table %" PRIu32 " proto %u", object->table, object->protocol);
	if (object->to.ip.family == AF_INET)
		vn_text_add(text, " scope %u", info->rtm_scope);
	put_number(object, header, RTA_PRIORITY, "metric", text);
	put_ip(object, header, RTA_PREFSRC, "src", text);
	if (object->nexthop)
		vn_text_add(text, " nhid %" PRIu32, object->nexthop);
	if (info->rtm_tos)
		vn_text_add(text, " tos %u", info->rtm_tos);
	put_realms(object, text);
	put_metrics(object, text);
	if (object->flags & RTNH_F_ONLINK)
		vn_text_add(text, " onlink");
	put_number(object, header, RTA_EXPIRES, "expires", text);
	put_hops(object, link, text);
	vn_text_add(text, "\n");
}

/* ---- neighbours, nexthops ---- */

static void shell_neigh(const struct vnet_object *object, const char *verb, const char *link,
			struct vn_text *text)
{
	const struct nlattr *attr = find(object, sizeof(struct ndmsg), NDA_LLADDR);
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "ip neigh %s%s %s dev %s", verb,
		    object->flags & NTF_PROXY ? " proxy" : "", vnet_ip_text(&object->to.ip, ip),
		    link);
	if (attr && mnl_attr_get_payload_len(attr) == 6 && strcmp(verb, "del") != 0) {
		struct vnet_mac mac;
		char buf[VNET_MAC_TEXT];

		memcpy(mac.bytes, mnl_attr_get_payload(attr), sizeof(mac.bytes));
		vn_text_add(text, " lladdr %s nud %s", vnet_mac_text(&mac, buf),
			    object->state & NUD_PERMANENT ? "permanent" :
			    object->state & NUD_NOARP	  ? "noarp" :
							    "stale");
		if (object->flags & NTF_ROUTER)
			vn_text_add(text, " router");
	}
	vn_text_add(text, "\n");
}

static void shell_nexthop(const struct vnet_object *object, const char *verb, const char *link,
			  struct vn_text *text)
{
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "ip nexthop %s id %" PRIu32, verb, object->nexthop);
	if (strcmp(verb, "del") != 0) {
		if (object->via.family)
			vn_text_add(text, " via %s", vnet_ip_text(&object->via, ip));
		vn_text_add(text, " dev %s", link);
		if (object->flags & RTNH_F_ONLINK)
			vn_text_add(text, " onlink");
	}
	vn_text_add(text, "\n");
}

void vn_object_shell(const struct vnet_object *object, const char *verb, const char *link,
		     struct vn_text *text)
{
	switch (object->kind) {
	case VNET_OBJECT_ADDR:
		shell_addr(object, verb, link, text);
		break;
	case VNET_OBJECT_ROUTE:
		shell_route(object, verb, link, text);
		break;
	case VNET_OBJECT_NEIGH:
		shell_neigh(object, verb, link, text);
		break;
	case VNET_OBJECT_NEXTHOP:
		shell_nexthop(object, verb, link, text);
		break;
	}
}
