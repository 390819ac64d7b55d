/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/read.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "wire/attr.h"

enum {
	READ_ATTRS = 128,     /* more than any table below */
	READ_LIMIT_MS = 4000, /* of asking again */
};

/* Attributes by type; those of higher types are nobody's here. */
struct attrs {
	const struct nlattr *by[READ_ATTRS];
};

static int keep(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;

	if (mnl_attr_get_type(attr) < READ_ATTRS)
		attrs->by[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Of a message, behind its family's header of @offset bytes. */
static struct attrs attrs_of(const struct nlmsghdr *head, size_t offset)
{
	struct attrs attrs = { 0 };
	const struct nlattr *attr;

	VN_FOR_EACH_ATTR(attr, head, offset)
	{
		(void)keep(attr, &attrs);
	}
	return attrs;
}

static struct attrs nested(const struct nlattr *attr)
{
	struct attrs attrs = { 0 };

	if (attr)
		(void)mnl_attr_parse_nested(attr, keep, &attrs);
	return attrs;
}

/* A number of the very size, else @dflt. */
static uint32_t number(const struct nlattr *attr, uint32_t dflt)
{
	if (!attr)
		return dflt;
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	default:
		return dflt;
	}
}

/* A string that may lack its NUL or be longer than fits: then what fits. */
static void string(const struct nlattr *attr, char *to, size_t size)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

static void bytes(const struct nlattr *attr, void *to, size_t size)
{
	if (attr && mnl_attr_get_payload_len(attr) == size)
		memcpy(to, mnl_attr_get_payload(attr), size);
}

/* While another bridge is the root, its timers rule: br_become_root_bridge() of the kernel. */
static void read_root(const struct attrs *a, struct vnet_bridge_attrs *ret)
{
	struct ifla_bridge_id own = { 0 };
	struct ifla_bridge_id root = { 0 };

	bytes(a->by[IFLA_BR_BRIDGE_ID], &own, sizeof(own));
	bytes(a->by[IFLA_BR_ROOT_ID], &root, sizeof(root));
	if (!memcmp(&own, &root, sizeof(own)))
		return;
	ret->root_delay = ret->forward_delay;
	ret->root_priority = (uint16_t)(root.prio[0] << 8 | root.prio[1]);
	memcpy(ret->root.bytes, root.addr, sizeof(ret->root.bytes));
}

static void read_bridge(const struct nlattr *data, struct vnet_bridge_attrs *ret)
{
	struct attrs a = nested(data);

	*ret = (struct vnet_bridge_attrs){
		.stp = number(a.by[IFLA_BR_STP_STATE], 0) != 0, /* 2: by a program, all the same */
		.forward_delay = number(a.by[IFLA_BR_FORWARD_DELAY], 0),
		.ageing = number(a.by[IFLA_BR_AGEING_TIME], 0),
		.hello = number(a.by[IFLA_BR_HELLO_TIME], 0),
		.max_age = number(a.by[IFLA_BR_MAX_AGE], 0),
		.priority = number(a.by[IFLA_BR_PRIORITY], 0),
		.mcast_snooping = number(a.by[IFLA_BR_MCAST_SNOOPING], 0),
		.topology_change = number(a.by[IFLA_BR_TOPOLOGY_CHANGE], 0),
	};
	read_root(&a, ret);
}

static uint8_t first(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) ? *(const uint8_t *)mnl_attr_get_payload(attr) : 0;
}

static void read_info(const struct nlattr *attr, struct vnet_link *link)
{
	struct attrs info = nested(attr);
	char port[VNET_KIND_SIZE];

	string(info.by[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	string(info.by[IFLA_INFO_SLAVE_KIND], port, sizeof(port));
	if (!strcmp(link->kind, "bridge"))
		read_bridge(info.by[IFLA_INFO_DATA], &link->bridge);
	/* A VXLAN names what it is on in its own way, and older ones in no other. */
	if (!strcmp(link->kind, "vxlan")) {
		struct attrs a = nested(info.by[IFLA_INFO_DATA]);
		const struct nlattr *group = a.by[IFLA_VXLAN_GROUP];
		const struct nlattr *group6 = a.by[IFLA_VXLAN_GROUP6];

		link->peer = (int32_t)number(a.by[IFLA_VXLAN_LINK], 0);
		link->multicast = (group && (first(group) & 0xf0) == 0xe0) ||
				  (group6 && first(group6) == 0xff);
	}
	if (!strcmp(port, "bridge")) {
		struct attrs a = nested(info.by[IFLA_INFO_SLAVE_DATA]);

		link->port.state = (uint8_t)number(a.by[IFLA_BRPORT_STATE], 0);
		link->port.isolated = (uint8_t)number(a.by[IFLA_BRPORT_ISOLATED], 0);
	}
}

/* IFLA_INET6_CONF: the sysctls of the link as an array by DEVCONF_* of linux/ipv6.h. */
static void read_inet6(const struct nlattr *spec, struct vnet_link *link)
{
	struct attrs families = nested(spec);
	struct attrs inet6 = nested(families.by[AF_INET6]);
	const struct nlattr *conf = inet6.by[IFLA_INET6_CONF];

	link->addr_gen_mode = (uint8_t)number(inet6.by[IFLA_INET6_ADDR_GEN_MODE], 0);
	link->accept_ra = -1;
	link->autoconf = -1;
	if (conf && mnl_attr_get_payload_len(conf) > DEVCONF_AUTOCONF * sizeof(int32_t)) {
		const int32_t *values = mnl_attr_get_payload(conf);

		link->accept_ra = values[DEVCONF_ACCEPT_RA];
		link->autoconf = values[DEVCONF_AUTOCONF];
	}
}

int vn_read_link(const struct nlmsghdr *head, struct vnet_link *ret_link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(head);
	struct vnet_link link = { 0 };
	struct attrs a;
	struct attrs props;
	struct attrs xdp;

	if (head->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	a = attrs_of(head, sizeof(*info));
	link.index = info->ifi_index;
	link.flags = info->ifi_flags;
	string(a.by[IFLA_IFNAME], link.name, sizeof(link.name));
	string(a.by[IFLA_IFALIAS], link.alias, sizeof(link.alias));
	bytes(a.by[IFLA_ADDRESS], link.mac.bytes, sizeof(link.mac.bytes));
	link.master = (int32_t)number(a.by[IFLA_MASTER], 0);
	link.peer = (int32_t)number(a.by[IFLA_LINK], 0);
	link.mtu = number(a.by[IFLA_MTU], 0);
	link.group = number(a.by[IFLA_GROUP], 0);
	link.tx_queues = number(a.by[IFLA_NUM_TX_QUEUES], 1);
	link.rx_queues = number(a.by[IFLA_NUM_RX_QUEUES], 1);
	link.carrier = (uint8_t)number(a.by[IFLA_CARRIER], 0);
	link.raw = info->ifi_type != ARPHRD_ETHER;
	xdp = nested(a.by[IFLA_XDP]);
	link.xdp = number(xdp.by[IFLA_XDP_ATTACHED], XDP_ATTACHED_NONE) != XDP_ATTACHED_NONE;
	props = nested(a.by[IFLA_PROP_LIST]);
	string(props.by[IFLA_ALT_IFNAME], link.altname, sizeof(link.altname));
	read_info(a.by[IFLA_LINKINFO], &link);
	read_inet6(a.by[IFLA_AF_SPEC], &link);
	*ret_link = link;
	return 0;
}

static void read_ip(const struct nlattr *attr, uint8_t family, struct vnet_ip *ret)
{
	size_t size = family == AF_INET ? 4 : 16;

	if (!attr || mnl_attr_get_payload_len(attr) != size)
		return;
	ret->family = family;
	memcpy(ret->bytes, mnl_attr_get_payload(attr), size);
}

int vn_read_addr(const struct nlmsghdr *head, struct vnet_ifaddr *ret_addr)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(head);
	struct vnet_ifaddr addr = { 0 };
	struct attrs a;

	if (head->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(head) < sizeof(*info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return -EBADMSG;
	a = attrs_of(head, sizeof(*info));
	addr.index = (int32_t)info->ifa_index;
	addr.flags = number(a.by[IFA_FLAGS], info->ifa_flags);
	addr.addr.prefix = info->ifa_prefixlen;
	/* With a peer, IFA_LOCAL is our end; IPv6 without one has IFA_ADDRESS alone. */
	read_ip(a.by[IFA_LOCAL] ? a.by[IFA_LOCAL] : a.by[IFA_ADDRESS], info->ifa_family,
		&addr.addr.ip);
	*ret_addr = addr;
	return 0;
}

int vn_read_route(const struct nlmsghdr *head, struct vnet_route *ret_route)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(head);
	struct vnet_route route = { 0 };
	struct attrs a;

	if (head->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(head) < sizeof(*info) ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return -EBADMSG;
	a = attrs_of(head, sizeof(*info));
	route.index = (int32_t)number(a.by[RTA_OIF], 0);
	route.table = number(a.by[RTA_TABLE], info->rtm_table);
	route.metric = number(a.by[RTA_PRIORITY], 0);
	route.to.prefix = info->rtm_dst_len;
	route.to.ip.family = info->rtm_family;
	read_ip(a.by[RTA_DST], info->rtm_family, &route.to.ip);
	read_ip(a.by[RTA_GATEWAY], info->rtm_family, &route.via);
	*ret_route = route;
	return 0;
}

/* ---- dumps ---- */

struct into {
	struct vnet_snapshot *snap;
	enum vnet_ns_id ns;
	const char *name; /* of the network, or NULL */
};

/* One of several other names: that of the network, which can't be made then; else the first. */
struct altname {
	const char *wanted;
	char *to;
};

static int on_altname(const struct nlattr *attr, void *data)
{
	const struct altname *altname = data;
	char name[VNET_ALIAS_SIZE];

	if (mnl_attr_get_type(attr) != IFLA_ALT_IFNAME)
		return MNL_CB_OK;
	string(attr, name, sizeof(name));
	if (!*altname->to || (altname->wanted && !strcmp(name, altname->wanted)))
		memcpy(altname->to, name, sizeof(name));
	return MNL_CB_OK;
}

static void pick_altname(const struct nlmsghdr *head, const char *wanted, struct vnet_link *link)
{
	struct altname altname = { wanted, link->altname };
	struct attrs a = attrs_of(head, sizeof(struct ifinfomsg));

	link->altname[0] = '\0';
	if (a.by[IFLA_PROP_LIST])
		(void)mnl_attr_parse_nested(a.by[IFLA_PROP_LIST], on_altname, &altname);
}

static int on_link(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_link link;
	int r = vn_read_link(head, &link);

	if (r == 0 && link.altname[0])
		pick_altname(head, into->name, &link);
	return r < 0 ? r : vn_snapshot_add_link(into->snap, into->ns, &link);
}

static int on_addr(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_ifaddr addr;
	int r = vn_read_addr(head, &addr);

	return r < 0 ? r : vn_snapshot_add_addr(into->snap, into->ns, &addr);
}

static int on_route(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_route route;
	int r = vn_read_route(head, &route);

	if (r < 0 || route.to.prefix)
		return r;
	return vn_snapshot_add_route(into->snap, into->ns, &route);
}

static int dump_links(struct vn_sock *sock, struct into *into)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETLINK, NLM_F_DUMP, seq, &info, sizeof(info));
	vn_attr_u32(&msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, on_link, into);
}

static int dump_addrs(struct vn_sock *sock, struct into *into)
{
	struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETADDR, NLM_F_DUMP, seq, &info, sizeof(info));
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, on_addr, into);
}

/* The kernel filters by device and table: a full routing table is never read. */
static int dump_routes(struct vn_sock *sock, struct into *into, const char *link)
{
	const struct vnet_link *found = vnet_link_by_name(into->snap, into->ns, link);
	struct rtmsg info = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN };
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;
	int r;

	if (!found)
		return 0;
	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETROUTE, NLM_F_DUMP, seq, &info, sizeof(info));
	vn_attr_u32(&msg, RTA_OIF, (uint32_t)found->index);
	(void)vn_msg_end(&msg);
	r = vn_sock_dump(sock, &msg, seq, on_route, into);
	return r == -ENOENT ? 0 : r; /* no such table: none yet */
}

static void name_masters(struct vnet_ns *in, const struct vnet_snapshot *snap, enum vnet_ns_id ns)
{
	for (size_t i = 0; i < in->n_links; i++) {
		struct vnet_link *link = &in->links[i];
		const struct vnet_link *master =
			link->master ? vnet_link_by_index(snap, ns, link->master) : NULL;

		if (master)
			memcpy(link->master_name, master->name, sizeof(link->master_name));
	}
}

int vn_read_ns(struct vn_sock *sock, enum vnet_ns_id ns, const char *routes_of,
	       struct vnet_snapshot *snap)
{
	struct into into = { .snap = snap, .ns = ns, .name = routes_of };
	int64_t end = vn_clock_ms() + READ_LIMIT_MS;
	int r;

	do {
		vn_snapshot_clear_ns(snap, ns);
		r = dump_links(sock, &into);
		if (r == 0)
			r = dump_addrs(sock, &into);
		if (r == 0 && routes_of && *routes_of)
			r = dump_routes(sock, &into, routes_of);
	} while (r == -EINTR && vn_clock_ms() < end);
	if (r == 0) {
		snap->ns[ns].exists = true;
		name_masters(&snap->ns[ns], snap, ns);
	}
	return r == -EINTR ? -EBUSY : r;
}
