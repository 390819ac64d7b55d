/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/announce.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

enum {
	HOP_LIMIT = 255, /* RFC 4861, section 4.4: less, and no one heeds it */
};

struct advertisement {
	struct ip6_hdr ip;
	struct nd_neighbor_advert advert;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
};

static_assert(sizeof(struct advertisement) == 72, "there is no padding");

static struct ether_arp arp_of(const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	struct ether_arp arp = {
		.ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
			    .ar_pro = htons(ETH_P_IP),
			    .ar_hln = ETH_ALEN,
			    .ar_pln = sizeof(arp.arp_tpa),
			    .ar_op = htons(ARPOP_REQUEST) },
	};

	memcpy(arp.arp_sha, mac->bytes, sizeof(arp.arp_sha));
	memcpy(arp.arp_spa, ip->bytes, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, ip->bytes, sizeof(arp.arp_tpa));
	return arp;
}

static uint32_t sum(const void *data, size_t size, uint32_t start)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		start += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return start;
}

/* RFC 4443, section 2.3: over the addresses, the length, the next header and the message. */
static uint16_t checksum(const struct advertisement *a)
{
	size_t size = sizeof(*a) - sizeof(a->ip);
	uint32_t s = (uint32_t)size + IPPROTO_ICMPV6;

	s = sum(&a->ip.ip6_src, 2 * sizeof(a->ip.ip6_src), s);
	s = sum(&a->advert, size, s);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

static struct advertisement advertisement_of(const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
	struct advertisement a = {
		.ip = { .ip6_flow = htonl(6U << 28),
			.ip6_plen = htons(sizeof(a) - sizeof(a.ip)),
			.ip6_nxt = IPPROTO_ICMPV6,
			.ip6_hlim = HOP_LIMIT },
		.advert = { .nd_na_type = ND_NEIGHBOR_ADVERT,
			    .nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE },
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 },
	};

	memcpy(&a.ip.ip6_src, ip->bytes, sizeof(a.ip.ip6_src));
	memcpy(&a.ip.ip6_dst, all_nodes, sizeof(a.ip.ip6_dst));
	memcpy(&a.advert.nd_na_target, ip->bytes, sizeof(a.advert.nd_na_target));
	memcpy(a.mac, mac->bytes, sizeof(a.mac));
	a.advert.nd_na_cksum = checksum(&a);
	return a;
}

static int send_frame(int fd, int index, uint16_t protocol, const uint8_t to[ETH_ALEN],
		      const void *data, size_t size)
{
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = index,
		.sll_halen = ETH_ALEN,
	};

	memcpy(link.sll_addr, to, ETH_ALEN);
	while (sendto(fd, data, size, 0, (const struct sockaddr *)&link, sizeof(link)) < 0) {
		/* Lost on the way, as any packet may be; or the link is down. */
		if (errno == ENOBUFS || errno == EAGAIN || errno == ENETDOWN)
			return 0;
		if (errno != EINTR)
			return errno == ENXIO ? -ENODEV : -errno;
	}
	return 0;
}

int vn_announce_open(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* it hears nothing */

	return fd < 0 ? -errno : fd;
}

int vn_announce(int fd, int index, const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	static const uint8_t everyone[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 }; /* RFC 2464 */

	if (ip->family == AF_INET) {
		struct ether_arp arp = arp_of(mac, ip);

		return send_frame(fd, index, ETH_P_ARP, everyone, &arp, sizeof(arp));
	}
	if (ip->family == AF_INET6) {
		struct advertisement a = advertisement_of(mac, ip);

		return send_frame(fd, index, ETH_P_IPV6, all_nodes, &a, sizeof(a));
	}
	return -EAFNOSUPPORT;
}
