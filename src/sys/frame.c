/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/frame.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* A solicitation or an advertisement, with the option that names a MAC. */
struct message {
	struct ip6_hdr ip;
	struct icmp6_hdr icmp;
	struct in6_addr target;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
};

struct router_solicitation {
	struct ip6_hdr ip;
	struct nd_router_solicit icmp;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
};

static_assert(sizeof(struct router_solicitation) == 56, "there is no padding");
static_assert(sizeof(struct message) == VN_FRAME_DATA, "there is no padding");
static_assert(sizeof(struct ether_arp) <= VN_FRAME_DATA, "one of ARP fits in");

struct vn_frame vn_frame_arp(const struct vnet_mac *mac, const struct vnet_ip *source,
			     const struct vnet_ip *target)
{
	struct vn_frame frame = { .protocol = ETH_P_ARP, .size = sizeof(struct ether_arp) };
	struct ether_arp arp = {
		.ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
			    .ar_pro = htons(ETH_P_IP),
			    .ar_hln = ETH_ALEN,
			    .ar_pln = sizeof(arp.arp_tpa),
			    .ar_op = htons(ARPOP_REQUEST) },
	};

	memcpy(arp.arp_sha, mac->bytes, sizeof(arp.arp_sha));
	memcpy(arp.arp_spa, source->bytes, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, target->bytes, sizeof(arp.arp_tpa));
	memset(frame.to, 0xff, sizeof(frame.to));
	memcpy(frame.data, &arp, sizeof(arp));
	return frame;
}

/* RFC 1071, over the pseudo header of RFC 8200, section 8.1, and the message. */
static uint16_t checksum(const void *message, size_t size)
{
	const uint8_t *bytes = message;
	uint32_t sum = (uint32_t)(IPPROTO_ICMPV6 + size - sizeof(struct ip6_hdr));

	for (size_t i = offsetof(struct ip6_hdr, ip6_src); i < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static struct ip6_hdr header_of(const struct vnet_ip *source, const uint8_t to[16], size_t size)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons((uint16_t)(size - sizeof(ip))),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = VN_FRAME_HOPS,
	};

	memcpy(&ip.ip6_src, source->bytes, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, to, sizeof(ip.ip6_dst));
	return ip;
}

static struct vn_frame to_group(const uint8_t to[16], const void *message, size_t size)
{
	struct vn_frame frame = { .protocol = ETH_P_IPV6, .size = size };

	/* RFC 2464, section 7 */
	memset(frame.to, 0x33, 2);
	memcpy(frame.to + 2, to + 12, 4);
	memcpy(frame.data, message, size);
	return frame;
}

/* @message, but for what follows from the rest; to the group @to. */
static struct vn_frame frame_of(struct message *message, const struct vnet_mac *mac,
				const struct vnet_ip *source, const uint8_t to[16],
				const struct vnet_ip *target)
{
	message->ip = header_of(source, to, sizeof(*message));
	memcpy(&message->target, target->bytes, sizeof(message->target));
	message->option.nd_opt_len = 1; /* of eight bytes */
	memcpy(message->mac, mac->bytes, sizeof(message->mac));
	message->icmp.icmp6_cksum = checksum(message, sizeof(*message));
	return to_group(to, message, sizeof(*message));
}

struct vn_frame vn_frame_solicit(const struct vnet_mac *mac, const struct vnet_ip *source,
				 const struct vnet_ip *target)
{
	/* ff02::1:ff00:0/104 and the last three bytes: RFC 4291, section 2.7.1 */
	uint8_t group[16] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };
	struct message message = {
		.icmp = { .icmp6_type = ND_NEIGHBOR_SOLICIT },
		.option = { .nd_opt_type = ND_OPT_SOURCE_LINKADDR },
	};

	memcpy(group + 13, target->bytes + 13, 3);
	return frame_of(&message, mac, source, group, target);
}

struct vn_frame vn_frame_ask_routers(const struct vnet_mac *mac, const struct vnet_ip *source)
{
	static const uint8_t all_routers[16] = { 0xff, 0x02, [15] = 2 };
	struct router_solicitation message = {
		.ip = header_of(source, all_routers, sizeof(message)),
		.icmp = { .nd_rs_type = ND_ROUTER_SOLICIT },
		.option = { .nd_opt_type = ND_OPT_SOURCE_LINKADDR, .nd_opt_len = 1 },
	};

	memcpy(message.mac, mac->bytes, sizeof(message.mac));
	message.icmp.nd_rs_cksum = checksum(&message, sizeof(message));
	return to_group(all_routers, &message, sizeof(message));
}

struct vn_frame vn_frame_advert(const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	struct message message = {
		.icmp = { .icmp6_type = ND_NEIGHBOR_ADVERT },
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR },
	};

	message.icmp.icmp6_data32[0] = ND_NA_FLAG_OVERRIDE; /* in network byte order already */
	return frame_of(&message, mac, ip, all_nodes, ip);
}

/* Bound before a protocol is set: nothing of another link is ever queued. */
int vn_frame_listen(int index, uint16_t protocol, const struct sock_fprog *filter)
{
	auto_fd fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = index,
	};

	if (fd < 0)
		return -errno;
	if (filter && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&link, sizeof(link)) < 0)
		return -errno;
	return take_fd(&fd);
}

int vn_frame_send(int fd, int index, const struct vn_frame *frame)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(frame->protocol),
		.sll_ifindex = index,
		.sll_halen = ETH_ALEN,
	};

	memcpy(to.sll_addr, frame->to, sizeof(frame->to));
	while (sendto(fd, frame->data, frame->size, 0, (const struct sockaddr *)&to, sizeof(to)) <
	       0) {
		if (errno == ENOBUFS || errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
