/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/fake_nic.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/snapshot.h"
#include "base/text.h"
#include "lib/must.h"
#include "wire/object.h"

/* ---- what hangs on the FAKE_NIC ---- */

/* As a request says it: the models know nothing of what the kernel adds in a dump. */
static void hang(struct fake *fake, struct vn_msg *msg)
{
	static const struct vnet_object_edit same = {
		.from = FAKE_NIC, .to = FAKE_NIC, .from_name = "eth0", .to_name = "eth0"
	};
	struct vnet_object dumped;
	struct vnet_object object;

	must(vn_msg_end(msg) == 0);
	must(vn_object_read((const struct nlmsghdr *)msg->buf, &dumped) == 0);
	must(vnet_object_move(&dumped, &same, &object) == 0);
	must(vn_snapshot_add_object(&fake->world, VNET_NS_HOST, &object) == 0);
	vnet_object_done(&dumped);
	vnet_object_done(&object);
	msg->len = 0;
}

static struct vnet_ip ip_of(const char *text)
{
	struct vnet_ip ip;

	must(vnet_ip_parse(text, &ip, NULL) == 0);
	return ip;
}

static void put_ip(struct vn_msg *msg, uint16_t type, const char *text)
{
	struct vnet_ip ip = ip_of(text);

	vn_attr(msg, type, ip.bytes, ip.family == AF_INET ? 4 : 16);
}

static void hang_addr(struct fake *fake, struct vn_msg *msg, const char *text, uint8_t prefix,
		      const char *label, uint32_t flags)
{
	struct vnet_ip ip = ip_of(text);
	struct ifaddrmsg info = { .ifa_family = ip.family,
				  .ifa_prefixlen = prefix,
				  .ifa_flags = (uint8_t)flags,
				  .ifa_index = FAKE_NIC };

	vn_msg_begin(msg, RTM_NEWADDR, 0, 0, &info, sizeof(info));
	put_ip(msg, IFA_ADDRESS, text);
	if (ip.family == AF_INET)
		put_ip(msg, IFA_LOCAL, text);
	if (label)
		vn_attr_str(msg, IFA_LABEL, label);
	vn_attr_u32(msg, IFA_FLAGS, flags);
	hang(fake, msg);
}

/* @to: NULL, the default route. */
static void hang_route(struct fake *fake, struct vn_msg *msg, const char *to, uint8_t prefix,
		       const char *via, uint32_t table, uint32_t metric)
{
	struct vnet_ip ip = ip_of(to ? to : via);
	struct rtmsg info = { .rtm_family = ip.family,
			      .rtm_dst_len = prefix,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST };

	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, RTA_TABLE, table);
	if (to)
		put_ip(msg, RTA_DST, to);
	if (via)
		put_ip(msg, RTA_GATEWAY, via);
	if (metric)
		vn_attr_u32(msg, RTA_PRIORITY, metric);
	vn_attr_u32(msg, RTA_OIF, FAKE_NIC);
	hang(fake, msg);
}

static void hang_hops(struct fake *fake, struct vn_msg *msg)
{
	struct rtmsg info = { .rtm_family = AF_INET,
			      .rtm_dst_len = 24,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST };
	size_t nest;

	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, RTA_TABLE, RT_TABLE_MAIN);
	put_ip(msg, RTA_DST, "203.0.113.0");
	nest = vn_nest(msg, RTA_MULTIPATH);
	for (uint8_t i = 1; i < 3; i++) {
		struct rtnexthop hop = { .rtnh_len = sizeof(hop) + 8, .rtnh_ifindex = FAKE_NIC };
		const uint8_t gateway[8] = { 8, 0, RTA_GATEWAY, 0, 192, 0, 2, i };

		vn_msg_raw(msg, &hop, sizeof(hop));
		vn_msg_raw(msg, gateway, sizeof(gateway));
	}
	vn_nest_end(msg, nest);
	hang(fake, msg);
}

static void hang_neigh(struct fake *fake, struct vn_msg *msg, const char *to, uint16_t state,
		       uint8_t flags)
{
	static const struct vnet_mac mac = { { 2, 0, 0, 0, 0, 9 } };
	struct ndmsg info = { .ndm_family = ip_of(to).family,
			      .ndm_ifindex = FAKE_NIC,
			      .ndm_state = state,
			      .ndm_flags = flags };

	vn_msg_begin(msg, RTM_NEWNEIGH, 0, 0, &info, sizeof(info));
	put_ip(msg, NDA_DST, to);
	if (!(flags & NTF_PROXY))
		vn_attr(msg, NDA_LLADDR, mac.bytes, sizeof(mac.bytes));
	hang(fake, msg);
}

static void hang_nexthop(struct fake *fake, struct vn_msg *msg, uint32_t id, const char *via)
{
	struct nhmsg info = { .nh_family = ip_of(via).family, .nh_scope = 1 };

	vn_msg_begin(msg, RTM_NEWNEXTHOP, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, NHA_ID, id);
	vn_attr_u32(msg, NHA_OIF, FAKE_NIC);
	put_ip(msg, NHA_GATEWAY, via);
	hang(fake, msg);
}

/* What a kernel can that makes routes sleep. */
static void add_linkdown(struct fake *fake)
{
	static const char *const dirs[] = { "ipv4/conf", "ipv6/conf" };
	static const char *const links[] = { "eth0", "default" };

	for (size_t i = 0; i < 4; i++) {
		struct vnet_sysctl sysctl = { .value = "0" };

		must(vn_copy(sysctl.dir, sizeof(sysctl.dir), dirs[i % 2]) == 0);
		must(vn_copy(sysctl.link, sizeof(sysctl.link), links[i / 2]) == 0);
		must(vn_copy(sysctl.key, sizeof(sysctl.key), "ignore_routes_with_linkdown") == 0);
		must(vn_snapshot_add_sysctl(&fake->world, VNET_NS_HOST, &sysctl) == 0);
	}
}

struct fake *fake_nic_old(void)
{
	struct fake *fake = fake_new();
	uint8_t buf[512];
	struct vn_msg msg;

	vn_snapshot_link(&fake->world, VNET_NS_HOST, FAKE_NIC)->carrier = 1;
	vn_msg_init(&msg, buf, sizeof(buf));
	hang_addr(fake, &msg, "192.0.2.10", 24, "eth0", IFA_F_PERMANENT);
	hang_addr(fake, &msg, "192.0.2.11", 24, "eth0:two", IFA_F_PERMANENT | IFA_F_SECONDARY);
	hang_addr(fake, &msg, "10.5.0.1", 16, "other", IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
	hang_addr(fake, &msg, "2001:db8::10", 64, NULL, IFA_F_PERMANENT);
	hang_addr(fake, &msg, "fe80::10", 64, NULL, IFA_F_PERMANENT);
	hang_route(fake, &msg, NULL, 0, "192.0.2.1", RT_TABLE_MAIN, 0);
	hang_route(fake, &msg, NULL, 0, "192.0.2.2", RT_TABLE_MAIN, 300);
	hang_route(fake, &msg, NULL, 0, "192.0.2.1", 100, 0);
	hang_route(fake, &msg, "198.51.100.0", 24, NULL, RT_TABLE_MAIN, 0);
	hang_route(fake, &msg, NULL, 0, "fe80::1", RT_TABLE_MAIN, 1024);
	hang_route(fake, &msg, "2001:db8:7::", 48, "2001:db8::1", 1000, 1);
	hang_hops(fake, &msg);
	hang_neigh(fake, &msg, "192.0.2.200", NUD_PERMANENT, 0);
	hang_neigh(fake, &msg, "192.0.2.201", NUD_NONE, NTF_PROXY);
	fake->world.gateways[0] = (struct vnet_gateway){ .index = FAKE_NIC,
							 .link = "eth0",
							 .ip = ip_of("192.0.2.1"),
							 .source = ip_of("192.0.2.10") };
	fake->world.n_gateways = 1;
	hang_nexthop(fake, &msg, 7, "192.0.2.1");
	return fake;
}

struct fake *fake_nic_new(void)
{
	struct fake *fake = fake_nic_old();

	add_linkdown(fake);
	return fake;
}

/* ---- a router ---- */

enum { LASTS = 1800 };

static const char router[] = "fe80::a";

static void hang_advertised_addr(struct fake *fake, struct vn_msg *msg)
{
	const struct ifa_cacheinfo lasts = { .ifa_prefered = LASTS, .ifa_valid = LASTS };
	struct ifaddrmsg info = { .ifa_family = AF_INET6,
				  .ifa_prefixlen = 64,
				  .ifa_index = FAKE_NIC };

	vn_msg_begin(msg, RTM_NEWADDR, 0, 0, &info, sizeof(info));
	put_ip(msg, IFA_ADDRESS, "2001:db8:a::10");
	vn_attr(msg, IFA_CACHEINFO, &lasts, sizeof(lasts));
	vn_attr_u32(msg, IFA_FLAGS, IFA_F_MANAGETEMPADDR);
	hang(fake, msg);
}

static void hang_advertised_route(struct fake *fake, struct vn_msg *msg, int32_t index)
{
	struct rtmsg info = { .rtm_family = AF_INET6,
			      .rtm_protocol = RTPROT_RA,
			      .rtm_type = RTN_UNICAST };

	vn_msg_begin(msg, RTM_NEWROUTE, 0, 0, &info, sizeof(info));
	vn_attr_u32(msg, RTA_TABLE, RT_TABLE_MAIN);
	put_ip(msg, RTA_GATEWAY, router);
	vn_attr_u32(msg, RTA_PRIORITY, 1024);
	vn_attr_u32(msg, RTA_EXPIRES, LASTS);
	vn_attr_u32(msg, RTA_OIF, (uint32_t)index);
	hang(fake, msg);
}

/* Over the router, whether the kernel made it or it was lent; NULL: none. */
static const struct vnet_object *route_over(const struct fake *fake)
{
	const struct vnet_ns *host = &fake->world.ns[VNET_NS_HOST];
	struct vnet_ip ip = ip_of(router);

	for (size_t i = 0; i < host->n_objects; i++) {
		if (host->objects[i]->kind == VNET_OBJECT_ROUTE &&
		    vnet_ip_equal(&host->objects[i]->via, &ip))
			return host->objects[i];
	}
	return NULL;
}

/* Returns the link that it led over. A copy tells what is to go: the route itself does. */
static int32_t forget(struct fake *fake, const struct vnet_object *route)
{
	int32_t index = route->index;
	struct vnet_object like;

	must(vnet_object_copy(route, &like) == 0);
	vn_snapshot_del_object(&fake->world, VNET_NS_HOST, &like);
	vnet_object_done(&like);
	return index;
}

bool fake_nic_hear(struct fake *fake)
{
	const struct vnet_object *route = route_over(fake);
	bool known = route != NULL;
	int32_t index = FAKE_NIC;
	uint8_t buf[256];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	if (!known)
		hang_advertised_addr(fake, &msg);
	while (route) {
		index = forget(fake, route);
		route = route_over(fake);
	}
	hang_advertised_route(fake, &msg, index);
	return known;
}

/* ---- verbs ---- */

int fake_nic_create(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		    struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" },
		{ .key = VNET_KEY_STP, .how = '=', .text = "yes" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, FAKE_NET, edits, 2, how, ret_result, err);
}

/* One that is there already, with addresses of its own. */
int fake_nic_create_plain(struct fake *fake, const struct vnet_how *how,
			  struct vnet_result *ret_result, struct vnet_error *err)
{
	static const struct vnet_edit edits[] = {
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "10.1.1.254/24" },
		{ .key = VNET_KEY_ADDRESS, .how = '+', .text = "2001:db8:1::1/64" },
	};

	return vnet_create(fake->vnet, VNET_MODE_BRIDGE, FAKE_NET, edits, 2, how, ret_result, err);
}

int fake_nic_set_on(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		    struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" };

	return vnet_set(fake->vnet, FAKE_NET, &edit, 1, how, ret_result, err);
}

int fake_nic_set_off(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		     struct vnet_error *err)
{
	static const struct vnet_edit edit = { .key = VNET_KEY_UPLINK, .how = '0' };

	return vnet_set(fake->vnet, FAKE_NET, &edit, 1, how, ret_result, err);
}

int fake_nic_delete(struct fake *fake, const struct vnet_how *how, struct vnet_result *ret_result,
		    struct vnet_error *err)
{
	return vnet_delete(fake->vnet, FAKE_NET, how, ret_result, err);
}

/* ---- run ---- */

int fake_nic_run(struct fake *fake, fake_verb_fn *verb, struct vnet_error *err)
{
	static const struct vnet_how plainly = { .what = "a test" };
	struct vnet_result result = { 0 };
	int r = verb(fake, &plainly, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

void fake_nic_must_run(struct fake *fake, fake_verb_fn *verb)
{
	struct vnet_error err = { 0 };

	must_be(!verb || fake_nic_run(fake, verb, &err) == 0, "a verb", err.msg);
}
