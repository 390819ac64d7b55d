/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * router - one router advertisement (RFC 4861), at once, from the router that LINK is.
 *
 * For the sweeps, which can't wait until a router is pleased to say something: when this has ended,
 * the message is at the other end of a veth pair.
 *
 * usage: router LINK ADDRESS PREFIX
 *   ADDRESS   of LINK, link-local: the router
 *   PREFIX    an address: hosts make theirs of its first 64 bits
 * exit status: 0 when it was sent, 1 when not, 2 usage
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LASTS = 9000, /* seconds: the longest that RFC 4861 has for a default router */
	HOPS = 255,   /* with less, it is taken for one from afar */
};

struct advertisement {
	struct nd_router_advert head;
	struct nd_opt_prefix_info prefix;
};

static struct in6_addr address(const char *text)
{
	struct in6_addr ip;

	if (inet_pton(AF_INET6, text, &ip) != 1)
		errx(2, "%s: want an IPv6 address", text);
	return ip;
}

static void advertise(unsigned int link, const char *router, const char *prefix)
{
	const struct sockaddr_in6 from = { .sin6_family = AF_INET6,
					   .sin6_addr = address(router),
					   .sin6_scope_id = link };
	const struct sockaddr_in6 to = { .sin6_family = AF_INET6,
					 .sin6_addr = address("ff02::1"),
					 .sin6_scope_id = link };
	struct advertisement said = {
		.head = { .nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_router_lifetime = htons(LASTS) },
		.prefix = { .nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
			    .nd_opt_pi_len = sizeof(said.prefix) / 8,
			    .nd_opt_pi_prefix_len = 64,
			    .nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
			    .nd_opt_pi_valid_time = htonl(LASTS),
			    .nd_opt_pi_preferred_time = htonl(LASTS),
			    .nd_opt_pi_prefix = address(prefix) },
	};
	const int hops = HOPS;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
	    sendto(fd, &said, sizeof(said), 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "advertising on link %u", link);
	(void)close(fd);
}

int main(int argc, char **argv)
{
	unsigned int link = argc > 1 ? if_nametoindex(argv[1]) : 0;

	if (argc != 4 || !link) {
		(void)fprintf(stderr, "usage: router LINK ADDRESS PREFIX\n");
		return 2;
	}
	advertise(link, argv[2], argv[3]);
	return 0;
}
