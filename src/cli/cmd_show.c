/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that read. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vnet/leases.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/show_bridge.h"

/* ---- JSON ---- */

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

static const struct vnet_link *bridge_of(const struct vnet_view *view)
{
	return view->found ? vnet_link_by_name(&view->snap, VNET_NS_HOST, view->record.name) : NULL;
}

static const char *port_state(const struct vnet_link *port)
{
	static const char *const names[] = {
		[BR_STATE_DISABLED] = "disabled", [BR_STATE_LISTENING] = "listening",
		[BR_STATE_LEARNING] = "learning", [BR_STATE_FORWARDING] = "forwarding",
		[BR_STATE_BLOCKING] = "blocking",
	};

	return port->port.state < sizeof(names) / sizeof(names[0]) ? names[port->port.state] : "?";
}

static json_t *state_json(const struct vnet_view *view)
{
	const struct vnet_link *bridge = bridge_of(view);
	const struct vnet_ns *host = &view->snap.ns[VNET_NS_HOST];
	json_t *state = json_object();
	json_t *addrs = json_array();
	char mac[VNET_MAC_TEXT];

	(void)json_object_set_new(state, "present", json_boolean(view->found));
	if (bridge) {
		(void)json_object_set_new(state, "index", json_integer(bridge->index));
		(void)json_object_set_new(state, "up", json_boolean(bridge->flags & IFF_UP));
		(void)json_object_set_new(state, "carrier", json_boolean(bridge->carrier));
		(void)json_object_set_new(state, "mtu", json_integer(bridge->mtu));
		(void)json_object_set_new(state, "mac",
					  json_string(vnet_mac_text(&bridge->mac, mac)));
	}
	for (size_t i = 0; bridge && i < host->n_addrs; i++) {
		char cidr[VNET_CIDR_TEXT];

		if (host->addrs[i].index == bridge->index)
			(void)json_array_append_new(addrs,
						    json_string(vnet_cidr_text(&host->addrs[i].addr,
									       cidr)));
	}
	(void)json_object_set_new(state, "addresses", addrs);
	if (bridge)
		show_bridge_json(view, bridge, state);
	return state;
}

static json_t *ports_json(const struct vnet_view *view)
{
	const struct vnet_link *bridge = bridge_of(view);
	const struct vnet_ns *host = &view->snap.ns[VNET_NS_HOST];
	json_t *ports = json_array();

	for (size_t i = 0; bridge && i < host->n_links; i++) {
		const struct vnet_link *port = &host->links[i];
		char name[VNET_NAME_SIZE];
		char mac[VNET_MAC_TEXT];

		if (port->master != bridge->index)
			continue;
		memcpy(name, port->name, sizeof(name));
		vn_text_clean(name);
		(void)json_array_append_new(ports,
					    json_pack("{s:s, s:s, s:s, s:b, s:b, s:s}", "name",
						      name, "kind", port->kind, "mac",
						      vnet_mac_text(&port->mac, mac), "carrier",
						      (int)port->carrier, "ours",
						      (int)(port->group == view->record.group),
						      "state", port_state(port)));
	}
	return ports;
}

static json_t *lease_json(const struct vnet_lease *lease)
{
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];

	return json_pack("{s:s, s:s, s:s, s:I}", "mac", vnet_mac_text(&lease->mac, mac), "ip",
			 vnet_ip_text(&lease->ip, ip), "name", lease->name, "expires",
			 (json_int_t)lease->expires);
}

/* An array, or null where the file may not be read. */
static json_t *leases_json(const struct vnet_view *view)
{
	struct vnet_leases leases;
	json_t *array;

	if (vnet_leases_read(view, &leases, NULL) < 0)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < leases.n; i++)
		(void)json_array_append_new(array, lease_json(&leases.items[i]));
	vnet_leases_done(&leases);
	return array;
}

static bool served(const struct vnet_view *view)
{
	return vnet_spec_has(&view->record, VNET_KEY_DHCP_RANGE);
}

/* Whether the server runs cannot be told. */
static bool hidden(const struct vnet_view *view)
{
	return view->snap.ns[VNET_NS_DHCP].hidden;
}

/* The server runs, but someone took the name off its namespace. */
static bool lost(const struct vnet_view *view)
{
	return view->snap.running && !view->snap.ns[VNET_NS_DHCP].exists;
}

/* Keys that are recorded otherwise than the kernel has them. */
static json_t *drift_json(const struct vnet_view *view)
{
	json_t *drift = json_array();

	if (!view->found)
		(void)json_array_append_new(drift, json_string("gone"));
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (!vnet_spec_same(&view->record, &view->live, (enum vnet_key)key))
			(void)json_array_append_new(drift, json_string(vn_options[key].key));
	}
	if (view->dhcp_differs ||
	    (served(view) && (!view->snap.running || lost(view)) && !hidden(view)))
		(void)json_array_append_new(drift, json_string("dhcp"));
	return drift;
}

/* A change of it waits to be confirmed; null: none does, or only root could tell. */
static json_t *pending_json(const struct vnet_pending *pending)
{
	if (!pending)
		return json_null();
	return json_pack("{s:s, s:i}", "what", pending->what, "seconds", (int)pending->seconds);
}

static json_t *view_json(const struct vnet_view *view, const struct vnet_pending *pending)
{
	json_t *dhcp = json_null();

	if (served(view))
		dhcp = json_pack("{s:o, s:o}", "running",
				 hidden(view) ? json_null() : json_boolean(view->snap.running),
				 "leases", leases_json(view));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", view->record.name,
			 "mode", vnet_mode_get(view->record.mode)->name, "spec",
			 spec_json(&view->record), "state", state_json(view), "ports",
			 ports_json(view), "dhcp", dhcp, "drift", drift_json(view), "confirm",
			 pending_json(pending));
}

static int print_json(json_t *json, struct vnet_error *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(json);
	if (!text)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	printf("%s\n", text);
	free(text);
	return 0;
}

/* ---- text ---- */

static void print_values(const struct vnet_spec *spec, enum vnet_key key)
{
	const struct vn_option *opt = &vn_options[key];
	struct vn_text text = { 0 };
	char *string;

	for (size_t i = 0; i < vnet_spec_count(spec, key); i++) {
		vn_text_add(&text, "%s", i ? " " : "");
		vn_value_print(opt, vn_spec_value(spec, key, i), &text);
	}
	if (vn_text_take(&text, &string) == 0) {
		printf("  %s%s: %s\n", vn_scope_prefix(opt->scope), opt->key, string);
		free(string);
	}
}

static void print_drift(const struct vnet_view *view)
{
	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		struct vn_text text = { 0 };

		if (vnet_spec_same(&view->record, &view->live, (enum vnet_key)key))
			continue;
		for (size_t i = 0; i < vnet_spec_count(&view->live, (enum vnet_key)key); i++) {
			vn_text_add(&text, " ");
			vn_value_print(&vn_options[key],
				       vn_spec_value(&view->live, (enum vnet_key)key, i), &text);
		}
		printf("  drift: %s is%s\n", vn_options[key].key,
		       text.len ? text.buf : " not there");
		vn_text_done(&text);
	}
	if (view->dhcp_differs)
		printf("  drift: the files of the DHCP server are not as recorded\n");
}

static void print_ports(const struct vnet_view *view)
{
	const struct vnet_link *bridge = bridge_of(view);
	const struct vnet_ns *host = &view->snap.ns[VNET_NS_HOST];

	for (size_t i = 0; bridge && i < host->n_links; i++) {
		const struct vnet_link *port = &host->links[i];
		bool ours = port->group == view->record.group;
		char name[VNET_NAME_SIZE];

		if (port->master != bridge->index)
			continue;
		memcpy(name, port->name, sizeof(name));
		vn_text_clean(name);
		printf("  port %s: %s, %s%s%s\n", name, port->kind[0] ? port->kind : "device",
		       port_state(port), port->carrier ? "" : ", no carrier",
		       !strcmp(port->name, view->record.uplink)		 ? ", the uplink" :
		       ours || vnet_port_find(&view->record, port->name) ? "" :
									   ", not vnet's");
	}
}

static void print_view(const struct vnet_view *view, const struct vnet_pending *pending)
{
	const struct vnet_link *bridge = bridge_of(view);

	printf("%s: %s%s, %s\n", view->record.name, vnet_mode_get(view->record.mode)->name,
	       view->record.foreign ? " that vnet did not make" : "",
	       !bridge			 ? "gone" :
	       !(bridge->flags & IFF_UP) ? "down" :
	       bridge->carrier		 ? "up" :
					   "up, no carrier");
	for (int key = VNET_KEY_UPLINK; key < VNET_KEY_COUNT; key++) {
		if (vnet_spec_has(&view->record, (enum vnet_key)key))
			print_values(&view->record, (enum vnet_key)key);
	}
	if (served(view))
		printf("  dhcp: %s in the namespace %s\n",
		       hidden(view)	  ? "running or not, only root can tell," :
		       lost(view)	  ? "running, but the name is gone," :
		       view->snap.running ? "running" :
					    "NOT running",
		       view->service.netns);
	if (bridge)
		show_bridge_print(view, bridge);
	print_ports(view);
	print_drift(view);
	if (pending)
		printf("  waits for `vnet confirm`: %s, %u s left\n", pending->what,
		       pending->seconds);
}

/* ---- all of them ---- */

/* One network that can't be told of keeps no other from it; the status tells at the end. */
static int go_on(int r, int status, struct vnet_error *err)
{
	if (r < 0 && r != -ENOENT) { /* ENOENT: deleted meanwhile */
		vn_text_clean_typed(err->msg);
		(void)fprintf(stderr, "vnet: %s\n", err->code ? err->msg : vn_strerror(r));
		status = err->code ? (int)err->outcome : VNET_OUTCOME_FAILED;
	}
	if (r < 0)
		*err = (struct vnet_error){ 0 };
	return status;
}

/* Print the array, if there is one. */
static int finish(int r, int status, json_t *array, struct vnet_error *err)
{
	if (r == 0 && array)
		r = print_json(array, err);
	else
		json_decref(array);
	return r < 0 ? r : status;
}

/* ---- show ---- */

static int show_one(struct vnet *vnet, const char *name, bool json, json_t *array,
		    struct vnet_error *err)
{
	struct vnet_pending pending;
	struct vnet_view view;
	int r = vnet_read(vnet, name, &view, err);
	bool waits;

	if (r < 0)
		return r;
	waits = vnet_pending(vnet, &pending, NULL) == 0 && !strcmp(pending.net, name);
	if (json)
		(void)json_array_append_new(array, view_json(&view, waits ? &pending : NULL));
	else
		print_view(&view, waits ? &pending : NULL);
	vnet_view_done(&view);
	return 0;
}

int cmd_show(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	json_t *array = args->call.json ? json_array() : NULL;
	char **names = NULL;
	int status = 0;
	int r;

	if (args->arg)
		r = show_one(vnet, args->arg, args->call.json, array, err);
	else
		r = vnet_list(vnet, &names, err);
	for (char **name = names; r == 0 && name && *name; name++)
		status = go_on(show_one(vnet, *name, args->call.json, array, err), status, err);
	free(names);
	return finish(r, status, array, err);
}

/* ---- leases ---- */

static void print_lease(const struct vnet_lease *lease)
{
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];
	char until[32] = "never ends";
	time_t expires = (time_t)lease->expires;
	struct tm tm;

	if (lease->expires && localtime_r(&expires, &tm))
		(void)strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%-15s  %s  %s%s%s\n", vnet_ip_text(&lease->ip, ip), vnet_mac_text(&lease->mac, mac),
	       until, lease->name[0] ? "  " : "", lease->name);
}

/* Print the leases of one network; into @array if that is wanted. */
static int leases_of(struct vnet *vnet, const char *name, json_t *array, struct vnet_error *err)
{
	struct vnet_leases leases = { 0 };
	struct vnet_view view;
	int r = vnet_read(vnet, name, &view, err);

	if (r < 0)
		return r;
	r = vnet_leases_read(&view, &leases, err);
	for (size_t i = 0; i < leases.n; i++) {
		if (array)
			(void)json_array_append_new(array, lease_json(&leases.items[i]));
		else
			print_lease(&leases.items[i]);
	}
	if (leases.bad_lines || leases.truncated)
		(void)fprintf(stderr, "vnet: %s: %zu lines make no sense%s\n", view.service.leases,
			      leases.bad_lines, leases.truncated ? "; the file is too large" : "");
	vnet_leases_done(&leases);
	vnet_view_done(&view);
	return r;
}

int cmd_leases(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	json_t *array = args->call.json ? json_array() : NULL;
	char **names = NULL;
	int status = 0;
	int r;

	if (args->call.net[0])
		r = leases_of(vnet, args->call.net, array, err);
	else
		r = vnet_list(vnet, &names, err);
	for (char **name = names; r == 0 && name && *name; name++)
		status = go_on(leases_of(vnet, *name, array, err), status, err);
	free(names);
	return finish(r, status, array, err);
}
