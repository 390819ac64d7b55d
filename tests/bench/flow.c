/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * flow - traffic through a host whose NIC moves, and what of it is lost.
 *
 * usage: flow echo PORT
 *        flow udp ADDRESS PORT RATE
 *        flow sink PORT
 *        flow tcp ADDRESS PORT MBIT
 *        flow routes
 *
 * echo: send each datagram back, both families, from the address it came to.
 * udp: send numbered datagrams at RATE a second. Prints, for each run of lost ones, when it
 *      began, in seconds of the epoch, and how long it was; then "sent N lost N skipped N".
 *      Skipped are those whose time went by without a processor: sent all at once later, they
 *      would say nothing of the host.
 * sink: take TCP connections and read them.
 * tcp: send at MBIT megabits a second. Prints "sent BYTES retransmitted SEGMENTS".
 * routes: look, each millisecond, whether there is a default route of each family that counts.
 *      Prints "samples N without4 N without6 N late N": late are samples that were taken more
 *      than two milliseconds after the one before.
 *
 * They run until SIGTERM; udp waits a second longer for what is under way.
 * Exit status: 0, or 2.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LATE_MS = 5,
	PROBES_MAX = 8 << 20, /* two hours at 1 kHz */
	LINGER_MS = 1000,
	CHUNK = 65536,
	BUF = 32768,
	NS_MS = 1000000,
	NS_S = 1000000000,
};

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

__attribute__((noreturn)) static void die(const char *what)
{
	(void)fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_S + t.tv_nsec;
}

static void sleep_until(int64_t ns)
{
	struct timespec t = { .tv_sec = ns / NS_S, .tv_nsec = ns % NS_S };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static long number(const char *s, long max)
{
	char *end;
	long n = strtol(s, &end, 10);

	errno = EINVAL;
	if (*end || end == s || n < 1 || n > max)
		die(s);
	return n;
}

/* IPv4 as an IPv6 address: one socket for both. */
static struct sockaddr_in6 address(const char *host, const char *port)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)number(port, 65535)) };
	char mapped[INET6_ADDRSTRLEN + 8];

	(void)snprintf(mapped, sizeof(mapped), "%s%s", strchr(host, ':') ? "" : "::ffff:", host);
	errno = EINVAL;
	if (inet_pton(AF_INET6, mapped, &sa.sin6_addr) != 1)
		die(host);
	return sa;
}

/* What comes while there is no processor is not lost. */
static int open_socket(int type)
{
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	int buffer = 8 << 20;
	int off = 0;

	if (type == SOCK_DGRAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		die("socket");
	return fd;
}

/* ---- echo ---- */

/* From the address that was asked, over whatever link leads there by then. */
static void send_back(int fd, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			info.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &info, sizeof(info));
		}
	}
	(void)sendmsg(fd, msg, 0);
}

static int echo(char **argv)
{
	struct sockaddr_in6 sa = address("::", argv[0]);
	int fd = open_socket(SOCK_DGRAM);
	int on = 1;

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("echo");
	while (!ended) {
		_Alignas(struct cmsghdr) char control[256];
		char buf[64];
		struct sockaddr_in6 from;
		struct iovec data = { buf, sizeof(buf) };
		struct msghdr msg = { .msg_name = &from,
				      .msg_namelen = sizeof(from),
				      .msg_iov = &data,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, 0);

		if (n < 0)
			continue;
		data.iov_len = (size_t)n;
		send_back(fd, &msg);
	}
	return 0;
}

/* ---- udp ---- */

struct probes {
	uint8_t *answered; /* by number */
	uint32_t sent;	   /* or skipped */
	uint32_t skipped;
};

static void take_answers(int fd, struct probes *p)
{
	uint32_t seq;

	while (recv(fd, &seq, sizeof(seq), MSG_DONTWAIT) == sizeof(seq)) {
		if (seq < PROBES_MAX)
			p->answered[seq] = 1;
	}
}

static void report_runs(const struct probes *p, double start, long rate)
{
	uint32_t lost = 0;
	uint32_t run = 0;

	for (uint32_t i = 0; i <= p->sent; i++) {
		if (i < p->sent && !p->answered[i]) {
			run++;
			lost++;
		} else if (run) {
			printf("run at %.3f of %u\n", start + (double)(i - run) / (double)rate,
			       run);
			run = 0;
		}
	}
	printf("sent %u lost %u skipped %u\n", p->sent - p->skipped, lost, p->skipped);
}

static int udp(char **argv)
{
	struct sockaddr_in6 to = address(argv[0], argv[1]);
	long rate = number(argv[2], 100000);
	struct probes p = { .answered = calloc(PROBES_MAX, 1) };
	int fd = open_socket(SOCK_DGRAM);
	struct timespec epoch;
	int64_t start;

	if (!p.answered)
		die("memory");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(argv[0]);
	start = now_ns();
	(void)clock_gettime(CLOCK_REALTIME, &epoch);
	while (!ended && p.sent < PROBES_MAX) {
		int64_t due = start + (int64_t)p.sent * NS_S / rate;

		sleep_until(due);
		if (now_ns() - due > (int64_t)LATE_MS * NS_MS) {
			p.answered[p.sent] = 1;
			p.skipped++;
		} else {
			(void)send(fd, &p.sent, sizeof(p.sent), 0); /* refused is lost, too */
		}
		p.sent++;
		take_answers(fd, &p);
	}
	for (int i = 0; i < LINGER_MS; i++) {
		sleep_until(now_ns() + NS_MS);
		take_answers(fd, &p);
	}
	report_runs(&p, (double)epoch.tv_sec + (double)epoch.tv_nsec / NS_S, rate);
	free(p.answered);
	return 0;
}

/* ---- tcp ---- */

static int sink(char **argv)
{
	struct sockaddr_in6 sa = address("::", argv[0]);
	static char buf[CHUNK];
	int fd = open_socket(SOCK_STREAM);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 4) < 0)
		die("sink");
	while (!ended) {
		/* cppcheck-suppress nullPointer ; accept4(2): who it is need not be told */
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		while (peer >= 0 && !ended && recv(peer, buf, sizeof(buf), 0) > 0)
			;
		if (peer >= 0)
			(void)close(peer);
	}
	return 0;
}

/* A few kilobytes each millisecond, so that the rate is even. */
static int tcp(char **argv)
{
	struct sockaddr_in6 to = address(argv[0], argv[1]);
	size_t each = (size_t)number(argv[2], 10000) * 1000000 / 8 / 1000;
	static char buf[2 * CHUNK];
	int fd = open_socket(SOCK_STREAM);
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	uint64_t sent = 0;
	int64_t next;

	errno = EINVAL;
	if (each > sizeof(buf) || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(argv[0]);
	for (next = now_ns(); !ended; next += NS_MS) {
		ssize_t n;

		sleep_until(next);
		n = send(fd, buf, each, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			die("send");
		sent += n > 0 ? (uint64_t)n : 0;
	}
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		die("TCP_INFO");
	printf("sent %llu retransmitted %u\n", (unsigned long long)sent, info.tcpi_total_retrans);
	return 0;
}

/* ---- routes ---- */

/* One datagram of a dump: true at its end. */
static bool take_routes(char *buf, size_t len, bool *found)
{
	struct nlmsghdr *head = (struct nlmsghdr *)buf;

	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		const struct rtmsg *route = NLMSG_DATA(head);

		if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
			return true;
		if (head->nlmsg_type == RTM_NEWROUTE && !route->rtm_dst_len &&
		    route->rtm_table == RT_TABLE_MAIN && route->rtm_type == RTN_UNICAST &&
		    !(route->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)))
			*found = true;
	}
	return false;
}

static bool has_default(int fd, uint8_t family)
{
	const struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} request = { .head = { .nlmsg_len = sizeof(request),
				.nlmsg_type = RTM_GETROUTE,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		      .route = { .rtm_family = family, .rtm_table = RT_TABLE_MAIN } };
	_Alignas(struct nlmsghdr) static char buf[BUF];
	bool found = false;
	ssize_t n;

	if (send(fd, &request, sizeof(request), 0) < 0)
		die("dump");
	do {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0 && errno != EINTR)
			die("dump");
	} while (n < 0 || !take_routes(buf, (size_t)n, &found));
	return found;
}

static int routes(char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int without[2] = { 0 };
	unsigned int samples = 0;
	unsigned int late = 0;
	int64_t last = now_ns();
	int on = 1;

	(void)argv;
	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	while (!ended) {
		sleep_until(last + NS_MS);
		late += now_ns() - last > (int64_t)2 * NS_MS;
		last = now_ns();
		without[0] += !has_default(fd, AF_INET);
		without[1] += !has_default(fd, AF_INET6);
		samples++;
	}
	printf("samples %u without4 %u without6 %u late %u\n", samples, without[0], without[1],
	       late);
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **argv);
} verbs[] = {
	{ "echo", 1, echo }, { "udp", 3, udp },	      { "sink", 1, sink },
	{ "tcp", 3, tcp },   { "routes", 0, routes },
};

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };

	(void)sigaction(SIGTERM, &action, NULL);
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[1], verbs[i].name) && argc == verbs[i].args + 2) {
			int r = verbs[i].run(argv + 2);

			return fflush(stdout) ? 2 : r;
		}
	}
	errno = EINVAL;
	die("usage: flow {echo PORT | udp ADDRESS PORT RATE | sink PORT | tcp ADDRESS PORT MBIT | "
	    "routes}");
}
