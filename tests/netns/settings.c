/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The settings of a link as the library reads them, nearly all by netlink, are those that the
 * files have: each file set to what it has not by itself, and read as a file here.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/snapshot.h"
#include "core/settings.h"
#include "lib/ground.h"
#include "lib/must.h"
#include "wire/read.h"
#include "wire/sock.h"

#define NIC    "eth0"
#define BRIDGE "br0"

static const char *const dirs[] = { "ipv4/conf", "ipv6/conf", "ipv4/neigh", "ipv6/neigh" };

/* A file of a setting; false if it is not one short line. */
static bool read_file(const char *dir, const char *link, const char *key, char value[64])
{
	char path[512];
	FILE *file;
	bool ok;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/%s/%s", dir, link, key);
	file = fopen(path, "re");
	ok = file && fgets(value, 64, file) && strlen(value) < VNET_SYSCTL_VALUE;
	if (file)
		(void)fclose(file);
	value[strcspn(value, "\n")] = '\0';
	return ok;
}

/* Some do not take every value, and some take none: what they have then is as good. */
static bool write_file(const char *dir, const char *link, const char *key, long value)
{
	char path[512];
	FILE *file;
	bool ok;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/%s/%s", dir, link, key);
	file = fopen(path, "we");
	ok = file && fprintf(file, "%ld\n", value) > 0;
	return file && fclose(file) == 0 && ok;
}

/* Returns how many settings took another value. */
static size_t disturb(const char *link, size_t i, long by)
{
	char path[512];
	struct dirent *entry;
	char value[64];
	size_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", dirs[i], link);
	dir = opendir(path);
	must(dir);
	while ((entry = readdir(dir))) {
		/* Without IPv6 there is nothing to compare. */
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "disable_ipv6") ||
		    !read_file(dirs[i], link, entry->d_name, value))
			continue;
		n += write_file(dirs[i], link, entry->d_name, strtol(value, NULL, 10) + by) ||
		     write_file(dirs[i], link, entry->d_name, value[0] == '0');
	}
	(void)closedir(dir);
	return n;
}

/* The same value as that of another file, in another unit. */
static bool is_alias(const char *dir, const char *key)
{
	return strstr(dir, "neigh") &&
	       (!strcmp(key, "base_reachable_time") || !strcmp(key, "retrans_time"));
}

/* These stand with the link. */
static const int32_t *link_has(const struct vnet_link *link, const char *dir, const char *key)
{
	if (strcmp(dir, "ipv6/conf") != 0)
		return NULL;
	if (!strcmp(key, "accept_ra"))
		return &link->accept_ra;
	return strcmp(key, "autoconf") != 0 ? NULL : &link->autoconf;
}

/* Returns how many of its files are read as they are, and says which are not. */
static size_t compare(const struct vnet_snapshot *snap, const char *link, size_t i)
{
	const struct vnet_link *itself = vnet_link_by_name(snap, VNET_NS_HOST, link);
	const struct vnet_link of = itself ? *itself : (struct vnet_link){ 0 };
	char path[512];
	struct dirent *entry;
	char value[64];
	size_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", dirs[i], link);
	dir = opendir(path);
	must(dir);
	while ((entry = readdir(dir))) {
		const int32_t *with_link = link_has(&of, dirs[i], entry->d_name);
		const struct vnet_sysctl *s =
			vnet_sysctl_find(snap, VNET_NS_HOST, link, dirs[i], entry->d_name);

		if (entry->d_name[0] == '.' || is_alias(dirs[i], entry->d_name) ||
		    !read_file(dirs[i], link, entry->d_name, value))
			continue;
		if (with_link)
			n += !itself || strtol(value, NULL, 10) == *with_link;
		else if (s && !strcmp(s->value, value))
			n++;
		else
			fail_msg("%s/%s/%s: the file has %s, read was %s", dirs[i], link,
				 entry->d_name, value, s ? s->value : "nothing");
	}
	(void)closedir(dir);
	return n;
}

static void look(struct vnet_snapshot *ret_snap)
{
	struct vn_sock *sock;

	*ret_snap = (struct vnet_snapshot){ 0 };
	assert_int_equal(vn_sock_open(&sock), 0);
	assert_int_equal(vn_read_ns(sock, VNET_NS_HOST, "", ret_snap), 0);
	assert_int_equal(vn_settings_read(sock, NIC, BRIDGE, true, ret_snap), 0);
	vn_sock_close(sock);
}

static void test_as_the_files(void **state)
{
	struct vnet_snapshot snap;
	size_t set = 0;
	size_t n = 0;

	(void)state;
	ground_shell("ip link add " NIC " type veth peer name far0");
	ground_shell("ip link add " BRIDGE " type bridge");
	/* The bridge has one of its own as soon as its addresses are random: so have both. */
	ground_shell("echo 2001:db8::1 >/proc/sys/net/ipv6/conf/" NIC "/stable_secret");
	for (size_t i = 0; i < 4; i++)
		set += disturb(NIC, i, 2000) + disturb(BRIDGE, i, 3);
	set += disturb("default", 0, 1) + disturb("default", 1, 1);
	look(&snap);
	for (size_t i = 0; i < 4; i++)
		n += compare(&snap, NIC, i) + compare(&snap, BRIDGE, i);
	n += compare(&snap, "default", 0) + compare(&snap, "default", 1);
	print_message("%zu settings changed, %zu read as they are\n", set, n);
	assert_true(set > 150 && n > 250);
	vnet_snapshot_done(&snap);
}

/* A new link's own values are those that are told of the neighbour tables. */
static void test_fresh_neigh(void **state)
{
	struct vnet_snapshot snap;
	size_t n = 0;

	(void)state;
	ground_shell("ip link add fresh0 type bridge");
	look(&snap);
	for (size_t i = 0; i < snap.ns[VNET_NS_HOST].n_sysctls; i++) {
		const struct vnet_sysctl *s = &snap.ns[VNET_NS_HOST].sysctls[i];
		char value[64];

		if (strcmp(s->link, "default") != 0 || !strstr(s->dir, "neigh"))
			continue;
		assert_true(read_file(s->dir, "fresh0", s->key, value));
		assert_string_equal(s->value, value);
		n++;
	}
	assert_true(n >= 30);
	vnet_snapshot_done(&snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_files),
		cmocka_unit_test(test_fresh_neigh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
