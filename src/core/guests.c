/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/guest.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/netns.h"
#include "sys/taps.h"
#include "wire/read_guests.h"
#include "wire/sock.h"

enum { READ_LIMIT_MS = 2000 }; /* of asking again */

void vnet_guests_done(struct vnet_guests *guests)
{
	if (!guests)
		return;
	free(guests->ports);
	free(guests->stations);
	*guests = (struct vnet_guests){ 0 };
}

/* ---- the kernel's tables ---- */

static int read_tables(struct vn_sock *sock, int32_t index, struct vnet_guests *guests)
{
	int64_t end = vn_clock_ms() + READ_LIMIT_MS;
	int r;

	do {
		vnet_guests_done(guests);
		r = vn_read_ports(sock, index, guests);
		if (r == 0)
			r = vn_read_stations(sock, index, guests);
	} while (r == -EINTR && vn_clock_ms() < end);
	return r == -EINTR ? -EBUSY : r;
}

/* ---- names of namespaces ---- */

/* How many of the ports lead into a namespace that has no name here yet. */
static size_t nameless(const struct vnet_guests *guests)
{
	size_t n = 0;

	for (size_t i = 0; i < guests->n_ports; i++)
		n += guests->ports[i].nsid >= 0 && !guests->ports[i].netns[0];
	return n;
}

static void name_netns(struct vn_sock *sock, const char *name, struct vnet_guests *guests)
{
	auto_fd fd = vn_netns_name_valid(name) ? vn_netns_open(name) : -1;
	int32_t nsid;

	if (fd < 0 || vn_read_nsid(sock, fd, &nsid) < 0 || nsid < 0)
		return;
	for (size_t i = 0; i < guests->n_ports; i++) {
		struct vnet_guest *guest = &guests->ports[i];

		if (guest->nsid == nsid && !guest->netns[0])
			(void)vn_copy(guest->netns, sizeof(guest->netns), name);
	}
}

static void name_all(struct vn_sock *sock, struct vnet_guests *guests)
{
	const struct dirent *entry;
	DIR *dir = nameless(guests) ? opendir(VN_NETNS_DIR) : NULL;

	if (!dir)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has this stream */
	while (nameless(guests) && (entry = readdir(dir)))
		name_netns(sock, entry->d_name, guests);
	(void)closedir(dir);
}

/* ---- who holds the taps ---- */

/* A tap without a carrier is held by no one. */
static const struct vnet_link *held_tap(const struct vnet_view *view, int32_t index)
{
	const struct vnet_link *link = vnet_link_by_index(&view->snap, VNET_NS_HOST, index);

	return link && !strcmp(link->kind, "tun") && link->carrier ? link : NULL;
}

static int read_holders(const struct vnet_view *view, struct vnet_guests *guests)
{
	auto_free struct vn_tap *taps = calloc(guests->n_ports + 1, sizeof(*taps));
	size_t n = 0;

	if (!taps)
		return -ENOMEM;
	for (size_t i = 0; i < guests->n_ports; i++) {
		const struct vnet_link *link = held_tap(view, guests->ports[i].index);

		if (link)
			memcpy(taps[n++].name, link->name, sizeof(taps->name));
	}
	vn_tap_holders(taps, n);
	n = 0;
	for (size_t i = 0; i < guests->n_ports; i++) {
		struct vnet_guest *guest = &guests->ports[i];

		if (!held_tap(view, guest->index))
			continue;
		guest->pid = taps[n].pid;
		memcpy(guest->program, taps[n++].program, sizeof(guest->program));
	}
	return 0;
}

/* ---- all ---- */

static int read_all(const struct vnet_view *view, int32_t index, struct vnet_guests *guests)
{
	struct vn_sock *sock;
	int r = vn_sock_open(&sock);

	if (r < 0)
		return r;
	r = read_tables(sock, index, guests);
	if (r == 0)
		name_all(sock, guests);
	vn_sock_close(sock);
	return r < 0 ? r : read_holders(view, guests);
}

int vnet_guests_read(const struct vnet_view *view, struct vnet_guests *ret_guests,
		     struct vnet_error *err)
{
	const struct vnet_link *bridge = NULL;
	struct vnet_guests guests = { 0 };
	int r = 0;

	if (view->found)
		bridge = vnet_link_by_name(&view->snap, VNET_NS_HOST, view->record.name);
	if (bridge)
		r = read_all(view, bridge->index, &guests);
	if (r < 0) {
		vnet_guests_done(&guests);
		return vnet_error_set(err, r, "network '%s': its ports: %s", view->record.name,
				      vn_strerror(r));
	}
	*ret_guests = guests;
	return 0;
}
