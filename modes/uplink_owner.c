/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A program that configures the NIC will do so again: it puts the address back on the NIC,
 * where nobody hears it, or lets that of the bridge expire. So a manager is refused, and
 * told in its own words how to do the same. A DHCP client can go along: it is stopped
 * before the move, started on the bridge after it, and on the way back the same. Between
 * the two its addresses have no end, and the client gives them one at its next renewal; so
 * none is lost, however long that takes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

enum {
	OWN_MAX = 1 << 16, /* what is remembered of a client: its command has 4 KiB at most */
	BACK_MIN = 60,	   /* seconds that an address has left when it goes back, if it had less */
};

/* ---- what is at work ---- */

static const struct vnet_client *client_on(const struct vnet_snapshot *snap, const char *link)
{
	for (size_t i = 0; i < snap->n_clients; i++) {
		if (!strcmp(snap->clients[i].link, link))
			return &snap->clients[i];
	}
	return NULL;
}

/* The one of them that is the program @program: another one is not ours to stop. */
static const struct vnet_client *client_of(const struct vnet_snapshot *snap, const char *link,
					   const char *program)
{
	for (size_t i = 0; i < snap->n_clients; i++) {
		if (!strcmp(snap->clients[i].link, link) &&
		    !strcmp(snap->clients[i].program, program))
			return &snap->clients[i];
	}
	return NULL;
}

static size_t clients_on(const struct vnet_snapshot *snap, const char *link)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->n_clients; i++)
		n += !strcmp(snap->clients[i].link, link);
	return n;
}

/* An IPv4 address that ends by itself; NULL behind the last. */
static const struct vnet_object *lease_at(const struct vnet_snapshot *snap, int32_t index, size_t n)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind == VNET_OBJECT_ADDR && object->index == index &&
		    object->to.ip.family == AF_INET && object->lifetime != UINT32_MAX && n-- == 0)
			return object;
	}
	return NULL;
}

/* ---- check ---- */

static int check_lease(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		       const struct vnet_link *nic, struct vnet_error *err)
{
	const struct vnet_client *client = client_on(snap, nic->name);
	const struct vnet_object *lease = lease_at(snap, nic->index, 0);
	char text[VNET_CIDR_TEXT];

	if (client)
		return vnet_error_set(
			err, -EBUSY,
			"%s (process %d) has %s, will not follow to %s and will give "
			"%s its address again: want --uplink-dhcp client or static, or "
			"--force",
			client->program, (int)client->pid, nic->name, want->name, nic->name);
	if (lease)
		return vnet_error_set(
			err, -EBUSY,
			"%s holds %s by DHCP (%u s left); its client will not follow to "
			"%s: want --uplink-dhcp static, or --force",
			nic->name, vnet_cidr_text(&lease->to, text), lease->lifetime, want->name);
	return 0;
}

static int check_handover(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			  const struct vnet_link *nic, struct vnet_error *err)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, want->name);
	const struct vnet_client *client = client_on(snap, nic->name);
	char text[VNET_MAC_TEXT];

	if (!client &&
	    (want->uplink_dhcp == VNET_UPLINK_DHCP_CLIENT || !lease_at(snap, nic->index, 0)))
		return vnet_error_set(
			err, -ENOENT,
			"--uplink-dhcp: neither dhclient, dhcpcd nor udhcpc is at work on "
			"%s: leave it out%s",
			nic->name, lease_at(snap, nic->index, 0) ? ", or want static" : "");
	if (clients_on(snap, nic->name) > 1)
		return vnet_error_set(
			err, -EBUSY,
			"--uplink-dhcp: more than one DHCP client is at work on %s: want "
			"one",
			nic->name);
	if (client && client->bound[0])
		return vnet_error_set(
			err, -EBUSY, "--uplink-dhcp: %s (process %d) can't be taken off %s, for %s",
			client->program, (int)client->pid, nic->name, client->bound);
	if (want->uplink_dhcp == VNET_UPLINK_DHCP_CLIENT && bridge &&
	    memcmp(&bridge->mac, &nic->mac, sizeof(nic->mac)) != 0)
		return vnet_error_set(
			err, -EINVAL,
			"--uplink-dhcp client: %s has a MAC of its own, to which the server leases "
			"another address: want static, or %s created with --mac %s",
			bridge->name, bridge->name, vnet_mac_text(&nic->mac, text));
	return 0;
}

int vnet_uplink_check_handover(const struct vnet_spec *have, const struct vnet_spec *want,
			       struct vnet_error *err)
{
	if (!vnet_spec_has(want, VNET_KEY_UPLINK))
		return vnet_error_set(err, -EINVAL, "--uplink-dhcp without --uplink: want both");
	if (have && vnet_spec_has(have, VNET_KEY_UPLINK) &&
	    !vnet_spec_same(have, want, VNET_KEY_UPLINK_DHCP))
		return vnet_error_set(
			err, -EINVAL,
			"--uplink-dhcp: %s is the uplink already: want --no-uplink first",
			have->uplink);
	return 0;
}

int vn_uplink_check_owner(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			  bool force, struct vnet_error *err)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, want->uplink);
	bool dhcp = lease_at(snap, nic->index, 0) || client_on(snap, nic->name);
	int r = force ? 0 : vn_uplink_check_manager(want, snap, dhcp, err);

	if (r < 0)
		return r;
	if (vnet_spec_has(want, VNET_KEY_UPLINK_DHCP))
		return check_handover(want, snap, nic, err);
	return force ? 0 : check_lease(want, snap, nic, err);
}

/* ---- the client, on another link ---- */

/* What is remembered of the client: its program and how it was started on the NIC. */
struct memory {
	char program[VNET_CLIENT_NAME];
	const char *command; /* NULL: there was none */
	const char *leases;  /* "lease 10.0.0.1/24 123456", one a line */
};

/* Two operations' worth of it, on the NIC and on the bridge; the plan copies. */
static int plan_client(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		       const struct memory *memory, enum vnet_op_kind kind, bool on_bridge,
		       struct vnet_plan *plan)
{
	struct vnet_handover client = { 0 };
	const struct vnet_client *now;
	char *command;
	int r;

	memcpy(client.program, memory->program, sizeof(client.program));
	memcpy(client.link, on_bridge ? spec->name : spec->uplink, sizeof(client.link));
	client.command = memory->command;
	now = client_of(snap, client.link, client.program);
	client.pid = now && kind == VNET_OP_CLIENT_STOP ? now->pid : 0;
	if (!on_bridge) {
		vnet_plan_client(plan, kind, &client);
		return plan->failed;
	}
	r = vnet_client_path(snap, spec->name, client.own);
	if (r < 0)
		return r;
	memcpy(client.from, spec->uplink, sizeof(client.from));
	r = vnet_client_move(&client, memory->command, &command);
	if (r < 0)
		return r;
	client.command = command;
	vnet_plan_client(plan, kind, &client);
	free(command);
	return plan->failed;
}

/* ---- the memory ---- */

struct buffer {
	char *text; /* of OWN_MAX */
	size_t len;
};

static void put(struct buffer *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct buffer *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out->text + out->len, OWN_MAX - out->len, fmt, ap);
	va_end(ap);
	out->len = n < 0 || (size_t)n >= OWN_MAX - out->len ? OWN_MAX - 1 : out->len + (size_t)n;
}

/* A file: the leases that were made to stay, the program, its command. */
static int remember(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		    const struct vnet_client *client, const struct vnet_link *nic,
		    struct vnet_plan *plan)
{
	const struct vnet_object *lease;
	char path[VNET_PATH_SIZE];
	char text[VNET_CIDR_TEXT];
	struct buffer out = { .text = malloc(OWN_MAX) };
	int r = out.text ? vnet_client_path(snap, want->name, path) : -ENOMEM;

	if (r < 0) {
		free(out.text);
		return r;
	}
	out.text[0] = '\0';
	for (size_t i = 0; (lease = lease_at(snap, nic->index, i)); i++)
		put(&out, "lease %s %" PRIu64 "\n", vnet_cidr_text(&lease->to, text),
		    snap->now + lease->lifetime);
	if (client)
		put(&out, "client %s\n%s", client->program, client->command);
	vnet_plan_file_write(plan, path, out.text, 0600);
	free(out.text);
	return plan->failed;
}

static bool recall(const struct vnet_spec *have, const struct vnet_snapshot *snap,
		   struct memory *ret_memory)
{
	static const char word[] = "client ";
	const struct vnet_file *file;
	struct memory memory = { 0 };
	char path[VNET_PATH_SIZE];
	const char *at;

	if (!vnet_spec_has(have, VNET_KEY_UPLINK_DHCP) ||
	    vnet_client_path(snap, have->name, path) < 0)
		return false;
	file = vnet_file_by_path(snap, path);
	if (!file || !file->content)
		return false;
	memory.leases = file->content;
	at = strncmp(file->content, word, sizeof(word) - 1) == 0 ?
		     file->content :
		     strstr(file->content, "\nclient ");
	if (at) {
		at += *at == '\n';
		at += sizeof(word) - 1;
		(void)snprintf(memory.program, sizeof(memory.program), "%.*s",
			       (int)strcspn(at, "\n"), at);
		memory.command = at + strcspn(at, "\n");
		memory.command += *memory.command == '\n';
	}
	*ret_memory = memory;
	return true;
}

/* ---- lifetimes ---- */

/* What is left to an address that was made to stay; UINT32_MAX: none is known, or it is over. */
static uint32_t left_of(const struct memory *memory, const struct vnet_cidr *addr, uint64_t now)
{
	char text[VNET_CIDR_TEXT];
	char line[VNET_CIDR_TEXT + 8];
	unsigned long long end = 0;
	const char *at;

	(void)snprintf(line, sizeof(line), "lease %s ", vnet_cidr_text(addr, text));
	at = strstr(memory->leases, line);
	if (!at || (at != memory->leases && at[-1] != '\n'))
		return UINT32_MAX;
	end = strtoull(at + strlen(line), NULL, 10);
	if (end <= now && !memory->command)
		return UINT32_MAX;
	return end < now + BACK_MIN   ? BACK_MIN :
	       end - now < UINT32_MAX ? (uint32_t)(end - now) :
					UINT32_MAX;
}

static int set_lifetime(struct vnet_object *object, const struct vnet_link *link, uint32_t lifetime)
{
	const struct vnet_object_edit edit = {
		.from = link->index,
		.to = link->index,
		.from_name = link->name,
		.to_name = link->name,
		.has_lifetime = true,
		.lifetime = lifetime,
	};
	struct vnet_object changed;
	int r = vnet_object_move(object, &edit, &changed);

	if (r < 0)
		return r;
	vnet_object_done(object);
	*object = changed;
	return 0;
}

static int lifetimes(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		     const struct vnet_link *from, struct vnet_snapshot *ret_snap)
{
	bool back = !strcmp(from->name, spec->name);
	bool handed = vnet_spec_has(spec, VNET_KEY_UPLINK_DHCP);
	bool fixed = handed && spec->uplink_dhcp == VNET_UPLINK_DHCP_STATIC;
	struct memory memory = { .leases = "" };
	struct vnet_snapshot copy;
	int r = vnet_snapshot_copy(snap, &copy);

	if (r < 0)
		return r;
	if (back)
		(void)recall(spec, snap, &memory);
	for (size_t i = 0; handed && r == 0 && i < copy.ns[VNET_NS_HOST].n_objects; i++) {
		struct vnet_object *object = copy.ns[VNET_NS_HOST].objects[i];
		uint32_t left = UINT32_MAX;

		if (object->kind != VNET_OBJECT_ADDR || object->index != from->index ||
		    object->to.ip.family != AF_INET)
			continue;
		if (back && fixed)
			left = left_of(&memory, &object->to, snap->now);
		if (left != object->lifetime)
			r = set_lifetime(object, from, left);
	}
	if (r < 0) {
		vnet_snapshot_done(&copy);
		return r;
	}
	*ret_snap = copy;
	return 0;
}

/* ---- plan ---- */

void vnet_uplink_take_client(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			     const struct vnet_link *nic, struct vnet_plan *plan)
{
	const struct vnet_client *client = client_on(snap, nic->name);
	struct memory memory = { 0 };
	int r;

	if (!vnet_spec_has(want, VNET_KEY_UPLINK_DHCP))
		return;
	r = remember(want, snap, client, nic, plan);
	if (want->uplink_dhcp == VNET_UPLINK_DHCP_STATIC)
		vnet_plan_note(
			plan,
			"the addresses of %s stay for ever now: the DHCP server may give them "
			"to someone else",
			want->name);
	if (want->uplink_dhcp == VNET_UPLINK_DHCP_STATIC && client)
		vnet_plan_note(plan, "%s on %s is stopped until the bridge is deleted",
			       client->program, nic->name);
	if (r == 0 && client) {
		memcpy(memory.program, client->program, sizeof(memory.program));
		memory.command = client->command;
		r = plan_client(want, snap, &memory, VNET_OP_CLIENT_STOP, false, plan);
	}
	plan->failed = plan->failed ? plan->failed : r;
}

static int give_client(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		       struct vnet_plan *plan)
{
	const struct vnet_client *client = client_on(snap, want->uplink);
	struct memory memory = { 0 };

	if (!client || !vnet_spec_has(want, VNET_KEY_UPLINK_DHCP) ||
	    want->uplink_dhcp != VNET_UPLINK_DHCP_CLIENT)
		return 0;
	memcpy(memory.program, client->program, sizeof(memory.program));
	memory.command = client->command;
	return plan_client(want, snap, &memory, VNET_OP_CLIENT_START, true, plan);
}

static int take_back_client(const struct vnet_spec *have, const struct vnet_snapshot *snap,
			    struct vnet_plan *plan)
{
	struct memory memory;

	if (!recall(have, snap, &memory) || !memory.command ||
	    !client_of(snap, have->name, memory.program) ||
	    have->uplink_dhcp != VNET_UPLINK_DHCP_CLIENT)
		return 0;
	return plan_client(have, snap, &memory, VNET_OP_CLIENT_STOP, true, plan);
}

static int give_back_client(const struct vnet_spec *have, const struct vnet_snapshot *snap,
			    struct vnet_plan *plan)
{
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, have->uplink);
	char path[VNET_PATH_SIZE];
	struct memory memory;
	int r = 0;

	if (!recall(have, snap, &memory))
		return 0;
	if (nic && memory.command && !client_on(snap, have->uplink))
		r = plan_client(have, snap, &memory, VNET_OP_CLIENT_START, false, plan);
	if (r == 0)
		r = vnet_client_path(snap, have->name, path);
	if (r == 0)
		vnet_plan_file_del(plan, path);
	return r < 0 ? r : plan->failed;
}

void vnet_uplink_join_owned(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			    const struct vnet_link *nic, const struct vnet_link *bridge, bool fresh,
			    struct vnet_plan *plan)
{
	struct vnet_snapshot as_wanted;
	int r;

	if (!vnet_spec_has(want, VNET_KEY_UPLINK_DHCP)) {
		vn_uplink_join(snap, nic, bridge, fresh, plan);
		return;
	}
	r = lifetimes(want, snap, nic, &as_wanted);
	if (r == 0) {
		vn_uplink_join(&as_wanted, nic, bridge, fresh, plan);
		vnet_snapshot_done(&as_wanted);
		r = give_client(want, snap, plan);
	}
	plan->failed = plan->failed ? plan->failed : r;
}

void vnet_uplink_leave_owned(const struct vnet_spec *have, const struct vnet_snapshot *snap,
			     const struct vnet_link *bridge, const struct vnet_link *nic,
			     bool goes_on, struct vnet_plan *plan)
{
	struct vnet_snapshot as_wanted;
	int r;

	if (nic)
		vn_uplink_note_firewall(snap, bridge->name, nic->name, plan);
	if (!vnet_spec_has(have, VNET_KEY_UPLINK_DHCP)) {
		if (nic)
			vn_uplink_leave(snap, bridge, nic, &have->addresses, goes_on, plan);
		return;
	}
	r = take_back_client(have, snap, plan);
	if (r == 0 && nic)
		r = lifetimes(have, snap, bridge, &as_wanted);
	if (r == 0 && nic) {
		vn_uplink_leave(&as_wanted, bridge, nic, &have->addresses, goes_on, plan);
		vnet_snapshot_done(&as_wanted);
	}
	if (r == 0)
		r = give_back_client(have, snap, plan);
	plan->failed = plan->failed ? plan->failed : r;
}
