/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works: it asks with packets of its own and not through the neighbour table, whose
 * entries say what was known a while ago, and on the link that is meant, whatever the routes.
 */
#include "sys/gateway.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/frame.h"

enum {
	AGAIN_MS = 50,
	BURST = 64, /* packets taken at once: a flood must not hold the caller */
};

struct asked {
	const struct vnet_gateway *gateway;
	int fd;
	bool answered;
};

/* Of IPv6 packets neighbour advertisements alone: next header, then type. */
static int listen_adverts(int index)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct ip6_hdr, ip6_nxt)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, sizeof(struct ip6_hdr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return vn_frame_listen(index, ETH_P_IPV6, &program);
}

static int ask_open(const struct vnet_gateway *gateway)
{
	if (gateway->ip.family == AF_INET)
		return vn_frame_listen(gateway->index, ETH_P_ARP, NULL);
	return listen_adverts(gateway->index);
}

/* What is lost is asked again. */
static void ask(const struct asked *asked)
{
	const struct vnet_gateway *gateway = asked->gateway;
	struct vn_frame frame;

	if (gateway->ip.family == AF_INET)
		frame = vn_frame_arp(&gateway->mac, &gateway->source, &gateway->ip);
	else
		frame = vn_frame_solicit(&gateway->mac, &gateway->source, &gateway->ip);
	(void)vn_frame_send(asked->fd, gateway->index, &frame);
}

static bool is_answer(const struct vnet_gateway *gateway, const uint8_t *packet, size_t size)
{
	struct ether_arp arp;
	struct {
		struct ip6_hdr ip;
		struct nd_neighbor_advert advert;
	} message;

	if (gateway->ip.family == AF_INET) {
		if (size < sizeof(arp))
			return false;
		memcpy(&arp, packet, sizeof(arp));
		return !memcmp(arp.arp_spa, gateway->ip.bytes, sizeof(arp.arp_spa));
	}
	if (size < sizeof(message))
		return false;
	memcpy(&message, packet, sizeof(message));
	return message.ip.ip6_nxt == IPPROTO_ICMPV6 && message.ip.ip6_hlim == VN_FRAME_HOPS &&
	       message.advert.nd_na_type == ND_NEIGHBOR_ADVERT &&
	       !memcmp(&message.advert.nd_na_target, gateway->ip.bytes, sizeof(gateway->ip.bytes));
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
