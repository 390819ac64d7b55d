/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcpc - get a DHCP lease as a strict guest would, and print it.
 *
 * An independent client for the tests. It reads whole frames from a packet socket and does not ask
 * for the kernel's word on their checksums (PACKET_AUXDATA): it adds up the bytes that arrived, as
 * guests do whose driver has no checksum offload, and counts and drops what is wrong. A server
 * whose replies reach guests with unfinished checksums is found out here, while a client on a UDP
 * socket would not notice. It configures nothing.
 *
 * usage: dhcpc IFNAME [-t MS] [-r RETRY_MS] [-m MAC] [-a ADDRESS] [-o CODE]... [-b] [-R]
 *   -t MS        give up after so long (default 5000)
 *   -r RETRY_MS  send again after so long without answer (default 5)
 *   -m MAC       ask for this hardware address (default: the interface's own)
 *   -a ADDRESS   ask for this one, as a guest does that had it before it was restarted (RFC 2131,
 *                section 3.2); a server that refuses it ends the try
 *   -o CODE      ask for this option, too (16 at most), and print its bytes
 *   -b           set the broadcast flag
 *   -R           give the lease back at once
 * exit status: 0 and, on stdout, one line (times from the first DISCOVER; "-" is absent)
 *     ip=A mask=A router=A,.. dns=A,.. server=A lease=SECONDS mtu=N hostname=NAME domain=NAME
 *     next=A file=NAME [optCODE=HEX..] offer_us=N ack_us=N bad_checksums=N
 *   1 no lease: stderr says how far it came and how many bad checksums there were; 2 usage or a
 *   system error; 3 the address is refused (NAK).
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BOOTREQUEST = 1,
	BOOTREPLY = 2,
	DISCOVER = 1,
	OFFER = 2,
	REQUEST = 3,
	ACK = 5,
	NAK = 6,
	RELEASE = 7,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_ADDRESS = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_WANTED = 55,
	PORT_SERVER = 67,
	PORT_CLIENT = 68,
	MAGIC = 0x63825363,
	FRAME_MAX = 2048,
	OPTIONS_LEN = 64, /* of what we send: makes a message of the 300 bytes that BOOTP wants */
	CODES_MAX = 16,	  /* of -o: they fit into that */
};

struct dhcp {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	char sname[64], file[128];
	uint32_t magic;
} __attribute__((packed));

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct dhcp dhcp;
	uint8_t options[OPTIONS_LEN];
} __attribute__((packed));

struct client {
	const char *ifname;
	int timeout_ms, retry_ms;
	bool broadcast, release, again;
	uint8_t mac[ETH_ALEN];
	bool has_mac;
	uint8_t codes[CODES_MAX];
	size_t n_codes;
	int fd;
	uint32_t xid;
	uint8_t state; /* the message that we send */
	uint32_t address, server;
	uint8_t server_mac[ETH_ALEN];
	uint64_t start_us, offer_us, ack_us;
	unsigned long bad_checksums, naks;
};

/* A reply, whose options lie in the frame received. */
struct reply {
	const struct ethhdr *eth;
	const struct dhcp *dhcp;
	const uint8_t *options;
	size_t len;
};

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "dhcpc: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The ones' complement sum of RFC 1071, not yet folded. */
static uint32_t add_up(const void *p, size_t len, uint32_t sum)
{
	const uint8_t *b = p;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return len % 2 ? sum + ((uint32_t)b[len - 1] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* 0 when the checksum in the UDP header is right; what it should be when it was 0. */
static uint16_t sum_udp(const void *ip, const void *udp, size_t len)
{
	const uint8_t *addresses = (const uint8_t *)ip + offsetof(struct iphdr, saddr);
	uint32_t sum = add_up(addresses, 8, IPPROTO_UDP + (uint32_t)len);

	return fold(add_up(udp, len, sum));
}

static uint8_t *put_option(uint8_t *o, uint8_t code, const void *p, uint8_t len)
{
	*o++ = code;
	*o++ = len;
	memcpy(o, p, len);
	return o + len;
}

static void fill_options(const struct client *c, uint8_t *o)
{
	static const uint8_t always[] = { OPT_MASK,   OPT_ROUTER, OPT_DNS,  OPT_HOSTNAME,
					  OPT_DOMAIN, OPT_MTU,	  OPT_LEASE };
	uint8_t wanted[sizeof(always) + CODES_MAX];

	memcpy(wanted, always, sizeof(always));
	memcpy(wanted + sizeof(always), c->codes, c->n_codes);
	o = put_option(o, OPT_TYPE, &c->state, 1);
	if (c->state == REQUEST)
		o = put_option(o, OPT_ADDRESS, &c->address, 4);
	if (c->state != DISCOVER && c->server)
		o = put_option(o, OPT_SERVER, &c->server, 4);
	if (c->state != RELEASE)
		o = put_option(o, OPT_WANTED, wanted, (uint8_t)(sizeof(always) + c->n_codes));
	*o = 255;
}

static void fill_dhcp(const struct client *c, struct dhcp *d)
{
	*d = (struct dhcp){ .op = BOOTREQUEST,
			    .htype = 1,
			    .hlen = ETH_ALEN,
			    .xid = c->xid,
			    .magic = htonl(MAGIC) };
	memcpy(d->chaddr, c->mac, ETH_ALEN);
	if (c->broadcast)
		d->flags = htons(0x8000);
	if (c->state == RELEASE)
		d->ciaddr = c->address;
}

/* A lease is given back from its address to its server, all else is broadcast from nowhere. */
static void fill_frame(const struct client *c, struct frame *f)
{
	bool release = c->state == RELEASE;
	size_t len = sizeof(*f) - offsetof(struct frame, udp);

	memset(f, 0, sizeof(*f));
	memset(f->eth.h_dest, 0xff, ETH_ALEN);
	if (release)
		memcpy(f->eth.h_dest, c->server_mac, ETH_ALEN);
	memcpy(f->eth.h_source, c->mac, ETH_ALEN);
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip = (struct iphdr){ .version = 4,
				.ihl = 5,
				.tot_len = htons((uint16_t)(sizeof(f->ip) + len)),
				.ttl = 64,
				.protocol = IPPROTO_UDP,
				.saddr = release ? c->address : 0,
				.daddr = release ? c->server : INADDR_BROADCAST };
	f->ip.check = htons(fold(add_up(&f->ip, sizeof(f->ip), 0)));
	f->udp = (struct udphdr){ .source = htons(PORT_CLIENT),
				  .dest = htons(PORT_SERVER),
				  .len = htons((uint16_t)len) };
	fill_dhcp(c, &f->dhcp);
	fill_options(c, f->options);
	f->udp.check = htons(sum_udp(&f->ip, &f->udp, len));
}

static void send_message(const struct client *c)
{
	struct frame f;

	fill_frame(c, &f);
	/* the link may not be up yet, or its queue full: the next try comes anyway */
	if (send(c->fd, &f, sizeof(f), 0) < 0 && errno != ENETDOWN && errno != ENOBUFS)
		fail("send");
}

static const uint8_t *find_option(const struct reply *r, uint8_t code, size_t min, size_t *ret_len)
{
	const uint8_t *o = r->options;
	const uint8_t *end = o + r->len;

	while (o < end && *o != 255) {
		if (*o == 0) {
			o++;
			continue;
		}
		if (end - o < 2 || end - o < 2 + o[1])
			return NULL;
		if (*o == code && o[1] >= min) {
			*ret_len = o[1];
			return o + 2;
		}
		o += 2 + o[1];
	}
	return NULL;
}

/*
 * A frame of IPv4, UDP and from the server's port to the client's, whole and with good checksums?
 * A checksum is only called bad on a frame that says it is for us.
 */
static bool is_good_packet(struct client *c, const uint8_t *p, size_t len, struct reply *ret)
{
	struct iphdr ip;
	struct udphdr udp;

	if (len < ETH_HLEN + sizeof(ip))
		return false;
	p += ETH_HLEN;
	len -= ETH_HLEN;
	memcpy(&ip, p, sizeof(ip));
	size_t ip_len = (size_t)ip.ihl * 4, total = ntohs(ip.tot_len);

	if (ip.version != 4 || ip_len < sizeof(ip) || ip.protocol != IPPROTO_UDP || total > len ||
	    total < ip_len + sizeof(udp) + sizeof(struct dhcp) || ntohs(ip.frag_off) & 0x3fff)
		return false;
	memcpy(&udp, p + ip_len, sizeof(udp));
	size_t udp_len = ntohs(udp.len);

	if (udp.source != htons(PORT_SERVER) || udp.dest != htons(PORT_CLIENT) ||
	    udp_len < sizeof(udp) + sizeof(struct dhcp) || udp_len > total - ip_len)
		return false;
	ret->dhcp = (const struct dhcp *)(p + ip_len + sizeof(udp));
	if (ret->dhcp->xid != c->xid || memcmp(ret->dhcp->chaddr, c->mac, ETH_ALEN) != 0)
		return false;
	ret->options = p + ip_len + sizeof(udp) + sizeof(struct dhcp);
	ret->len = udp_len - sizeof(udp) - sizeof(struct dhcp);
	if (!fold(add_up(p, ip_len, 0)) && (!udp.check || !sum_udp(&ip, p + ip_len, udp_len)))
		return true;
	c->bad_checksums++;
	return false;
}

/* The type of the DHCP message that a frame holds, 0 when it is none for us. */
static uint8_t read_reply(struct client *c, const uint8_t *p, size_t len, struct reply *ret)
{
	const uint8_t *type;
	size_t n;

	if (!is_good_packet(c, p, len, ret))
		return 0;
	if (ret->dhcp->op != BOOTREPLY || ret->dhcp->magic != htonl(MAGIC))
		return 0;
	ret->eth = (const struct ethhdr *)(const void *)p;
	type = find_option(ret, OPT_TYPE, 1, &n);
	return type ? *type : 0;
}

static void print_addresses(const struct reply *r, const char *name, uint8_t code)
{
	char ip[INET_ADDRSTRLEN];
	size_t len = 0;
	const uint8_t *o = find_option(r, code, 4, &len);

	if (!o) {
		printf("%s=- ", name);
		return;
	}
	printf("%s=", name);
	for (size_t i = 0; i + 4 <= len; i += 4)
		printf("%s%s", i ? "," : "", inet_ntop(AF_INET, o + i, ip, sizeof(ip)));
	putchar(' ');
}

static void print_number(const struct reply *r, const char *name, uint8_t code, size_t size)
{
	size_t len;
	const uint8_t *o = find_option(r, code, size, &len);
	unsigned long n = 0;

	if (!o) {
		printf("%s=- ", name);
		return;
	}
	for (size_t i = 0; i < size; i++)
		n = n << 8 | o[i];
	printf("%s=%lu ", name, n);
}

/* "-" is absent. */
static void print_string(const char *name, const void *string, size_t len)
{
	const uint8_t *o = string;

	printf("%s=%s", name, len ? "" : "-");
	for (size_t i = 0; i < len; i++)
		putchar(o[i] > ' ' && o[i] <= '~' ? o[i] : '?');
	putchar(' ');
}

static void print_text(const struct reply *r, const char *name, uint8_t code)
{
	size_t len = 0;
	const uint8_t *o = find_option(r, code, 1, &len);

	print_string(name, o, o ? len : 0);
}

static void print_bytes(const struct reply *r, uint8_t code)
{
	size_t len = 0;
	const uint8_t *o = find_option(r, code, 0, &len);

	printf("opt%u=%s", code, o ? "" : "-");
	for (size_t i = 0; o && i < len; i++)
		printf("%02x", o[i]);
	putchar(' ');
}

static void print_boot(const struct reply *r)
{
	char ip[INET_ADDRSTRLEN];

	printf("next=%s ", inet_ntop(AF_INET, &r->dhcp->siaddr, ip, sizeof(ip)));
	print_string("file", r->dhcp->file, strnlen(r->dhcp->file, sizeof(r->dhcp->file)));
}

static void print_lease(const struct client *c, const struct reply *r)
{
	char ip[INET_ADDRSTRLEN];

	printf("ip=%s ", inet_ntop(AF_INET, &c->address, ip, sizeof(ip)));
	print_addresses(r, "mask", OPT_MASK);
	print_addresses(r, "router", OPT_ROUTER);
	print_addresses(r, "dns", OPT_DNS);
	print_addresses(r, "server", OPT_SERVER);
	print_number(r, "lease", OPT_LEASE, 4);
	print_number(r, "mtu", OPT_MTU, 2);
	print_text(r, "hostname", OPT_HOSTNAME);
	print_text(r, "domain", OPT_DOMAIN);
	print_boot(r);
	for (size_t i = 0; i < c->n_codes; i++)
		print_bytes(r, c->codes[i]);
	printf("offer_us=%llu ack_us=%llu bad_checksums=%lu\n", (unsigned long long)c->offer_us,
	       (unsigned long long)c->ack_us, c->bad_checksums);
}

/* True when the state has changed: send at once. */
static bool take_reply(struct client *c, uint8_t type, const struct reply *r)
{
	size_t len;
	const uint8_t *server = find_option(r, OPT_SERVER, 4, &len);

	if (c->state == DISCOVER && type == OFFER && server) {
		c->offer_us = now_us() - c->start_us;
		c->address = r->dhcp->yiaddr;
		memcpy(&c->server, server, 4);
		memcpy(c->server_mac, r->eth->h_source, ETH_ALEN);
		c->state = REQUEST;
		return true;
	}
	if (c->state == REQUEST && type == NAK) {
		c->naks++;
		c->state = DISCOVER;
		return true;
	}
	if (c->state != REQUEST || type != ACK)
		return false;
	c->ack_us = now_us() - c->start_us;
	c->address = r->dhcp->yiaddr;
	print_lease(c, r);
	if (c->release) {
		c->state = RELEASE;
		send_message(c);
	}
	c->state = ACK;
	return true;
}

/* Wait for a frame, at most until then, and take what it says. */
static bool wait_reply(struct client *c, uint64_t until)
{
	static uint8_t buf[FRAME_MAX];
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	uint64_t now = now_us();
	struct timespec left = { 0 };
	struct reply r;

	if (until > now) {
		left.tv_sec = (time_t)((until - now) / 1000000);
		left.tv_nsec = (long)((until - now) % 1000000 * 1000);
	}
	if (ppoll(&p, 1, &left, NULL) <= 0)
		return false;
	ssize_t len = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (len < 0) {
		if (errno != EAGAIN && errno != ENETDOWN && errno != EINTR)
			fail("receive");
		return false;
	}
	uint8_t type = read_reply(c, buf, (size_t)len, &r);

	return type && take_reply(c, type, &r);
}

static int run(struct client *c)
{
	c->start_us = now_us();
	uint64_t end = c->start_us + (uint64_t)c->timeout_ms * 1000, next = 0;

	c->state = c->again ? REQUEST : DISCOVER;
	while (c->state != ACK) {
		uint64_t now = now_us();

		if (now >= end) {
			fprintf(stderr, "dhcpc: no %s in %d ms; bad_checksums=%lu naks=%lu\n",
				c->state == DISCOVER ? "offer" : "ack", c->timeout_ms,
				c->bad_checksums, c->naks);
			return 1;
		}
		if (now >= next) {
			send_message(c);
			next = now + (uint64_t)c->retry_ms * 1000;
		}
		if (wait_reply(c, next < end ? next : end))
			next = 0;
		if (c->again && c->naks) {
			fprintf(stderr, "dhcpc: refused\n");
			return 3;
		}
	}
	return 0;
}

static void open_link(struct client *c)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct ifreq ifr = { 0 };

	c->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fail("packet socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", c->ifname);
	if (ioctl(c->fd, SIOCGIFINDEX, &ifr) < 0)
		fail(c->ifname);
	ll.sll_ifindex = ifr.ifr_ifindex;
	if (ioctl(c->fd, SIOCGIFHWADDR, &ifr) < 0)
		fail(c->ifname);
	if (!c->has_mac)
		memcpy(c->mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	if (bind(c->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		fail(c->ifname);
	if (getrandom(&c->xid, sizeof(c->xid), 0) != (ssize_t)sizeof(c->xid))
		fail("random");
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: dhcpc IFNAME [-t MS] [-r RETRY_MS] [-m MAC] [-a ADDRESS] [-o CODE]... [-b] "
	      "[-R]\n",
	      stderr);
	exit(2);
}

static int number(const char *s)
{
	char *end;

	errno = 0;
	long n = strtol(s, &end, 10);

	if (errno || *end || end == s || n < 1 || n > 3600000)
		usage();
	return (int)n;
}

static void parse_mac(struct client *c, const char *s)
{
	for (int i = 0; i < ETH_ALEN; i++) {
		char *end;
		unsigned long byte = strtoul(s, &end, 16);

		if (end == s || end - s > 2 || *end != (i < ETH_ALEN - 1 ? ':' : '\0'))
			usage();
		c->mac[i] = (uint8_t)byte;
		s = end + 1;
	}
	c->has_mac = true;
}

int main(int argc, char **argv)
{
	struct client c = { .timeout_ms = 5000, .retry_ms = 5 };
	int opt;

	while ((opt = getopt(argc, argv, "t:r:m:a:o:bR")) != -1) {
		if (opt == 't')
			c.timeout_ms = number(optarg);
		else if (opt == 'r')
			c.retry_ms = number(optarg);
		else if (opt == 'm')
			parse_mac(&c, optarg);
		else if (opt == 'a')
			c.again = inet_pton(AF_INET, optarg, &c.address) == 1;
		else if (opt == 'o' && c.n_codes < CODES_MAX)
			c.codes[c.n_codes++] = (uint8_t)number(optarg);
		else if (opt == 'b')
			c.broadcast = true;
		else if (opt == 'R')
			c.release = true;
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	c.ifname = argv[optind];
	open_link(&c);
	return run(&c);
}
