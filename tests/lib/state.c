/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/state.h"

#include <inttypes.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "lib/must.h"
#include "wire/object.h"

enum { UNKNOWN_GEN_MODE = 0xff }; /* as the models say it */

static void print_link(const struct vnet_link *link, int ns, struct vn_text *text)
{
	const struct vnet_bridge_attrs *b = &link->bridge;
	char mac[VNET_MAC_TEXT];

	vn_text_add(text, "%d link %s index=%" PRId32 " kind=%s master=%" PRId32 "/%s", ns,
		    link->name, link->index, link->kind, link->master, link->master_name);
	vn_text_add(text, " peer=%" PRId32 " flags=%" PRIx32 " mtu=%" PRIu32 " group=%" PRIx32,
		    link->peer, link->flags, link->mtu, link->group);
	vn_text_add(text, " queues=%" PRIu32 "/%" PRIu32 " mac=%s genmode=%u carrier=%u",
		    link->tx_queues, link->rx_queues, vnet_mac_text(&link->mac, mac),
		    link->addr_gen_mode, link->carrier);
	vn_text_add(text, " accept_ra=%" PRId32 " autoconf=%" PRId32 " altname=%s alias=%s",
		    link->accept_ra, link->autoconf, link->altname, link->alias);
	vn_text_add(text, " port=%u/%u", link->port.state, link->port.isolated);
	if (!strcmp(link->kind, "bridge"))
		vn_text_add(text,
			    " stp=%" PRIu32 " delay=%" PRIu32 " ageing=%" PRIu32 " hello=%" PRIu32
			    " max_age=%" PRIu32 " priority=%" PRIu32 " snooping=%" PRIu32,
			    b->stp, b->forward_delay, b->ageing, b->hello, b->max_age, b->priority,
			    b->mcast_snooping);
	vn_text_add(text, "\n");
}

/* With all that its message says behind the header of netlink; how it came is of no account. */
static void print_object(const struct vnet_object *object, int ns, struct vn_text *text)
{
	const uint8_t *bytes = object->message;

	vn_text_add(text, "%d ", ns);
	vn_object_name(object, text);
	vn_text_add(text, " on %" PRId32 ": ", object->index);
	for (size_t i = sizeof(struct nlmsghdr); i < object->size; i++)
		vn_text_add(text, "%02x", bytes[i]);
	vn_text_add(text, "\n");
}

static void print_ns(const struct vnet_ns *in, int ns, struct vn_text *text)
{
	if (!in->exists || in->dead) /* a name alone is nothing to keep */
		return;
	vn_text_add(text, "%d namespace %s\n", ns, in->name);
	for (size_t i = 0; i < in->n_links; i++) {
		/* A namespace comes with its loopback; no operation makes it. */
		if (ns != VNET_NS_DHCP || strcmp(in->links[i].name, "lo") != 0)
			print_link(&in->links[i], ns, text);
	}
	for (size_t i = 0; i < in->n_addrs; i++) {
		char cidr[VNET_CIDR_TEXT];

		vn_text_add(text, "%d addr %s on %" PRId32 " flags=%" PRIx32 "\n", ns,
			    vnet_cidr_text(&in->addrs[i].addr, cidr), in->addrs[i].index,
			    in->addrs[i].flags);
	}
	for (size_t i = 0; i < in->n_routes; i++) {
		char to[VNET_CIDR_TEXT];
		char via[VNET_IP_TEXT];

		vn_text_add(text, "%d route %s via %s on %" PRId32 "\n", ns,
			    vnet_cidr_text(&in->routes[i].to, to),
			    vnet_ip_text(&in->routes[i].via, via), in->routes[i].index);
	}
	for (size_t i = 0; i < in->n_objects; i++)
		print_object(in->objects[i], ns, text);
}

/* On one line, whatever it holds. */
static void print_file(const struct vnet_file *file, struct vn_text *text)
{
	if (!file->content)
		return;
	vn_text_add(text, "file %s mode=%" PRIo32 " ", file->path, file->mode);
	for (const char *c = file->content; *c;) {
		size_t len = strcspn(c, "\n");

		vn_text_add(text, "%.*s%s", (int)len, c, c[len] ? "|" : "");
		c += len + (c[len] != '\0');
	}
	vn_text_add(text, "\n");
}

/* In the machine's own namespace the leases lie in a directory of their own. */
static bool is_servers_own(const char *path)
{
	const char *dot = strrchr(path, '.');

	return strstr(path, "/leases/") ||
	       (dot && (!strcmp(dot, ".leases") || !strcmp(dot, ".pid")));
}

void state_print(const struct vnet_snapshot *snap, unsigned int flags, struct vn_text *text)
{
	for (int ns = 0; ns < VNET_NS_COUNT; ns++)
		print_ns(&snap->ns[ns], ns, text);
	for (size_t i = 0; i < snap->n_files; i++) {
		if (!(flags & STATE_NO_LEASES) || !is_servers_own(snap->files[i].path))
			print_file(&snap->files[i], text);
	}
	if (snap->running)
		vn_text_add(text, "running %s\n", snap->ns[VNET_NS_DHCP].name);
	for (size_t i = 0; i < snap->n_clients; i++)
		vn_text_add(text, "client %s %s\n", snap->clients[i].program,
			    snap->clients[i].link);
}

/* ---- lines ---- */

/* Cut @text at its line ends; the caller frees the array. */
static char **lines_of(char *text, size_t *ret_n)
{
	size_t n = 0;
	char **lines;
	char *line;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	lines = calloc(n + 1, sizeof(*lines));
	must(lines);
	n = 0;
	while ((line = vn_line_next(&text)))
		lines[n++] = line;
	*ret_n = n;
	return lines;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void state_sort(char *text)
{
	auto_free char *copy = strdup(text);
	auto_free char **lines = NULL;
	char *to = text;
	size_t n;

	must(copy);
	lines = lines_of(copy, &n);
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(lines[i]);

		memcpy(to, lines[i], len);
		to[len] = '\n';
		to += len + 1;
	}
	*to = '\0';
}

size_t state_diff(const char *before, const char *after, struct vn_text *text)
{
	auto_free char *a = strdup(before);
	auto_free char *b = strdup(after);
	auto_free char **old = NULL;
	auto_free char **new = NULL;
	size_t n_old;
	size_t n_new;
	size_t i = 0;
	size_t k = 0;
	size_t n = 0;

	must(a && b);
	old = lines_of(a, &n_old);
	new = lines_of(b, &n_new);
	while (i < n_old || k < n_new) {
		int order = i == n_old ? 1 : k == n_new ? -1 : strcmp(old[i], new[k]);

		if (order < 0)
			vn_text_add(text, "-%s\n", old[i]);
		else if (order > 0)
			vn_text_add(text, "+%s\n", new[k]);
		n += order != 0;
		i += order <= 0;
		k += order >= 0;
	}
	return n;
}

/* ---- prediction and kernel ---- */

static void forget_derived(struct vnet_snapshot *snap, enum vnet_ns_id ns)
{
	struct vnet_ns *in = &snap->ns[ns];

	for (size_t i = 0; i < in->n_links; i++) {
		in->links[i].flags &= IFF_UP;
		in->links[i].carrier = 0;
		in->links[i].port.state = 0;
		in->links[i].bridge.topology_change = 0;
	}
	for (size_t i = 0; i < in->n_addrs; i++)
		in->addrs[i].flags = 0;
	in->n_routes = 0;
}

/* What the prediction does not know counts as found. */
static void forget_unknown(struct vnet_ns *in, const struct vnet_snapshot *found,
			   enum vnet_ns_id ns)
{
	for (size_t i = 0; i < in->n_links; i++) {
		struct vnet_link *link = &in->links[i];
		const struct vnet_link *real = vnet_link_by_index(found, ns, link->index);

		if (!real)
			continue;
		if (link->addr_gen_mode == UNKNOWN_GEN_MODE)
			link->addr_gen_mode = real->addr_gen_mode;
		if (link->accept_ra < 0)
			link->accept_ra = real->accept_ra;
		if (link->autoconf < 0)
			link->autoconf = real->autoconf;
	}
}

static char *print_sorted(const struct vnet_snapshot *snap)
{
	struct vn_text text = { 0 };
	char *sorted = NULL;

	state_print(snap, STATE_NO_LEASES, &text);
	if (vn_text_take(&text, &sorted) == 0)
		state_sort(sorted);
	must(sorted);
	return sorted;
}

size_t state_differs(const struct vnet_snapshot *predicted, const struct vnet_snapshot *found,
		     struct vn_text *text)
{
	auto_free char *a = NULL;
	auto_free char *b = NULL;
	struct vnet_snapshot want;
	struct vnet_snapshot have;

	must(vnet_snapshot_copy(predicted, &want) == 0 && vnet_snapshot_copy(found, &have) == 0);
	for (int ns = 0; ns < VNET_NS_COUNT; ns++) {
		forget_derived(&want, (enum vnet_ns_id)ns);
		forget_derived(&have, (enum vnet_ns_id)ns);
		forget_unknown(&want.ns[ns], &have, (enum vnet_ns_id)ns);
	}
	a = print_sorted(&want);
	b = print_sorted(&have);
	vnet_snapshot_done(&want);
	vnet_snapshot_done(&have);
	return state_diff(a, b, text);
}
