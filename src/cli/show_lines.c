/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <linux/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "core/options.h"

enum { LINES_FIRST = 64 }; /* room for so many at first */

static bool is_box(enum show_kind kind)
{
	return kind != SHOW_FACT && kind != SHOW_DETAIL;
}

/* The last line before number @n that something at @depth can belong to. */
static size_t over_of(const struct show_lines *lines, size_t n, unsigned int depth)
{
	size_t i = n;

	/* beside its like: there may be a hundred thousand leases */
	if (depth && n > 1 && lines->lines[n - 1].depth == depth &&
	    lines->lines[n - 1].over < n - 1)
		return lines->lines[n - 1].over;
	while (depth && i-- > 0) {
		if (lines->lines[i].depth < depth && is_box(lines->lines[i].kind))
			return i;
	}
	return n;
}

static bool have_room(struct show_lines *lines)
{
	size_t n = lines->n;
	struct show_line *more;

	/* twice as many whenever a power of two is reached */
	if (n && (n < LINES_FIRST || n & (n - 1)))
		return true;
	more = reallocarray(lines->lines, n ? 2 * n : LINES_FIRST, sizeof(*more));
	if (more)
		lines->lines = more;
	return more != NULL;
}

/* Add a line. What is in it has come from anywhere: it is cleaned here, once for all pictures. */
static __attribute__((format(printf, 5, 6))) void add(struct show_lines *lines, enum show_kind kind,
						      unsigned int depth, bool off, const char *fmt,
						      ...)
{
	char *text = NULL;
	va_list args;
	int r;

	va_start(args, fmt);
	r = vasprintf(&text, fmt, args);
	va_end(args);
	if (r < 0 || !have_room(lines)) {
		lines->failed = true;
		if (r >= 0)
			free(text);
		return;
	}
	vn_text_clean(text);
	lines->lines[lines->n] = (struct show_line){ .kind = kind,
						     .depth = depth,
						     .over = over_of(lines, lines->n, depth),
						     .off = off,
						     .text = text };
	lines->n++;
}

void show_lines_done(struct show_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free((char *)(uintptr_t)lines->lines[i].text);
	free(lines->lines);
	*lines = (struct show_lines){ 0 };
}

bool show_has_nic(const struct show_lines *lines, size_t net)
{
	for (size_t i = net + 1; i < lines->n && lines->lines[i].depth; i++) {
		if (lines->lines[i].kind == SHOW_NIC)
			return true;
	}
	return false;
}

/* ---- values of the record ---- */

static void add_values(struct vn_text *text, const struct vnet_spec *spec, enum vnet_key key)
{
	const struct vn_option *opt = &vn_options[key];

	if (!vnet_spec_has(spec, key))
		return;
	vn_text_add(text, "%s%s", text->len ? ", " : "", opt->key);
	for (size_t i = 0; i < vnet_spec_count(spec, key); i++) {
		vn_text_add(text, " ");
		vn_value_print(opt, vn_spec_value(spec, key, i), text);
	}
}

/* "mtu 1500, stp no": those of @keys, a bit each, in one line. */
static void add_settings(struct show_lines *lines, unsigned int depth, const struct vnet_spec *spec,
			 uint64_t keys)
{
	struct vn_text text = { 0 };

	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (keys >> key & 1)
			add_values(&text, spec, (enum vnet_key)key);
	}
	if (text.len)
		add(lines, SHOW_DETAIL, depth, false, "%s", text.buf);
	lines->failed |= text.failed;
	vn_text_done(&text);
}

#define KEY(name) (1ULL << VNET_KEY_##name)

/* What holds only while the bridge speaks STP. */
static const uint64_t stp_keys = KEY(FORWARD_DELAY) | KEY(HELLO) | KEY(MAX_AGE) | KEY(PRIORITY);

/* Told as the bridge has them, or as recorded where that differs; a mark is nothing to look at. */
static const uint64_t bridge_keys = KEY(UPLINK) | KEY(ADDRESS) | KEY(PORT) | KEY(GROUP);

/* Told by the first line. */
static const uint64_t title_keys = KEY(FOREIGN) | KEY(DHCP_RANGE);

/* Of these each value has a line. */
static const uint64_t long_keys = KEY(DHCP_OPTION) | KEY(DHCP_HOST);

static uint64_t keys_of_scope(enum vn_scope scope)
{
	uint64_t keys = 0;

	for (int key = 0; key < VNET_KEY_COUNT; key++)
		keys |= vn_options[key].scope == scope ? 1ULL << key : 0;
	return keys & ~title_keys & ~long_keys;
}

/* A line each: those of long_keys. */
static void add_long(struct show_lines *lines, unsigned int depth, const struct vnet_spec *spec)
{
	for (int i = 0; i < VNET_KEY_COUNT; i++) {
		enum vnet_key key = (enum vnet_key)i;

		for (size_t n = 0; long_keys >> i & 1 && n < vnet_spec_count(spec, key); n++) {
			struct vn_text text = { 0 };

			vn_value_print(&vn_options[key], vn_spec_value(spec, key, n), &text);
			add(lines, SHOW_DETAIL, depth, false, "%s %s", vn_options[key].key,
			    text.buf ? text.buf : "");
			lines->failed |= text.failed;
			vn_text_done(&text);
		}
	}
}

/* ---- the bridge ---- */

static uint64_t keys_of(const struct show_net *net)
{
	const struct vnet_spec *record = &net->view.record;
	uint64_t keys = keys_of_scope(VN_SCOPE_NETWORK) & ~(record->stp ? 0 : stp_keys);

	for (int key = 0; key < VNET_KEY_COUNT; key++) {
		if (bridge_keys >> key & 1 && net->bridge &&
		    vnet_spec_same(record, &net->view.live, (enum vnet_key)key))
			keys &= ~(1ULL << key);
	}
	return keys;
}

static void add_title(struct show_lines *lines, const struct show_net *net)
{
	const struct vnet_spec *record = &net->view.record;
	const struct vnet_link *bridge = net->bridge;
	bool up = bridge && bridge->flags & IFF_UP;

	add(lines, SHOW_NET, 0, !up, "%s: %s%s, %s", record->name,
	    vnet_mode_get(record->mode)->name, record->foreign ? " that vnet did not make" : "",
	    !bridge	    ? "gone" :
	    !up		    ? "down" :
	    bridge->carrier ? "up" :
			      "up, no carrier");
	add_settings(lines, 1, record, keys_of(net));
}

static void add_addresses(struct show_lines *lines, const struct show_net *net)
{
	struct show_addr addr;
	size_t i = 0;

	while (show_addr_next(net, &i, &addr)) {
		char cidr[VNET_CIDR_TEXT];
		char left[32] = "";

		if (addr.left != UINT32_MAX)
			(void)snprintf(left, sizeof(left), ", %" PRIu32 " s left", addr.left);
		add(lines, SHOW_FACT, 1, false, "address %s: %s%s",
		    vnet_cidr_text(&addr.cidr, cidr), addr.text, left);
	}
}

static void add_stp(struct show_lines *lines, const struct show_net *net)
{
	const struct vnet_link *bridge = net->bridge;
	char root[SHOW_ROOT_TEXT];
	uint32_t delay;

	if (!bridge || !bridge->bridge.stp || net->view.record.foreign)
		return;
	delay = show_root_delay(bridge);
	add(lines, SHOW_FACT, 1, false, "stp root: %s%s", show_root_text(bridge, root),
	    bridge->bridge.root_delay ? "" : " (this bridge)");
	add(lines, SHOW_DETAIL, 2, false,
	    "its delay of %" PRIu32 ".%02" PRIu32 " s rules: a guest waits %" PRIu32 " s",
	    delay / 100, delay % 100, 2 * delay / 100);
}

/* ---- DHCP ---- */

static void add_lease(struct show_lines *lines, enum show_kind kind, unsigned int depth,
		      const struct vnet_lease *lease, const char *where)
{
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];

	add(lines, kind, depth, false, "lease %s, %s%s%s%s", vnet_ip_text(&lease->ip, ip),
	    vnet_mac_text(&lease->mac, mac), lease->name[0] ? ", " : "", lease->name, where);
}

/* The leases of those who were heard on @index. */
static void add_leases(struct show_lines *lines, const struct show_net *net, int32_t index,
		       const char *where)
{
	const struct vnet_lease *lease;
	size_t i = 0;

	while ((lease = show_lease_next(net, index, &i)))
		add_lease(lines, SHOW_DETAIL, 2, lease, where);
}

static void add_dhcp(struct show_lines *lines, const struct show_net *net)
{
	const struct vnet_view *view = &net->view;
	const struct vn_option *range = &vn_options[VNET_KEY_DHCP_RANGE];
	const struct vnet_link *nic =
		vnet_link_by_name(&view->snap, VNET_NS_HOST, view->record.uplink);
	struct vn_text text = { 0 };

	if (!show_served(net))
		return;
	vn_value_print(range, vn_spec_value(&view->record, VNET_KEY_DHCP_RANGE, 0), &text);
	lines->failed |= text.failed;
	add(lines, SHOW_FACT, 1, !view->snap.running, "dhcp %s: %s", text.buf ? text.buf : "",
	    show_dhcp_hidden(net) ? "running or not, only root can tell" :
	    show_dhcp_lost(net)	  ? "running, but the name of its namespace is gone" :
	    view->snap.running	  ? "running" :
				    "NOT running");
	vn_text_done(&text);
	add(lines, SHOW_DETAIL, 2, false, "namespace %s", view->service.netns);
	add_settings(lines, 2, &view->record, keys_of_scope(VN_SCOPE_DHCP));
	add_long(lines, 2, &view->record);
	add_leases(lines, net, 0, ": not heard lately");
	if (nic)
		add_leases(lines, net, nic->index, ": behind the uplink");
}

/* ---- ports ---- */

enum { COUNT_TEXT = 24 };

/* "1.2 MB", "17 bit/s". */
static const char *count_text(uint64_t n, const char *unit, char buf[COUNT_TEXT])
{
	static const char *const prefix[] = { "", "k", "M", "G", "T", "P", "E" };
	uint64_t tenths = 0;
	size_t i = 0;

	for (; n >= 1000 && i + 1 < sizeof(prefix) / sizeof(prefix[0]); i++) {
		tenths = n % 1000 / 100;
		n /= 1000;
	}
	if (i)
		(void)snprintf(buf, COUNT_TEXT, "%" PRIu64 ".%" PRIu64 " %s%s", n, tenths,
			       prefix[i], unit);
	else
		(void)snprintf(buf, COUNT_TEXT, "%" PRIu64 " %s", n, unit);
	return buf;
}

static void add_traffic(struct show_lines *lines, const struct show_net *net,
			const struct vnet_guest *guest)
{
	const struct vnet_traffic *t = &guest->traffic;
	char rx[COUNT_TEXT];
	char tx[COUNT_TEXT];
	char dropped[64] = "";
	uint64_t rx_bits;
	uint64_t tx_bits;

	if (t->rx_dropped || t->tx_dropped)
		(void)snprintf(dropped, sizeof(dropped), ", dropped %" PRIu64 " and %" PRIu64,
			       t->rx_dropped, t->tx_dropped);
	add(lines, SHOW_FACT, 2, false, "rx %s, tx %s%s", count_text(t->rx_bytes, "B", rx),
	    count_text(t->tx_bytes, "B", tx), dropped);
	if (show_rate(net, guest, &rx_bits, &tx_bits))
		add(lines, SHOW_FACT, 2, false, "now rx %s, tx %s",
		    count_text(rx_bits, "bit/s", rx), count_text(tx_bits, "bit/s", tx));
}

/* Who is behind a port; nothing where there is nothing to tell. */
static void add_guest(struct show_lines *lines, const struct show_net *net,
		      const struct vnet_guest *guest)
{
	bool told = guest->pid || guest->nsid >= 0;
	const struct vnet_lease *lease;
	size_t i = 0;

	if (guest->pid)
		add(lines, SHOW_GUEST, 2, false, "%s, process %" PRId32, guest->program,
		    guest->pid);
	else if (guest->netns[0])
		add(lines, SHOW_GUEST, 2, false, "namespace %s", guest->netns);
	else if (guest->nsid >= 0)
		add(lines, SHOW_GUEST, 2, false, "a namespace without a name");
	while ((lease = show_lease_next(net, guest->index, &i))) {
		if (!told)
			add(lines, SHOW_GUEST, 2, false, "guest");
		told = true;
		add_lease(lines, SHOW_FACT, 3, lease, "");
	}
}

static bool is_servers(const struct show_net *net, const struct vnet_guest *guest)
{
	return show_served(net) && guest && guest->netns[0] &&
	       !strcmp(guest->netns, net->view.service.netns);
}

static void add_port(struct show_lines *lines, const struct show_net *net,
		     const struct vnet_link *port, bool uplink)
{
	const struct vnet_spec *record = &net->view.record;
	const struct vnet_guest *guest = show_guest(net, port->index);
	bool ours = uplink || port->group == record->group || vnet_port_find(record, port->name);

	add(lines, uplink ? SHOW_NIC : SHOW_PORT, 1, !port->carrier, "%s %s: %s, %s%s%s%s",
	    uplink ? "uplink" : "port", port->name, port->kind[0] ? port->kind : "device",
	    show_port_state(port), port->carrier ? "" : ", no carrier",
	    is_servers(net, guest) ? ", the DHCP server's" : "", ours ? "" : ", not vnet's");
	if (guest)
		add_traffic(lines, net, guest);
	if (guest && !uplink)
		add_guest(lines, net, guest);
}

static void add_ports(struct show_lines *lines, const struct show_net *net, bool uplink)
{
	const struct vnet_ns *host = &net->view.snap.ns[VNET_NS_HOST];

	for (size_t i = 0; net->bridge && i < host->n_links; i++) {
		const struct vnet_link *port = &host->links[i];

		if (port->master == net->bridge->index &&
		    uplink == !strcmp(port->name, net->view.record.uplink))
			add_port(lines, net, port, uplink);
	}
}

/* ---- what is not as it should be ---- */

static void add_drift(struct show_lines *lines, const struct show_net *net)
{
	const struct vnet_spec *live = &net->view.live;

	for (int i = 0; i < VNET_KEY_COUNT; i++) {
		enum vnet_key key = (enum vnet_key)i;
		struct vn_text text = { 0 };

		if (vnet_spec_same(&net->view.record, live, key))
			continue;
		for (size_t n = 0; n < vnet_spec_count(live, key); n++) {
			vn_text_add(&text, " ");
			vn_value_print(&vn_options[key], vn_spec_value(live, key, n), &text);
		}
		add(lines, SHOW_FACT, 1, true, "drift: %s is%s", vn_options[key].key,
		    text.len ? text.buf : " not there");
		vn_text_done(&text);
	}
	if (net->view.dhcp_differs)
		add(lines, SHOW_FACT, 1, true,
		    "drift: the files of the DHCP server are not as recorded");
}

void show_lines_add(struct show_lines *lines, const struct show_net *net)
{
	add_title(lines, net);
	add_addresses(lines, net);
	add_stp(lines, net);
	add_dhcp(lines, net);
	add_ports(lines, net, true);
	add_ports(lines, net, false);
	add_drift(lines, net);
	if (net->waits)
		add(lines, SHOW_FACT, 1, true, "waits for `vnet confirm`: %s, %u s left",
		    net->pending.what, net->pending.seconds);
}
