/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/ground.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/snapshot.h"
#include "base/text.h"
#include "core/net.h"
#include "lib/must.h"
#include "lib/state.h"
#include "sys/netns.h"

void ground_shell(const char *fmt, ...)
{
	char command[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	must_be(n > 0 && (size_t)n < sizeof(command), "the ground", "a command that is too long");
	n = system(command); /* NOLINT(cert-env33-c): the test's own text */
	must_be(n == 0, "the ground", command);
}

void ground_prepare(void)
{
	/* in-ns says so; a test that ran on the host itself would change its network */
	must_be(getenv("VNET_IN_NS") != NULL, "the ground", "start me with tests/lib/in-ns");
	ground_shell("for conf in all default; do"
		     " echo 0 >/proc/sys/net/ipv6/conf/$conf/accept_dad;"
		     " echo 0 >/proc/sys/net/ipv6/conf/$conf/router_solicitations; done");
	/* It has a carrier for good: what the kernel makes of the first one is there before. */
	ground_shell("ip link add lan0 address 52:54:00:1a:00:00 type bridge &&"
		     " ip link add port type veth peer name far && ip link set far up &&"
		     " ip link set port master lan0 up &&"
		     " ip address add 198.51.100.1/24 dev lan0 && ip link set lan0 up &&"
		     " while [ \"$(cat /sys/class/net/lan0/operstate)\" != up ] ||"
		     " ! ip -6 route show table all dev lan0 | grep -q ^multicast; do"
		     " sleep 0.05; done");
}

struct vnet *ground_open(const struct vn_exec *exec)
{
	struct vnet *vnet;
	uint64_t id;

	must_be(vn_netns_id(&id) == 0, "the ground", "this namespace has no number");
	must_be(vn_net_open(exec, "/run/vnet", id, vn_netns_is_initial(), &vnet) == 0, "the ground",
		"no context");
	return vnet;
}

void ground_add_tap(void *self, const char *name, const char *bridge, bool ours)
{
	(void)self;
	ground_shell(
		"mtu=$(cat /sys/class/net/%s/mtu); group=$(cat /sys/class/net/%s/netdev_group);"
		" ip tuntap add %s mode tap &&"
		" ip link set %s mtu $mtu address fe:00:00:00:00:01 group $([ %d = 1 ] &&"
		" echo $group || echo 0) &&"
		" ip link set %s master %s && ip link set %s up%s%s",
		bridge, bridge, name, name, ours, name, bridge, name,
		ours ? " && bridge link set isolated on dev " : "", ours ? name : "");
}

/* The directory of this program is tests/netns of the build, that of the tools tests/lib. */
static void tools_path(char path[PATH_MAX])
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	must_be(n > 0, "the ground", "where am I");
	program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(program, '/');

		must_be(slash != NULL, "the ground", "where am I");
		*slash = '\0';
	}
	must_be(vn_format(path, PATH_MAX, "%s/lib", program) == 0, "the ground", program);
}

void ground_find_tools(void)
{
	const char *path = getenv("PATH");
	char tools[PATH_MAX];
	char both[2 * PATH_MAX];

	tools_path(tools);
	must_be(path && vn_format(both, sizeof(both), "%s:%s", tools, path) == 0 &&
			setenv("PATH", both, 1) == 0,
		"the ground", "PATH");
}

/*
 * IFLA_OPERSTATE, CARRIER, LINK_NETNSID, TSO_MAX_SIZE, INET6_FLAGS; of a bridge
 * IFLA_BR_TOPOLOGY_CHANGE and its _DETECTED; then in both views of a port
 * IFLA_BRPORT_STATE, ID, DESIGNATED_PORT and NO.
 */
static const char *const derived[] = {
	" 16=",
	" 33=",
	" 37=",
	" 59=",
	" 26.10.1=",
	" 18.2:bridge.14=",
	" 18.2:bridge.15=",
	" 18.5:bridge.1=",
	" 18.5:bridge.15=",
	" 18.5:bridge.17=",
	" 18.5:bridge.18=",
	" 12.1=",
	" 12.15=",
	" 12.17=",
	" 12.18=",
};

/* Cut the word that begins with @name out of the line. */
static void cut(char *line, const char *name)
{
	char *at = strstr(line, name);
	size_t len;

	if (!at)
		return;
	len = strcspn(at + 1, " ") + 1;
	memmove(at, at + len, strlen(at + len) + 1);
}

/* Clear bits of the number in hexadecimal behind @name. */
static void mask(char *line, const char *name, unsigned int bits)
{
	char *at = strstr(line, name);
	char digits[16];
	size_t len;
	size_t less;

	if (!at)
		return;
	at += strlen(name);
	len = strcspn(at, " ");
	(void)snprintf(digits, sizeof(digits), "%x", (unsigned int)strtoul(at, NULL, 16) & ~bits);
	less = strlen(digits);
	must_be(less <= len, "the ground", "a number that grows");
	memcpy(at, digits, less);
	memmove(at + less, at + len, strlen(at + len) + 1);
}

/*
 * What changes without meaning anything: who held the lock, and the pid of a server. And
 * what the kernel makes of a carrier, up to a second later: the flags for it, the state
 * of a port, what a bridge takes over of the limits of its ports, routes marked as dead,
 * and the multicast route, which comes with the first carrier or IPv6 address for good.
 * And the numbers that it gives as they come: to namespaces, and to the ports of a bridge.
 */
static void add_line(struct vn_text *text, char *line)
{
	bool link = strstr(line, " link ") || strstr(line, " port ");

	if (!strncmp(line, "file ", 5) && strstr(line, "/lock "))
		return;
	if (strstr(line, " route family=10 ") && strstr(line, "\"ff00::\""))
		return;
	if (!strncmp(line, "file ", 5) && strstr(line, ".pid ")) {
		cut(line, " size=");
		cut(line, " fnv=");
	}
	if (strstr(line, " route "))
		mask(line, " flags=", 0x10); /* RTNH_F_LINKDOWN */
	if (link) {
		/* IFF_RUNNING, IFF_LOWER_UP, IFF_DORMANT */
		mask(line, " flags=", 0x40 | 0x10000 | 0x20000);
		for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
			cut(line, derived[i]);
	}
	vn_text_add(text, "%s\n", line);
}

/* What `snap` sees, with these options. */
static char *look(const char *options, bool raw)
{
	char tools[PATH_MAX];
	char command[PATH_MAX + 128];
	struct vn_text text = { 0 };
	char *line = NULL;
	char *result;
	size_t size = 0;
	FILE *pipe;

	tools_path(tools);
	(void)snprintf(command, sizeof(command),
		       "mkdir -p /run/vnet /run/netns /var/lib/vnet && exec %s/snap %s", tools,
		       options);
	pipe = popen(command, "re"); /* NOLINT(cert-env33-c): the build's own program */
	must_be(pipe != NULL, "the ground", "snap");
	while (getline(&line, &size, pipe) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (raw)
			vn_text_add(&text, "%s\n", line);
		else
			add_line(&text, line);
	}
	free(line);
	must_be(pclose(pipe) == 0, "the ground", "snap failed");
	must_be(vn_text_take(&text, &result) == 0 && *result, "the ground", "snap saw nothing");
	state_sort(result);
	return result;
}

char *ground_text(void)
{
	return look("-a -p -f /run/vnet -f /run/netns -f /var/lib/vnet", false);
}

char *ground_raw(const char *options)
{
	return look(options, true);
}
