/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/scenes.h"

#include "lib/must.h"

#define NET "br0"
#define LAN "lan0"

#define EDIT(k, h, t)                                        \
	{                                                    \
		.key = VNET_KEY_##k, .how = (h), .text = (t) \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Without STP, which would go on changing the state by itself; "set" switches it on. */
#define NETWORK                                                               \
	EDIT(ADDRESS, '+', "10.1.1.1/24"), EDIT(ADDRESS, '+', "10.1.2.1/24"), \
		EDIT(ADDRESS, '+', "fd00:1::1/64"), EDIT(MTU, '=', "1400"),   \
		EDIT(AGEING, '=', "60")

#define SERVER                                                                      \
	EDIT(DHCP_RANGE, '=', "10.1.1.11-100"), EDIT(DHCP_ROUTER, '=', "10.1.1.1"), \
		EDIT(DHCP_HOST, '+', "52:54:00:00:00:01=10.1.1.5,one")

static const struct vnet_edit network[] = { NETWORK };
static const struct vnet_edit server[] = { SERVER };
static const struct vnet_edit both[] = { NETWORK, SERVER };
static const struct vnet_edit lan_server[] = { EDIT(DHCP_RANGE, '=', "198.51.100.11-20") };

/* ---- before ---- */

static const struct vnet_how plainly = { .what = "a test" };

static void have_network(const struct stage *stage)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	int r;

	r = vnet_create(stage->vnet, VNET_MODE_BRIDGE, NET, network, COUNT(network), &plainly,
			&result, &err);
	must_be(r == 0, "preparing", err.msg);
	vnet_result_done(&result);
}

static void serve(const struct stage *stage, const char *net, const struct vnet_edit *edits,
		  size_t n)
{
	struct vnet_result result = { 0 };
	struct vnet_error err = { 0 };
	int r;

	r = vnet_dhcp(stage->vnet, net, edits, n, &plainly, &result, &err);
	must_be(r == 0, "preparing", err.msg);
	vnet_result_done(&result);
}

static void have_server(const struct stage *stage)
{
	have_network(stage);
	serve(stage, NET, server, COUNT(server));
}

/* A tap of vnet's and one of someone else. */
static void have_guests(const struct stage *stage)
{
	have_server(stage);
	stage->add_tap(stage->self, "tap0", NET, true);
	stage->add_tap(stage->self, "tap1", NET, false);
}

static void have_lan(const struct stage *stage)
{
	serve(stage, LAN, lan_server, COUNT(lan_server));
}

static void have_lan_guest(const struct stage *stage)
{
	have_lan(stage);
	stage->add_tap(stage->self, "tap0", LAN, false);
}

/* ---- the changes ---- */

#define ACT(name)                                                              \
	static int name(const struct stage *stage, const struct vnet_how *how, \
			struct vnet_result *ret_result, struct vnet_error *err)

ACT(create)
{
	return vnet_create(stage->vnet, VNET_MODE_BRIDGE, NET, network, COUNT(network), how,
			   ret_result, err);
}

ACT(create_served)
{
	return vnet_create(stage->vnet, VNET_MODE_BRIDGE, NET, both, COUNT(both), how, ret_result,
			   err);
}

ACT(dhcp)
{
	return vnet_dhcp(stage->vnet, NULL, server, COUNT(server), how, ret_result, err);
}

ACT(dhcp_range)
{
	static const struct vnet_edit edits[] = { EDIT(DHCP_RANGE, '=', "10.1.1.50-60") };

	return vnet_dhcp(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(dhcp_host)
{
	static const struct vnet_edit edits[] = {
		EDIT(DHCP_HOST, '+', "52:54:00:00:00:02=10.1.1.6,two"),
	};

	return vnet_dhcp(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(dhcp_server)
{
	static const struct vnet_edit edits[] = { EDIT(DHCP_SERVER, '=', "10.1.1.200/24") };

	return vnet_dhcp(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(dhcp_stop)
{
	return vnet_dhcp_stop(stage->vnet, NULL, how, ret_result, err);
}

ACT(set)
{
	static const struct vnet_edit edits[] = {
		EDIT(ADDRESS, '-', "10.1.2.1/24"),   EDIT(ADDRESS, '+', "10.1.3.1/24"),
		EDIT(MAC, '=', "52:54:00:aa:bb:cc"), EDIT(STP, '=', "yes"),
		EDIT(PRIORITY, '=', "4096"),	     EDIT(AGEING, '=', "90"),
	};

	return vnet_set(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(set_mtu)
{
	static const struct vnet_edit edits[] = { EDIT(MTU, '=', "1300") };

	return vnet_set(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(set_no_inet6)
{
	static const struct vnet_edit edits[] = { EDIT(ADDRESS, '-', "fd00:1::1/64") };

	return vnet_set(stage->vnet, NET, edits, COUNT(edits), how, ret_result, err);
}

ACT(delete_net)
{
	return vnet_delete(stage->vnet, NET, how, ret_result, err);
}

ACT(delete_forced)
{
	struct vnet_how forced = *how;

	forced.force = true;
	return vnet_delete(stage->vnet, NET, &forced, ret_result, err);
}

ACT(lan_dhcp)
{
	return vnet_dhcp(stage->vnet, LAN, lan_server, COUNT(lan_server), how, ret_result, err);
}

ACT(lan_stop)
{
	return vnet_dhcp_stop(stage->vnet, LAN, how, ret_result, err);
}

ACT(lan_delete)
{
	return vnet_delete(stage->vnet, LAN, how, ret_result, err);
}

const struct scene scenes[] = {
	{ "create", NULL, create },
	{ "create, served", NULL, create_served },
	{ "dhcp", have_network, dhcp },
	{ "dhcp: range", have_server, dhcp_range },
	{ "dhcp: host", have_server, dhcp_host },
	{ "dhcp: server", have_server, dhcp_server },
	{ "set", have_network, set },
	{ "set, served", have_server, set },
	{ "set: mtu, with guests", have_guests, set_mtu },
	{ "set: no IPv6 any more", have_network, set_no_inet6 },
	{ "dhcp stop", have_server, dhcp_stop },
	{ "dhcp stop, with guests", have_guests, dhcp_stop },
	{ "delete", have_network, delete_net },
	{ "delete, served", have_server, delete_net },
	{ "delete, with guests", have_guests, delete_forced },
	{ "dhcp on a foreign bridge", NULL, lan_dhcp },
	{ "dhcp stop on a foreign bridge", have_lan, lan_stop },
	{ "delete a foreign bridge", have_lan_guest, lan_delete },
};

const size_t n_scenes = COUNT(scenes);

int scene_act(const struct scene *scene, const struct stage *stage, struct vnet_error *err)
{
	struct vnet_result result = { 0 };
	int r = scene->act(stage, &plainly, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}
