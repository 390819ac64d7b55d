/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/frame.h"

struct probe {
	int fd;
	int index;
	const struct vnet_mac *mac;
	const struct vnet_ip *ips;
	size_t n;
	struct vnet_mac *users;
	size_t n_used;
};

bool vn_arp_used(const struct vnet_mac *user)
{
	static const struct vnet_mac nobody;

	return memcmp(user, &nobody, sizeof(nobody)) != 0;
}

/*
 * Who names an address as his own uses it; who probes for it himself (his own address
 * zero) is about to.
 */
static void probe_heard(struct probe *probe, const struct ether_arp *arp)
{
	static const uint8_t zero[4];
	const uint8_t *ip = arp->arp_spa;

	if (arp->ea_hdr.ar_hrd != htons(ARPHRD_ETHER) || arp->ea_hdr.ar_pro != htons(ETH_P_IP) ||
	    arp->ea_hdr.ar_hln != ETH_ALEN || arp->ea_hdr.ar_pln != sizeof(arp->arp_spa))
		return;
	if (!memcmp(arp->arp_sha, probe->mac->bytes, ETH_ALEN))
		return;
	if (!memcmp(ip, zero, sizeof(zero)))
		ip = arp->arp_tpa;
	for (size_t i = 0; i < probe->n; i++) {
		struct vnet_mac *user = &probe->users[i];

		if (vn_arp_used(user) || memcmp(ip, probe->ips[i].bytes, sizeof(zero)) != 0)
			continue;
		memcpy(user->bytes, arp->arp_sha, sizeof(user->bytes));
		if (!vn_arp_used(user)) /* it gives no MAC, and is someone all the same */
			memset(user->bytes, 0xff, sizeof(user->bytes));
		probe->n_used++;
	}
}

/* At most so many at once: who floods the link with ARP must not hold the caller. */
enum { PROBE_BURST = 64 };

static int probe_receive(struct probe *probe)
{
	for (int i = 0; i < PROBE_BURST; i++) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		struct ether_arp arp = { 0 };
		ssize_t n = recvfrom(probe->fd, &arp, sizeof(arp), 0, (struct sockaddr *)&from,
				     &from_len);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		/* What is for others may belong to a VLAN that this link does not carry. */
		if (n == sizeof(arp) && from.sll_pkttype != PACKET_OTHERHOST)
			probe_heard(probe, &arp);
	}
	return 0;
}

/* Answers are taken in between: those to a thousand questions would overrun the socket. */
static int probe_round(struct probe *probe)
{
	static const struct vnet_ip nobody;
	int r = 0;

	for (size_t i = 0; i < probe->n && r == 0; i++) {
		const struct vn_frame frame = vn_frame_arp(probe->mac, &nobody, &probe->ips[i]);

		if (!vn_arp_used(&probe->users[i])) /* what is lost has a second round */
			r = vn_frame_send(probe->fd, probe->index, &frame);
		if (r == 0 && i % PROBE_BURST == PROBE_BURST - 1)
			r = probe_receive(probe);
	}
	return r;
}

/* Listen until @end, or until all are known to be in use. */
static int probe_listen(struct probe *probe, int64_t end)
{
	int64_t left;

	while (probe->n_used < probe->n && (left = end - vn_clock_ms()) > 0) {
		struct pollfd poll_fd = { .fd = probe->fd, .events = POLLIN };
		int r = poll(&poll_fd, 1, (int)left);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0) {
			r = probe_receive(probe);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int probe_run(struct probe *probe, int timeout_ms)
{
	int64_t start = vn_clock_ms();
	int r;

	for (int round = 1; round <= 2; round++) {
		r = probe_round(probe);
		if (r < 0)
			return r;
		r = probe_listen(probe, start + (int64_t)timeout_ms * round / 2);
		if (r < 0)
			return r;
	}
	return 0;
}

int vn_arp_probe(int index, const struct vnet_mac *mac, const struct vnet_ip *ips, size_t n,
		 int timeout_ms, struct vnet_mac *ret_users)
{
	auto_fd fd = -1;
	auto_free struct vnet_mac *users = NULL;
	struct probe probe = { .index = index, .mac = mac, .ips = ips, .n = n };
	int r;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (ips[i].family != AF_INET)
			return -EINVAL;
	}
	users = calloc(n, sizeof(*users));
	if (!users)
		return -ENOMEM;
	probe.users = users;
	fd = vn_frame_listen(index, ETH_P_ARP, NULL);
	if (fd < 0)
		return fd;
	probe.fd = fd;
	r = probe_run(&probe, timeout_ms);
	if (r < 0)
		return r;
	memcpy(ret_users, users, n * sizeof(*users));
	return 0;
}

int vn_csum_off(const char *link)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq request = { .ifr_data = (char *)&value };
	int r;

	if (fd < 0)
		return -errno;
	r = vn_copy(request.ifr_name, sizeof(request.ifr_name), link);
	if (r < 0)
		return r;
	return ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}
