/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the DHCP server reads: dnsmasq's configuration, and its hosts file. */
#include "core/dhcp.h"

#include "base/names.h"
#include "base/text.h"

static void conf_options(const struct vnet_spec *want, uint32_t mtu, struct vn_text *text)
{
	char ip[VNET_IP_TEXT];
	const char *comma = "";

	/* Told nothing, dnsmasq names itself as router: an empty option says none. */
	if (want->dhcp.router.family)
		vn_text_add(text, "dhcp-option=option:router,%s\n",
			    vnet_ip_text(&want->dhcp.router, ip));
	else
		vn_text_add(text, "dhcp-option=option:router\n");
	for (uint32_t i = 0; i < want->dhcp.dns.count; i++) {
		const struct vnet_ip *dns = &vnet_ips(&want->dhcp.dns)[i];

		if (!dns->family)
			continue;
		vn_text_add(text, "%s%s", *comma ? comma : "dhcp-option=option:dns-server,",
			    vnet_ip_text(dns, ip));
		comma = ",";
	}
	if (*comma)
		vn_text_add(text, "\n");
	if (mtu != 1500)
		vn_text_add(text, "dhcp-option=option:mtu,%u\n", mtu);
}

static bool is_taken(const struct vnet_spec *want, uint32_t number)
{
	struct vnet_ip ip = vnet_ip4(number);

	for (uint32_t i = 0; i < want->dhcp.taken.count; i++) {
		if (vnet_ip_equal(&vnet_ips(&want->dhcp.taken)[i], &ip))
			return true;
	}
	return false;
}

/* The range, cut where an address is someone else's: there is no option that leaves one out. */
static void conf_ranges(const struct vnet_spec *want, struct vn_text *text)
{
	struct vnet_cidr mask = { .ip = vnet_ip4(UINT32_MAX), .prefix = want->dhcp.server.prefix };
	uint32_t last = vnet_ip4_number(&want->dhcp.range.last);
	uint32_t ip = vnet_ip4_number(&want->dhcp.range.first);
	char from[VNET_IP_TEXT];
	char to[VNET_IP_TEXT];
	char netmask[VNET_IP_TEXT];

	mask = vnet_cidr_network(&mask);
	while (ip <= last) {
		struct vnet_ip first = vnet_ip4(ip);
		struct vnet_ip end;

		if (is_taken(want, ip++))
			continue;
		while (ip <= last && !is_taken(want, ip))
			ip++;
		end = vnet_ip4(ip - 1);
		vn_text_add(text, "dhcp-range=%s,%s,%s,%u\n", vnet_ip_text(&first, from),
			    vnet_ip_text(&end, to), vnet_ip_text(&mask.ip, netmask),
			    want->dhcp.lease_time);
	}
}

int vn_dhcp_conf(const struct vnet_spec *want, uint32_t mtu, const struct vnet_snapshot *snap,
		 char **ret_text)
{
	char link[VNET_NAME_SIZE];
	char hosts[VNET_PATH_SIZE];
	struct vnet_service service;
	struct vn_text text = { 0 };
	int r = vnet_service_of(snap, want->name, &service);

	if (r == 0)
		r = vn_name_path(snap->run_dir, want->name, VN_NAME_HOSTS, hosts);
	if (r < 0)
		return r;
	vnet_dhcp_link_name(want->name, link);

	vn_text_add(&text, "# DHCP server of the network %s, written by vnet\n", want->name);
	vn_text_add(&text, "user=%s\ngroup=%s\n", snap->dhcp_user, snap->dhcp_group);
	vn_text_add(&text, "pid-file=%s\n", service.pid_file);
	vn_text_add(&text, "interface=%s\nexcept-interface=lo\nbind-interfaces\n", link);
	/* DHCP alone; no probe by ping, which holds each offer back for 3 s */
	vn_text_add(&text, "port=0\nno-resolv\nno-hosts\nno-ping\n");
	/* it refuses what another server of the same LAN has given */
	if (!vnet_spec_has(want, VNET_KEY_UPLINK) || !want->dhcp.serve_uplink)
		vn_text_add(&text, "dhcp-authoritative\n");
	/* cloned guests share a machine-id, but not a MAC */
	vn_text_add(&text, "dhcp-ignore-clid\n");
	conf_ranges(want, &text);
	/* never the limit, nor below what the lease file may hold: it would not start then */
	vn_text_add(&text, "dhcp-lease-max=65536\n");
	conf_options(want, mtu, &text);
	vn_text_add(&text, "dhcp-hostsfile=%s\n", hosts);
	vn_text_add(&text, "dhcp-leasefile=%s\n", service.leases);
	return vn_text_take(&text, ret_text);
}

int vn_dhcp_hosts(const struct vnet_spec *want, char **ret_text)
{
	struct vn_text text = { 0 };

	for (uint32_t i = 0; i < want->dhcp.hosts.count; i++) {
		const struct vnet_host *host = &vnet_hosts(&want->dhcp.hosts)[i];
		char mac[VNET_MAC_TEXT];
		char ip[VNET_IP_TEXT];

		vn_text_add(&text, "%s,%s%s%s\n", vnet_mac_text(&host->mac, mac),
			    vnet_ip_text(&host->ip, ip), host->name[0] ? "," : "", host->name);
	}
	return vn_text_take(&text, ret_text);
}
