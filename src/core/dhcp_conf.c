/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the DHCP server reads: dnsmasq's configuration, and its hosts file. */
#include "core/dhcp.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "core/dhcp_option.h"

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
	if (vnet_spec_has(want, VNET_KEY_DHCP_DOMAIN))
		vn_text_add(text, "domain=%s\n", want->dhcp.domain);
	for (uint32_t i = 0; i < want->dhcp.options.count; i++)
		vn_dhcp_option_conf(&vnet_dhcp_options(&want->dhcp.options)[i], text);
}

/* Told no server, dnsmasq names itself. */
static void conf_boot(const struct vnet_boot *boot, struct vn_text *text)
{
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "dhcp-boot=");
	vn_dhcp_quote(boot->file, text);
	vn_text_add(text, ",,%s\n", vnet_ip_text(&boot->server, ip));
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
	if (vnet_spec_has(want, VNET_KEY_DHCP_PXE))
		conf_boot(&want->dhcp.pxe, &text);
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

static bool differs(const struct vnet_snapshot *snap, const char *path, const char *content)
{
	const struct vnet_file *file = vnet_file_by_path(snap, path);

	return !file || !file->content || !content || strcmp(file->content, content) != 0;
}

int vn_dhcp_differs(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		    bool *ret_differs)
{
	auto_free char *conf = NULL;
	auto_free char *hosts = NULL;
	const struct vnet_link *end;
	char link[VNET_NAME_SIZE];
	char path[VNET_PATH_SIZE];
	struct vnet_service service;
	int r = vnet_service_of(snap, spec->name, &service);

	vnet_dhcp_link_name(spec->name, link);
	end = vnet_link_by_name(snap, VNET_NS_HOST, link);
	/* the MTU that it was told of: that of the bridge is looked at elsewhere */
	if (r == 0)
		r = vn_dhcp_conf(spec, end ? end->mtu : spec->mtu, snap, &conf);
	if (r == 0)
		r = vn_dhcp_hosts(spec, &hosts);
	if (r == 0)
		r = vn_name_path(snap->run_dir, spec->name, VN_NAME_HOSTS, path);
	if (r < 0)
		return r;
	/* without dnsmasq there is no user that it runs as */
	*ret_differs = *snap->dhcp_user &&
		       (differs(snap, service.conf, conf) || differs(snap, path, hosts));
	return 0;
}
