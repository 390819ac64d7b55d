/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A DHCP client says by its command line which link is its own; dhcpcd writes over that,
 * and says it there all the same. From it follows how the client is started again.
 */
#include "services/clients.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "services/client_program.h"

enum {
	PROGRAM_SIZE = 256,
	PATH_VALUE_SIZE = 512,
};

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void cut(const struct vn_process *process, struct vn_args *ret_args)
{
	const char *end = process->line + process->size;
	size_t n = 0;

	ret_args->whole = process->size < VN_PROCESS_LINE && !strchr(process->line, '\n');
	for (const char *at = process->line; at < end; at += strlen(at) + 1) {
		if (n == VN_ARGS_MAX || strchr(at, '\n')) {
			ret_args->whole = false;
			break;
		}
		ret_args->at[n++] = at;
	}
	ret_args->n = n;
	ret_args->at[n] = NULL;
}

const char *vn_base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool vn_is_one_of(const char *s, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(s, list[i]))
			return true;
	}
	return false;
}

/* ---- how it was started ---- */

void vn_client_put_env(pid_t pid, const char *name, const char *otherwise, struct vn_text *text)
{
	char value[PATH_VALUE_SIZE];
	bool found = vn_process_env(pid, name, value, sizeof(value)) == 0 && !strchr(value, '\n');

	if (found || otherwise)
		vn_text_add(text, "%s=%s\n", name, found ? value : otherwise);
}

bool vn_args_have(const struct vn_args *args, const char *arg)
{
	return vn_is_one_of(arg, args->at, args->n);
}

static const struct vn_client_program *const programs[] = { &vn_dhclient, &vn_dhcpcd, &vn_udhcpc };

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static_assert(VN_CLIENT_NAMES == PROGRAMS + 1, "vn_client_names(): each, and busybox");

void vn_client_names(const char *ret_names[VN_CLIENT_NAMES])
{
	for (size_t i = 0; i < PROGRAMS; i++)
		ret_names[i] = programs[i]->name;
	ret_names[PROGRAMS] = "busybox"; /* where udhcpc is a word of its command line */
}

const struct vn_client_program *vn_client_program(const char *name)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		if (!strcmp(programs[i]->name, name))
			return programs[i];
	}
	return NULL;
}

static const struct vn_client_program *program_of(const struct vn_process *process,
						  struct vn_args *args)
{
	const char *name = process->name;

	if (!strcmp(name, "busybox") && args->n > 1 &&
	    !strcmp(vn_base_of(args->at[0]), "busybox")) {
		/* "busybox udhcpc -i eth0": all but the first word is as that program has it */
		name = args->at[1];
		memmove(args->at, args->at + 1, args->n * sizeof(args->at[0]));
		args->n--;
	} else if (!strcmp(name, "busybox") && args->n) {
		name = vn_base_of(args->at[0]);
	}
	return vn_client_program(name);
}

static const char *why_bound(const struct vn_client_program *program,
			     const struct vn_process *process, const struct vn_args *args,
			     const struct vn_work *work, const char *path)
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

static void put_command(const struct vn_client_program *program, const struct vn_process *process,
			const struct vn_args *args, const char *link, const char *path,
			struct vn_text *text)
{
	vn_client_put_env(process->pid, "PATH", DEFAULT_PATH, text);
	vn_client_put_env(process->pid, "IF_METRIC", NULL, text);
	if (program->put_env)
		program->put_env(args, process->pid, text);
	vn_text_add(text, "%s\n", path);
	program->put_args(args, link, text);
}

static int add_client(const struct vn_client_program *program, const struct vn_process *process,
		      const struct vn_args *args, const struct vn_work *work, const char *link,
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
	const struct vn_client_program *program;
	struct vn_args args;
	int r = 0;

	cut(process, &args);
	program = args.n ? program_of(process, &args) : NULL;
	for (size_t i = 0; program && i < 2 && r == 0; i++) {
		struct vn_work work = program->work(&args, links[i], i == 0);

		/* One that starts a script is there twice for a moment. */
		if (*links[i] && work.here && !is_known(snap, program->name, links[i]))
			r = add_client(program, process, &args, &work, links[i], snap);
	}
	return r;
}
