/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ISC dhclient. It names the link in its lease file. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/client_program.h"
#include "sys/file.h"

/* Links stand by themselves; without any, it is at work on all that were there. */
static struct vn_work work_of(const struct vn_args *args, const char *link, bool is_uplink)
{
	static const char *const valued[] = {
		"-p",  "-D",	    "-s",
		"-cf", "-df",	    "-lf",
		"-pf", "-sf",	    "-e",
		"-g",  "--timeout", "--dad-wait-time",
		"-C",  "-F",	    "--prefix-len-hint",
		"-H",  "-V",	    "--decline-wait-time",
	};
	struct vn_work work = { 0 };
	size_t links = 0;

	for (size_t i = 1; i < args->n; i++) {
		if (vn_is_one_of(args->at[i], valued, sizeof(valued) / sizeof(valued[0]))) {
			i++;
		} else if (args->at[i][0] != '-') {
			links++;
			if (!strcmp(args->at[i], link))
				work.here = true;
			else
				work.elsewhere = true;
		}
	}
	if (!links)
		work = (struct vn_work){ .here = is_uplink, .elsewhere = true };
	return work;
}

static const char *bound(const struct vn_args *args)
{
	return vn_args_have(args, "-6") ? "it speaks DHCPv6" : "";
}

static void put_args(const struct vn_args *args, const char *link, struct vn_text *text)
{
	(void)link;
	for (size_t i = 0; i < args->n; i++)
		vn_text_add(text, "%s\n", args->at[i]);
}

/* The lease of the other link, under the name of this one. */
static int make_files(const struct vnet_handover *client)
{
	auto_free char *leases = NULL;
	struct vn_text text = { 0 };
	char path[VN_CLIENT_FILE];
	int r = vn_format(path, sizeof(path), "%s.leases", client->own);

	if (r == 0)
		r = vn_file_read(client->leases, &leases, NULL);
	if (r == -ENOENT) /* it asks for one then, and the server knows the MAC */
		return 0;
	if (r < 0)
		return r;
	vn_client_put_replaced(leases, client->from, client->link, &text);
	return vn_client_write(path, &text);
}

static void put_own(const char *own, struct vn_text *text)
{
	vn_text_add(text, "-pf\n%s.pid\n-lf\n%s.leases\n", own, own);
}

const struct vn_client_program vn_dhclient = {
	.name = "dhclient",
	.work = work_of,
	.bound = bound,
	.put_args = put_args,
	.own_options = { "-pf", "-lf" },
	.put_own = put_own,
	.lease_option = "-lf",
	.leases = "/var/lib/dhcp/dhclient.leases",
	.make_files = make_files,
};
