/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vnet/addr.h>
#include <vnet/error.h>
#include <vnet/mode.h>
#include <vnet/version.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "sys/netns.h"
#include "wire/ask.h"

/*
 * How this works: QEMU runs this with the name of a tap that it holds open, and nothing else.
 * The network is found by name; its record, a text, says how its links are marked. One send asks
 * the kernel for the bridge and the tap; one more makes all changes, the tap addressed by index,
 * and each acknowledgement counts. After a failure the tap is put back as it was found. Every
 * guest waits for this: it is one static file that allocates nothing, its buffers on the stack.
 */

#define SELF	      "vnet-ifup"
#define CONF	      "/etc/vnet/ifup.conf"
#define fail(up, ...) vnet_error_set(&(up)->err, __VA_ARGS__)

enum {
	BUF_SIZE = 16 << 10,  /* ifup.conf, the head of a record, a directory */
	RECORD_MAX = 4 << 20, /* bytes of a record, as everywhere in vnet */
	SEND_SIZE = 1024,     /* all messages of a send; they take 500 at most */
	PORTS_MAX = 1023,     /* BR_MAX_PORTS - 1 of net/bridge/br_private.h */
};

struct ifup {
	const char *tap;
	int sock;
	bool stuck;		      /* the tap could not be put back */
	char records[VNET_PATH_SIZE]; /* the directory */
	unsigned int count;	      /* of the networks found there */
	char list[VNET_PATH_SIZE];    /* what does not fit is cut off */
	struct vnet_error err;
};

/* What the record of a network says, as far as a tap needs it. */
struct network {
	char name[VNET_NAME_SIZE];
	uint32_t group;
	bool foreign;
	bool stp;
};

/* Each text is one longer than the kernel's, and ends in a NUL. */
struct link {
	int32_t index; /* 0: there is no such link */
	uint32_t flags;
	uint32_t master;
	uint32_t mtu;
	uint32_t group;
	uint32_t stp;
	uint16_t type; /* ARPHRD_* */
	uint8_t gen_mode;
	uint8_t mac[6];
	char name[IFNAMSIZ + 1];
	char kind[IFNAMSIZ + 1];
	char alias[IFALIASZ + 1];
};

/* The head of a text file. Returns 0, -ENOENT without a sentence, or another -errno. */
static int text_read(struct ifup *up, const char *path, int flags, intmax_t max,
		     char text[BUF_SIZE + 1])
{
	/* Without O_NONBLOCK, a FIFO put there would hold us until someone writes to it. */
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	struct stat st;
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(up, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > max)
		return fail(up, -EINVAL, "%s: want a regular file of at most %jd bytes", path, max);
	len = read(fd, text, BUF_SIZE);
	if (len < 0 || memchr(text, '\0', (size_t)len))
		return fail(up, -EINVAL, "%s: want text that can be read", path);
	text[len] = '\0';
	if (len < st.st_size && strrchr(text, '\n')) /* no half of a line */
		*strrchr(text, '\n') = '\0';
	return 0;
}

/* A line `KEY VALUE`. Returns what would be right, or NULL; most keys are not for taps. */
static const char *record_line(char *line, struct network *net)
{
	char *value = strchr(line, ' ');
	uint64_t group;

	if (!value || value == line || !value[1])
		return "KEY VALUE";
	*value++ = '\0';
	if (!strcmp(line, "group")) {
		if (vn_number(value, 16, VNET_GROUP_FIRST, VNET_GROUP_LAST, &group) < 0)
			return "group 0x766e0000 to 0x766effff";
		net->group = (uint32_t)group;
	} else if (!strcmp(line, "foreign") || !strcmp(line, "stp")) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return "yes or no";
		*(*line == 's' ? &net->stp : &net->foreign) = *value == 'y';
	}
	return NULL;
}

/* What counts stands at its head. Returns 0, -ENOENT without a sentence, or another -errno. */
static int record_read(struct ifup *up, const char *name, struct network *ret_net)
{
	struct network net = { .group = 0 };
	char text[BUF_SIZE + 1];
	char path[VNET_PATH_SIZE];
	char head[64];
	const char *want;
	char *next = text;
	char *line;
	int r;

	(void)vn_copy(net.name, sizeof(net.name), name);
	(void)vn_name_path(up->records, name, VN_NAME_RECORD, path);
	(void)vn_format(head, sizeof(head), "vnet 1 bridge %s", name);
	r = text_read(up, path, O_NOFOLLOW, RECORD_MAX, text);
	if (r < 0)
		return r;
	line = vn_line_next(&next);
	want = line && !strcmp(line, head) ? NULL : head;
	while (!want && (line = vn_line_next(&next)))
		want = record_line(line, &net);
	if (!want && !net.group && !net.foreign)
		want = "a group";
	if (want)
		return fail(up, -EBADMSG, "%s: bad record: want '%s'", path, want);
	*ret_net = net;
	return 0;
}

/* With @own, the record is read, and a foreign network does not count. */
static int network_add(struct ifup *up, const char *entry, bool own, struct network *net)
{
	size_t len = strlen(up->list);
	char name[VNET_NAME_SIZE];
	struct network found = { .foreign = false };
	int r = 0;

	if (!vn_name_of_record(entry, name))
		return 0;
	if (own)
		r = record_read(up, name, &found);
	if (r < 0 || found.foreign)
		return r == -ENOENT ? 0 : r; /* -ENOENT: deleted meanwhile */
	*net = found;
	up->count++;
	(void)vn_format(up->list + len, VNET_PATH_SIZE - len, len ? ", %s" : "%s", name);
	return 0;
}

/* Count and list the networks of the namespace; the last one is @ret_net. */
static int networks_find(struct ifup *up, bool own, struct network *ret_net)
{
	auto_fd fd = open(up->records, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	alignas(struct dirent64) char buf[BUF_SIZE];
	ssize_t len;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 :
					 fail(up, -errno, "%s: %s", up->records, strerror(errno));
	while ((len = getdents64(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < len;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(buf + at);

			at += entry->d_reclen;
			r = network_add(up, entry->d_name, own, ret_net);
			if (r < 0)
				return r;
		}
	}
	return len < 0 ? fail(up, -errno, "%s: %s", up->records, strerror(errno)) : 0;
}

/* The first line `PATTERN NETWORK` that matches; all are checked. Returns 1, 0 or -errno. */
static int conf_find(struct ifup *up, char ret_name[VNET_NAME_SIZE])
{
	static const char blank[] = " \t\r";
	char text[BUF_SIZE + 1];
	char name[VNET_NAME_SIZE];
	char *next = text;
	char *line;
	char *save;
	const char *pattern;
	const char *network;
	bool found = false;
	int r = text_read(up, CONF, 0, BUF_SIZE, text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (unsigned int number = 1; (line = vn_line_next(&next)); number++) {
		line[strcspn(line, "#")] = '\0';
		pattern = strtok_r(line, blank, &save);
		if (!pattern)
			continue;
		network = strtok_r(NULL, blank, &save);
		if (!network || strtok_r(NULL, blank, &save) || strpbrk(pattern, "[\\/") ||
		    vnet_name_parse(network, name, NULL) < 0)
			return fail(up, -EINVAL, CONF ":%u: want 'PATTERN NETWORK', as 'web-* br0'",
				    number);
		if (!found && !fnmatch(pattern, up->tap, 0))
			found = !vn_copy(ret_name, VNET_NAME_SIZE, name);
	}
	return found;
}

/* The name that someone gave. Returns 1 and from @where, 0 if nobody did, or -errno. */
static int name_given(struct ifup *up, const char *argv0, char name[VNET_NAME_SIZE],
		      const char **where)
{
	const char *slash = strrchr(argv0, '/');
	const char *self = slash ? slash + 1 : argv0;
	const char *given = getenv("VNET_NET");

	*where = "$VNET_NET";
	if (!strncmp(self, SELF "-", strlen(SELF "-"))) {
		*where = self;
		given = self + strlen(SELF "-");
	} else if (!given || !*given) {
		*where = CONF;
		return conf_find(up, name);
	}
	if (vnet_name_parse(given, name, NULL) < 0)
		return fail(up, -EINVAL, "%.40s '%.40s': want a network's name", *where, given);
	return 1;
}

static int network_find(struct ifup *up, const char *argv0, struct network *ret_net)
{
	char name[VNET_NAME_SIZE];
	const char *where;
	int given = name_given(up, argv0, name, &where);
	int r = -ENOENT;

	if (given < 0)
		return given;
	if (given)
		r = record_read(up, name, ret_net);
	if (r != -ENOENT)
		return r;
	r = networks_find(up, !given, ret_net);
	if (r < 0)
		return r;
	if (given)
		return fail(up, -ENOENT, "no network '%s' (from %.40s): want one of: %s", name,
			    where, up->count ? up->list : "none, yet");
	if (up->count != 1)
		return fail(up, -ENOENT,
			    up->count ? "which network of %s: want it named by $VNET_NET, in " CONF
					", or by a link " SELF "-NETWORK to this program" :
					"no network%s: want one, by `vnet bridge create`",
			    up->list);
	return 0;
}

static struct link link_parse(const struct vn_answer *answer)
{
	struct vn_span in =
		vn_span_skip((struct vn_span){ answer->buf, answer->len }, NLMSG_HDRLEN);
	struct link link = { .index = 0 };
	struct ifinfomsg ifi;
	struct vn_span sub;

	if (answer->code || in.len < sizeof(ifi))
		return link;
	memcpy(&ifi, in.at, sizeof(ifi));
	in = vn_span_skip(in, sizeof(ifi));
	link.index = ifi.ifi_index;
	link.type = ifi.ifi_type;
	link.flags = ifi.ifi_flags;
	vn_span_copy(in, IFLA_MASTER, &link.master, sizeof(link.master));
	vn_span_copy(in, IFLA_MTU, &link.mtu, sizeof(link.mtu));
	vn_span_copy(in, IFLA_GROUP, &link.group, sizeof(link.group));
	vn_span_copy(in, IFLA_ADDRESS, link.mac, sizeof(link.mac));
	vn_span_copy(in, IFLA_IFNAME, link.name, sizeof(link.name) - 1);
	vn_span_copy(in, IFLA_IFALIAS, link.alias, sizeof(link.alias) - 1);
	sub = vn_span_attr(in, IFLA_LINKINFO);
	vn_span_copy(sub, IFLA_INFO_KIND, link.kind, sizeof(link.kind) - 1);
	sub = vn_span_attr(sub, IFLA_INFO_DATA);
	vn_span_copy(sub, IFLA_BR_STP_STATE, &link.stp, sizeof(link.stp));
	sub = vn_span_attr(vn_span_attr(in, IFLA_AF_SPEC), AF_INET6);
	vn_span_copy(sub, IFLA_INET6_ADDR_GEN_MODE, &link.gen_mode, sizeof(link.gen_mode));
	return link;
}

/* The links of both names; index 0 if there is none. */
static int links_read(struct ifup *up, const char *const names[2], struct link ret_links[2])
{
	const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct vn_answer answers[2];
	uint8_t buf[SEND_SIZE];
	struct vn_msg msg;
	int r = 0;

	vn_msg_init(&msg, buf, sizeof(buf));
	for (uint32_t i = 0; i < 2 && r == 0; i++) {
		vn_msg_begin(&msg, RTM_GETLINK, 0, i + 1, &ifi, sizeof(ifi));
		vn_attr_str(&msg, IFLA_IFNAME, names[i]);
		vn_attr_u32(&msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		r = vn_msg_end(&msg);
	}
	if (r == 0)
		r = vn_ask(up->sock, &msg, answers, 2);
	for (uint32_t i = 0; i < 2 && r == 0; i++) {
		r = answers[i].code == -ENODEV ? 0 : answers[i].code;
		ret_links[i] = link_parse(&answers[i]);
	}
	return r ? fail(up, r, "reading links: %s", strerror(-r)) : 0;
}

static int links_check(struct ifup *up, const struct network *net, const struct link *bridge,
		       const struct link *tap)
{
	if (!bridge->index)
		return fail(up, -ENODEV, "bridge %s is gone: see `vnet show %s` or `vnet recover`",
			    net->name, net->name);
	/* By a name, the kernel finds a link by its other names, too. */
	if (strcmp(bridge->kind, "bridge") != 0 || strcmp(bridge->name, net->name) != 0)
		return fail(up, -ENOTSUP, "%s is no bridge: see `vnet show`", net->name);
	if (!net->foreign && bridge->group != net->group)
		return fail(up, -EPERM,
			    "bridge %s has group 0x%x, its record 0x%x: see `vnet show %s`",
			    net->name, bridge->group, net->group, net->name);
	if (strcmp(tap->kind, "tun") != 0 || tap->type != ARPHRD_ETHER ||
	    strcmp(tap->name, up->tap) != 0)
		return fail(up, -ENOTSUP, "no tap of this network namespace: want one");
	if (tap->master && tap->master != (uint32_t)bridge->index)
		return fail(up, -EBUSY, "a port of another link: want it free");
	if (tap->mtu < 1280 && bridge->mtu >= 1280) /* RFC 8200: below, Linux has no IPv6 on it */
		return fail(up, -ERANGE, "MTU %u: want 1280 or more, or IPv6 comes up with %s's %u",
			    tap->mtu, net->name, bridge->mtu);
	return 0;
}

/*
 * The messages that make a tap what @to says. IPv6 first: in the request that raises the tap it
 * would come too late. Last, that the guest shall not become the root of the spanning tree.
 */
static int change_build(struct vn_msg *msg, const struct link *to, bool root_block)
{
	struct ifinfomsg ifi = { .ifi_index = to->index };
	size_t outer;
	size_t inner;
	bool fits;

	vn_msg_begin(msg, RTM_SETLINK, NLM_F_ACK, 1, &ifi, sizeof(ifi));
	outer = vn_nest(msg, IFLA_AF_SPEC);
	inner = vn_nest(msg, AF_INET6);
	vn_attr_u8(msg, IFLA_INET6_ADDR_GEN_MODE, to->gen_mode);
	vn_nest_end(msg, inner);
	vn_nest_end(msg, outer);
	fits = vn_msg_end(msg) == 0;
	ifi.ifi_flags = to->flags;
	ifi.ifi_change = IFF_UP;
	vn_msg_begin(msg, RTM_SETLINK, NLM_F_ACK, 2, &ifi, sizeof(ifi));
	vn_attr_u32(msg, IFLA_MASTER, to->master);
	vn_attr_u32(msg, IFLA_MTU, to->mtu);
	vn_attr(msg, IFLA_ADDRESS, to->mac, sizeof(to->mac));
	vn_attr_u32(msg, IFLA_GROUP, to->group);
	vn_attr(msg, IFLA_IFALIAS, to->alias, strlen(to->alias));
	fits = vn_msg_end(msg) == 0 && fits;
	if (root_block) {
		ifi = (struct ifinfomsg){ .ifi_family = AF_BRIDGE, .ifi_index = to->index };
		vn_msg_begin(msg, RTM_SETLINK, NLM_F_ACK, 3, &ifi, sizeof(ifi));
		outer = vn_nest(msg, IFLA_PROTINFO);
		vn_attr_u8(msg, IFLA_BRPORT_PROTECT, 1);
		vn_nest_end(msg, outer);
		fits = vn_msg_end(msg) == 0 && fits;
	}
	return fits ? 0 : -EMSGSIZE;
}

/* Make the tap what @to says, in one send. */
static int change(struct ifup *up, const char *net, const struct link *to, bool root_block)
{
	static const char *const steps[] = { "addr_gen_mode", "attach", "root_block" };
	struct vn_answer answers[3];
	uint32_t n = root_block ? 3 : 2;
	uint8_t buf[SEND_SIZE];
	const char *hint;
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	r = change_build(&msg, to, root_block);
	if (r == 0)
		r = vn_ask(up->sock, &msg, answers, n);
	if (r)
		return fail(up, r, "changing the tap: %s", strerror(-r));
	for (uint32_t i = 0; i < n; i++) {
		r = answers[i].code;
		if (!r || (i == 0 && (r == -EAFNOSUPPORT || r == -EOPNOTSUPP))) /* no IPv6 */
			continue;
		if (r == -EXFULL)
			return fail(up, r, "%s has %d ports, the kernel's limit", net, PORTS_MAX);
		hint = r == -EPERM ? "want root or CAP_NET_ADMIN" : answers[i].explain;
		return fail(up, r, "%s: %s: %s%s%s", net, steps[i], strerror(-r), *hint ? ": " : "",
			    hint);
	}
	return 0;
}

static int attach(struct ifup *up, const struct network *net)
{
	const char *const names[] = { net->name, up->tap };
	struct link links[2];
	const struct link *bridge = &links[0];
	const struct link *tap = &links[1];
	char alias[VNET_ALIAS_SIZE];
	struct link to;
	int r = links_read(up, names, links);

	if (r < 0 || (r = links_check(up, net, bridge, tap)) < 0)
		return r;
	to = *tap;
	to.gen_mode = IN6_ADDR_GEN_MODE_NONE;
	to.flags |= IFF_UP;
	to.master = (uint32_t)bridge->index;
	to.mtu = bridge->mtu;
	to.mac[0] = 0xfe; /* a bridge without a MAC of its own takes the lowest of its ports' */
	if (!net->foreign) {
		to.group = net->group;
		vnet_link_alias(net->name, "tap", alias);
		(void)vn_copy(to.alias, sizeof(to.alias), alias);
	}
	r = change(up, net->name, &to, net->stp || bridge->stp);
	if (r < 0 && r != -EPERM) /* -EPERM: nothing was done, nor can it be undone */
		up->stuck = change(up, net->name, tap, false) < 0;
	return r;
}

/* Open the socket, with the kernel's sentences where there are any; learn where the records are. */
static int start(struct ifup *up)
{
	uint64_t id = 0;
	int r;

	up->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	r = up->sock < 0 ? -errno : vn_netns_id_of(up->sock, &id);
	if (r < 0)
		return fail(up, r, "netlink: %s", strerror(-r));
	(void)setsockopt(up->sock, SOL_NETLINK, NETLINK_EXT_ACK, &(int){ 1 }, sizeof(int));
	return vn_format(up->records, sizeof(up->records), VN_RUN_DIR "/%ju", (uintmax_t)id);
}

/* One write, so that lines do not mix. */
static int say(int fd, int status, const char *text)
{
	return write(fd, text, strlen(text)) < 0 ? 1 : status;
}

int main(int argc, char **argv)
{
	static const char help[] =
		"usage: " SELF " TAP: attach a tap to a network of vnet, for QEMU's script=.\n"
		"The network is named by a link " SELF "-NETWORK to this program, by $VNET_NET,\n"
		"or by a line 'PATTERN NETWORK' in " CONF "; or it is the only one.\n";
	struct ifup up = { .sock = -1, .tap = argc == 2 ? argv[1] : "" };
	char line[2 * sizeof(up.err.msg)];
	char name[VNET_NAME_SIZE];
	struct network net = { .foreign = false };

	if (!strcmp(up.tap, "--help"))
		return say(STDOUT_FILENO, 0, help);
	if (!strcmp(up.tap, "--version"))
		return say(STDOUT_FILENO, 0, SELF " " VNET_VERSION "\n");
	if (!*up.tap || *up.tap == '-')
		return say(STDERR_FILENO, 2, "usage: " SELF " TAP: see " SELF " --help\n");
	if (vnet_name_parse(up.tap, name, &up.err) == 0 && start(&up) == 0 &&
	    network_find(&up, argv[0], &net) == 0 && attach(&up, &net) == 0)
		return 0;
	(void)vn_format(line, sizeof(line) - 1, SELF ": %.40s: %s%s", up.tap, up.err.msg,
			up.stuck ? "; and it is not as it was before" : "");
	vn_text_clean_typed(line);
	(void)vn_copy(line + strlen(line), 2, "\n");
	return say(STDERR_FILENO, 1, line);
}
