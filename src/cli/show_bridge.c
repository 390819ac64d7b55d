/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/show_bridge.h"

#include <assert.h>
#include <inttypes.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/text.h"

/* ---- the spanning tree ---- */

/* The delay that rules: the root's. */
static uint32_t delay_of(const struct vnet_link *bridge)
{
	return bridge->bridge.root_delay ? bridge->bridge.root_delay : bridge->bridge.forward_delay;
}

static const char *root_text(const struct vnet_link *bridge, char *buf, size_t size)
{
	const struct vnet_bridge_attrs *b = &bridge->bridge;
	char mac[VNET_MAC_TEXT];

	(void)snprintf(buf, size, "%" PRIu32 " %s", b->root_delay ? b->root_priority : b->priority,
		       vnet_mac_text(b->root_delay ? &b->root : &bridge->mac, mac));
	return buf;
}

static void print_stp(const struct vnet_link *bridge)
{
	uint32_t delay = delay_of(bridge);
	char root[40];

	printf("  stp root: %s%s, its delay of %" PRIu32 ".%02" PRIu32 " s rules: a guest waits "
	       "%" PRIu32 " s\n",
	       root_text(bridge, root, sizeof(root)),
	       bridge->bridge.root_delay ? "" : " (this bridge)", delay / 100, delay % 100,
	       2 * delay / 100);
}

static json_t *stp_json(const struct vnet_link *bridge)
{
	char root[40];

	if (!bridge->bridge.stp)
		return json_null();
	return json_pack("{s:s, s:b, s:f}", "root", root_text(bridge, root, sizeof(root)), "own",
			 (int)!bridge->bridge.root_delay, "forward_delay",
			 delay_of(bridge) / 100.0);
}

/* ---- where an address came from ---- */

enum origin {
	ORIGIN_VNET,
	ORIGIN_LINK,
	ORIGIN_STATIC,
	ORIGIN_RA,
	ORIGIN_DHCP,
	ORIGIN_COUNT,
};

static const struct {
	const char *word;
	const char *text;
} origins[] = {
	[ORIGIN_VNET] = { "vnet", "added by vnet" },
	[ORIGIN_LINK] = { "link-local", "link-local" },
	[ORIGIN_STATIC] = { "static", "static" },
	[ORIGIN_RA] = { "ra", "by router advertisement" },
	[ORIGIN_DHCP] = { "dhcp", "by DHCP" },
};

static_assert(sizeof(origins) / sizeof(origins[0]) == ORIGIN_COUNT, "covers enum origin");

/* The kernel marks what it makes of an advertised prefix; what else ends is a lease. */
static enum origin origin_of(const struct vnet_spec *record, const struct vnet_object *addr)
{
	for (uint32_t i = 0; i < record->addresses.count; i++) {
		if (vnet_cidr_equal(&vnet_cidrs(&record->addresses)[i], &addr->to))
			return ORIGIN_VNET;
	}
	if (vnet_ip_is_link_local(&addr->to.ip))
		return ORIGIN_LINK;
	if (addr->lifetime == UINT32_MAX)
		return ORIGIN_STATIC;
	return (addr->flags & (IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY)) ? ORIGIN_RA : ORIGIN_DHCP;
}

static bool is_address(const struct vnet_object *object, const struct vnet_link *bridge)
{
	return object->kind == VNET_OBJECT_ADDR && object->index == bridge->index;
}

static void print_addresses(const struct vnet_view *view, const struct vnet_link *bridge)
{
	const struct vnet_ns *host = &view->snap.ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *addr = host->objects[i];
		char cidr[VNET_CIDR_TEXT];

		if (!is_address(addr, bridge))
			continue;
		printf("  address %s: %s", vnet_cidr_text(&addr->to, cidr),
		       origins[origin_of(&view->record, addr)].text);
		if (addr->lifetime != UINT32_MAX)
			printf(", %" PRIu32 " s left", addr->lifetime);
		printf("\n");
	}
}

static json_t *uplink_json(const struct vnet_view *view, const struct vnet_link *bridge)
{
	const struct vnet_ns *host = &view->snap.ns[VNET_NS_HOST];
	json_t *addrs;

	if (!vnet_spec_has(&view->record, VNET_KEY_UPLINK))
		return json_null();
	addrs = json_array();
	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *addr = host->objects[i];
		char cidr[VNET_CIDR_TEXT];

		if (!is_address(addr, bridge))
			continue;
		(void)json_array_append_new(
			addrs,
			json_pack("{s:s, s:s, s:o}", "address", vnet_cidr_text(&addr->to, cidr),
				  "from", origins[origin_of(&view->record, addr)].word, "left",
				  addr->lifetime == UINT32_MAX ? json_null() :
								 json_integer(addr->lifetime)));
	}
	return json_pack("{s:s, s:b, s:o}", "nic", view->record.uplink, "port",
			 (int)vnet_spec_has(&view->live, VNET_KEY_UPLINK), "addresses", addrs);
}

/* ---- both ---- */

void show_bridge_print(const struct vnet_view *view, const struct vnet_link *bridge)
{
	if (bridge->bridge.stp && !view->record.foreign)
		print_stp(bridge);
	if (vnet_spec_has(&view->record, VNET_KEY_UPLINK))
		print_addresses(view, bridge);
}

void show_bridge_json(const struct vnet_view *view, const struct vnet_link *bridge, json_t *state)
{
	(void)json_object_set_new(state, "stp", stp_json(bridge));
	(void)json_object_set_new(state, "uplink", uplink_json(view, bridge));
}
