/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dhcpcd. It has a lease file for each link, and writes a title over its command line. On
 * another link it is told in a configuration of its own not to take the addresses away when
 * it ends, and to keep to the metric of the routes that are there.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "services/client_program.h"
#include "sys/file.h"

enum {
	METRIC = 1000, /* and the link's index: what it gives to routes by itself */
};

static const char title[] = "dhcpcd: ";

static int lease_path(const char *link, char ret_path[VN_CLIENT_FILE])
{
	return vn_format(ret_path, VN_CLIENT_FILE, "/var/lib/dhcpcd/%s.lease", link);
}

/* The one that is at work on all links has a lease for those where it is. */
static bool has_lease(const char *link)
{
	char path[VN_CLIENT_FILE];

	return lease_path(link, path) == 0 && !access(path, F_OK);
}

/*
 * Its arguments, until it writes its title over them: "dhcpcd: eth0 [ip4] [ip6]", of the
 * one for all links "dhcpcd: [manager] [ip4] [ip6]"; its helpers are "[BPF ARP] eth0", say.
 */
static struct vn_work work_of(const struct vn_args *args, const char *link, bool is_uplink)
{
	const char *own = args->at[0] + sizeof(title) - 1;
	size_t len = strlen(link);
	struct vn_work work = { 0 };

	if (strncmp(args->at[0], title, sizeof(title) - 1) != 0) {
		for (size_t i = 1; i < args->n; i++)
			work.here |= !strcmp(args->at[i], link);
		return work;
	}
	if (!strncmp(own, "[manager]", 9) || !strncmp(own, "[master]", 8))
		return (struct vn_work){ .here = is_uplink && has_lease(link), .elsewhere = true };
	work.here = !strncmp(own, link, len) && (!own[len] || own[len] == ' ');
	return work;
}

/* When it ends it takes its addresses with it, unless it is told not to. */
static const char *bound(const struct vn_args *args)
{
	auto_free char *conf = NULL;
	char *rest;
	char *line;

	if (strstr(args->at[0], "[ip6]") && !strstr(args->at[0], "[ip4]"))
		return "it speaks DHCPv6";
	if (vn_file_read("/etc/dhcpcd.conf", &conf, NULL) == 0) {
		rest = conf;
		while ((line = vn_line_next(&rest))) {
			if (!strncmp(line, "persistent", 10))
				return "";
		}
	}
	return "/etc/dhcpcd.conf lacks `persistent`";
}

/* What it was given is lost with its title, but for the family. */
static void put_args(const struct vn_args *args, const char *link, struct vn_text *text)
{
	vn_text_add(text, "dhcpcd\n");
	if (strstr(args->at[0], "[ip4]") && !strstr(args->at[0], "[ip6]"))
		vn_text_add(text, "-4\n");
	vn_text_add(text, "%s\n", link);
}

/* A lease is the server's message as it came. */
static int copy_lease(const char *from, const char *to)
{
	auto_free char *bytes = NULL;
	auto_fd in = vn_file_open(from);
	size_t n = 0;
	int r;

	if (in < 0)
		return in == -ENOENT ? 0 : in;
	r = vn_file_load(in, VN_FILE_MAX, &bytes, &n);
	if (r < 0)
		return r;
	return vn_file_write_bytes(to, bytes, n, 0640);
}

static int make_files(const struct vnet_handover *client)
{
	auto_free char *conf = NULL;
	struct vn_text text = { 0 };
	char path[VN_CLIENT_FILE];
	char old_lease[VN_CLIENT_FILE];
	char lease[VN_CLIENT_FILE];
	int r = vn_format(path, sizeof(path), "%s.conf", client->own);

	if (r == 0)
		r = lease_path(client->from, old_lease);
	if (r == 0)
		r = lease_path(client->link, lease);
	if (r == 0)
		r = copy_lease(old_lease, lease);
	if (r < 0)
		return r;
	(void)vn_file_read("/etc/dhcpcd.conf", &conf, NULL);
	vn_client_put_replaced(conf ? conf : "", client->from, client->link, &text);
	vn_text_add(&text, "\ninterface %s\npersistent\n", client->link);
	if (!conf || !strstr(conf, "\nmetric "))
		vn_text_add(&text, "metric %u\n", METRIC + if_nametoindex(client->from));
	return vn_client_write(path, &text);
}

static void drop_files(const struct vnet_handover *client)
{
	char path[VN_CLIENT_FILE];

	if (lease_path(client->link, path) == 0)
		(void)unlink(path);
}

static void put_own(const char *own, struct vn_text *text)
{
	vn_text_add(text, "-f\n%s.conf\n", own);
}

/*
 * It becomes a daemon through processes that last an instant each, and is not to be seen
 * between them; the one that stays has a title of its own.
 */
static bool is_settled(const struct vn_process *process)
{
	return !strncmp(process->line, title, sizeof(title) - 1);
}

const struct vn_client_program vn_dhcpcd = {
	.name = "dhcpcd",
	.work = work_of,
	.bound = bound,
	.put_args = put_args,
	.put_own = put_own,
	.make_files = make_files,
	.drop_files = drop_files,
	.is_settled = is_settled,
	.has_helpers = true,
};
