/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ARP probes and the checksum switch, on a veth pair whose other end is in another namespace. */
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <vnet/addr.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sys/netns.h"
#include "sys/probe.h"

enum { WAIT_MS = 200, MANY = 254, THOUSAND = 1024 };

static const struct vnet_mac own_mac = { .bytes = { 0x52, 0x54, 0, 0, 0, 1 } };

static int shell(const char *command)
{
	int status = system(command); /* NOLINT(cert-env33-c): text of this file alone */

	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* 10.1.1.1 here, 10.1.1.2 and .3 there. */
static int pair_setup(void **state)
{
	(void)state;
	return shell(
		"ip netns add there && "
		"ip link add p0 address 52:54:00:00:00:01 type veth peer name p1 netns there && "
		"ip addr add 10.1.1.1/24 dev p0 && ip link set p0 up && "
		"ip -n there addr add 10.1.1.2/24 dev p1 && "
		"ip -n there addr add 10.1.1.3/24 dev p1 && ip -n there link set p1 up");
}

static int pair_teardown(void **state)
{
	(void)state;
	return shell("ip link del p0; ip netns del there");
}

static int p0(void)
{
	return (int)if_nametoindex("p0");
}

static void all_at_once(void **state)
{
	struct vnet_ip ips[MANY];
	struct vnet_mac used[MANY];
	int64_t start = vn_clock_ms();

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		ips[i] = vnet_ip4(0x0a010101 + i);
	assert_int_equal(vn_arp_probe(p0(), &own_mac, ips, MANY, WAIT_MS, used), 0);
	assert_in_range(vn_clock_ms() - start, WAIT_MS - 1, WAIT_MS * 3);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(vn_arp_used(&used[i]),
				 i == 1 || i == 2); /* one's own do not answer */
}

/* A whole range is in use: no answer is lost, and the MAC is that of who has it. */
static void a_thousand_answers(void **state)
{
	static const struct vnet_mac other_mac = { .bytes = { 0x52, 0x54, 0, 0, 0, 2 } };
	static struct vnet_ip ips[THOUSAND];
	static struct vnet_mac used[THOUSAND];

	(void)state;
	assert_int_equal(shell("ip -n there link set p1 address 52:54:00:00:00:02 && "
			       "ip -n there route add local 10.2.0.0/22 dev lo"),
			 0);
	for (uint32_t i = 0; i < THOUSAND; i++)
		ips[i] = vnet_ip4(0x0a020000 + i);
	assert_int_equal(vn_arp_probe(p0(), &own_mac, ips, THOUSAND, WAIT_MS, used), 0);
	for (uint32_t i = 0; i < THOUSAND; i++)
		assert_memory_equal(&used[i], &other_mac, sizeof(other_mac));
}

static void known_means_done(void **state)
{
	struct vnet_ip ips[] = { vnet_ip4(0x0a010102), vnet_ip4(0x0a010103), vnet_ip4(0x0a010102) };
	struct vnet_mac used[3] = { 0 };
	int64_t start = vn_clock_ms();

	(void)state;
	assert_int_equal(vn_arp_probe(p0(), &own_mac, ips, 3, 5000, used), 0);
	assert_true(vn_clock_ms() - start < 1000);
	assert_true(vn_arp_used(&used[0]) && vn_arp_used(&used[1]) && vn_arp_used(&used[2]));
}

static void what_cannot_be_asked(void **state)
{
	struct vnet_ip ip = vnet_ip4(0x0a010102);
	struct vnet_ip ip6 = { .family = AF_INET6 };
	struct vnet_mac used = own_mac;

	(void)state;
	assert_int_equal(vn_arp_probe(p0(), &own_mac, &ip, 0, WAIT_MS, NULL), 0);
	assert_int_equal(vn_arp_probe(p0(), &own_mac, &ip6, 1, WAIT_MS, &used), -EINVAL);
	assert_int_equal(vn_arp_probe(1 << 30, &own_mac, &ip, 1, WAIT_MS, &used), -ENODEV);
	assert_int_equal(shell("ip link set p0 down"), 0);
	assert_int_equal(vn_arp_probe(p0(), &own_mac, &ip, 1, WAIT_MS, &used), -ENETDOWN);
	assert_memory_equal(&used, &own_mac, sizeof(used));
}

/* Through a bridge whose port is the other end: as the server's address is looked for. */
static void through_a_bridge(void **state)
{
	struct vnet_ip ips[] = { vnet_ip4(0x0a010102), vnet_ip4(0x0a010109) };
	struct vnet_mac used[2];

	(void)state;
	assert_int_equal(shell("ip link add b0 address 52:54:00:00:00:01 type bridge && "
			       "ip link set b0 up && ip link set p0 address 52:54:00:00:00:09 "
			       "master b0"),
			 0);
	assert_int_equal(vn_arp_probe((int)if_nametoindex("b0"), &own_mac, ips, 2, WAIT_MS, used),
			 0);
	assert_true(vn_arp_used(&used[0]));
	assert_false(vn_arp_used(&used[1]));
	assert_int_equal(shell("ip link del b0"), 0);
}

/* Someone who probes for it himself is about to have it. */
static int ask_there(void *arg)
{
	static const struct vnet_mac mac = { .bytes = { 0x52, 0x54, 0, 0, 0, 2 } };
	struct vnet_ip ip = vnet_ip4(0x0a010109);

	return vn_arp_probe((int)if_nametoindex("p1"), &mac, &ip, 1, 2000, arg);
}

static void *visit_there(void *arg)
{
	auto_fd ns = vn_netns_open("there");

	return vn_netns_run(ns, ask_there, arg) < 0 ? arg : NULL;
}

static void another_one_who_asks(void **state)
{
	struct vnet_ip ip = vnet_ip4(0x0a010109);
	struct vnet_mac used_here = { 0 };
	struct vnet_mac used_there = { 0 };
	pthread_t thread;
	void *failed;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, visit_there, &used_there), 0);
	assert_int_equal(vn_arp_probe(p0(), &own_mac, &ip, 1, 2000, &used_here), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	/* who knows is silent: the other may have it */
	assert_true(vn_arp_used(&used_here) || vn_arp_used(&used_there));
}

static void checksums_off(void **state)
{
	(void)state;
	assert_int_equal(shell("ethtool -k p0 | grep -q '^tx-checksumming: on'"), 0);
	assert_int_equal(vn_csum_off("p0"), 0);
	assert_int_equal(shell("ethtool -k p0 | grep -q '^tx-checksumming: off'"), 0);
	assert_int_equal(vn_csum_off("p0"), 0);
	assert_int_equal(vn_csum_off("none"), -ENODEV);
	assert_int_equal(vn_csum_off("a-name-of-16-chr"), -ENAMETOOLONG);
}

#define PAIR(function) cmocka_unit_test_setup_teardown(function, pair_setup, pair_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PAIR(all_at_once),	    PAIR(a_thousand_answers), PAIR(known_means_done),
		PAIR(what_cannot_be_asked), PAIR(through_a_bridge),   PAIR(another_one_who_asks),
		PAIR(checksums_off),
	};

	if (!getenv("VNET_IN_NS")) {
		(void)fprintf(stderr, "run it by tests/lib/in-ns\n");
		return 1;
	}
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
