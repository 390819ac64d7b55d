/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/show.h"

/* ---- who has which lease ---- */

struct show_heard {
	int32_t index; /* of the port; 0: on none */
	const struct vnet_lease *lease;
};

static int by_mac(const void *a, const void *b)
{
	const struct vnet_station *x = a;
	const struct vnet_station *y = b;

	return memcmp(&x->mac, &y->mac, sizeof(x->mac));
}

/* By port, then as in the file. */
static int by_port(const void *a, const void *b)
{
	const struct show_heard *x = a;
	const struct show_heard *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->lease < y->lease ? -1 : x->lease > y->lease;
}

/* Both may be many: they are sorted. */
static int match_leases(struct show_net *net)
{
	struct vnet_guests *guests = &net->guests;

	net->heard = calloc(net->leases.n + 1, sizeof(*net->heard));
	if (!net->heard)
		return -ENOMEM;
	if (guests->n_stations)
		qsort(guests->stations, guests->n_stations, sizeof(*guests->stations), by_mac);
	for (size_t i = 0; i < net->leases.n; i++) {
		const struct vnet_station key = { .mac = net->leases.items[i].mac };
		const struct vnet_station *found = NULL;

		if (guests->n_stations)
			found = bsearch(&key, guests->stations, guests->n_stations,
					sizeof(*guests->stations), by_mac);
		net->heard[i].lease = &net->leases.items[i];
		net->heard[i].index = found ? found->index : 0;
	}
	qsort(net->heard, net->leases.n, sizeof(*net->heard), by_port);
	return 0;
}

const struct vnet_lease *show_lease_next(const struct show_net *net, int32_t index, size_t *i)
{
	size_t low = *i;
	size_t high = *i ? *i : net->leases.n;

	/* the first time, the first one of that port, or where it would be */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (net->heard[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= net->leases.n || net->heard[low].index != index)
		return NULL;
	*i = low + 1;
	return net->heard[low].lease;
}

/* ---- reading ---- */

static int read_rest(struct vnet *vnet, struct show_net *net, struct vnet_error *err)
{
	const struct vnet_view *view = &net->view;
	int r = vnet_guests_read(view, &net->guests, err);

	net->at = vn_clock_ms();
	if (view->found)
		net->bridge = vnet_link_by_name(&view->snap, VNET_NS_HOST, view->record.name);
	net->hidden = show_served(net) && vnet_leases_read(view, &net->leases, NULL) < 0;
	if (r == 0)
		r = match_leases(net);
	if (r == -ENOMEM)
		(void)vnet_error_set(err, r, "out of memory");
	net->waits = vnet_pending(vnet, &net->pending, NULL) == 0 &&
		     !strcmp(net->pending.net, view->record.name);
	return r;
}

int show_net_read(struct vnet *vnet, const char *name, struct show_net *ret_net,
		  struct vnet_error *err)
{
	int r;

	*ret_net = (struct show_net){ 0 };
	r = vnet_read(vnet, name, &ret_net->view, err);
	if (r < 0)
		return r;
	r = read_rest(vnet, ret_net, err);
	if (r < 0)
		show_net_done(ret_net);
	return r;
}

void show_net_done(struct show_net *net)
{
	vnet_view_done(&net->view);
	vnet_guests_done(&net->guests);
	vnet_guests_done(&net->before);
	vnet_leases_done(&net->leases);
	free(net->heard);
	*net = (struct show_net){ 0 };
}

int show_net_again(struct show_net *net, struct vnet_error *err)
{
	struct vnet_guests guests;
	int64_t at;
	int r = vnet_guests_read(&net->view, &guests, err);

	if (r < 0)
		return r;
	at = vn_clock_ms();
	vnet_guests_done(&net->before);
	net->before = net->guests;
	net->guests = guests;
	net->ms = at - net->at;
	net->at = at;
	return 0;
}

/* ---- ports ---- */

static const struct vnet_guest *find(const struct vnet_guests *guests, int32_t index)
{
	for (size_t i = 0; i < guests->n_ports; i++) {
		if (guests->ports[i].index == index)
			return &guests->ports[i];
	}
	return NULL;
}

const struct vnet_guest *show_guest(const struct show_net *net, int32_t index)
{
	return find(&net->guests, index);
}

/* A link that was made anew, with the same number, has counted less. */
static bool rate(uint64_t from, uint64_t to, int64_t ms, uint64_t *ret_bits)
{
	*ret_bits = to < from ? 0 : (to - from) * 8000 / (uint64_t)ms;
	return to >= from;
}

bool show_rate(const struct show_net *net, const struct vnet_guest *guest, uint64_t *ret_rx,
	       uint64_t *ret_tx)
{
	const struct vnet_guest *from = net->ms > 0 ? find(&net->before, guest->index) : NULL;

	return from && rate(from->traffic.rx_bytes, guest->traffic.rx_bytes, net->ms, ret_rx) &&
	       rate(from->traffic.tx_bytes, guest->traffic.tx_bytes, net->ms, ret_tx);
}

const char *show_port_state(const struct vnet_link *port)
{
	static const char *const names[] = {
		[BR_STATE_DISABLED] = "disabled", [BR_STATE_LISTENING] = "listening",
		[BR_STATE_LEARNING] = "learning", [BR_STATE_FORWARDING] = "forwarding",
		[BR_STATE_BLOCKING] = "blocking",
	};

	return port->port.state < sizeof(names) / sizeof(names[0]) ? names[port->port.state] : "?";
}

/* ---- DHCP ---- */

bool show_served(const struct show_net *net)
{
	return vnet_spec_has(&net->view.record, VNET_KEY_DHCP_RANGE);
}

bool show_dhcp_hidden(const struct show_net *net)
{
	return net->view.snap.ns[VNET_NS_DHCP].hidden;
}

bool show_dhcp_lost(const struct show_net *net)
{
	return net->view.snap.running && !net->view.snap.ns[VNET_NS_DHCP].exists;
}

/* ---- the spanning tree ---- */

uint32_t show_root_delay(const struct vnet_link *bridge)
{
	return bridge->bridge.root_delay ? bridge->bridge.root_delay : bridge->bridge.forward_delay;
}

const char *show_root_text(const struct vnet_link *bridge, char buf[SHOW_ROOT_TEXT])
{
	const struct vnet_bridge_attrs *b = &bridge->bridge;
	char mac[VNET_MAC_TEXT];

	(void)snprintf(buf, SHOW_ROOT_TEXT, "%" PRIu32 " %s",
		       b->root_delay ? b->root_priority : b->priority,
		       vnet_mac_text(b->root_delay ? &b->root : &bridge->mac, mac));
	return buf;
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
static enum origin origin_of(const struct vnet_spec *record, const struct vnet_cidr *cidr,
			     uint32_t flags, bool ends)
{
	for (uint32_t i = 0; i < record->addresses.count; i++) {
		if (vnet_cidr_equal(&vnet_cidrs(&record->addresses)[i], cidr))
			return ORIGIN_VNET;
	}
	if (vnet_ip_is_link_local(&cidr->ip))
		return ORIGIN_LINK;
	if (!ends)
		return ORIGIN_STATIC;
	return (flags & (IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY)) ? ORIGIN_RA : ORIGIN_DHCP;
}

static void fill(const struct show_net *net, const struct vnet_cidr *cidr, uint32_t flags,
		 bool ends, uint32_t left, struct show_addr *ret_addr)
{
	enum origin origin = origin_of(&net->view.record, cidr, flags, ends);

	*ret_addr = (struct show_addr){
		.cidr = *cidr,
		.word = origins[origin].word,
		.text = origins[origin].text,
		.left = left,
	};
}

/* With an uplink, addresses are among the objects, with the time that they have left. */
static bool next_object(const struct show_net *net, size_t *i, struct show_addr *ret_addr)
{
	const struct vnet_ns *host = &net->view.snap.ns[VNET_NS_HOST];

	while (*i < host->n_objects) {
		const struct vnet_object *o = host->objects[(*i)++];

		if (o->kind != VNET_OBJECT_ADDR || o->index != net->bridge->index)
			continue;
		fill(net, &o->to, o->flags, o->lifetime != UINT32_MAX, o->lifetime, ret_addr);
		return true;
	}
	return false;
}

bool show_addr_next(const struct show_net *net, size_t *i, struct show_addr *ret_addr)
{
	const struct vnet_ns *host = &net->view.snap.ns[VNET_NS_HOST];

	if (net->bridge && vnet_spec_has(&net->view.record, VNET_KEY_UPLINK))
		return next_object(net, i, ret_addr);
	while (net->bridge && *i < host->n_addrs) {
		const struct vnet_ifaddr *a = &host->addrs[(*i)++];

		if (a->index != net->bridge->index)
			continue;
		fill(net, &a->addr, a->flags, !(a->flags & IFA_F_PERMANENT), UINT32_MAX, ret_addr);
		return true;
	}
	return false;
}
