/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/show.h"
#include "core/options.h"

/* A value as JSON: numbers and booleans as such, all else as its text. */
static json_t *value_json(const struct vn_option *opt, const void *value)
{
	struct vn_text text = { 0 };
	json_t *json;
	char *string;

	if (opt->type == VN_TYPE_FLAG)
		return json_boolean(*(const bool *)value);
	if (opt->type == VN_TYPE_NUMBER || opt->type == VN_TYPE_DURATION)
		return json_integer(*(const uint32_t *)value);
	if (opt->type == VN_TYPE_SECONDS)
		return json_real(*(const uint32_t *)value / 100.0);
	vn_value_print(opt, value, &text);
	if (vn_text_take(&text, &string) < 0)
		return NULL;
	json = json_string(string);
	free(string);
	return json;
}

static json_t *spec_json(const struct vnet_spec *spec)
{
	json_t *object = json_object();

	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		const struct vn_option *opt = &vn_options[key];
		size_t n = vnet_spec_count(spec, (enum vnet_key)key);
		char name[64];
		json_t *value;

		if (!vnet_spec_has(spec, (enum vnet_key)key))
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", vn_scope_prefix(opt->scope), opt->key);
		value = opt->list ? json_array() :
				    value_json(opt, vn_spec_value(spec, (enum vnet_key)key, 0));
		for (size_t i = 0; opt->list && i < n; i++)
			(void)json_array_append_new(
				value, value_json(opt, vn_spec_value(spec, (enum vnet_key)key, i)));
		(void)json_object_set_new(object, name, value);
	}
	return object;
}

/* ---- the bridge ---- */

static json_t *stp_json(const struct vnet_link *bridge)
{
	char root[SHOW_ROOT_TEXT];

	if (!bridge->bridge.stp)
		return json_null();
	return json_pack("{s:s, s:b, s:f}", "root", show_root_text(bridge, root), "own",
			 (int)!bridge->bridge.root_delay, "forward_delay",
			 show_root_delay(bridge) / 100.0);
}

static json_t *uplink_json(const struct show_net *net)
{
	struct show_addr addr;
	json_t *addrs;
	size_t i = 0;

	if (!vnet_spec_has(&net->view.record, VNET_KEY_UPLINK))
		return json_null();
	addrs = json_array();
	while (show_addr_next(net, &i, &addr)) {
		char cidr[VNET_CIDR_TEXT];

		(void)json_array_append_new(addrs, json_pack("{s:s, s:s, s:o}", "address",
							     vnet_cidr_text(&addr.cidr, cidr),
							     "from", addr.word, "left",
							     addr.left == UINT32_MAX ?
								     json_null() :
								     json_integer(addr.left)));
	}
	return json_pack("{s:s, s:b, s:o}", "nic", net->view.record.uplink, "port",
			 (int)vnet_spec_has(&net->view.live, VNET_KEY_UPLINK), "addresses", addrs);
}

static json_t *addresses_json(const struct show_net *net)
{
	const struct vnet_ns *host = &net->view.snap.ns[VNET_NS_HOST];
	json_t *addrs = json_array();

	for (size_t i = 0; net->bridge && i < host->n_addrs; i++) {
		char cidr[VNET_CIDR_TEXT];

		if (host->addrs[i].index == net->bridge->index)
			(void)json_array_append_new(addrs,
						    json_string(vnet_cidr_text(&host->addrs[i].addr,
									       cidr)));
	}
	return addrs;
}

static json_t *state_json(const struct show_net *net)
{
	const struct vnet_link *bridge = net->bridge;
	json_t *state = json_object();
	char mac[VNET_MAC_TEXT];

	(void)json_object_set_new(state, "present", json_boolean(net->view.found));
	(void)json_object_set_new(state, "addresses", addresses_json(net));
	if (!bridge)
		return state;
	(void)json_object_set_new(state, "index", json_integer(bridge->index));
	(void)json_object_set_new(state, "up", json_boolean(bridge->flags & IFF_UP));
	(void)json_object_set_new(state, "carrier", json_boolean(bridge->carrier));
	(void)json_object_set_new(state, "mtu", json_integer(bridge->mtu));
	(void)json_object_set_new(state, "mac", json_string(vnet_mac_text(&bridge->mac, mac)));
	(void)json_object_set_new(state, "stp", stp_json(bridge));
	(void)json_object_set_new(state, "uplink", uplink_json(net));
	return state;
}

/* ---- ports ---- */

/* What others may have named in any way. */
static json_t *name_json(const char *name)
{
	char clean[VNET_NETNS_SIZE];

	(void)snprintf(clean, sizeof(clean), "%s", name);
	vn_text_clean(clean);
	return json_string(clean);
}

static json_t *process_json(const struct vnet_guest *guest)
{
	if (!guest || !guest->pid)
		return json_null();
	return json_pack("{s:i, s:s}", "pid", (int)guest->pid, "program", guest->program);
}

static json_t *traffic_json(const struct show_net *net, const struct vnet_guest *guest)
{
	const struct vnet_traffic *t = guest ? &guest->traffic : NULL;
	json_t *json;
	uint64_t rx;
	uint64_t tx;

	if (!t)
		return json_null();
	json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "rx_bytes", (json_int_t)t->rx_bytes,
			 "tx_bytes", (json_int_t)t->tx_bytes, "rx_packets",
			 (json_int_t)t->rx_packets, "tx_packets", (json_int_t)t->tx_packets,
			 "rx_dropped", (json_int_t)t->rx_dropped, "tx_dropped",
			 (json_int_t)t->tx_dropped);
	if (show_rate(net, guest, &rx, &tx))
		(void)json_object_update_new(json, json_pack("{s:I, s:I}", "rx_bits_per_second",
							     (json_int_t)rx, "tx_bits_per_second",
							     (json_int_t)tx));
	return json;
}

/* The addresses that the network's leases give to whom is heard on the port. */
static json_t *leased_json(const struct show_net *net, int32_t index)
{
	const struct vnet_lease *lease;
	json_t *ips;
	size_t i = 0;

	if (net->hidden)
		return json_null();
	ips = json_array();
	while ((lease = show_lease_next(net, index, &i))) {
		char ip[VNET_IP_TEXT];

		(void)json_array_append_new(ips, json_string(vnet_ip_text(&lease->ip, ip)));
	}
	return ips;
}

static json_t *port_json(const struct show_net *net, const struct vnet_link *port)
{
	const struct vnet_guest *guest = show_guest(net, port->index);
	char mac[VNET_MAC_TEXT];

	return json_pack("{s:o, s:s, s:s, s:b, s:b, s:s, s:o, s:o, s:o, s:o}", "name",
			 name_json(port->name), "kind", port->kind, "mac",
			 vnet_mac_text(&port->mac, mac), "carrier", (int)port->carrier, "ours",
			 (int)(port->group == net->view.record.group), "state",
			 show_port_state(port), "process", process_json(guest), "netns",
			 guest && guest->netns[0] ? name_json(guest->netns) : json_null(), "leases",
			 leased_json(net, port->index), "traffic", traffic_json(net, guest));
}

static json_t *ports_json(const struct show_net *net)
{
	const struct vnet_ns *host = &net->view.snap.ns[VNET_NS_HOST];
	json_t *ports = json_array();

	for (size_t i = 0; net->bridge && i < host->n_links; i++) {
		if (host->links[i].master == net->bridge->index)
			(void)json_array_append_new(ports, port_json(net, &host->links[i]));
	}
	return ports;
}

/* ---- the rest ---- */

json_t *show_lease_json(const struct vnet_lease *lease)
{
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];

	return json_pack("{s:s, s:s, s:s, s:I}", "mac", vnet_mac_text(&lease->mac, mac), "ip",
			 vnet_ip_text(&lease->ip, ip), "name", lease->name, "expires",
			 (json_int_t)lease->expires);
}

static json_t *dhcp_json(const struct show_net *net)
{
	json_t *leases;

	if (!show_served(net))
		return json_null();
	leases = net->hidden ? json_null() : json_array();
	for (size_t i = 0; i < net->leases.n; i++)
		(void)json_array_append_new(leases, show_lease_json(&net->leases.items[i]));
	return json_pack("{s:o, s:o}", "running",
			 show_dhcp_hidden(net) ? json_null() : json_boolean(net->view.snap.running),
			 "leases", leases);
}

/* Keys that are recorded otherwise than the kernel has them. */
static json_t *drift_json(const struct show_net *net)
{
	const struct vnet_view *view = &net->view;
	json_t *drift = json_array();

	if (!view->found)
		(void)json_array_append_new(drift, json_string("gone"));
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (!vnet_spec_same(&view->record, &view->live, (enum vnet_key)key))
			(void)json_array_append_new(drift, json_string(vn_options[key].key));
	}
	if (view->dhcp_differs ||
	    (show_served(net) && (!view->snap.running || show_dhcp_lost(net)) &&
	     !show_dhcp_hidden(net)))
		(void)json_array_append_new(drift, json_string("dhcp"));
	return drift;
}

/* A change of it waits to be confirmed; null: none does, or only root could tell. */
static json_t *pending_json(const struct show_net *net)
{
	if (!net->waits)
		return json_null();
	return json_pack("{s:s, s:i}", "what", net->pending.what, "seconds",
			 (int)net->pending.seconds);
}

json_t *show_net_json(const struct show_net *net)
{
	const struct vnet_spec *record = &net->view.record;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", record->name, "mode",
			 vnet_mode_get(record->mode)->name, "spec", spec_json(record), "state",
			 state_json(net), "ports", ports_json(net), "dhcp", dhcp_json(net), "drift",
			 drift_json(net), "confirm", pending_json(net));
}
