/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * Programs that configure a link leave files that say so, and these outlive them, or speak
 * of a link of the same number in another namespace. So their processes are looked for
 * first, in the namespace of the link; ifupdown, which has none, counts where process 1
 * lives in that namespace.
 */
#include "core/owners.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/names.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "services/clients.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "sys/process.h"

enum {
	LOOKS = 3,
	LOOK_MS = 5,
};

/* What a search has found, and where it goes to. */
struct search {
	struct vnet_snapshot *snap;
	const char *net;
	bool manager; /* NetworkManager runs */
	bool networkd;
};

static int look(const struct vn_process *process, void *arg)
{
	struct search *search = arg;

	if (!strcmp(process->name, "NetworkManager"))
		search->manager = true;
	else if (!strcmp(process->name, "systemd-network"))
		search->networkd = true;
	return vn_client_look(process, search->snap->uplink, search->net, search->snap);
}

/* ---- who manages the NIC ---- */

/* The value of "KEY=value" on a line of its own; @text is cut up. */
static const char *value_of(char *text, const char *key)
{
	size_t len = strlen(key);
	char *line;

	while ((line = vn_line_next(&text))) {
		if (!strncmp(line, key, len) && line[len] == '=')
			return line + len + 1;
	}
	return NULL;
}

static int add_tie(struct vnet_snapshot *snap, enum vnet_tie_kind kind, const char *name, pid_t pid,
		   const char *text)
{
	struct vnet_tie tie = { .kind = kind, .pid = pid };

	(void)snprintf(tie.name, sizeof(tie.name), "%s", name);
	(void)snprintf(tie.text, sizeof(tie.text), "%s", text);
	vn_text_clean(tie.text);
	return vn_snapshot_add_tie(snap, &tie);
}

static char *read_of(const char *dir, int32_t index)
{
	char path[VNET_PATH_SIZE];
	char *text = NULL;

	if (vn_format(path, sizeof(path), "%s/%d", dir, (int)index) == 0)
		(void)vn_file_read(path, &text, NULL);
	return text;
}

static bool is_managed(int32_t index)
{
	auto_free char *text = read_of("/run/NetworkManager/devices", index);
	const char *managed = text ? value_of(text, "managed") : NULL;

	return managed && (!strcasecmp(managed, "true") || !strcmp(managed, "1"));
}

/* @ret_file: the file that says how, or "". */
static bool is_administered(int32_t index, char ret_file[VNET_TIE_TEXT])
{
	auto_free char *text = read_of("/run/systemd/netif/links", index);
	auto_free char *again = text ? strdup(text) : NULL;
	const char *state = text ? value_of(text, "ADMIN_STATE") : NULL;
	const char *file = again ? value_of(again, "NETWORK_FILE") : NULL;

	(void)snprintf(ret_file, VNET_TIE_TEXT, "%s", file ? file : "");
	return state && strcmp(state, "unmanaged") != 0;
}

/* "eth0=eth0" in the one file, "eth0" in the one of the link. */
static bool is_brought_up(const char *link)
{
	auto_free char *all = NULL;
	auto_free char *own = NULL;
	char path[VNET_PATH_SIZE];

	(void)vn_file_read("/run/network/ifstate", &all, NULL);
	if (all && value_of(all, link))
		return true;
	return vn_format(path, sizeof(path), "/run/network/ifstate.%s", link) == 0 &&
	       vn_file_read(path, &own, NULL) == 0 && own[strspn(own, " \n")];
}

static int add_managers(const struct search *search, const struct vnet_link *nic)
{
	struct vnet_snapshot *snap = search->snap;
	char file[VNET_TIE_TEXT];
	int r = 0;

	if (search->manager && is_managed(nic->index))
		r = add_tie(snap, VNET_TIE_MANAGER, "NetworkManager", 0, "");
	if (r == 0 && search->networkd && is_administered(nic->index, file))
		r = add_tie(snap, VNET_TIE_MANAGER, "systemd-networkd", 0, file);
	if (r == 0 && vn_netns_is_initial() && is_brought_up(nic->name))
		r = add_tie(snap, VNET_TIE_MANAGER, "ifupdown", 0, "");
	return r;
}

static int add_ties(const struct search *search)
{
	const struct vnet_snapshot *snap = search->snap;
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, snap->uplink);
	int r = nic ? add_managers(search, nic) : 0;

	for (size_t i = 0; i < snap->n_clients && r == 0; i++) {
		const struct vnet_client *client = &snap->clients[i];

		if (!strcmp(client->link, snap->uplink))
			r = add_tie(search->snap, VNET_TIE_CLIENT, client->program, client->pid,
				    client->bound);
	}
	return r;
}

/* True while a client of the network is remembered, which was handed over. */
static bool is_handed_over(const struct search *search)
{
	char path[VNET_PATH_SIZE];

	return search->snap->hand_over &&
	       vn_name_path(search->snap->run_dir, search->net, VN_NAME_CLIENT, path) == 0 &&
	       !access(path, F_OK);
}

/*
 * One that was just started may be missed while it becomes a daemon. Where one was handed over
 * there is one, but for a moment that no reading falls into unless something went wrong.
 */
static int find_all(int netns, struct search *search)
{
	const char *names[VN_CLIENT_NAMES + 2] = { "NetworkManager", "systemd-network" };
	int r = 0;

	vn_client_names(names + 2);
	for (int i = 0; i < LOOKS && r == 0; i++) {
		if (i)
			vn_sleep_ms(LOOK_MS);
		r = vn_process_each(netns, names, sizeof(names) / sizeof(names[0]), look, search);
		if (search->snap->n_clients || !is_handed_over(search))
			break;
	}
	return r;
}

int vn_owners_read(int netns, const char *net, struct vnet_snapshot *snap)
{
	struct search search = { .snap = snap, .net = net };
	int r;

	snap->now = vn_clock_boot();
	vn_snapshot_clear_clients(snap);
	vn_snapshot_clear_ties(snap, VNET_TIE_MANAGER);
	vn_snapshot_clear_ties(snap, VNET_TIE_CLIENT);
	if (!*snap->uplink || (!snap->survey && !snap->hand_over))
		return 0;
	r = find_all(netns, &search);
	return r == 0 && snap->survey ? add_ties(&search) : r;
}
