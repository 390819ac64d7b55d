/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * The server lives in a namespace of its own, on one end of a veth pair whose
 * other end is a port of the bridge. Planning looks at each object by itself
 * (namespace, pair, address, files, process) and adds what makes it as wanted:
 * so the same plan serves for starting, changing, repairing and stopping, and
 * is empty where all is as it should be.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/names.h"
#include "base/text.h"
#include "core/dhcp.h"

/* All that concerns one server, looked up once. */
struct server {
	struct vnet_service service;
	const struct vnet_link *end;   /* the pair's end on the bridge; NULL: not there */
	const struct vnet_link *inner; /* its other end */
	const struct vnet_file *conf;
	const struct vnet_file *hosts;
	char link[VNET_NAME_SIZE];
	char hosts_path[VNET_PATH_SIZE];
};

/* ---- the plan ---- */

static int look_up(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		   struct server *ret)
{
	struct server s = { 0 };
	int r = vnet_service_of(snap, spec->name, &s.service);

	if (r == 0)
		r = vn_name_path(snap->run_dir, spec->name, VN_NAME_HOSTS, s.hosts_path);
	if (r < 0)
		return r;
	vnet_dhcp_link_name(spec->name, s.link);
	s.end = vnet_link_by_name(snap, VNET_NS_HOST, s.link);
	s.inner = vnet_link_by_name(snap, VNET_NS_DHCP, s.link);
	s.conf = vnet_file_by_path(snap, s.service.conf);
	s.hosts = vnet_file_by_path(snap, s.hosts_path);
	*ret = s;
	return 0;
}

static bool differs(const struct vnet_file *file, const char *content)
{
	return !file || !file->content || strcmp(file->content, content) != 0;
}

static void plan_pair(const struct vnet_spec *want, const struct vnet_link *bridge,
		      const struct vnet_snapshot *snap, const struct server *s,
		      struct vnet_plan *plan)
{
	struct vnet_link end = {
		.master = bridge->index,
		.mtu = bridge->mtu,
		.group = want->group,
		.tx_queues = 1,
		.rx_queues = 1,
		.mac = vnet_mac_stable(snap, want->name, "dhcp"),
		.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE,
		.flags = IFF_UP,
		.kind = "veth",
		.port.isolated = vn_dhcp_apart(want),
	};
	struct vnet_peer peer = { .ns = VNET_NS_DHCP, .group = want->group };
	struct vnet_link inner = end;
	char altname[VNET_ALIAS_SIZE];

	end.mac.bytes[0] = 0xfe; /* never the lowest of a bridge's ports */
	inner.mac = vnet_mac_stable(snap, want->name, "server");
	memcpy(end.name, s->link, sizeof(end.name));
	memcpy(end.master_name, bridge->name, sizeof(end.master_name));
	memcpy(inner.name, s->link, sizeof(inner.name));
	memcpy(peer.name, s->link, sizeof(peer.name));
	vnet_link_alias(want->name, "dhcp", end.alias);
	vnet_link_alias(want->name, "server", inner.alias);
	(void)vn_format(altname, sizeof(altname), "%s.dhcp", want->name);
	end.index = vnet_plan_free_index(plan, snap);
	inner.index = end.index + 1;
	peer.index = inner.index;
	peer.mac = inner.mac;
	vnet_plan_link_add(plan, VNET_NS_HOST, &end, &peer);
	/* Before it goes up: in the same request it would come too late. */
	vnet_plan_link_set(plan, VNET_NS_HOST, &end, VNET_LINK_ALIAS | VNET_LINK_ADDR_GEN_MODE);
	vnet_plan_altname_add(plan, VNET_NS_HOST, &end, altname);
	vnet_plan_link_set(plan, VNET_NS_HOST, &end, end.port.isolated ? VNET_LINK_ISOLATED : 0);
	vnet_plan_link_set(plan, VNET_NS_HOST, &end, VNET_LINK_UP);
	vnet_plan_csum_off(plan, VNET_NS_DHCP, inner.name);
	vnet_plan_link_set(plan, VNET_NS_DHCP, &inner, VNET_LINK_ALIAS | VNET_LINK_ADDR_GEN_MODE);
	vnet_plan_addr_add(plan, VNET_NS_DHCP, &inner, &want->dhcp.server);
	vnet_plan_link_set(plan, VNET_NS_DHCP, &inner, VNET_LINK_UP);
}

/*
 * The server has its own IPv4 address and no other. Where there are others all go, the
 * last one first: with the first of a subnet the kernel drops those that came after it.
 * Returns true if the server must start anew for it.
 */
static bool plan_server_address(const struct vnet_spec *want, const struct vnet_snapshot *snap,
				const struct vnet_link *inner, struct vnet_plan *plan)
{
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];
	bool found = false;
	bool others = false;

	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index != inner->index || in->addrs[i].addr.ip.family != AF_INET)
			continue;
		if (vnet_cidr_equal(&in->addrs[i].addr, &want->dhcp.server))
			found = true;
		else
			others = true;
	}
	for (size_t i = in->n_addrs; others && i-- > 0;) {
		if (in->addrs[i].index == inner->index && in->addrs[i].addr.ip.family == AF_INET)
			vnet_plan_addr_del(plan, VNET_NS_DHCP, inner, &in->addrs[i].addr);
	}
	if (!found || others)
		vnet_plan_addr_add(plan, VNET_NS_DHCP, inner, &want->dhcp.server);
	return !found || others;
}

/*
 * Master, mark, and only then up: in one request, the mark would be that of the port which
 * is not one yet. A mark that is not wanted any more goes by plan_unmark().
 */
static void plan_mark(const struct vnet_spec *want, struct vnet_link *end, uint32_t fields,
		      struct vnet_plan *plan)
{
	uint32_t up = !(end->flags & IFF_UP) || vn_dhcp_paused(end, plan) ? VNET_LINK_UP : 0;

	if (vn_dhcp_apart(want) && !end->port.isolated) {
		if (fields & VNET_LINK_MASTER) {
			end->flags &= ~(uint32_t)IFF_UP;
			fields |= VNET_LINK_UP;
			up = VNET_LINK_UP;
		}
		vnet_plan_link_set(plan, VNET_NS_HOST, end, fields);
		end->port.isolated = true;
		fields = VNET_LINK_ISOLATED;
		if (up) {
			vnet_plan_link_set(plan, VNET_NS_HOST, end, fields);
			fields = 0;
		}
	}
	end->flags |= IFF_UP;
	vnet_plan_link_set(plan, VNET_NS_HOST, end, fields | up);
}

/*
 * Only when the server has its new configuration: up to then it is authoritative, and would
 * refuse the LAN what the LAN's own server gave.
 */
static void plan_unmark(const struct vnet_spec *want, const struct vnet_link *bridge,
			const struct vnet_snapshot *snap, const struct server *s,
			struct vnet_plan *plan)
{
	struct vnet_link end;

	vn_dhcp_mark_uplink(want, snap, plan);
	if (!s->end || !s->inner || s->end->master != bridge->index || !s->end->port.isolated)
		return;
	end = *s->end;
	end.port.isolated = false;
	vnet_plan_link_set(plan, VNET_NS_HOST, &end, VNET_LINK_ISOLATED);
}

/* Bring a pair that is there in line. Returns true if the server must start anew for it. */
static bool plan_pair_change(const struct vnet_spec *want, const struct vnet_link *bridge,
			     const struct vnet_snapshot *snap, const struct server *s,
			     struct vnet_plan *plan)
{
	struct vnet_link end = *s->end;
	struct vnet_link inner = *s->inner;
	bool anew;
	uint32_t fields = 0;

	if (end.mtu != bridge->mtu) {
		end.mtu = bridge->mtu;
		vnet_plan_link_set(plan, VNET_NS_HOST, &end, VNET_LINK_MTU);
	}
	if (inner.mtu != bridge->mtu) {
		inner.mtu = bridge->mtu;
		vnet_plan_link_set(plan, VNET_NS_DHCP, &inner, VNET_LINK_MTU);
	}
	if (end.master != bridge->index) {
		end.master = bridge->index;
		memcpy(end.master_name, bridge->name, sizeof(end.master_name));
		end.port.isolated = 0;
		fields |= VNET_LINK_MASTER;
	}
	plan_mark(want, &end, fields, plan);
	anew = plan_server_address(want, snap, &inner, plan);
	if (!(inner.flags & IFF_UP)) {
		inner.flags |= IFF_UP;
		vnet_plan_link_set(plan, VNET_NS_DHCP, &inner, VNET_LINK_UP);
	}
	return anew;
}

static void note_served(const struct vnet_spec *want, bool changes, struct vnet_plan *plan)
{
	if (changes && vnet_spec_has(want, VNET_KEY_UPLINK) && want->dhcp.serve_uplink)
		vnet_plan_note(plan,
			       "all behind %s hear the DHCP server of %s: clients there may take "
			       "its leases for those of the LAN's own server",
			       want->uplink, want->name);
}

static int plan_server(const struct vnet_spec *want, const struct vnet_link *bridge,
		       const struct vnet_snapshot *snap, const struct server *s, bool anew,
		       bool running, struct vnet_plan *plan)
{
	char *conf = NULL;
	char *hosts = NULL;
	bool new_hosts;
	int r = vn_dhcp_conf(want, bridge->mtu, snap, &conf);

	if (r == 0)
		r = vn_dhcp_hosts(want, &hosts);
	if (r == 0) {
		anew = anew || differs(s->conf, conf);
		new_hosts = differs(s->hosts, hosts);
		if (running && anew)
			vnet_plan_service(plan, VNET_OP_SERVICE_STOP, &s->service);
		note_served(want, differs(s->conf, conf), plan);
		if (differs(s->conf, conf))
			vnet_plan_file_write(plan, s->service.conf, conf, 0644);
		if (new_hosts)
			vnet_plan_file_write(plan, s->hosts_path, hosts, 0644);
		if (!running || anew)
			vnet_plan_service(plan, VNET_OP_SERVICE_START, &s->service);
		else if (new_hosts)
			vnet_plan_service(plan, VNET_OP_SERVICE_RELOAD, &s->service);
	}
	free(conf);
	free(hosts);
	return r;
}

/* Group and alias mark a link, and the record of a server counts as a third: two make it ours. */
static bool is_ours(const struct vnet_link *link, const struct vnet_spec *spec, const char *role,
		    bool served)
{
	char alias[VNET_ALIAS_SIZE];
	int marks = served;

	vnet_link_alias(spec->name, role, alias);
	marks += !strcmp(link->alias, alias);
	marks += link->group == spec->group;
	return marks >= 2;
}

/* True if the namespace is the server's: it holds its end of the pair, or is as good as new. */
static bool owns_netns(const struct server *s, const struct vnet_ns *in, bool served)
{
	return served && (s->inner || in->n_links <= 1); /* lo */
}

/* Forget what bears the server's names and is not the server's. */
static int look_up_own(const struct vnet_spec *want, bool served, const struct vnet_snapshot *snap,
		       struct server *s, struct vnet_error *err)
{
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];
	bool wanted = vnet_spec_has(want, VNET_KEY_DHCP_RANGE);

	if (in->hidden)
		return vnet_error_set(err, -EPERM,
				      "no permission to look into the namespace %s: want root, or "
				      "sudo",
				      in->name);
	if (s->end && !is_ours(s->end, want, "dhcp", served)) {
		if (wanted)
			return vnet_error_set(err, -EEXIST,
					      "%s: a link of this name is not vnet's: want it "
					      "renamed, or deleted",
					      s->link);
		s->end = NULL;
	}
	if (s->inner && (!is_ours(s->inner, want, "server", served) ||
			 (s->end && s->end->peer != s->inner->index)))
		s->inner = NULL;
	if (wanted && in->exists && !owns_netns(s, in, served))
		return vnet_error_set(err, -EEXIST,
				      "the namespace %s is there already, and not vnet's: want it "
				      "deleted (ip netns del), or another name for the network",
				      in->name);
	return 0;
}

/* The server runs, in a namespace that has lost its name. */
static bool is_lost(const struct vnet_snapshot *snap)
{
	return snap->running && !snap->ns[VNET_NS_DHCP].exists;
}

/*
 * A namespace without a name ends with the server in it, and some time later takes the
 * pair along: so that goes first.
 */
static void plan_stop_lost(struct server *s, struct vnet_plan *plan)
{
	if (s->end)
		vnet_plan_link_del(plan, VNET_NS_HOST, s->end);
	s->end = NULL;
	vnet_plan_service(plan, VNET_OP_SERVICE_STOP, &s->service);
}

static void plan_stop(const struct vnet_spec *want, const struct vnet_snapshot *snap,
		      struct server *s, bool served, struct vnet_plan *plan)
{
	const struct vnet_file *pid = vnet_file_by_path(snap, s->service.pid_file);
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];

	if (is_lost(snap))
		plan_stop_lost(s, plan);
	else if (snap->running)
		vnet_plan_service(plan, VNET_OP_SERVICE_STOP, &s->service);
	else if (pid && pid->content) /* it died */
		vnet_plan_file_del(plan, s->service.pid_file);
	if (s->conf && s->conf->content)
		vnet_plan_file_del(plan, s->service.conf);
	if (s->hosts && s->hosts->content)
		vnet_plan_file_del(plan, s->hosts_path);
	if (s->end)
		vnet_plan_link_del(plan, VNET_NS_HOST, s->end);
	if (in->exists && owns_netns(s, in, served))
		vnet_plan_netns_del(plan, in->name);
	vn_dhcp_mark_uplink(want, snap, plan);
}

/* The namespace, the pair and its address. Returns true if the server must start anew. */
static bool plan_place(const struct vnet_spec *want, const struct vnet_link *bridge,
		       const struct vnet_snapshot *snap, const struct server *s,
		       struct vnet_plan *plan)
{
	const struct vnet_ns *in = &snap->ns[VNET_NS_DHCP];

	if (in->exists && !in->n_links) /* someone unmounted it: a name is left, of nothing */
		vnet_plan_netns_del(plan, in->name);
	if (!in->exists || !in->n_links)
		vnet_plan_netns_add(plan, in->name);
	if (s->end && s->inner)
		return plan_pair_change(want, bridge, snap, s, plan);
	if (s->end) /* half a pair is left: someone deleted the namespace */
		vnet_plan_link_del(plan, VNET_NS_HOST, s->end);
	plan_pair(want, bridge, snap, s, plan);
	return true;
}

int vnet_dhcp_plan(const struct vnet_spec *want, bool served, const struct vnet_link *bridge,
		   const struct vnet_snapshot *snap, struct vnet_plan *plan, struct vnet_error *err)
{
	bool lost = is_lost(snap);
	bool anew;
	struct server s;
	int r;

	if (!served && !vnet_spec_has(want, VNET_KEY_DHCP_RANGE))
		return 0;
	r = look_up(want, snap, &s);
	if (r < 0)
		return vnet_error_set(err, r, "paths of the network %s are too long", want->name);
	r = look_up_own(want, served, snap, &s, err);
	if (r < 0)
		return r;
	if (!vnet_spec_has(want, VNET_KEY_DHCP_RANGE)) {
		plan_stop(want, snap, &s, served, plan);
		return plan->failed;
	}
	if (lost)
		plan_stop_lost(&s, plan);
	if (vn_dhcp_apart(want))
		vn_dhcp_mark_uplink(want, snap, plan);
	anew = plan_place(want, bridge, snap, &s, plan);
	r = plan_server(want, bridge, snap, &s, anew, snap->running && !lost, plan);
	if (r == 0 && !vn_dhcp_apart(want))
		plan_unmark(want, bridge, snap, &s, plan);
	return r < 0 ? r : plan->failed;
}
