/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * A client that goes on with the lease of another link begins with what that one knows:
 * so it asks the server for the very address, and what it then does to its link changes
 * nothing. How each program is brought to do so stands in its file.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "services/client_program.h"
#include "services/clients.h"
#include "sys/file.h"

enum {
	WORDS_MAX = 160,
	GRACE_MS = 2000,  /* from SIGTERM to SIGKILL: dhcpcd runs its hooks meanwhile */
	ENDING_MS = 1000, /* for one that was told to end by someone who was then killed */
	POLL_MS = 10,
	START_MS = 1000,
	END_TRIES = 64,
	LEADER_TRIES = 20,
};

/* ---- finding it ---- */

struct find {
	const struct vnet_handover *client;
	struct vnet_snapshot seen;
	struct vn_process process; /* the first that matched */
};

static int match(const struct vn_process *process, void *arg)
{
	struct find *find = arg;
	int r;

	vn_snapshot_clear_clients(&find->seen);
	r = vn_client_look(process, find->client->link, "", &find->seen);
	for (size_t i = 0; i < find->seen.n_clients && r == 0; i++) {
		if (!strcmp(find->seen.clients[i].program, find->client->program))
			r = 1;
	}
	if (r > 0)
		find->process = *process;
	return r;
}

static int each_client(int netns, vn_process_fn *fn, void *arg)
{
	const char *names[VN_CLIENT_NAMES];

	vn_client_names(names);
	return vn_process_each(netns, names, VN_CLIENT_NAMES, fn, arg);
}

/* Returns 1 and what it is if there is one, 0 if there is none, or a negative errno. */
static int find_one(const struct vnet_handover *client, int netns, struct vn_process *ret_process)
{
	struct find find = { .client = client };
	int r = each_client(netns, match, &find);

	vn_snapshot_clear_clients(&find.seen);
	if (r > 0)
		*ret_process = find.process;
	return r;
}

/* ---- the files that are made for it ---- */

/* @text with @from, where it stands as a word, replaced by @to. */
void vn_client_put_replaced(const char *text, const char *from, const char *to, struct vn_text *out)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-";
	size_t len = strlen(from);
	const char *start = text;
	const char *at;

	assert(text);
	while ((at = strstr(text, from))) {
		bool whole = (at == start || !strchr(word, at[-1])) &&
			     (!at[len] || !strchr(word, at[len]));

		vn_text_add(out, "%.*s%s", (int)(at - text), text, whole ? to : from);
		text = at + len;
	}
	vn_text_add(out, "%s", text);
}

int vn_client_write(const char *path, struct vn_text *text)
{
	auto_free char *content = NULL;
	int r = vn_text_take(text, &content);

	return r < 0 ? r : vn_file_write(path, content, 0600);
}

static void drop_files(const struct vnet_handover *client)
{
	static const char *const suffixes[] = { "leases", "leases~", "pid", "conf" };
	const struct vn_client_program *program = vn_client_program(client->program);
	char path[VN_CLIENT_FILE];

	for (size_t i = 0; *client->own && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (vn_format(path, sizeof(path), "%s.%s", client->own, suffixes[i]) == 0)
			(void)unlink(path);
	}
	if (*client->own && program && program->drop_files)
		program->drop_files(client);
}

/* ---- start ---- */

/* A command, cut up: its environment, the program, its arguments. */
struct command {
	const char *env[WORDS_MAX + 1];
	const char *program;
	const char *argv[WORDS_MAX + 1];
};

static int cut(char *text, struct command *ret_command)
{
	struct command command = { 0 };
	size_t n_env = 0;
	size_t n_argv = 0;
	char *line;

	while ((line = vn_line_next(&text))) {
		if (n_env + n_argv == WORDS_MAX)
			return -E2BIG;
		if (command.program)
			command.argv[n_argv++] = line;
		else if (*line == '/')
			command.program = line;
		else
			command.env[n_env++] = line;
	}
	if (!n_argv)
		return -EINVAL;
	*ret_command = command;
	return 0;
}

/* Wait for the one to end that was stopped by someone who did not come so far. */
static int wait_ending(const struct vnet_handover *client, int netns)
{
	struct vn_process process;
	int r = find_one(client, netns, &process);

	for (int waited = 0; r > 0 && process.pid == client->pid && waited < ENDING_MS;
	     waited += POLL_MS) {
		vn_sleep_ms(POLL_MS);
		r = find_one(client, netns, &process);
	}
	return r > 0 ? -EEXIST : r;
}

/*
 * Until it shows: execve(2) ends a moment before its command line is there. One that became
 * a daemon has ended well; one that could not even begin says so by its status.
 */
static int wait_start(const struct vn_client_program *program, const struct vnet_handover *client,
		      int netns, pid_t pid, struct vnet_error *err)
{
	struct vn_process process;
	bool settled = false;
	int status = 0;
	int r = 0;

	for (int waited = 0; r >= 0 && !settled && !status && waited < START_MS; waited++) {
		if (vn_process_wait(pid, 1, &status) < 0)
			status = 0;
		r = find_one(client, netns, &process);
		settled = r > 0 && (!program->is_settled || program->is_settled(&process));
	}
	if (settled || (r > 0 && !status))
		return 0;
	if (r < 0)
		return vnet_error_set(err, r, "looking for it: %s", vn_strerror(r));
	return vnet_error_set(err, -ECHILD, "it ended at once, with wait status %#x", status);
}

int vn_client_start(const struct vnet_handover *client, int netns, struct vnet_error *err)
{
	const struct vn_client_program *program = vn_client_program(client->program);
	auto_free char *text = program ? strdup(client->command) : NULL;
	struct command command;
	pid_t pid;
	int r = text ? cut(text, &command) : program ? -ENOMEM : -EINVAL;

	if (r == 0)
		r = wait_ending(client, netns);
	if (r == -EEXIST)
		return vnet_error_set(err, r, "%s is at work on %s already", client->program,
				      client->link);
	if (r == 0 && *client->own && program->make_files)
		r = program->make_files(client);
	if (r < 0)
		return vnet_error_set(err, r, "its files: %s", vn_strerror(r));
	pid = vn_process_launch(command.program, command.argv, command.env);
	if (pid < 0)
		r = vnet_error_set(err, pid, "%s: %s", command.program, vn_strerror(pid));
	else
		r = wait_start(program, client, netns, pid, err);
	if (r < 0)
		drop_files(client);
	return r;
}

/* ---- stop ---- */

/* What is left of a daemon, dhcpcd's helpers, where its head had to go too fast to end them. */
struct remains {
	int netns;
	pid_t session;
};

static int end_remains(const struct vn_process *process, void *arg)
{
	const struct remains *remains = arg;

	if (getsid(process->pid) != remains->session)
		return 0;
	return vn_process_end(process->pid, remains->netns, process->line, 0);
}

/* A session without its leader is that of a daemon; dhcpcd's goes a moment after it. */
static bool is_daemons(pid_t session)
{
	for (int i = 0; session > 0 && i < LEADER_TRIES; i++) {
		if (kill(session, 0) < 0 && errno == ESRCH)
			return true;
		vn_sleep_ms(POLL_MS);
	}
	return false;
}

static int end_one(const struct vnet_handover *client, const struct vn_process *process, int netns)
{
	const struct vn_client_program *program = vn_client_program(client->program);
	struct remains remains = { .netns = netns, .session = getsid(process->pid) };
	int r = vn_process_end(process->pid, netns, process->line, GRACE_MS);

	if (r < 0 || !program || !program->has_helpers || !is_daemons(remains.session))
		return r;
	return each_client(netns, end_remains, &remains);
}

int vn_client_stop(const struct vnet_handover *client, int netns, struct vnet_error *err)
{
	struct vn_process process = { 0 };
	int unseen = 0;
	int r = 0;

	/* One that starts a script, or becomes a daemon, may be missed once: see dnsmasq.c. */
	for (int i = 0; r >= 0 && unseen < 2 && i < END_TRIES; i++) {
		r = find_one(client, netns, &process);
		unseen = r ? 0 : unseen + 1;
		if (r > 0)
			r = end_one(client, &process, netns);
	}
	if (r < 0)
		return vnet_error_set(err, r, "ending process %d: %s", (int)process.pid,
				      vn_strerror(r));
	if (unseen < 2)
		return vnet_error_set(err, -ETIMEDOUT, "it is started again and again");
	drop_files(client);
	return 0;
}
