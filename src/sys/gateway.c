/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works: it asks with packets of its own and not through the neighbour table, whose
 * entries say what was known a while ago, and on the link that is meant, whatever the routes.
 */
#include "sys/gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum {
	AGAIN_MS = 50,
	BURST = 64, /* packets taken at once: a flood must not hold the caller */
	HOPS = 255, /* RFC 4861, section 4.3: proof that no router has passed it on */
};

/* A neighbour solicitation with the sender's link-layer address. */
struct solicit {
	struct ip6_hdr ip;
	struct nd_neighbor_solicit ns;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
} __attribute__((packed));

struct asked {
	const struct vnet_gateway *gateway;
	int fd;
	bool answered;
};

/* Of IPv6 packets neighbour advertisements alone: next header, then type. */
static int filter_adverts(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct ip6_hdr, ip6_nxt)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, sizeof(struct ip6_hdr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		       -errno :
		       0;
}

static uint16_t protocol_of(const struct vnet_gateway *gateway)
{
	return htons(gateway->ip.family == AF_INET ? ETH_P_ARP : ETH_P_IPV6);
}

/* Bound before a protocol is set: nothing of another link is ever queued. */
static int ask_open(const struct vnet_gateway *gateway)
{
	auto_fd fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET,
		.sll_protocol = protocol_of(gateway),
		.sll_ifindex = gateway->index,
	};
	int r;

	if (fd < 0)
		return -errno;
	r = gateway->ip.family == AF_INET6 ? filter_adverts(fd) : 0;
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&link, sizeof(link)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* RFC 1071, over the pseudo header of RFC 8200, section 8.1, and the message. */
static uint16_t checksum(const struct solicit *packet)
{
	const uint8_t *bytes = (const uint8_t *)packet;
	uint32_t sum = IPPROTO_ICMPV6 + sizeof(*packet) - sizeof(packet->ip);

	for (size_t i = offsetof(struct ip6_hdr, ip6_src); i < sizeof(*packet); i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void solicit_fill(const struct vnet_gateway *gateway, struct solicit *ret_packet)
{
	/* ff02::1:ff00:0/104 and the last three bytes: RFC 4291, section 2.7.1 */
	uint8_t group[16] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };
	struct solicit packet = {
		.ip = { .ip6_hops = HOPS, .ip6_nxt = IPPROTO_ICMPV6 },
		.ns = { .nd_ns_hdr = { .icmp6_type = ND_NEIGHBOR_SOLICIT } },
		.option = { .nd_opt_type = ND_OPT_SOURCE_LINKADDR, .nd_opt_len = 1 },
	};

	memcpy(group + 13, gateway->ip.bytes + 13, 3);
	packet.ip.ip6_vfc = 6 << 4;
	packet.ip.ip6_plen = htons(sizeof(packet) - sizeof(packet.ip));
	memcpy(&packet.ip.ip6_src, gateway->source.bytes, sizeof(packet.ip.ip6_src));
	memcpy(&packet.ip.ip6_dst, group, sizeof(packet.ip.ip6_dst));
	memcpy(&packet.ns.nd_ns_target, gateway->ip.bytes, sizeof(packet.ns.nd_ns_target));
	memcpy(packet.mac, gateway->mac.bytes, sizeof(packet.mac));
	packet.ns.nd_ns_hdr.icmp6_cksum = checksum(&packet);
	*ret_packet = packet;
}

static void request_fill(const struct vnet_gateway *gateway, struct ether_arp *ret_arp)
{
	struct ether_arp arp = {
		.ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
			    .ar_pro = htons(ETH_P_IP),
			    .ar_hln = ETH_ALEN,
			    .ar_pln = sizeof(arp.arp_tpa),
			    .ar_op = htons(ARPOP_REQUEST) },
	};

	memcpy(arp.arp_sha, gateway->mac.bytes, sizeof(arp.arp_sha));
	memcpy(arp.arp_spa, gateway->source.bytes, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, gateway->ip.bytes, sizeof(arp.arp_tpa));
	*ret_arp = arp;
}

/* What is lost, a full queue among it, is asked again. */
static void ask(const struct asked *asked)
{
	const struct vnet_gateway *gateway = asked->gateway;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = protocol_of(gateway),
		.sll_ifindex = gateway->index,
		.sll_halen = ETH_ALEN,
	};
	struct ether_arp arp;
	struct solicit solicit;
	const void *packet = &arp;
	size_t size = sizeof(arp);

	if (gateway->ip.family == AF_INET) {
		memset(to.sll_addr, 0xff, ETH_ALEN);
		request_fill(gateway, &arp);
	} else {
		/* RFC 2464, section 7 */
		memset(to.sll_addr, 0x33, 2);
		to.sll_addr[2] = 0xff;
		memcpy(to.sll_addr + 3, gateway->ip.bytes + 13, 3);
		solicit_fill(gateway, &solicit);
		packet = &solicit;
		size = sizeof(solicit);
	}
	(void)sendto(asked->fd, packet, size, 0, (const struct sockaddr *)&to, sizeof(to));
}

static bool is_answer(const struct vnet_gateway *gateway, const uint8_t *packet, size_t size)
{
	struct ether_arp arp;
	struct solicit advert; /* up to the option it is laid out alike */

	if (gateway->ip.family == AF_INET) {
		if (size < sizeof(arp))
			return false;
		memcpy(&arp, packet, sizeof(arp));
		return !memcmp(arp.arp_spa, gateway->ip.bytes, sizeof(arp.arp_spa));
	}
	if (size < offsetof(struct solicit, option))
		return false;
	memcpy(&advert, packet, offsetof(struct solicit, option));
	return advert.ip.ip6_nxt == IPPROTO_ICMPV6 && advert.ip.ip6_hops == HOPS &&
	       advert.ns.nd_ns_hdr.icmp6_type == ND_NEIGHBOR_ADVERT &&
	       !memcmp(&advert.ns.nd_ns_target, gateway->ip.bytes, sizeof(gateway->ip.bytes));
}

static void hear(struct asked *asked)
{
	for (int i = 0; i < BURST && !asked->answered; i++) {
		uint8_t packet[128];
		struct sockaddr_ll from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(asked->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				     &len);

		if (n < 0)
			return;
		if (from.sll_pkttype != PACKET_OUTGOING)
			asked->answered = is_answer(asked->gateway, packet, (size_t)n);
	}
}

/* Listen until all have answered, or until @end. Returns how many have not, or -errno. */
static int listen_all(struct asked *asked, size_t n, int64_t end)
{
	struct pollfd fds[VNET_GATEWAYS];
	int missing;

	for (;;) {
		int64_t left = end - vn_clock_ms();

		missing = 0;
		for (size_t i = 0; i < n; i++) {
			fds[i] = (struct pollfd){ .fd = asked[i].answered ? -1 : asked[i].fd,
						  .events = POLLIN };
			missing += !asked[i].answered;
		}
		if (!missing || left <= 0)
			return missing;
		if (poll(fds, n, (int)left) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < n; i++) {
			if (!asked[i].answered)
				hear(&asked[i]);
		}
	}
}

static int ask_all(struct asked *asked, size_t n, int timeout_ms)
{
	int64_t end = vn_clock_ms() + timeout_ms;
	int missing;

	do {
		int64_t until = vn_clock_ms() + AGAIN_MS;

		for (size_t i = 0; i < n; i++) {
			if (!asked[i].answered)
				ask(&asked[i]);
		}
		missing = listen_all(asked, n, until < end ? until : end);
	} while (missing > 0 && vn_clock_ms() < end);
	return missing < 0 ? missing : 0;
}

/* Where there is no room, whoever asked so often waits. */
static void spend(int fd, struct vn_spent *spent)
{
	if (spent->n == VN_SPENT_MAX)
		vn_spent_close(spent);
	spent->fds[spent->n++] = fd;
}

void vn_spent_close(struct vn_spent *spent)
{
	for (size_t i = 0; i < spent->n; i++)
		(void)close(spent->fds[i]);
	spent->n = 0;
}

int vn_gateway_ask(const struct vnet_gateway *gateways, size_t n, int timeout_ms, bool *ret_answers,
		   struct vn_spent *spent)
{
	struct asked asked[VNET_GATEWAYS];
	size_t opened = 0;
	int r = n > VNET_GATEWAYS ? -EINVAL : 0;

	for (; opened < n && r == 0; opened++) {
		asked[opened] = (struct asked){ .gateway = &gateways[opened] };
		asked[opened].fd = ask_open(&gateways[opened]);
		if (asked[opened].fd < 0) {
			r = asked[opened].fd;
			break;
		}
	}
	if (r == 0)
		r = ask_all(asked, n, timeout_ms);
	for (size_t i = 0; i < opened; i++) {
		if (r == 0)
			ret_answers[i] = asked[i].answered;
		spend(asked[i].fd, spent);
	}
	return r;
}
