/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * One netlink socket for each namespace, opened there once and used from here
 * for good. The DHCP server's namespace comes and goes within one transaction:
 * its socket is opened anew with each reading, and closed when its name goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "core/exec.h"
#include "core/facts.h"
#include "core/gateways.h"
#include "core/owners.h"
#include "core/settings.h"
#include "core/ties.h"
#include "ops/ops.h"
#include "services/clients.h"
#include "services/dnsmasq.h"
#include "sys/announce.h"
#include "sys/netns.h"
#include "sys/process.h"
#include "wire/events.h"
#include "wire/read.h"

enum {
	BATCH_BUF = 65536,	 /* 64 messages; the largest, of a veth pair, has 400 bytes */
	BATCH_BUF_MAX = 8 << 20, /* of what goes together, whatever its size */
	READ_LIMIT_MS = 4000,
};

struct kernel {
	struct vn_op_env env;
	struct vn_sock *sock[VNET_NS_COUNT];
	uint8_t *buf;
	size_t buf_size;
	struct vn_spent spent;
	struct vn_events *events; /* open since a move was planned */
};

static void close_ns(struct kernel *k, enum vnet_ns_id ns)
{
	vn_sock_close(k->sock[ns]);
	k->sock[ns] = NULL;
	if (k->env.netns[ns] >= 0)
		(void)close(k->env.netns[ns]);
	k->env.netns[ns] = -1;
}

static int open_sock(void *arg)
{
	return vn_sock_open(arg);
}

/* Open the server's namespace if it is there and not open yet. Returns -ENOENT if not there. */
static int open_dhcp(struct kernel *k, const char *name)
{
	int r;

	if (k->sock[VNET_NS_DHCP])
		return 0;
	r = vn_netns_open(name);
	if (r < 0)
		return r;
	k->env.netns[VNET_NS_DHCP] = r;
	r = vn_netns_run(k->env.netns[VNET_NS_DHCP], open_sock, &k->sock[VNET_NS_DHCP]);
	if (r < 0)
		close_ns(k, VNET_NS_DHCP);
	return r;
}

/* ---- read ---- */

/*
 * Someone took the name off the namespace while the server ran in it: the pid file
 * leads to it, if that process bears the server's command line. Its namespace is
 * opened, so that it can be stopped as any other.
 */
static int find_lost(struct kernel *k, const char *net, struct vnet_snapshot *snap)
{
	struct vnet_service service;
	int r = vnet_service_of(snap, net, &service);

	if (r < 0)
		return r;
	r = vn_dnsmasq_lost(&service, k->env.netns[VNET_NS_HOST]);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	k->env.netns[VNET_NS_DHCP] = r;
	snap->running = true;
	return 0;
}

/* The server's namespace, if there is one, and whether the server runs in it. */
static int read_dhcp(struct kernel *k, const char *net, struct vnet_snapshot *snap)
{
	struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];
	struct vnet_service service;
	pid_t pid;
	int r;

	/* What is open may be that of another network, or one that has gone meanwhile. */
	close_ns(k, VNET_NS_DHCP);
	r = open_dhcp(k, in->name);
	if (r == -ENOENT)
		return find_lost(k, net, snap);
	in->exists = r == 0 || r == -EINVAL || r == -EPERM || r == -EACCES;
	in->hidden = r == -EPERM || r == -EACCES;
	in->dead = r == -EINVAL;
	if (in->exists && r < 0) /* not for the caller, or no namespace any more */
		return 0;
	if (r == 0)
		r = vn_read_ns(k->sock[VNET_NS_DHCP], VNET_NS_DHCP, "", snap);
	if (r == 0)
		r = vnet_service_of(snap, net, &service);
	if (r < 0)
		return r;
	pid = vn_dnsmasq_pid(&service, k->env.netns[VNET_NS_DHCP]);
	snap->running = pid > 0;
	return pid < 0 ? pid : 0;
}

/* By its index, once that is known: its name may be another one meanwhile. */
static const struct vnet_link *uplink_of(const struct vnet_snapshot *snap)
{
	return snap->uplink_index ? vnet_link_by_index(snap, VNET_NS_HOST, snap->uplink_index) :
				    vnet_link_by_name(snap, VNET_NS_HOST, snap->uplink);
}

/* What hangs on the bridge and on its way out, and how they are set. */
static int read_uplink(struct kernel *k, const char *net, struct vnet_snapshot *snap)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, net);
	const struct vnet_link *nic = uplink_of(snap);
	struct vn_sock *sock = k->sock[VNET_NS_HOST];
	int r = 0;

	if (!*snap->uplink)
		return 0;
	if (bridge)
		r = vn_read_objects(sock, VNET_NS_HOST, bridge->index, snap);
	if (r == 0 && nic)
		r = vn_read_objects(sock, VNET_NS_HOST, nic->index, snap);
	if (r < 0)
		return r;
	if (nic)
		snap->uplink_index = nic->index;
	return vn_settings_read(sock, nic ? nic->name : "", net, snap->fresh, snap);
}

/* Links and addresses, files, and then what these say that is to be read besides. */
static int read_host(struct kernel *k, const char *net, struct vnet_snapshot *snap)
{
	int64_t end = vn_clock_ms() + READ_LIMIT_MS;
	int r;

	do {
		r = vn_read_ns(k->sock[VNET_NS_HOST], VNET_NS_HOST, net, snap);
		if (r == 0)
			r = vn_facts_files(net, snap);
		if (r == 0)
			r = read_uplink(k, net, snap);
		if (r == 0)
			r = vn_ties_read(k->sock[VNET_NS_HOST], net, snap);
		if (r == 0)
			r = vn_owners_read(k->env.netns[VNET_NS_HOST], net, snap);
	} while (r == -EINTR && vn_clock_ms() < end);
	return r == -EINTR ? -EBUSY : r;
}

/* Before the first look: what is done after it is told of. */
static int listen_anew(struct kernel *k)
{
	vn_events_close(k->events);
	k->events = NULL;
	return vn_events_open(&k->events);
}

static int kernel_read(void *self, const char *net, struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	struct kernel *k = self;
	int r = snap->ask ? listen_anew(k) : 0;

	if (r == 0)
		r = read_host(k, net, snap);
	if (r == 0 && snap->ask)
		r = vn_settings_inet6(net, snap);
	if (r == 0)
		r = vn_facts_host(snap);
	/* While an address is being asked for there will be another look, to which the sockets of
	 * this one would be bound to the NIC. */
	if (r == 0 && snap->ask && *snap->uplink && !vnet_uplink_pending(snap, snap->uplink))
		r = vn_gateways_read(net, snap, &k->spent);
	if (r == 0 && *net)
		r = read_dhcp(k, net, snap);
	if (r == -EBUSY)
		return vnet_error_set(err, r, "links change without end: try again");
	return r < 0 ? vnet_error_set(err, r, "reading the kernel: %s", vn_strerror(r)) : 0;
}

/* ---- netlink ---- */

static int grow(struct kernel *k)
{
	size_t size = k->buf ? k->buf_size * 2 : BATCH_BUF;
	uint8_t *buf = size > BATCH_BUF_MAX ? NULL : realloc(k->buf, size);

	if (!buf)
		return -ENOMEM;
	k->buf = buf;
	k->buf_size = size;
	return 0;
}

/* Returns -EMSGSIZE where the buffer is too small. */
static int encode(struct kernel *k, const struct vnet_op *ops, size_t n, uint32_t seq,
		  struct vn_msg *msg)
{
	int r = k->buf ? 0 : grow(k);

	vn_msg_init(msg, k->buf, k->buf_size);
	for (size_t i = 0; i < n && r == 0; i++)
		r = vn_op_row(&ops[i])->encode(&ops[i], &k->env, seq + (uint32_t)i, msg);
	return r;
}

static int kernel_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			  struct vn_ack *acks)
{
	struct kernel *k = self;
	struct vn_msg msg;
	uint32_t seq;
	int r;

	if (!k->sock[ns])
		return -ENOENT;
	seq = vn_sock_seq(k->sock[ns], n);
	do {
		r = encode(k, ops, n, seq, &msg);
	} while (r == -EMSGSIZE && (r = grow(k)) == 0);
	return r < 0 ? r : vn_sock_batch(k->sock[ns], &msg, seq, n, acks);
}

/* ---- system ---- */

struct visit {
	const struct vnet_op *op;
	const struct vn_op_env *env;
};

static int visit(void *arg)
{
	const struct visit *v = arg;

	return vn_op_row(v->op)->perform(v->op, v->env);
}

/* Others may live there (someone's shell): they keep it alive, and nobody kills them. */
static void tell_who_stays(const struct kernel *k, const struct vnet_op *op)
{
	int netns = k->env.netns[op->ns];
	pid_t pid = netns >= 0 ? vn_process_find(netns, NULL, 0) : 0;

	if (pid > 0)
		vn_log(VNET_LOG_WARNING,
		       "the namespace %s lives on without its name: process %d is in it",
		       op->u.netns.name, (int)pid);
}

static int kernel_system(void *self, const struct vnet_op *op)
{
	struct kernel *k = self;
	struct visit v = { .op = op, .env = &k->env };
	int r;

	if (vn_op_row(op)->inside && op->ns != VNET_NS_HOST)
		return vn_netns_run(k->env.netns[op->ns], visit, &v);
	if (op->kind == VNET_OP_NETNS_DEL) {
		tell_who_stays(k, op);
		close_ns(k, op->ns);
	}
	if (op->kind == VNET_OP_ANNOUNCE && k->env.announcer < 0) {
		r = vn_announce_open();
		if (r < 0)
			return r;
		k->env.announcer = r;
	}
	r = visit(&v);
	if (r == 0 && op->kind == VNET_OP_NETNS_ADD) {
		close_ns(k, op->ns);
		r = open_dhcp(k, op->u.netns.name);
	}
	return r;
}

/* ---- service ---- */

static int run_client(const struct kernel *k, const struct vnet_op *op, struct vnet_error *detail)
{
	int netns = k->env.netns[VNET_NS_HOST];

	if (op->kind == VNET_OP_CLIENT_START)
		return vn_client_start(&op->u.client, netns, detail);
	return vn_client_stop(&op->u.client, netns, detail);
}

static int kernel_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	const struct vnet_service *service = &op->u.service;
	struct kernel *k = self;
	int netns;

	if (op->kind == VNET_OP_CLIENT_START || op->kind == VNET_OP_CLIENT_STOP)
		return run_client(k, op, detail);
	if (k->env.netns[VNET_NS_DHCP] < 0 && open_dhcp(k, service->netns) < 0)
		return op->kind == VNET_OP_SERVICE_STOP ? 0 : -ENOENT;
	netns = k->env.netns[VNET_NS_DHCP];
	if (op->kind == VNET_OP_SERVICE_START)
		return vn_dnsmasq_start(service, netns, detail);
	if (op->kind == VNET_OP_SERVICE_STOP)
		return vn_dnsmasq_stop(service, netns, detail);
	return vn_dnsmasq_reload(service, netns, detail);
}

static int kernel_events(void *self, int (*fn)(const struct nlmsghdr *head, void *arg), void *arg)
{
	struct kernel *k = self;

	return k->events ? vn_events_take(k->events, k->sock[VNET_NS_HOST], fn, arg) : 0;
}

static struct vn_spent *kernel_spent(void *self)
{
	return &((struct kernel *)self)->spent;
}

static const struct vn_exec_ops kernel_ops = {
	.read = kernel_read,
	.netlink = kernel_netlink,
	.system = kernel_system,
	.service = kernel_service,
	.events = kernel_events,
	.spent = kernel_spent,
};

int vn_kernel_open(struct vn_exec *ret_exec, struct vnet_error *err)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct vn_exec exec = { .ops = &kernel_ops, .self = k };
	int r;

	if (!k)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	k->env.spent = &k->spent;
	k->env.announcer = -1;
	k->env.netns[VNET_NS_DHCP] = -1;
	k->env.netns[VNET_NS_HOST] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	r = k->env.netns[VNET_NS_HOST] < 0 ? -errno : vn_sock_open(&k->sock[VNET_NS_HOST]);
	if (r < 0) {
		vn_kernel_close(&exec);
		return vnet_error_set(err, r, "network namespace, netlink socket: %s",
				      vn_strerror(r));
	}
	*ret_exec = exec;
	return 0;
}

void vn_kernel_close(struct vn_exec *exec)
{
	if (!exec->self)
		return;
	close_ns(exec->self, VNET_NS_DHCP);
	close_ns(exec->self, VNET_NS_HOST);
	vn_spent_close(&((struct kernel *)exec->self)->spent);
	if (((struct kernel *)exec->self)->env.announcer >= 0)
		(void)close(((struct kernel *)exec->self)->env.announcer);
	vn_events_close(((struct kernel *)exec->self)->events);
	free(((struct kernel *)exec->self)->buf);
	free(exec->self);
	exec->self = NULL;
}
