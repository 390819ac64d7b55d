/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A DHCP client: found by what its process is, its command turned into one for another link, and
 * "started" there, with files that are made of those it has. Of an input the pieces end in 0xff:
 * the name of its program and its command line (proc(5)), a variable of its environment, the path
 * of the program, the text of any file, and a command that a plan has kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vnet/mode.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"
#include "services/client_program.h"
#include "services/clients.h"
#include "sys/file.h"

enum {
	PID = 7,
	ENDED = 1 << 8, /* wait status of exit(1) */
};

/* What stands in for the functions below has no argument of ours. */
static struct {
	bool on;
	struct vn_process process;
	bool started;
	char *env;
	char *program;
	char *text;
	size_t text_size;
} fake; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables) */

/* ---- in the place of libvnet's and the system's ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): ld(1), --wrap */

int __real_access(const char *path, int mode);
int __real_unlink(const char *path);
int __wrap_access(const char *path, int mode);
int __wrap_unlink(const char *path);
int __wrap_vn_file_load(int fd, size_t max, char **ret_content, size_t *ret_len);
int __wrap_vn_file_open(const char *path);
int __wrap_vn_file_read(const char *path, char **ret_content, uint32_t *ret_mode);
int __wrap_vn_file_write(const char *path, const char *content, uint32_t mode);
int __wrap_vn_file_write_bytes(const char *path, const char *bytes, size_t n, uint32_t mode);
int __wrap_vn_process_each(int netns, const char *const names[], size_t n, vn_process_fn *fn,
			   void *arg);
int __wrap_vn_process_env(pid_t pid, const char *name, char *ret_value, size_t size);
pid_t __wrap_vn_process_launch(const char *program, const char *const argv[],
			       const char *const envp[]);
int __wrap_vn_process_program(pid_t pid, char *ret_path, size_t size);
bool __wrap_vn_process_sees_files(pid_t pid);
int __wrap_vn_process_wait(pid_t pid, int timeout_ms, int *ret_status);

int __wrap_access(const char *path, int mode)
{
	return fake.on ? 0 : __real_access(path, mode);
}

int __wrap_unlink(const char *path)
{
	if (!fake.on) /* libFuzzer has files, too */
		return __real_unlink(path);
	must(*path == '/');
	return 0;
}

int __wrap_vn_file_open(const char *path)
{
	must(*path);
	return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

int __wrap_vn_file_load(int fd, size_t max, char **ret_content, size_t *ret_len)
{
	(void)fd;
	(void)max;
	*ret_content = fuzz_string((const uint8_t *)fake.text, fake.text_size);
	*ret_len = fake.text_size;
	return 0;
}

/* As the one that it stands for: */
/* cppcheck-suppress constParameter ; NOLINTNEXTLINE(readability-non-const-parameter) */
int __wrap_vn_file_read(const char *path, char **ret_content, uint32_t *ret_mode)
{
	if (!*path || ret_mode)
		return -ENOENT;
	*ret_content = strdup(fake.text);
	return *ret_content ? 0 : -ENOMEM;
}

int __wrap_vn_file_write(const char *path, const char *content, uint32_t mode)
{
	must(*path == '/' && (mode & 077) == 0 && strlen(content) < SIZE_MAX);
	return 0;
}

int __wrap_vn_file_write_bytes(const char *path, const char *bytes, size_t n, uint32_t mode)
{
	must(*path == '/' && (mode & 07) == 0);
	must(!n || !memcmp(bytes, fake.text, n));
	return 0;
}

int __wrap_vn_process_each(int netns, const char *const names[], size_t n, vn_process_fn *fn,
			   void *arg)
{
	(void)netns;
	(void)names;
	(void)n;
	return fake.started ? fn(&fake.process, arg) : 0;
}

int __wrap_vn_process_env(pid_t pid, const char *name, char *ret_value, size_t size)
{
	must(pid == PID && *name);
	return *fake.env ? vn_copy(ret_value, size, fake.env) : -ENOENT;
}

pid_t __wrap_vn_process_launch(const char *program, const char *const argv[],
			       const char *const envp[])
{
	must(*program == '/' && argv[0]);
	for (size_t i = 0; argv[i]; i++)
		must(!strchr(argv[i], '\n'));
	for (size_t i = 0; envp[i]; i++)
		must(!strchr(envp[i], '\n') && *envp[i] != '/');
	fake.started = true;
	return PID;
}

int __wrap_vn_process_program(pid_t pid, char *ret_path, size_t size)
{
	must(pid == PID);
	return *fake.program == '/' && !strchr(fake.program, '\n') ?
		       vn_copy(ret_path, size, fake.program) :
		       -ESTALE;
}

bool __wrap_vn_process_sees_files(pid_t pid)
{
	must(pid == PID);
	return true;
}

int __wrap_vn_process_wait(pid_t pid, int timeout_ms, int *ret_status)
{
	(void)timeout_ms;
	must(pid == PID);
	*ret_status = ENDED;
	return 0;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- the target ---- */

static void start(struct vnet_handover client, const char *command)
{
	struct vnet_error err = { 0 };
	char *moved = NULL;
	int r;

	if (vnet_client_move(&client, command, &moved) < 0)
		return;
	client.command = moved;
	fake.started = false;
	r = vn_client_start(&client, 0, &err);
	if (r < 0)
		fuzz_refused(&err, r);
	free(moved);
}

static struct vnet_handover handover(const char *program)
{
	struct vnet_handover client = { .link = "br0", .from = "eth0", .own = "/run/vnet/1/br0" };

	must(vn_copy(client.program, sizeof(client.program), program) == 0);
	return client;
}

static void look(void)
{
	struct vnet_snapshot snap = fuzz_host();

	must(vn_client_look(&fake.process, "eth0", "br0", &snap) == 0);
	for (size_t i = 0; i < snap.n_clients; i++) {
		const struct vnet_client *client = &snap.clients[i];

		must(!*client->bound == (client->command != NULL));
		if (client->command)
			start(handover(client->program), client->command);
	}
	vnet_snapshot_done(&snap);
}

static void replace(void)
{
	struct vn_text out = { 0 };
	char *text;

	vn_client_put_replaced(fake.text, "eth0", "br0", &out);
	must(vn_text_take(&out, &text) == 0);
	must(strlen(text) <= strlen(fake.text));
	free(text);
}

/* As proc(5) has them: cut where there is no more room, with a NUL behind all. */
static void set_process(struct fuzz_in *in)
{
	struct vn_process *process = &fake.process;
	size_t size = 0;
	char *name = fuzz_piece(in, 0xff, NULL);
	char *line = fuzz_piece(in, 0xff, &size);

	*process = (struct vn_process){ .pid = PID };
	(void)vn_copy(process->name, sizeof(process->name), name);
	process->size = size < VN_PROCESS_LINE ? size : VN_PROCESS_LINE;
	memcpy(process->line, line, process->size);
	free(name);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const programs[] = { "dhclient", "dhcpcd", "udhcpc" };
	struct fuzz_in in = { data, size };
	char *command;

	set_process(&in);
	fake.env = fuzz_piece(&in, 0xff, NULL);
	fake.program = fuzz_piece(&in, 0xff, NULL);
	fake.text = fuzz_piece(&in, 0xff, &fake.text_size);
	command = fuzz_piece(&in, 0xff, NULL);
	fake.on = true;
	if (fake.process.size)
		look();
	replace();
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		start(handover(programs[i]), command);
	fake.on = false;
	free(fake.env);
	free(fake.program);
	free(fake.text);
	free(command);
	return 0;
}
