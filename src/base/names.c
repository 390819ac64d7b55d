/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/names.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/text.h"

static const char mark[] = "vnet:"; /* the alias is vnet:NETWORK:ROLE */

static const char *const suffix[] = {
	[VN_NAME_RECORD] = ".net", [VN_NAME_CONF] = ".dnsmasq",	 [VN_NAME_HOSTS] = ".hosts",
	[VN_NAME_PID] = ".pid",	   [VN_NAME_LEASES] = ".leases", [VN_NAME_CLIENT] = ".client",
};

static_assert(sizeof(suffix) / sizeof(suffix[0]) == VN_NAME_COUNT, "suffix[] covers vn_name");

int vn_name_path(const char *run_dir, const char *net, enum vn_name name,
		 char ret_path[VNET_PATH_SIZE])
{
	return vn_format(ret_path, VNET_PATH_SIZE, "%s/%s%s", run_dir, net, suffix[name]);
}

int vnet_client_path(const struct vnet_snapshot *snap, const char *net,
		     char ret_path[VNET_PATH_SIZE])
{
	return vn_name_path(snap->run_dir, net, VN_NAME_CLIENT, ret_path);
}

bool vn_name_of_record(const char *path, char ret_net[VNET_NAME_SIZE])
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *dot = strrchr(file, '.');
	char net[VNET_NAME_SIZE];

	return dot && !strcmp(dot, suffix[VN_NAME_RECORD]) &&
	       vn_format(net, sizeof(net), "%.*s", (int)(dot - file), file) == 0 &&
	       vnet_name_parse(net, ret_net, NULL) == 0;
}

void vnet_link_alias(const char *net, const char *role, char ret_alias[VNET_ALIAS_SIZE])
{
	(void)snprintf(ret_alias, VNET_ALIAS_SIZE, "%s%s:%s", mark, net, role);
}

bool vn_alias_has_role(const char *alias, const char *role)
{
	const char *colon = strrchr(alias, ':');

	return !strncmp(alias, mark, sizeof(mark) - 1) && colon && !strcmp(colon + 1, role);
}
