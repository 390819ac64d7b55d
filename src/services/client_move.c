/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command of a DHCP client, turned into the one for another link. */
#include <errno.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/text.h"
#include "services/client_program.h"

/* The argument behind @name in @command, or NULL; it ends at the line's end. */
static const char *value_of(const char *command, const char *name, size_t *ret_len)
{
	char line[32];
	const char *at;

	(void)vn_format(line, sizeof(line), "\n%s\n", name);
	at = strstr(command, line);
	if (!at)
		return NULL;
	at += strlen(line);
	*ret_len = strcspn(at, "\n");
	return at;
}

static int find_leases(const struct vn_client_program *program, const char *command,
		       char ret_path[VNET_PATH_SIZE])
{
	size_t len = 0;
	const char *value;

	if (!program->lease_option)
		return 0;
	value = value_of(command, program->lease_option, &len);
	if (!value)
		return vn_copy(ret_path, VNET_PATH_SIZE, program->leases);
	return vn_format(ret_path, VNET_PATH_SIZE, "%.*s", (int)len, value);
}

/* True if the value of the option @arg is another for each link. */
static bool is_own_option(const struct vn_client_program *program, const char *arg, size_t len)
{
	for (size_t i = 0; i < VN_CLIENT_OPTIONS && program->own_options[i]; i++) {
		if (strlen(program->own_options[i]) == len &&
		    !strncmp(program->own_options[i], arg, len))
			return true;
	}
	return false;
}

/* True if the link @name is the argument of @len bytes, or its end: "eth0", "-ieth0". */
static bool names_link(const char *arg, size_t len, const char *name)
{
	size_t tail = strlen(name);

	return len >= tail && !strncmp(arg + len - tail, name, tail) &&
	       (len == tail || (arg[0] == '-' && (arg[len - tail - 1] == '=' ||
						  (len == tail + 2 && arg[1] == 'i'))));
}

/* Its own arguments begin behind the full path and its own name. */
static const char *put_head(const char *command, struct vn_text *out)
{
	bool path = false;
	bool name = false;

	while (*command && !name) {
		size_t len = strcspn(command, "\n");

		vn_text_add(out, "%.*s\n", (int)len, command);
		name = path;
		path = path || *command == '/';
		command += len + (command[len] == '\n');
	}
	return command;
}

static void put_args(const struct vn_client_program *program, const char *args, const char *from,
		     const char *to, struct vn_text *out)
{
	bool named = false;

	while (*args) {
		size_t len = strcspn(args, "\n");
		const char *next = args + len + (args[len] == '\n');

		if (is_own_option(program, args, len)) {
			next += strcspn(next, "\n");
			next += *next == '\n';
		} else if (names_link(args, len, from)) {
			vn_text_add(out, "%.*s%s\n", (int)(len - strlen(from)), args, to);
			named = true;
		} else {
			vn_text_add(out, "%.*s\n", (int)len, args);
		}
		args = next;
	}
	if (!named && program->link_option)
		vn_text_add(out, "%s\n%s\n", program->link_option, to);
}

int vnet_client_move(struct vnet_handover *client, const char *command, char **ret_command)
{
	const struct vn_client_program *program = vn_client_program(client->program);
	struct vn_text text = { 0 };
	const char *args;
	int r = program ? find_leases(program, command, client->leases) : -EINVAL;

	if (r < 0)
		return r;
	args = put_head(command, &text);
	program->put_own(client->own, &text);
	put_args(program, args, client->from, client->link, &text);
	return vn_text_take(&text, ret_command);
}
