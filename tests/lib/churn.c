/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * churn - add and delete links at full speed.
 *
 * For the tests of dumps and transactions under change: each round creates a bridge and veth
 * pairs, churn0, churn1 .. (one acknowledged message each), and deletes them in one request by
 * their group, since each single deletion would wait for an RCU grace period.
 *
 * usage: churn [-t SECONDS]
 *   -t SECONDS  end after so long (default 60); SIGTERM and SIGINT end it too
 * exit status: 0 and "links=ADDED rounds=N" on stdout, nothing of it left; 1 with a line on stderr.
 * After a SIGKILL up to one round of links may be left.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUND = 32,	    /* creations: a bridge, whose deletion is slow, and pairs */
	GROUP = 0x6368726e, /* "chrn" */
};

struct request {
	struct nlmsghdr n;
	struct ifinfomsg ifi;
	uint8_t attrs[256];
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

__attribute__((noreturn)) static void fail(const char *what, int code)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(code));
	exit(1);
}

static size_t put(struct request *r, unsigned int type, const void *p, size_t len)
{
	size_t at = NLMSG_ALIGN(r->n.nlmsg_len);
	struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + len), .nla_type = (uint16_t)type };

	memcpy((uint8_t *)r + at, &a, sizeof(a));
	if (len)
		memcpy((uint8_t *)r + at + sizeof(a), p, len);
	r->n.nlmsg_len = (uint32_t)(at + NLA_ALIGN(a.nla_len));
	return at;
}

static void end_nest(struct request *r, size_t at)
{
	uint16_t len = (uint16_t)(r->n.nlmsg_len - at);

	memcpy((uint8_t *)r + at, &len, sizeof(len)); /* nla_len comes first */
}

static void start(struct request *r, unsigned int type, unsigned int flags)
{
	const uint32_t group = GROUP;

	*r = (struct request){ .n = { .nlmsg_len = NLMSG_LENGTH(sizeof(r->ifi)),
				      .nlmsg_type = (uint16_t)type,
				      .nlmsg_flags =
					      (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) } };
	put(r, IFLA_GROUP, &group, sizeof(group));
}

/* Send, and wait for the acknowledgement: 0 or an errno. */
static int ask(int fd, const struct request *r)
{
	uint8_t buf[4096];
	struct nlmsghdr n;
	int code;

	if (send(fd, r, r->n.nlmsg_len, 0) < 0)
		return errno;
	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < (ssize_t)(sizeof(n) + sizeof(code)))
			return len < 0 ? errno : EPROTO;
		memcpy(&n, buf, sizeof(n));
		if (n.nlmsg_type != NLMSG_ERROR)
			continue;
		memcpy(&code, buf + sizeof(n), sizeof(code));
		return -code;
	}
}

static int add_bridge(int fd, unsigned int number)
{
	struct request r;
	char name[IFNAMSIZ];

	start(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	snprintf(name, sizeof(name), "churn%u", number);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	size_t info = put(&r, IFLA_LINKINFO, NULL, 0);

	put(&r, IFLA_INFO_KIND, "bridge", 7);
	end_nest(&r, info);
	return ask(fd, &r);
}

/* The second end is deleted with the first. */
static int add_pair(int fd, unsigned int number)
{
	const struct ifinfomsg ifi = { 0 };
	struct request r;
	char name[IFNAMSIZ], peer[IFNAMSIZ];

	start(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	snprintf(name, sizeof(name), "churn%u", number);
	snprintf(peer, sizeof(peer), "churn%up", number);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	size_t info = put(&r, IFLA_LINKINFO, NULL, 0);

	put(&r, IFLA_INFO_KIND, "veth", 5);
	size_t data = put(&r, IFLA_INFO_DATA, NULL, 0);
	size_t end = put(&r, VETH_INFO_PEER, &ifi, sizeof(ifi));

	put(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
	end_nest(&r, end);
	end_nest(&r, data);
	end_nest(&r, info);
	return ask(fd, &r);
}

static int delete_all(int fd)
{
	struct request r;

	start(&r, RTM_DELLINK, 0);
	return ask(fd, &r);
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void churn(int fd, double seconds)
{
	unsigned long links = 0, rounds = 0;
	double end = now_s() + seconds;

	for (; !stop && now_s() < end; rounds++) {
		for (unsigned int i = 0; i < ROUND; i++) {
			int code = i ? add_pair(fd, i) : add_bridge(fd, i);

			if (code) {
				(void)delete_all(fd);
				fail("add", code);
			}
			links += i ? 2 : 1;
		}
		int code = delete_all(fd);

		if (code)
			fail("delete", code);
	}
	printf("links=%lu rounds=%lu\n", links, rounds);
}

int main(int argc, char **argv)
{
	const struct sigaction act = { .sa_handler = on_signal };
	double seconds = 60;
	char *rest = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt == 't')
			seconds = strtod(optarg, &rest);
		if (opt != 't' || *rest || rest == optarg || !(seconds > 0 && seconds < 1e6)) {
			fputs("usage: churn [-t SECONDS]\n", stderr);
			return 1;
		}
	}
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		fail("netlink socket", errno);
	churn(fd, seconds);
	return fflush(stdout) ? 1 : 0;
}
