/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdio.h>
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

/*
 * How this works: QEMU runs this at its end with the name of a tap that may be gone by then, or go
 * any moment: nothing depends on it. A tap that is a port of one of vnet's networks, by its own
 * mark or by the record of the bridge, is taken off it and down, in one request; all other links
 * are left alone. Like vnet-ifup, it is one static file that allocates nothing.
 */

#define SELF "vnet-ifdown"

enum {
	REPLY_SIZE = 16 << 10, /* a link takes 2 KiB */
};

struct link {
	int32_t index; /* 0: there is no such link */
	int32_t master;
	uint32_t group;
	bool tun;
	char alias[IFALIASZ + 1];
};

/*
 * Send one message; its answer lies ready when the send is over.
 * Returns the length of the answer, or -errno, also that of an acknowledgement.
 */
static ssize_t ask(int sock, void *request, size_t len, void *reply, size_t size)
{
	struct iovec out = { .iov_base = request, .iov_len = len };
	struct msghdr msg = { .msg_iov = &out, .msg_iovlen = 1 };
	struct nlmsghdr head;
	struct nlmsgerr ack;
	ssize_t n;

	if (sendmsg(sock, &msg, 0) < 0)
		return -errno;
	n = recv(sock, reply, size, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(head))
		return -EPROTO;
	memcpy(&head, reply, sizeof(head));
	if (head.nlmsg_len != n)
		return -EPROTO;
	if (head.nlmsg_type != NLMSG_ERROR)
		return n;
	if (n < (ssize_t)(sizeof(head) + sizeof(ack)))
		return -EPROTO;
	memcpy(&ack, (const char *)reply + sizeof(head), sizeof(ack));
	return ack.error ? ack.error : n;
}

/* The attribute of @type among those of @len bytes at @rta, or NULL. */
static struct rtattr *attr(struct rtattr *rta, ssize_t len, unsigned short type)
{
	int left = (int)len;

	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left)) {
		if ((rta->rta_type & NLA_TYPE_MASK) == type)
			return rta;
	}
	return NULL;
}

static void attr_copy(struct rtattr *rta, void *to, size_t size)
{
	if (rta && RTA_PAYLOAD(rta) <= size)
		memcpy(to, RTA_DATA(rta), RTA_PAYLOAD(rta));
}

static int link_read(int sock, const char *name, struct link *ret_link)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg ifi;
		struct rtattr name_head;
		char name[IFNAMSIZ];
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			  .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST },
		.name_head = { .rta_len = RTA_LENGTH(IFNAMSIZ), .rta_type = IFLA_IFNAME },
	};
	alignas(struct nlmsghdr) char reply[REPLY_SIZE];
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)reply;
	struct link link = { .index = 0 };
	struct ifinfomsg *ifi = NLMSG_DATA(head);
	struct rtattr *attrs = IFLA_RTA(ifi);
	struct rtattr *info;
	char kind[IFNAMSIZ + 1] = "";
	ssize_t len;

	memcpy(request.name, name, strlen(name));
	len = ask(sock, &request, sizeof(request), reply, sizeof(reply));
	if (len < 0)
		return (int)len;
	len -= (ssize_t)NLMSG_SPACE(sizeof(*ifi));
	if (head->nlmsg_type != RTM_NEWLINK || len < 0)
		return -EPROTO;
	link.index = ifi->ifi_index;
	attr_copy(attr(attrs, len, IFLA_MASTER), &link.master, sizeof(link.master));
	attr_copy(attr(attrs, len, IFLA_GROUP), &link.group, sizeof(link.group));
	attr_copy(attr(attrs, len, IFLA_IFALIAS), link.alias, sizeof(link.alias) - 1);
	info = attr(attrs, len, IFLA_LINKINFO);
	if (info)
		info = attr(RTA_DATA(info), (ssize_t)RTA_PAYLOAD(info), IFLA_INFO_KIND);
	attr_copy(info, kind, sizeof(kind) - 1);
	link.tun = !strcmp(kind, "tun");
	*ret_link = link;
	return 0;
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

struct number {
	struct rtattr head;
	uint32_t value;
};

static struct number zero(unsigned short type)
{
	struct number number = { .head = { .rta_len = sizeof(number), .rta_type = type } };

	return number;
}

/* Off the bridge, down, and without vnet's mark if there is one. */
static int release(int sock, const struct link *link)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg ifi;
		struct number master;
		struct number group; /* from here on: the mark */
		struct rtattr alias;
	} request = {
		.head = { .nlmsg_len = offsetof(__typeof__(request), group),
			  .nlmsg_type = RTM_SETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.ifi = { .ifi_index = link->index, .ifi_change = IFF_UP },
		.alias = { .rta_len = sizeof(request.alias), .rta_type = IFLA_IFALIAS },
	};
	char reply[REPLY_SIZE];
	ssize_t r;

	request.master = zero(IFLA_MASTER);
	request.group = zero(IFLA_GROUP);
	if (marked(link))
		request.head.nlmsg_len = sizeof(request);
	r = ask(sock, &request, request.head.nlmsg_len, reply, sizeof(reply));
	return r < 0 ? (int)r : 0;
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
	(void)snprintf(line, sizeof(line) - 1, SELF ": %.40s: %s", tap, err.msg);
	vn_text_clean_typed(line);
	return say(STDERR_FILENO, 1, strcat(line, "\n"));
}
