/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/snapshot.h"
#include "base/text.h"
#include "sys/nic.h"
#include "sys/sockets.h"
#include "sys/xtables.h"
#include "wire/diag.h"
#include "wire/nft.h"
#include "wire/rule.h"

enum {
	SOCKETS = 32,	 /* whose programs are looked for; more are only counted */
	SOCKET_TEXT = 96 /* "tcp [IPv6 address]:port" */
};

static int add(struct vnet_snapshot *snap, enum vnet_tie_kind kind, const char *name,
	       const char *text)
{
	struct vnet_tie tie = { .kind = kind };

	(void)snprintf(tie.name, sizeof(tie.name), "%s", name);
	(void)snprintf(tie.text, sizeof(tie.text), "%s", text);
	return vn_snapshot_add_tie(snap, &tie);
}

/* ---- firewall ---- */

static int on_xtable(const char *text, void *arg)
{
	return add(arg, VNET_TIE_FIREWALL, "iptables", text);
}

/* ---- sockets ---- */

struct sockets {
	struct vn_holder holders[SOCKETS];
	char texts[SOCKETS][SOCKET_TEXT];
	size_t n;
	size_t n_more;
};

static int on_socket(uint64_t inode, const char *text, void *arg)
{
	struct sockets *sockets = arg;

	if (sockets->n == SOCKETS) {
		sockets->n_more++;
		return 0;
	}
	sockets->holders[sockets->n] = (struct vn_holder){ .inode = inode };
	(void)snprintf(sockets->texts[sockets->n], SOCKET_TEXT, "%s", text);
	sockets->n++;
	return 0;
}

static int add_sockets(struct sockets *sockets, struct vnet_snapshot *snap)
{
	int r = 0;

	vn_socket_holders(sockets->holders, sockets->n);
	for (size_t i = 0; i < sockets->n && r == 0; i++) {
		struct vnet_tie tie = { .kind = VNET_TIE_SOCKET, .pid = sockets->holders[i].pid };

		/* One that is about to end has asked for the gateway through it. */
		if (!strcmp(sockets->holders[i].name, "vnet-watchdog"))
			continue;
		(void)snprintf(tie.name, sizeof(tie.name), "%s", sockets->holders[i].name);
		(void)snprintf(tie.text, sizeof(tie.text), "%s", sockets->texts[i]);
		r = vn_snapshot_add_tie(snap, &tie);
	}
	for (size_t i = 0; i < sockets->n_more && r == 0; i++)
		r = add(snap, VNET_TIE_SOCKET, "", "another socket");
	return r;
}

static int read_sockets(const struct vnet_link *nic, struct vnet_snapshot *snap)
{
	struct sockets sockets = { .n = 0 };
	int r = vn_diag_survey(nic->index, on_socket, &sockets);

	if (r == 0)
		r = vn_packet_sockets(nic->index, on_socket, &sockets);
	return r < 0 ? r : add_sockets(&sockets, snap);
}

/* ---- the rest ---- */

static int on_group(const struct vnet_ip *group, void *arg)
{
	char text[VNET_IP_TEXT];

	return add(arg, VNET_TIE_GROUP, "", vnet_ip_text(group, text));
}

static int read_kind(const struct vnet_link *nic, struct vnet_snapshot *snap)
{
	int r = 0;

	if (nic->xdp)
		r = add(snap, VNET_TIE_FILTER, "xdp", "an XDP program");
	if (r == 0 && vn_nic_lro(nic->name))
		r = add(snap, VNET_TIE_FEATURE, "lro", "large receive offload");
	if (r == 0 && vn_nic_wireless(nic->name, nic->index))
		r = add(snap, VNET_TIE_WIRELESS, "wifi", "Wi-Fi");
	return r;
}

/* On the way back the firewall is what matters: all else goes with the bridge, or came by it. */
static int read_bridge(const char *net, struct vnet_snapshot *snap)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, net);
	const struct vnet_link *nic = vnet_link_by_name(snap, VNET_NS_HOST, snap->uplink);
	int r;

	if (!bridge || !nic || nic->master != bridge->index)
		return 0;
	/* What is bound to it looks at nothing any more. */
	r = vn_nft_survey(bridge, nic->name, VNET_TIE_FIREWALL, snap);
	return r < 0 ? r : vn_xtables_survey(bridge->name, nic->name, on_xtable, snap);
}

int vn_ties_read(struct vn_sock *sock, const char *net, struct vnet_snapshot *snap)
{
	static const enum vnet_tie_kind kinds[] = {
		VNET_TIE_FIREWALL, VNET_TIE_FILTER,  VNET_TIE_RULE,	VNET_TIE_SOCKET,
		VNET_TIE_GROUP,	   VNET_TIE_FEATURE, VNET_TIE_WIRELESS,
	};
	const struct vnet_link *nic;
	int r;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		vn_snapshot_clear_ties(snap, kinds[i]);
	if (snap->survey_back)
		return read_bridge(net, snap);
	nic = snap->survey ? vnet_link_by_name(snap, VNET_NS_HOST, snap->uplink) : NULL;
	if (!nic)
		return 0;
	r = vn_nft_survey(nic, net, VNET_TIE_FILTER, snap);
	if (r == 0)
		r = vn_xtables_survey(nic->name, net, on_xtable, snap);
	if (r == 0)
		r = vn_rule_survey(sock, nic, snap);
	if (r == 0)
		r = read_sockets(nic, snap);
	if (r == 0)
		r = vn_nic_groups(nic->index, on_group, snap);
	return r < 0 ? r : read_kind(nic, snap);
}
