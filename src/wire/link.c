/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

enum {
	NEW = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
};

static void put_bridge_attrs(struct vn_msg *msg, const struct vnet_bridge_attrs *b, uint32_t set)
{
	size_t info = vn_nest(msg, IFLA_LINKINFO);
	size_t data;

	vn_attr_str(msg, IFLA_INFO_KIND, "bridge");
	data = vn_nest(msg, IFLA_INFO_DATA);
	/* The kernel applies them in this order: with STP on it would refuse a short delay. */
	if (set & VNET_LINK_FORWARD_DELAY)
		vn_attr_u32(msg, IFLA_BR_FORWARD_DELAY, b->forward_delay);
	if (set & VNET_LINK_HELLO)
		vn_attr_u32(msg, IFLA_BR_HELLO_TIME, b->hello);
	if (set & VNET_LINK_MAX_AGE)
		vn_attr_u32(msg, IFLA_BR_MAX_AGE, b->max_age);
	if (set & VNET_LINK_AGEING)
		vn_attr_u32(msg, IFLA_BR_AGEING_TIME, b->ageing);
	if (set & VNET_LINK_STP)
		vn_attr_u32(msg, IFLA_BR_STP_STATE, b->stp);
	if (set & VNET_LINK_PRIORITY)
		vn_attr_u16(msg, IFLA_BR_PRIORITY, (uint16_t)b->priority);
	if (set & VNET_LINK_MCAST_SNOOPING)
		vn_attr_u8(msg, IFLA_BR_MCAST_SNOOPING, (uint8_t)b->mcast_snooping);
	vn_nest_end(msg, data);
	vn_nest_end(msg, info);
}

static void put_port_attrs(struct vn_msg *msg, const struct vnet_port_attrs *port)
{
	size_t info = vn_nest(msg, IFLA_LINKINFO);
	size_t data;

	vn_attr_str(msg, IFLA_INFO_SLAVE_KIND, "bridge");
	data = vn_nest(msg, IFLA_INFO_SLAVE_DATA);
	vn_attr_u8(msg, IFLA_BRPORT_ISOLATED, port->isolated);
	vn_nest_end(msg, data);
	vn_nest_end(msg, info);
}

/* What both ends of a veth pair have in common. */
static void put_end(struct vn_msg *msg, const char *name, const struct vnet_mac *mac,
		    uint32_t group, uint32_t mtu)
{
	vn_attr_str(msg, IFLA_IFNAME, name);
	vn_attr(msg, IFLA_ADDRESS, mac->bytes, sizeof(mac->bytes));
	vn_attr_u32(msg, IFLA_GROUP, group);
	vn_attr_u32(msg, IFLA_MTU, mtu);
	/* One queue: created in two thirds of the time, and one is what the server needs. */
	vn_attr_u32(msg, IFLA_NUM_TX_QUEUES, 1);
	vn_attr_u32(msg, IFLA_NUM_RX_QUEUES, 1);
}

static void put_veth(struct vn_msg *msg, const struct vnet_link *link, const struct vnet_peer *peer,
		     int peer_ns)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = peer->index };
	size_t info;
	size_t data;
	size_t end;

	put_end(msg, link->name, &link->mac, link->group, link->mtu);
	if (link->master)
		vn_attr_u32(msg, IFLA_MASTER, (uint32_t)link->master);
	info = vn_nest(msg, IFLA_LINKINFO);
	vn_attr_str(msg, IFLA_INFO_KIND, "veth");
	data = vn_nest(msg, IFLA_INFO_DATA);
	end = vn_nest(msg, VETH_INFO_PEER);
	vn_msg_raw(msg, &head, sizeof(head));
	put_end(msg, peer->name, &peer->mac, peer->group, link->mtu);
	vn_attr_u32(msg, IFLA_NET_NS_FD, (uint32_t)peer_ns);
	vn_nest_end(msg, end);
	vn_nest_end(msg, data);
	vn_nest_end(msg, info);
}

int vn_link_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_link *link,
		    const struct vnet_peer *peer, int peer_ns)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = link->index };

	vn_msg_begin(msg, RTM_NEWLINK, NEW, seq, &head, sizeof(head));
	if (!strcmp(link->kind, "veth")) {
		put_veth(msg, link, peer, peer_ns);
	} else {
		vn_attr_str(msg, IFLA_IFNAME, link->name);
		vn_attr(msg, IFLA_ADDRESS, link->mac.bytes, sizeof(link->mac.bytes));
		vn_attr_u32(msg, IFLA_GROUP, link->group);
		put_bridge_attrs(msg, &link->bridge, VNET_LINK_BRIDGE_ATTRS);
	}
	return vn_msg_end(msg);
}

static void put_addr_gen_mode(struct vn_msg *msg, uint8_t mode)
{
	size_t spec = vn_nest(msg, IFLA_AF_SPEC);
	size_t inet6 = vn_nest(msg, AF_INET6);

	vn_attr_u8(msg, IFLA_INET6_ADDR_GEN_MODE, mode);
	vn_nest_end(msg, inet6);
	vn_nest_end(msg, spec);
}

int vn_link_set_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_link *link, uint32_t set)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = link->index };

	if (set & VNET_LINK_UP) {
		head.ifi_change = IFF_UP;
		head.ifi_flags = link->flags & IFF_UP;
	}
	vn_msg_begin(msg, RTM_NEWLINK, NLM_F_ACK, seq, &head, sizeof(head));
	if (set & VNET_LINK_MASTER)
		vn_attr_u32(msg, IFLA_MASTER, (uint32_t)link->master);
	if (set & VNET_LINK_MTU)
		vn_attr_u32(msg, IFLA_MTU, link->mtu);
	if (set & VNET_LINK_MAC)
		vn_attr(msg, IFLA_ADDRESS, link->mac.bytes, sizeof(link->mac.bytes));
	if (set & VNET_LINK_GROUP)
		vn_attr_u32(msg, IFLA_GROUP, link->group);
	if (set & VNET_LINK_ALIAS) /* an empty one takes the alias away */
		vn_attr(msg, IFLA_IFALIAS, link->alias, strlen(link->alias));
	if (set & VNET_LINK_ADDR_GEN_MODE)
		put_addr_gen_mode(msg, link->addr_gen_mode);
	if (set & VNET_LINK_BRIDGE_ATTRS)
		put_bridge_attrs(msg, &link->bridge, set);
	else if (set & VNET_LINK_ISOLATED)
		put_port_attrs(msg, &link->port);
	return vn_msg_end(msg);
}

int vn_link_del_msg(struct vn_msg *msg, uint32_t seq, int32_t index)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	vn_msg_begin(msg, RTM_DELLINK, NLM_F_ACK, seq, &head, sizeof(head));
	return vn_msg_end(msg);
}

int vn_altname_add_msg(struct vn_msg *msg, uint32_t seq, int32_t index, const char *name)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	size_t list;

	vn_msg_begin(msg, RTM_NEWLINKPROP, NEW | NLM_F_APPEND, seq, &head, sizeof(head));
	list = vn_nest(msg, IFLA_PROP_LIST);
	vn_attr_str(msg, IFLA_ALT_IFNAME, name);
	vn_nest_end(msg, list);
	return vn_msg_end(msg);
}
