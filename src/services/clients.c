/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A DHCP client says by its command line which link is its own; dhcpcd writes over that,
 * and says it there all the same. From it follows how the client is started again.
 */
#include "services/clients.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/helper.h"

enum {
	ARGS_MAX = 128,
	PROGRAM_SIZE = 256,
	PATH_VALUE_SIZE = 512,
};

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *const vn_client_names[VN_CLIENT_NAMES] = { "dhclient", "dhcpcd", "udhcpc", "busybox" };

/* A command line, cut up. */
struct args {
	const char *at[ARGS_MAX + 1];
	size_t n;
	bool whole; /* and of one line each */
};

static void cut(const struct vn_process *process, struct args *ret_args)
{
	const char *end = process->line + process->size;
	size_t n = 0;

	ret_args->whole = process->size < VN_PROCESS_LINE && !strchr(process->line, '\n');
	for (const char *at = process->line; at < end; at += strlen(at) + 1) {
		if (n == ARGS_MAX || strchr(at, '\n')) {
			ret_args->whole = false;
			break;
		}
		ret_args->at[n++] = at;
	}
	ret_args->n = n;
	ret_args->at[n] = NULL;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_one_of(const char *s, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(s, list[i]))
			return true;
	}
	return false;
}

/* ---- which link is whose ---- */

/* Whether a client is at work on @link, and whether on others besides. */
struct work {
	bool here;
	bool elsewhere;
};

/* Links stand by themselves; without any, it is at work on all that were there. */
static struct work work_of_dhclient(const struct args *args, const char *link, bool is_uplink)
{
	static const char *const valued[] = {
		"-p",  "-D",	    "-s",
		"-cf", "-df",	    "-lf",
		"-pf", "-sf",	    "-e",
		"-g",  "--timeout", "--dad-wait-time",
		"-C",  "-F",	    "--prefix-len-hint",
		"-H",  "-V",	    "--decline-wait-time",
	};
	struct work work = { 0 };
	size_t links = 0;

	for (size_t i = 1; i < args->n; i++) {
		if (is_one_of(args->at[i], valued, sizeof(valued) / sizeof(valued[0]))) {
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
		work = (struct work){ .here = is_uplink, .elsewhere = true };
	return work;
}

/* By -i; without it, eth0. */
static struct work work_of_udhcpc(const struct args *args, const char *link, bool is_uplink)
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
	return (struct work){ .here = !strcmp(own, link) };
}

/* The one that is at work on all links has a lease for those where it is. */
static bool has_lease(const char *link)
{
	char path[VNET_PATH_SIZE];

	return vn_format(path, sizeof(path), "/var/lib/dhcpcd/%s.lease", link) == 0 &&
	       !access(path, F_OK);
}

/*
 * Its arguments, until it writes its title over them: "dhcpcd: eth0 [ip4] [ip6]", of the
 * one for all links "dhcpcd: [manager] [ip4] [ip6]"; its helpers are "[BPF ARP] eth0", say.
 */
static struct work work_of_dhcpcd(const struct args *args, const char *link, bool is_uplink)
{
	static const char title[] = "dhcpcd: ";
	const char *own = args->at[0] + sizeof(title) - 1;
	size_t len = strlen(link);
	struct work work = { 0 };

	if (strncmp(args->at[0], title, sizeof(title) - 1) != 0) {
		for (size_t i = 1; i < args->n; i++)
			work.here |= !strcmp(args->at[i], link);
		return work;
	}
	if (!strncmp(own, "[manager]", 9) || !strncmp(own, "[master]", 8))
		return (struct work){ .here = is_uplink && has_lease(link), .elsewhere = true };
	work.here = !strncmp(own, link, len) && (!own[len] || own[len] == ' ');
	return work;
}

/* ---- how it was started ---- */

static void put_env(pid_t pid, const char *name, const char *otherwise, struct vn_text *text)
{
	char value[PATH_VALUE_SIZE];
	bool found = vn_process_env(pid, name, value, sizeof(value)) == 0 && !strchr(value, '\n');

	if (found || otherwise)
		vn_text_add(text, "%s=%s\n", name, found ? value : otherwise);
}

static bool has_arg(const struct args *args, const char *arg)
{
	return is_one_of(arg, args->at, args->n);
}

static const char *dhclient_bound(const struct args *args)
{
	return has_arg(args, "-6") ? "it speaks DHCPv6" : "";
}

static const char *udhcpc_bound(const struct args *args)
{
	char path[PROGRAM_SIZE];

	if (has_arg(args, "-R") || has_arg(args, "--release"))
		return "it gives its lease up when it ends (-R)";
	if (vn_helper_path("vnet-udhcpc", path, sizeof(path)) < 0)
		return "vnet-udhcpc is not installed";
	return "";
}

/* When it ends it takes its addresses with it, unless it is told not to. */
static const char *dhcpcd_bound(const struct args *args)
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

static void dhclient_args(const struct args *args, const char *link, struct vn_text *text)
{
	(void)link;
	for (size_t i = 0; i < args->n; i++)
		vn_text_add(text, "%s\n", args->at[i]);
}

/*
 * It begins by taking all addresses off its link: vnet-udhcpc stands before its script
 * and leaves them there. VNET_UDHCPC_SCRIPT: the script, if it has one of its own.
 */
static void udhcpc_args(const struct args *args, const char *link, struct vn_text *text)
{
	char path[PROGRAM_SIZE];

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

static const char *udhcpc_script(const struct args *args)
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

/* What it was given is lost with its title, but for the family. */
static void dhcpcd_args(const struct args *args, const char *link, struct vn_text *text)
{
	vn_text_add(text, "dhcpcd\n");
	if (strstr(args->at[0], "[ip4]") && !strstr(args->at[0], "[ip6]"))
		vn_text_add(text, "-4\n");
	vn_text_add(text, "%s\n", link);
}

static const struct program {
	const char *name;
	struct work (*work)(const struct args *args, const char *link, bool is_uplink);
	const char *(*bound)(const struct args *args); /* why it can't be moved, or "" */
	void (*put)(const struct args *args, const char *link, struct vn_text *text);
} programs[] = {
	{ "dhclient", work_of_dhclient, dhclient_bound, dhclient_args },
	{ "dhcpcd", work_of_dhcpcd, dhcpcd_bound, dhcpcd_args },
	{ "udhcpc", work_of_udhcpc, udhcpc_bound, udhcpc_args },
};

static const struct program *program_of(const struct vn_process *process, struct args *args)
{
	const char *name = process->name;

	if (!strcmp(name, "busybox") && args->n > 1 && !strcmp(base_of(args->at[0]), "busybox")) {
		/* "busybox udhcpc -i eth0": all but the first word is as that program has it */
		name = args->at[1];
		memmove(args->at, args->at + 1, args->n * sizeof(args->at[0]));
		args->n--;
	} else if (!strcmp(name, "busybox") && args->n) {
		name = base_of(args->at[0]);
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!strcmp(programs[i].name, name))
			return &programs[i];
	}
	return NULL;
}

static const char *why_bound(const struct program *program, const struct vn_process *process,
			     const struct args *args, const struct work *work, const char *path)
{
	if (work->elsewhere)
		return "it serves other links too";
	if (!args->whole)
		return "its command line is too long, or has newlines";
	if (!*path)
		return "its program was replaced, or is hidden";
	if (!vn_process_sees_files(process->pid))
		return "it has a mount namespace of its own";
	return program->bound(args);
}

static void put_command(const struct program *program, const struct vn_process *process,
			const struct args *args, const char *link, const char *path,
			struct vn_text *text)
{
	const char *script = program->put == udhcpc_args ? udhcpc_script(args) : NULL;

	put_env(process->pid, "PATH", DEFAULT_PATH, text);
	put_env(process->pid, "IF_METRIC", NULL, text);
	if (script && !strcmp(base_of(script), "vnet-udhcpc"))
		put_env(process->pid, "VNET_UDHCPC_SCRIPT", NULL, text);
	else if (script)
		vn_text_add(text, "VNET_UDHCPC_SCRIPT=%s\n", script);
	vn_text_add(text, "%s\n", path);
	program->put(args, link, text);
}

static int add_client(const struct program *program, const struct vn_process *process,
		      const struct args *args, const struct work *work, const char *link,
		      struct vnet_snapshot *snap)
{
	struct vnet_client client = { .pid = process->pid };
	auto_free char *command = NULL;
	struct vn_text text = { 0 };
	char path[PROGRAM_SIZE];
	int r = 0;

	if (vn_process_program(process->pid, path, sizeof(path)) < 0)
		path[0] = '\0';
	(void)vn_copy(client.program, sizeof(client.program), program->name);
	(void)vn_copy(client.link, sizeof(client.link), link);
	(void)vn_copy(client.bound, sizeof(client.bound),
		      why_bound(program, process, args, work, path));
	if (!client.bound[0]) {
		put_command(program, process, args, link, path, &text);
		r = vn_text_take(&text, &command);
		client.command = command;
	}
	return r < 0 ? r : vn_snapshot_add_client(snap, &client);
}

static bool is_known(const struct vnet_snapshot *snap, const char *program, const char *link)
{
	for (size_t i = 0; i < snap->n_clients; i++) {
		if (!strcmp(snap->clients[i].program, program) &&
		    !strcmp(snap->clients[i].link, link))
			return true;
	}
	return false;
}

int vn_client_look(const struct vn_process *process, const char *uplink, const char *net,
		   struct vnet_snapshot *snap)
{
	const char *const links[] = { uplink, net };
	const struct program *program;
	struct args args;
	int r = 0;

	cut(process, &args);
	program = args.n ? program_of(process, &args) : NULL;
	for (size_t i = 0; program && i < 2 && r == 0; i++) {
		struct work work = program->work(&args, links[i], i == 0);

		/* One that starts a script is there twice for a moment. */
		if (*links[i] && work.here && !is_known(snap, program->name, links[i]))
			r = add_client(program, process, &args, &work, links[i], snap);
	}
	return r;
}
