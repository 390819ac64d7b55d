/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/read_guests.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/attr.h"
#include "wire/read.h"

/* Room for one more element of @size in an array of @n, which doubles. */
static int grow(void **array, size_t n, size_t size)
{
	void *more;

	if (n & (n - 1)) /* has room until the next power of two */
		return 0;
	more = reallocarray(*array, n ? 2 * n : 1, size);
	if (!more)
		return -ENOMEM;
	*array = more;
	return 0;
}

struct into {
	struct vnet_guests *guests;
	int32_t index; /* of the bridge */
};

/* ---- ports ---- */

static void read_traffic(const struct nlattr *attr, struct vnet_traffic *ret)
{
	struct rtnl_link_stats64 stats = { 0 };
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	/* newer kernels have more of them, at the end */
	if (len)
		memcpy(&stats, mnl_attr_get_payload(attr),
		       len < sizeof(stats) ? len : sizeof(stats));
	*ret = (struct vnet_traffic){
		.rx_bytes = stats.rx_bytes,
		.tx_bytes = stats.tx_bytes,
		.rx_packets = stats.rx_packets,
		.tx_packets = stats.tx_packets,
		.rx_dropped = stats.rx_dropped,
		.tx_dropped = stats.tx_dropped,
	};
}

/* The kernel filters by master, which the attribute @master names. */
static int dump(struct vn_sock *sock, uint16_t type, const void *body, size_t len, uint16_t master,
		int (*fn)(const struct nlmsghdr *head, void *arg), struct into *into)
{
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, NLM_F_DUMP, seq, body, len);
	vn_attr_u32(&msg, master, (uint32_t)into->index);
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, fn, into);
}

static int on_link(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_guests *guests = into->guests;
	struct vnet_link link;
	struct vnet_guest guest = { .nsid = -1 };
	const struct nlattr *nsid;
	int r = vn_read_link(head, &link);

	if (r < 0 || link.master != into->index)
		return r;
	guest.index = link.index;
	nsid = vn_find_attr(head, sizeof(struct ifinfomsg), IFLA_LINK_NETNSID);
	if (nsid && mnl_attr_get_payload_len(nsid) == sizeof(guest.nsid))
		memcpy(&guest.nsid, mnl_attr_get_payload(nsid), sizeof(guest.nsid));
	read_traffic(vn_find_attr(head, sizeof(struct ifinfomsg), IFLA_STATS64), &guest.traffic);
	r = grow((void **)&guests->ports, guests->n_ports, sizeof(guest));
	if (r == 0)
		guests->ports[guests->n_ports++] = guest;
	return r;
}

int vn_read_ports(struct vn_sock *sock, int32_t index, struct vnet_guests *guests)
{
	struct into into = { guests, index };
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	return dump(sock, RTM_GETLINK, &info, sizeof(info), IFLA_MASTER, on_link, &into);
}

/* ---- stations ---- */

/* The bridge's own entries are permanent, those of a link's own list marked "self". */
static int on_neigh(const struct nlmsghdr *head, void *arg)
{
	struct into *into = arg;
	struct vnet_guests *guests = into->guests;
	const struct ndmsg *info = mnl_nlmsg_get_payload(head);
	struct vnet_station station = { 0 };
	const struct nlattr *mac;
	int r;

	if (head->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	mac = vn_find_attr(head, sizeof(*info), NDA_LLADDR);
	if (info->ndm_state & NUD_PERMANENT || info->ndm_flags & NTF_SELF ||
	    info->ndm_ifindex == into->index || !mac ||
	    mnl_attr_get_payload_len(mac) != sizeof(station.mac.bytes))
		return 0;
	station.index = info->ndm_ifindex;
	memcpy(station.mac.bytes, mnl_attr_get_payload(mac), sizeof(station.mac.bytes));
	r = grow((void **)&guests->stations, guests->n_stations, sizeof(station));
	if (r == 0)
		guests->stations[guests->n_stations++] = station;
	return r;
}

int vn_read_stations(struct vn_sock *sock, int32_t index, struct vnet_guests *guests)
{
	struct into into = { guests, index };
	const struct ndmsg info = { .ndm_family = AF_BRIDGE };

	return dump(sock, RTM_GETNEIGH, &info, sizeof(info), NDA_MASTER, on_neigh, &into);
}

/* ---- namespaces ---- */

static int on_nsid(const struct nlmsghdr *head, void *arg)
{
	int32_t *nsid = arg;
	const struct nlattr *attr;

	if (head->nlmsg_type != RTM_NEWNSID ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(struct rtgenmsg))
		return -EBADMSG;
	attr = vn_find_attr(head, sizeof(struct rtgenmsg), NETNSA_NSID);
	if (attr && mnl_attr_get_payload_len(attr) == sizeof(*nsid))
		memcpy(nsid, mnl_attr_get_payload(attr), sizeof(*nsid));
	return 0;
}

int vn_read_nsid(struct vn_sock *sock, int netns, int32_t *ret_nsid)
{
	struct rtgenmsg info = { .rtgen_family = AF_UNSPEC };
	uint32_t seq = vn_sock_seq(sock, 1);
	int32_t nsid = -1;
	uint8_t buf[64];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETNSID, NLM_F_ACK, seq, &info, sizeof(info));
	vn_attr_u32(&msg, NETNSA_FD, (uint32_t)netns);
	(void)vn_msg_end(&msg);
	r = vn_sock_dump(sock, &msg, seq, on_nsid, &nsid);
	if (r == 0)
		*ret_nsid = nsid;
	return r;
}
