/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * The world is a snapshot. Each operation runs its model on a copy of it, which takes
 * the world's place if the model agrees: what a kernel refuses leaves nothing behind.
 * A snapshot has room for one server's namespace, so that those of other networks are
 * parked under their names meanwhile.
 *
 * As in the kernel, a batch is not a transaction: the messages behind a failed one
 * run; and where an acknowledgement is lost, those behind it in the batch are too.
 */
#include "lib/fake.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/must.h"
#include "lib/state.h"
#include "ops/ops.h"
#include "sys/file.h"

enum { NSID = 7 };

/* ---- the world ---- */

/* Bring the namespace @name before the eye; the one that was there is parked. */
static void select_ns(struct fake *fake, const char *name)
{
	struct vnet_ns *in = &fake->world.ns[VNET_NS_DHCP];
	size_t free_at = FAKE_NETS;

	if (!strcmp(in->name, name))
		return;
	for (size_t i = 0; i < FAKE_NETS; i++) {
		if (!fake->parked[i].ns.exists)
			free_at = i;
	}
	must(!in->exists || free_at < FAKE_NETS);
	if (in->exists)
		fake->parked[free_at] =
			(struct fake_side){ .ns = *in, .running = fake->world.running };
	*in = (struct vnet_ns){ 0 };
	must(vn_copy(in->name, sizeof(in->name), name) == 0);
	fake->world.running = false;
	for (size_t i = 0; i < FAKE_NETS; i++) {
		struct fake_side *side = &fake->parked[i];

		if (side->ns.exists && !strcmp(side->ns.name, name)) {
			*in = side->ns;
			fake->world.running = side->running;
			*side = (struct fake_side){ 0 };
		}
	}
}

/* What the models leave open: a new link has the namespace's defaults. */
static void set_defaults(struct vnet_snapshot *snap)
{
	for (int ns = 0; ns < VNET_NS_COUNT; ns++) {
		for (size_t i = 0; i < snap->ns[ns].n_links; i++) {
			struct vnet_link *link = &snap->ns[ns].links[i];

			if (link->addr_gen_mode == 0xff)
				link->addr_gen_mode = IN6_ADDR_GEN_MODE_EUI64;
			if (link->accept_ra < 0)
				link->accept_ra = 1;
			if (link->autoconf < 0)
				link->autoconf = 1;
		}
	}
}

/* The server's own files: it makes them when it starts, and one goes when it stops. */
static void own_files(struct vnet_snapshot *snap, const struct vnet_op *op)
{
	const struct vnet_service *service = &op->u.service;
	const struct vnet_file *leases;

	if (op->kind == VNET_OP_SERVICE_START) {
		leases = vnet_file_by_path(snap, service->leases);
		if (!leases || !leases->content)
			must(vn_snapshot_set_file(snap, service->leases, "", 0644) == 0);
		must(vn_snapshot_set_file(snap, service->pid_file, "4711\n", 0644) == 0);
	} else if (op->kind == VNET_OP_SERVICE_STOP) {
		must(vn_snapshot_set_file(snap, service->pid_file, NULL, 0) == 0);
	}
}

/* With a namespace goes one end of each pair that ends in it, and with that the other. */
static void drop_pairs(const struct vnet_snapshot *before, struct vnet_snapshot *snap)
{
	const struct vnet_ns *gone = &before->ns[VNET_NS_DHCP];

	for (size_t i = 0; i < gone->n_links; i++) {
		if (!strcmp(gone->links[i].kind, "veth"))
			vn_snapshot_del_link(snap, VNET_NS_HOST, gone->links[i].peer);
	}
}

static void add_link(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index,
		     const char *name, const char *kind, const char *cidr)
{
	struct vnet_link link = {
		.index = index,
		.flags = IFF_UP,
		.mtu = 1500,
		.tx_queues = 1,
		.rx_queues = 1,
		.mac = { { 0x52, 0x54, 0, 0, 0, (uint8_t)index } },
		.accept_ra = 1,
		.autoconf = 1,
		.bridge = { .forward_delay = 1500,
			    .ageing = 30000,
			    .hello = 200,
			    .max_age = 2000,
			    .priority = 32768,
			    .mcast_snooping = 1 },
	};
	struct vnet_ifaddr addr = { .index = index };

	must(vn_copy(link.name, sizeof(link.name), name) == 0 &&
	     vn_copy(link.kind, sizeof(link.kind), kind) == 0 &&
	     vn_snapshot_add_link(snap, ns, &link) == 0);
	if (!cidr)
		return;
	must(vnet_cidr_parse(cidr, &addr.addr, NULL) == 0 &&
	     vn_snapshot_add_addr(snap, ns, &addr) == 0);
}

/* It ends at once where it finds no address to listen on. */
static bool can_listen(const struct vnet_snapshot *snap)
{
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];

	for (size_t i = 0; i < in->n_addrs; i++) {
		const struct vnet_link *link =
			vnet_link_by_index(snap, VNET_NS_DHCP, in->addrs[i].index);

		if (in->addrs[i].addr.ip.family == AF_INET && link && (link->flags & IFF_UP))
			return true;
	}
	return false;
}

int fake_apply(struct fake *fake, const struct vnet_op *op)
{
	struct vnet_snapshot next;
	int r;

	if (op->kind == VNET_OP_NETNS_ADD)
		select_ns(fake, op->u.netns.name);
	must(vnet_snapshot_copy(&fake->world, &next) == 0);
	r = vn_op_row(op)->model(op, &next);
	if (r == 0 && op->kind == VNET_OP_SERVICE_START && !can_listen(&next))
		r = -ECHILD;
	if (r < 0) {
		vnet_snapshot_done(&next);
		return r;
	}
	set_defaults(&next);
	if (op->kind == VNET_OP_NETNS_ADD)
		add_link(&next, VNET_NS_DHCP, 1, "lo", "", NULL);
	if (op->kind == VNET_OP_NETNS_DEL)
		drop_pairs(&fake->world, &next);
	own_files(&next, op);
	vnet_snapshot_done(&fake->world);
	fake->world = next;
	return 0;
}

/* ---- faults ---- */

/* The journal of an undo says nothing of the way forward. */
static bool goes_forward(const struct fake *fake)
{
	auto_free char *journal = NULL;

	return vn_file_read(fake->vnet->journal, &journal, NULL) == 0 && strstr(journal, "\ndo ");
}

static bool is_stuck(const struct fake *fake, const struct vnet_op *op)
{
	struct vn_text text = { 0 };
	bool same;

	vn_op_write(op, &text);
	vn_text_add(&text, "%s", "");
	must(!text.failed);
	same = !strncmp(text.buf, fake->stuck, sizeof(fake->stuck) - 1);
	vn_text_done(&text);
	return same && goes_forward(fake);
}

bool fake_can_ignore(const struct vnet_op *op)
{
	return op->kind != VNET_OP_ADDR_ADD && op->kind != VNET_OP_ADDR_DEL;
}

static void remember(struct fake *fake, const struct vnet_op *op)
{
	struct vn_text text = { 0 };

	vn_op_write(op, &text);
	must(!text.failed);
	(void)snprintf(fake->stuck, sizeof(fake->stuck), "%s", text.buf);
	vn_text_done(&text);
}

/* Which fault strikes this operation, and counts it; NULL: none. */
static const struct fake_fault *fault_of(struct fake *fake, const struct vnet_op *op)
{
	bool undoes = fake->after && op->kind != VNET_OP_WAIT; /* that may take too long */
	size_t at = fake->n_ops++;
	size_t after = undoes ? fake->n_after++ : 0;

	if (fake->fault.kind == FAKE_NONE)
		return NULL;
	if (fake->fault.kind == FAKE_SILENT && !fake_can_ignore(op))
		return NULL;
	if (fake->fault.kind != FAKE_READ && !fake->struck && at == fake->fault.at) {
		fake->struck = true;
		remember(fake, op);
		return &fake->fault;
	}
	if (fake->struck && fake->fault.sticky && is_stuck(fake, op))
		return &fake->fault;
	if (undoes && fake->second.kind != FAKE_NONE && !fake->struck_again &&
	    after == fake->second.at && (fake->second.kind != FAKE_SILENT || fake_can_ignore(op))) {
		fake->struck_again = true;
		return &fake->second;
	}
	return NULL;
}

static int do_op(struct fake *fake, const struct vnet_op *op, const struct fake_fault *fault)
{
	int r;

	if (fake->after && fake->no_undo)
		return 0;
	if (!fault)
		return fake_apply(fake, op);
	if (fault->kind == FAKE_SILENT)
		return 0;
	if (fault->kind != FAKE_DONE)
		return fault->code;
	r = fake_apply(fake, op);
	return r < 0 ? r : fault->code;
}

/* ---- the seam ---- */

/* Of the world's files, those that the real reader would look at. */
static void read_files(const struct fake *fake, const char *net, struct vnet_snapshot *snap)
{
	char own[5][VNET_PATH_SIZE];

	must(vn_format(own[0], sizeof(own[0]), "%s/%s.dnsmasq", snap->run_dir, net) == 0 &&
	     vn_format(own[1], sizeof(own[1]), "%s/%s.hosts", snap->run_dir, net) == 0 &&
	     vn_format(own[2], sizeof(own[2]), "%s/%s.pid", snap->run_dir, net) == 0 &&
	     vn_format(own[3], sizeof(own[3]), "%s/%s.client", snap->run_dir, net) == 0 &&
	     vn_copy(own[4], sizeof(own[4]), snap->lease_path) == 0);
	for (size_t i = 0; i < fake->world.n_files; i++) {
		const struct vnet_file *file = &fake->world.files[i];
		size_t len = strlen(file->path);
		bool wanted = len > 4 && !strcmp(file->path + len - 4, ".net");

		for (int k = 0; k < 5 && *net; k++)
			wanted = wanted || !strcmp(file->path, own[k]);
		if (wanted && file->content)
			must(vn_snapshot_set_file(snap, file->path, file->content, file->mode) ==
			     0);
	}
}

/* As the real reader: what it takes to serve is looked up where someone serves or will. */
static void read_facts(const char *net, struct vnet_snapshot *snap)
{
	char path[VNET_PATH_SIZE];
	const struct vnet_file *record;

	must(vn_format(path, sizeof(path), "%s/%s.net", snap->run_dir, net) == 0);
	record = vnet_file_by_path(snap, path);
	if (record && record->content && strstr(record->content, "\ndhcp."))
		snap->dhcp = true;
	if (snap->dhcp)
		return;
	snap->dhcp_user[0] = '\0';
	snap->dhcp_group[0] = '\0';
	snap->n_resolvers = 0;
	snap->forwarding = false;
}

static bool read_fails(struct fake *fake)
{
	size_t at = fake->n_reads++;
	const struct fake_fault *fault = &fake->fault;

	if (fault->kind != FAKE_READ || at < fault->at || at > fault->at + fault->times)
		return false;
	fake->struck = fake->after = true;
	return true;
}

static int32_t index_of(const struct fake *fake, const char *name)
{
	const struct vnet_link *link = vnet_link_by_name(&fake->world, VNET_NS_HOST, name);

	return link ? link->index : 0;
}

static int fake_read(void *self, const char *net, struct vnet_snapshot *snap,
		     struct vnet_error *err)
{
	struct fake *fake = self;
	struct vnet_snapshot copy;

	if (read_fails(fake))
		return vnet_error_set(err, fake->fault.code, "reading the kernel: %s",
				      vn_strerror(fake->fault.code));
	select_ns(fake, snap->ns[VNET_NS_DHCP].name);
	must(vnet_snapshot_copy(&fake->world, &copy) == 0);
	for (size_t i = 0; i < copy.n_files; i++)
		free(copy.files[i].content);
	free(copy.files);
	copy.files = NULL;
	copy.n_files = 0;
	memcpy(copy.run_dir, snap->run_dir, sizeof(copy.run_dir));
	memcpy(copy.lease_path, snap->lease_path, sizeof(copy.lease_path));
	memcpy(copy.uplink, snap->uplink, sizeof(copy.uplink));
	copy.uplink_index = index_of(fake, snap->uplink);
	copy.seed = snap->seed;
	copy.dhcp = snap->dhcp;
	copy.survey = snap->survey;
	copy.survey_back = snap->survey_back;
	copy.hand_over = snap->hand_over;
	copy.fresh = snap->fresh;
	*snap = copy;
	read_files(fake, net, snap);
	read_facts(net, snap);
	return 0;
}

static int fake_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			struct vn_ack *acks)
{
	struct fake *fake = self;
	int lost = 0;

	if (fake->hook)
		fake->hook(fake);
	fake->n_batches++;
	fake->batch_max = n > fake->batch_max ? n : fake->batch_max;
	for (size_t i = 0; i < n; i++) {
		const struct fake_fault *fault = fault_of(fake, &ops[i]);
		int r = do_op(fake, &ops[i], fault);

		must(ops[i].ns == ns && vn_op_row(&ops[i])->class == VN_OP_NETLINK);
		if (fault && (fault->kind == FAKE_LOST || fault->kind == FAKE_DONE))
			lost = fault->code;
		acks[i] = (struct vn_ack){ .known = !lost, .code = lost ? 0 : r };
		if (fault && r < 0 && !lost)
			(void)vn_copy(acks[i].text, sizeof(acks[i].text), "the fake says no");
	}
	fake->after = fake->struck;
	return lost;
}

/* One that is no message. */
static int do_alone(struct fake *fake, const struct vnet_op *op)
{
	int r;

	if (fake->hook)
		fake->hook(fake);
	r = do_op(fake, op, fault_of(fake, op));
	fake->after = fake->struck;
	return r;
}

static int fake_system(void *self, const struct vnet_op *op)
{
	must(vn_op_row(op)->class == VN_OP_SYSTEM);
	return do_alone(self, op);
}

static int fake_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	int r = do_alone(self, op);

	must(vn_op_row(op)->class == VN_OP_SERVICE);
	return r < 0 ? vnet_error_set(detail, r, "dnsmasq in %s: so it is", op->u.service.netns) :
		       0;
}

static const struct vn_exec_ops fake_ops = {
	.read = fake_read,
	.netlink = fake_netlink,
	.system = fake_system,
	.service = fake_service,
};

/* ---- making one ---- */

struct fake *fake_new(void)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct vn_exec exec = { .ops = &fake_ops, .self = fake };

	must(fake != NULL);
	must(vn_copy(fake->dir, sizeof(fake->dir), "/tmp/vnet-fake.XXXXXX") == 0 &&
	     mkdtemp(fake->dir));
	must(vn_net_open(&exec, fake->dir, NSID, false, &fake->vnet) == 0);
	fake->world.ns[VNET_NS_HOST].exists = true;
	fake->world.n_resolvers = 1;
	must(vnet_ip_parse("9.9.9.9", &fake->world.resolvers[0], NULL) == 0 &&
	     vn_copy(fake->world.dhcp_user, sizeof(fake->world.dhcp_user), "dnsmasq") == 0 &&
	     vn_copy(fake->world.dhcp_group, sizeof(fake->world.dhcp_group), "nogroup") == 0);
	add_link(&fake->world, VNET_NS_HOST, 1, "lo", "", NULL);
	add_link(&fake->world, VNET_NS_HOST, 2, "eth0", "", "192.0.2.10/24");
	add_link(&fake->world, VNET_NS_HOST, 3, "lan0", "bridge", "198.51.100.1/24");
	return fake;
}

static void unpark(struct fake_side *parked)
{
	for (size_t i = 0; i < FAKE_NETS; i++) {
		free(parked[i].ns.links);
		free(parked[i].ns.addrs);
		free(parked[i].ns.routes);
		parked[i] = (struct fake_side){ 0 };
	}
}

void fake_free(struct fake *fake)
{
	char path[VNET_PATH_SIZE + 8];

	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "lock", "journal", "journal.tmp" };

		(void)snprintf(path, sizeof(path), "%s/%s", fake->vnet->run_dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(fake->vnet->run_dir);
	must(rmdir(fake->dir) == 0); /* nothing else was left there */
	vnet_close(fake->vnet);
	vnet_snapshot_done(&fake->world);
	unpark(fake->parked);
	free(fake);
}

void fake_add_tap(void *self, const char *name, const char *bridge, bool ours)
{
	struct fake *fake = self;
	int32_t index = 100 + (int32_t)fake->world.ns[VNET_NS_HOST].n_links;
	const struct vnet_link *master = vnet_link_by_name(&fake->world, VNET_NS_HOST, bridge);
	struct vnet_link *tap;

	must(master != NULL);
	add_link(&fake->world, VNET_NS_HOST, index, name, "tun", NULL);
	master = vnet_link_by_name(&fake->world, VNET_NS_HOST, bridge);
	tap = vn_snapshot_link(&fake->world, VNET_NS_HOST, index);
	must(master && tap);
	tap->master = master->index;
	memcpy(tap->master_name, master->name, sizeof(tap->master_name));
	tap->mtu = master->mtu;
	tap->group = ours ? master->group : 0;
	tap->port.isolated = ours;
}

char *fake_text(struct fake *fake, unsigned int flags)
{
	struct vn_text text = { 0 };
	struct vnet_snapshot other = { 0 };
	char *string = NULL;

	state_print(&fake->world, flags, &text);
	for (size_t i = 0; i < FAKE_NETS; i++) {
		other.ns[VNET_NS_DHCP] = fake->parked[i].ns;
		other.running = fake->parked[i].running;
		state_print(&other, flags, &text);
	}
	must(vn_text_take(&text, &string) == 0);
	state_sort(string);
	return string;
}

void fake_calm(struct fake *fake)
{
	fake->fault = fake->second = (struct fake_fault){ 0 };
	fake->no_undo = fake->struck = fake->after = fake->struck_again = false;
	fake->n_ops = fake->n_reads = fake->n_after = fake->n_batches = fake->batch_max = 0;
	fake->hook = NULL;
	fake->hook_arg = NULL;
}

bool fake_journal(const struct fake *fake)
{
	return access(fake->vnet->journal, F_OK) == 0;
}

/* ---- keeping a state ---- */

static void copy_sides(const struct fake_side *from, struct fake_side *to)
{
	for (size_t i = 0; i < FAKE_NETS; i++) {
		struct vnet_snapshot one = { .ns = { [VNET_NS_DHCP] = from[i].ns } };
		struct vnet_snapshot copy;

		must(vnet_snapshot_copy(&one, &copy) == 0);
		to[i] = (struct fake_side){ .ns = copy.ns[VNET_NS_DHCP],
					    .running = from[i].running };
	}
}

void fake_save(const struct fake *fake, struct fake_state *ret_state)
{
	must(vnet_snapshot_copy(&fake->world, &ret_state->world) == 0);
	copy_sides(fake->parked, ret_state->parked);
}

void fake_restore(struct fake *fake, const struct fake_state *state)
{
	vnet_snapshot_done(&fake->world);
	unpark(fake->parked);
	must(vnet_snapshot_copy(&state->world, &fake->world) == 0);
	copy_sides(state->parked, fake->parked);
	(void)unlink(fake->vnet->journal);
	fake_calm(fake);
}

void fake_state_done(struct fake_state *state)
{
	vnet_snapshot_done(&state->world);
	unpark(state->parked);
}
