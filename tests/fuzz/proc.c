/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is read in /proc, and as name servers. The first byte says which: a text, or what there is
 * of processes, in pieces that end in 0xff: comm, cmdline, environ, what exe, ns/net and fd/N lead
 * to, and the names in a directory, each with a slash behind it. All processes are alike.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "core/facts.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"
#include "sys/nic.h"
#include "sys/process.h"
#include "sys/sockets.h"

enum {
	COMM,
	CMDLINE,
	ENVIRON,
	EXE,
	NS,
	FD,
	NAMES,
	PIECES,
	FAKE_FD = 5000, /* and the piece */
	PID = 7,
};

struct piece {
	char *at;
	size_t size;
};

/* What stands in for the system's functions has no argument of ours. */
static struct {
	bool on;
	struct piece pieces[PIECES];
	struct fuzz_in names[2]; /* /proc, and a directory in it */
	struct dirent entries[2];
} fake; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables) */

/* ---- in the place of the system's, while the target is at work: libFuzzer has files, too ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): ld(1), --wrap */

int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *buf, size_t size);
int __real_openat(int dir, const char *path, int flags, ...);
ssize_t __real_readlink(const char *path, char *buf, size_t size);
ssize_t __real_readlinkat(int dir, const char *path, char *buf, size_t size);
DIR *__real_opendir(const char *path);
DIR *__real_fdopendir(int fd);
int __real_dirfd(DIR *dir);
struct dirent *__real_readdir(DIR *dir);
int __real_closedir(DIR *dir);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_readlink(const char *path, char *buf, size_t size);
ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_fdopendir(int fd);
int __wrap_dirfd(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
int __wrap_closedir(DIR *dir);

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path);

	return len >= strlen(end) && !strcmp(path + len - strlen(end), end);
}

static int piece_of(const char *path)
{
	static const struct {
		const char *end;
		int piece;
	} ends[] = { { "/comm", COMM }, { "/cmdline", CMDLINE }, { "/environ", ENVIRON },
		     { "/exe", EXE },	{ "/ns/net", NS },	 { "/fd", NAMES } };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends_in(path, ends[i].end))
			return ends[i].piece;
	}
	return FD;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (!fake.on)
		return __real_open(path, flags, 0);
	return FAKE_FD + piece_of(path);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	if (!fake.on)
		return __real_openat(dir, path, flags, 0);
	return FAKE_FD + piece_of(path);
}

static ssize_t take(int piece, void *buf, size_t size)
{
	const struct piece *p = &fake.pieces[piece];
	size_t n = p->size < size ? p->size : size;

	if (n)
		memcpy(buf, p->at, n);
	return (ssize_t)n;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	if (!fake.on)
		return __real_read(fd, buf, size);
	must(fd >= FAKE_FD && fd < FAKE_FD + PIECES);
	return take(fd - FAKE_FD, buf, size);
}

ssize_t __wrap_readlink(const char *path, char *buf, size_t size)
{
	if (!fake.on)
		return __real_readlink(path, buf, size);
	return take(piece_of(path), buf, size);
}

ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size)
{
	if (!fake.on)
		return __real_readlinkat(dir, path, buf, size);
	return take(FD, buf, size);
}

static DIR *open_names(size_t i)
{
	fake.names[i] =
		(struct fuzz_in){ (const uint8_t *)fake.pieces[NAMES].at, fake.pieces[NAMES].size };
	return (DIR *)&fake.names[i];
}

DIR *__wrap_opendir(const char *path)
{
	if (!fake.on)
		return __real_opendir(path);
	return open_names(0);
}

DIR *__wrap_fdopendir(int fd)
{
	if (!fake.on)
		return __real_fdopendir(fd);
	must(fd == FAKE_FD + NAMES);
	return open_names(1);
}

int __wrap_dirfd(DIR *dir)
{
	if (!fake.on)
		return __real_dirfd(dir);
	return FAKE_FD + NAMES;
}

struct dirent *__wrap_readdir(DIR *dir)
{
	struct fuzz_in *names = (struct fuzz_in *)dir;
	struct dirent *entry;
	char *name;

	if (!fake.on)
		return __real_readdir(dir);
	entry = &fake.entries[names - fake.names];
	if (!names->left)
		return NULL;
	name = fuzz_piece(names, '/', NULL);
	(void)snprintf(entry->d_name, sizeof(entry->d_name), "%s", name);
	free(name);
	return entry;
}

int __wrap_closedir(DIR *dir)
{
	if (!fake.on)
		return __real_closedir(dir);
	return 0;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- processes ---- */

static int on_process(const struct vn_process *process, void *arg)
{
	(void)arg;
	must(memchr(process->name, '\0', sizeof(process->name)));
	must(process->size && process->size <= VN_PROCESS_LINE && !process->line[process->size]);
	return 0;
}

static void look(int netns)
{
	static const char *const names[] = { "dhclient", "dhcpcd", "udhcpc", "busybox" };
	struct vn_holder holders[] = { { .inode = 1 }, { .inode = 12345 } };
	char text[64];

	(void)vn_process_find(netns, "--conf-file=x", PID);
	(void)vn_process_find(netns, NULL, 0);
	must(vn_process_each(netns, names, 4, on_process, NULL) == 0);
	if (vn_process_program(PID, text, sizeof(text)) == 0)
		must(memchr(text, '\0', sizeof(text)));
	if (vn_process_env(PID, "PATH", text, sizeof(text)) == 0)
		must(memchr(text, '\0', sizeof(text)));
	(void)vn_process_netns(PID, "--conf-file=x", netns);
	vn_socket_holders(holders, 2);
	for (size_t i = 0; i < 2; i++) {
		for (const char *c = holders[i].name; *c; c++)
			must(*c >= ' ' && *c <= '~');
	}
}

/* An empty ns/net is that of the namespace that is asked for. */
static void name_ns(int netns)
{
	struct piece *ns = &fake.pieces[NS];
	char text[64];
	struct stat st;

	if (ns->size)
		return;
	must(fstat(netns, &st) == 0);
	must(vn_format(text, sizeof(text), "net:[%llu]", (unsigned long long)st.st_ino) == 0);
	free(ns->at);
	ns->at = strdup(text);
	must(ns->at);
	ns->size = strlen(text);
}

static void processes(struct fuzz_in in)
{
	int netns = __real_open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	must(netns >= 0);
	for (size_t i = 0; i < PIECES; i++)
		fake.pieces[i].at = fuzz_piece(&in, 0xff, &fake.pieces[i].size);
	name_ns(netns);
	fake.on = true;
	look(netns);
	fake.on = false;
	for (size_t i = 0; i < PIECES; i++)
		free(fake.pieces[i].at);
	(void)close(netns);
}

/* ---- texts ---- */

static int on_socket(uint64_t inode, const char *text, void *arg)
{
	(void)inode;
	(void)arg;
	must(!strncmp(text, "packet 0x", 9));
	return 0;
}

static int on_group(const struct vnet_ip *group, void *arg)
{
	(void)arg;
	must(group->family);
	return 0;
}

static void texts(struct fuzz_in in)
{
	struct vnet_ip ips[VNET_RESOLVERS];

	for (int reader = 0; reader < 4; reader++) {
		char *text = fuzz_string(in.at, in.left);

		if (reader == 0)
			must(vn_packet_parse(text, 2, on_socket, NULL) == 0);
		else if (reader == 1)
			must(vn_igmp_parse(text, 2, on_group, NULL) == 0);
		else if (reader == 2)
			must(vn_igmp6_parse(text, 2, on_group, NULL) == 0);
		else
			must(vn_resolvers_parse(text, ips, VNET_RESOLVERS) <= VNET_RESOLVERS);
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] == 'p')
		processes((struct fuzz_in){ data + 1, size - 1 });
	else
		texts((struct fuzz_in){ data, size });
	return 0;
}
