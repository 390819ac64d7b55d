/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vnet/addr.h>
#include <vnet/error.h>
#include <vnet/spec.h>
#include <vnet/version.h>

#include "base/names.h"
#include "base/text.h"
#include "sys/netns.h"
#include "wire/ask.h"

/*
 * How this works: QEMU runs this at its end with the name of a tap that may be gone by then, or go
 * any moment: nothing depends on it. A tap that is a port of one of vnet's networks, by its own
 * mark or by the record of the bridge, is taken off it and down, in one request; all other links
 * are left alone. Like vnet-ifup, it is one static file that allocates nothing.
 */

#define SELF "vnet-ifdown"

enum { SEND_SIZE = 256 }; /* of a message; it takes 100 bytes at most */

struct link {
	int32_t index; /* 0: there is no such link */
	int32_t master;
	uint32_t group;
	bool tun;
	char alias[IFALIASZ + 1];
};

static struct link link_parse(const struct vn_answer *answer)
{
	struct vn_span in =
		vn_span_skip((struct vn_span){ answer->buf, answer->len }, NLMSG_HDRLEN);
	struct link link = { .index = 0 };
	char kind[IFNAMSIZ + 1] = "";
	struct ifinfomsg ifi;

	if (in.len < sizeof(ifi))
		return link;
	memcpy(&ifi, in.at, sizeof(ifi));
	in = vn_span_skip(in, sizeof(ifi));
	link.index = ifi.ifi_index;
	vn_span_copy(in, IFLA_MASTER, &link.master, sizeof(link.master));
	vn_span_copy(in, IFLA_GROUP, &link.group, sizeof(link.group));
	vn_span_copy(in, IFLA_IFALIAS, link.alias, sizeof(link.alias) - 1);
	vn_span_copy(vn_span_attr(in, IFLA_LINKINFO), IFLA_INFO_KIND, kind, sizeof(kind) - 1);
	link.tun = !strcmp(kind, "tun");
	return link;
}

static int link_read(int sock, const char *name, struct link *ret_link)
{
	const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct vn_answer answer;
	uint8_t buf[SEND_SIZE];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETLINK, 0, 1, &ifi, sizeof(ifi));
	vn_attr_str(&msg, IFLA_IFNAME, name);
	r = vn_msg_end(&msg);
	if (r == 0)
		r = vn_ask(sock, &msg, &answer, 1);
	if (r == 0)
		r = answer.code;
	if (r)
		return r;
	*ret_link = link_parse(&answer);
	return ret_link->index ? 0 : -EPROTO;
}

/* vnet's mark on a tap: the group, and the alias vnet:NETWORK:tap. */
static bool marked(const struct link *link)
{
	return link->group >= VNET_GROUP_FIRST && link->group <= VNET_GROUP_LAST &&
	       vn_alias_has_role(link->alias, "tap");
}

/* True if vnet has a record of a network whose bridge is the master: so also a foreign one. */
static bool recorded(int sock, const struct link *link)
{
	struct ifreq bridge = { .ifr_ifindex = link->master };
	char dir[VNET_PATH_SIZE];
	char path[VNET_PATH_SIZE];
	struct stat st;
	uint64_t id = 0;

	if (vn_netns_id_of(sock, &id) < 0)
		return false;
	if (ioctl(sock, SIOCGIFNAME, &bridge) < 0)
		return false;
	return vn_format(dir, sizeof(dir), VN_RUN_DIR "/%ju", (uintmax_t)id) == 0 &&
	       vn_name_path(dir, bridge.ifr_name, VN_NAME_RECORD, path) == 0 && !lstat(path, &st) &&
	       S_ISREG(st.st_mode);
}

/* Off the bridge, down, and without vnet's mark if there is one. */
static int release(int sock, const struct link *link)
{
	const struct ifinfomsg ifi = { .ifi_index = link->index, .ifi_change = IFF_UP };
	struct vn_answer answer;
	uint8_t buf[SEND_SIZE];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_SETLINK, NLM_F_ACK, 1, &ifi, sizeof(ifi));
	vn_attr_u32(&msg, IFLA_MASTER, 0);
	if (marked(link)) {
		vn_attr_u32(&msg, IFLA_GROUP, 0);
		vn_attr(&msg, IFLA_IFALIAS, NULL, 0);
	}
	r = vn_msg_end(&msg);
	if (r == 0)
		r = vn_ask(sock, &msg, &answer, 1);
	return r ? r : answer.code;
}

static int detach(const char *tap, struct vnet_error *err)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct link link;
	int r;

	if (sock < 0)
		return vnet_error_set(err, -errno, "netlink: %s", strerror(errno));
	r = link_read(sock, tap, &link);
	if (r == 0 && !link.tun)
		r = vnet_error_set(err, -ENOTSUP, "no tap: want one");
	else if (r == 0 && link.master && (marked(&link) || recorded(sock, &link)))
		r = release(sock, &link);
	(void)close(sock);
	if (r == 0 || r == -ENODEV) /* it is gone: the kernel took it off the bridge */
		return 0;
	if (r == -EPERM)
		return vnet_error_set(err, r, "no privilege: want root or CAP_NET_ADMIN");
	return vnet_error_set(err, r, "release: %s", strerror(-r));
}

static int say(int fd, int status, const char *text)
{
	return write(fd, text, strlen(text)) < 0 ? 1 : status;
}

int main(int argc, char **argv)
{
	static const char help[] =
		"usage: " SELF " TAP: take a tap off its network of vnet, for QEMU's downscript=.\n"
		"A tap that is gone, or in no such network, is none of its business.\n";
	const char *tap = argc == 2 ? argv[1] : "";
	struct vnet_error err = { 0 };
	char line[2 * sizeof(err.msg)];
	char name[VNET_NAME_SIZE];

	if (!strcmp(tap, "--help"))
		return say(STDOUT_FILENO, 0, help);
	if (!strcmp(tap, "--version"))
		return say(STDOUT_FILENO, 0, SELF " " VNET_VERSION "\n");
	if (!*tap || *tap == '-')
		return say(STDERR_FILENO, 2, "usage: " SELF " TAP: see " SELF " --help\n");
	if (vnet_name_parse(tap, name, &err) == 0 && detach(name, &err) == 0)
		return 0;
	(void)vn_format(line, sizeof(line) - 1, SELF ": %.40s: %s", tap, err.msg);
	vn_text_clean_typed(line);
	(void)vn_copy(line + strlen(line), 2, "\n");
	return say(STDERR_FILENO, 1, line);
}
