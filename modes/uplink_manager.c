/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/* A program that manages the uplink is told, in its own words, how to make the bridge itself. */

static void hint(struct vnet_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void hint(struct vnet_error *err, const char *fmt, ...)
{
	size_t len = err ? strlen(err->hint) : 0;
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(err->hint + len, sizeof(err->hint) - len, fmt, ap);
	va_end(ap);
}

/* An address of the NIC that was given to it for good, of that family; NULL behind the last. */
static const struct vnet_object *own_addr(const struct vnet_snapshot *snap, int32_t index,
					  uint8_t family, size_t n)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind == VNET_OBJECT_ADDR && object->index == index &&
		    object->to.ip.family == family && object->lifetime == UINT32_MAX &&
		    !vnet_ip_is_link_local(&object->to.ip) && n-- == 0)
			return object;
	}
	return NULL;
}

/* The router of the default route, as text; NULL: none. */
static const char *router(const struct vnet_snapshot *snap, int32_t index, uint8_t family,
			  char ret_text[VNET_IP_TEXT])
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind == VNET_OBJECT_ROUTE && object->index == index &&
		    object->to.ip.family == family && !object->to.prefix &&
		    object->table == RT_TABLE_MAIN && object->via.family == family &&
		    object->protocol != RTPROT_RA)
			return vnet_ip_text(&object->via, ret_text);
	}
	return NULL;
}

/* What it is about; @dhcp: the NIC has addresses by DHCP. */
struct scene {
	const struct vnet_spec *want;
	const struct vnet_snapshot *snap;
	const struct vnet_link *nic;
	const struct vnet_tie *tie;
	bool dhcp;
};

static const uint8_t families[] = { AF_INET, AF_INET6 };

static void hint_networkd(const struct scene *s, struct vnet_error *err)
{
	const char *file = s->tie->text[0] ? s->tie->text : "/etc/systemd/network/uplink.network";
	const struct vnet_object *addr;
	char mac[VNET_MAC_TEXT];
	char text[VNET_CIDR_TEXT];

	hint(err,
	     "# /etc/systemd/network/%s.netdev\n[NetDev]\nName=%s\nKind=bridge\nMACAddress=%s\n"
	     "# /etc/systemd/network/%s.network\n[Match]\nName=%s\n[Network]\n",
	     s->want->name, s->want->name, vnet_mac_text(&s->nic->mac, mac), s->want->name,
	     s->want->name);
	if (s->dhcp)
		hint(err, "DHCP=ipv4\n");
	for (size_t f = 0; f < sizeof(families); f++) {
		for (size_t i = 0; (addr = own_addr(s->snap, s->nic->index, families[f], i)); i++)
			hint(err, "Address=%s\n", vnet_cidr_text(&addr->to, text));
		if (!s->dhcp && router(s->snap, s->nic->index, families[f], text))
			hint(err, "Gateway=%s\n", text);
	}
	hint(err, "# %s\n[Match]\nName=%s\n[Network]\nBridge=%s\n", file, s->nic->name,
	     s->want->name);
}

static void hint_manager(const struct scene *s, struct vnet_error *err)
{
	static const char *const keys[] = { "ipv4", "ipv6" };
	const struct vnet_object *addr;
	char mac[VNET_MAC_TEXT];
	char text[VNET_CIDR_TEXT];

	hint(err,
	     "nmcli connection add type bridge con-name %s ifname %s bridge.stp %s "
	     "bridge.mac-address %s",
	     s->want->name, s->want->name, s->want->stp ? "yes" : "no",
	     vnet_mac_text(&s->nic->mac, mac));
	for (size_t f = 0; f < sizeof(families); f++) {
		bool any = own_addr(s->snap, s->nic->index, families[f], 0) != NULL;

		if (any && !(s->dhcp && families[f] == AF_INET))
			hint(err, " %s.method manual", keys[f]);
		for (size_t i = 0; (addr = own_addr(s->snap, s->nic->index, families[f], i)); i++)
			hint(err, "%s%s",
			     i ? "," :
			     f ? " ipv6.addresses " :
				 " ipv4.addresses ",
			     vnet_cidr_text(&addr->to, text));
		if (any && !s->dhcp && router(s->snap, s->nic->index, families[f], text))
			hint(err, " %s.gateway %s", keys[f], text);
	}
	hint(err,
	     "\nnmcli connection add type ethernet con-name %s-%s ifname %s master %s\n"
	     "nmcli connection up %s\n",
	     s->want->name, s->nic->name, s->nic->name, s->want->name, s->want->name);
}

static void hint_ifupdown(const struct scene *s, struct vnet_error *err)
{
	static const char *const words[] = { "inet", "inet6" };
	const struct vnet_object *addr;
	char text[VNET_CIDR_TEXT];

	hint(err, "# /etc/network/interfaces, with bridge-utils; %s as it is there goes\n",
	     s->nic->name);
	hint(err, "iface %s inet manual\nauto %s\n", s->nic->name, s->want->name);
	hint(err, "iface %s inet %s\n\tbridge_ports %s\n\tbridge_stp %s\n\tbridge_fd 2\n",
	     s->want->name,
	     s->dhcp					  ? "dhcp" :
	     own_addr(s->snap, s->nic->index, AF_INET, 0) ? "static" :
							    "manual",
	     s->nic->name, s->want->stp ? "on" : "off");
	for (size_t f = 0; f < sizeof(families); f++) {
		for (size_t i = 0; (addr = own_addr(s->snap, s->nic->index, families[f], i)); i++) {
			if (i || f || s->dhcp)
				hint(err, "iface %s %s static\n", s->want->name, words[f]);
			hint(err, "\taddress %s\n", vnet_cidr_text(&addr->to, text));
			if (!i && !s->dhcp && router(s->snap, s->nic->index, families[f], text))
				hint(err, "\tgateway %s\n", text);
		}
	}
}

static const struct {
	const char *name;
	void (*hint)(const struct scene *s, struct vnet_error *err);
} managers[] = {
	{ "NetworkManager", hint_manager },
	{ "systemd-networkd", hint_networkd },
	{ "ifupdown", hint_ifupdown },
};

int vn_uplink_check_manager(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			    bool dhcp, struct vnet_error *err)
{
	struct scene s = { .want = want, .snap = snap, .dhcp = dhcp };
	int r;

	s.nic = vnet_link_by_name(snap, VNET_NS_HOST, want->uplink);
	for (size_t i = 0; i < snap->n_ties; i++) {
		s.tie = &snap->ties[i];
		if (s.tie->kind != VNET_TIE_MANAGER)
			continue;
		r = vnet_error_set(
			err, -EBUSY,
			"%s configures %s, and will take the addresses of %s back to it, "
			"or away: have it make the bridge itself, as below, or --force",
			s.tie->name, s.nic->name, want->name);
		for (size_t m = 0; m < sizeof(managers) / sizeof(managers[0]); m++) {
			if (!strcmp(managers[m].name, s.tie->name))
				managers[m].hint(&s, err);
		}
		return r;
	}
	return 0;
}
