/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* udhcpc of busybox. It keeps nothing. */
#include <string.h>

#include "services/client_program.h"
#include "sys/helper.h"

enum { SCRIPT_PATH = 256 };

/* By -i; without it, eth0. */
static struct vn_work work_of(const struct vn_args *args, const char *link, bool is_uplink)
{
	const char *own = "eth0";

	(void)is_uplink;
	for (size_t i = 1; i < args->n && args->at[i]; i++) {
		const char *arg = args->at[i];
		size_t len = strlen(arg);

		if (!strncmp(arg, "--interface=", 12))
			own = arg + 12;
		else if (args->at[i + 1] &&
			 (!strcmp(arg, "--interface") ||
			  (arg[0] == '-' && arg[1] != '-' && arg[len - 1] == 'i')))
			own = args->at[i + 1];
		else if (!strncmp(arg, "-i", 2) && arg[2])
			own = arg + 2;
	}
	return (struct vn_work){ .here = !strcmp(own, link) };
}

static const char *bound(const struct vn_args *args)
{
	char path[SCRIPT_PATH];

	if (vn_args_have(args, "-R") || vn_args_have(args, "--release"))
		return "it gives its lease up when it ends (-R)";
	if (vn_helper_path("vnet-udhcpc", path, sizeof(path)) < 0)
		return "vnet-udhcpc is not installed";
	return "";
}

/*
 * It begins by taking all addresses off its link: vnet-udhcpc stands before its script
 * and leaves them there. VNET_UDHCPC_SCRIPT: the script, if it has one of its own.
 */
static void put_args(const struct vn_args *args, const char *link, struct vn_text *text)
{
	char path[SCRIPT_PATH];

	(void)link;
	(void)vn_helper_path("vnet-udhcpc", path, sizeof(path));
	for (size_t i = 0; i < args->n && args->at[i]; i++) {
		const char *arg = args->at[i];

		if ((!strcmp(arg, "-s") || !strcmp(arg, "--script")) && args->at[i + 1])
			i++;
		else if (strncmp(arg, "--script=", 9) != 0 && strncmp(arg, "-s/", 3) != 0)
			vn_text_add(text, "%s\n", arg);
	}
	vn_text_add(text, "-s\n%s\n", path);
}

static const char *script_of(const struct vn_args *args)
{
	for (size_t i = 1; i < args->n; i++) {
		const char *arg = args->at[i];

		if (!strcmp(arg, "-s") || !strcmp(arg, "--script"))
			return args->at[i + 1];
		if (!strncmp(arg, "--script=", 9))
			return arg + 9;
		if (!strncmp(arg, "-s/", 3))
			return arg + 2;
	}
	return NULL;
}

static void put_script(const struct vn_args *args, pid_t pid, struct vn_text *text)
{
	const char *script = script_of(args);

	if (script && !strcmp(vn_base_of(script), "vnet-udhcpc"))
		vn_client_put_env(pid, "VNET_UDHCPC_SCRIPT", NULL, text);
	else if (script)
		vn_text_add(text, "VNET_UDHCPC_SCRIPT=%s\n", script);
}

static void put_own(const char *own, struct vn_text *text)
{
	vn_text_add(text, "-p\n%s.pid\n", own);
}

const struct vn_client_program vn_udhcpc = {
	.name = "udhcpc",
	.work = work_of,
	.bound = bound,
	.put_env = put_script,
	.put_args = put_args,
	.own_options = { "-p", "--pidfile" },
	.put_own = put_own,
	.link_option = "-i",
};
