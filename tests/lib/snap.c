/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snap - everything that a network namespace holds, as sorted text.
 *
 * An independent witness for the tests: what a run of the tool leaves behind, adds or loses is the
 * `diff` of two snapshots. It shares no code with the library and knows almost nothing about what
 * it prints: each object is one line: its fixed header, then every attribute as NUMBER=HEX, nested
 * ones as NUMBER.NUMBER=HEX, strings and addresses as text too. Only what the table kinds[] lists
 * as volatile (counters, timers, handles) is left out.
 *
 * usage: snap [-aIp] [-n NS]... [-f DIR]...
 *   -n NS   also namespace NS (a name in /run/netns, or a path)
 *   -a      also every namespace in /run/netns
 *   -f DIR  also the tree of files under DIR: type, mode, owner, link target, size, content hash
 *   -p      also the command name of every process that lives in one of these namespaces or in
 *           one of /run/netns, except the caller's ancestors, snap itself and kernel threads
 *   -I      show links by name alone, to compare twin namespaces (else: NAME#INDEX)
 * exit status: 0; 1 with a line on stderr, and then nothing on stdout.
 *
 * Objects: link, port (AF_BRIDGE's view of links, with VLANs), addr, route, rule, neigh, proxy,
 * fdb, nexthop, neightbl, qdisc, nft-*, sysctl. order= keeps the order of addresses on a link, of
 * rules of one priority and of nftables rules in a chain. Not shown: learned neighbours and FDB
 * entries, elements of dynamic sets, multicast groups, traffic filters. A dump that the kernel
 * flags as torn is read again, but two dumps may see two states: take snapshots when nothing else
 * is changing.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "snap_attrs.h"
#include "snap_netlink.h"

#define NETNS_DIR  "/run/netns"
#define SYSCTL_DIR "/proc/sys/"

enum {
	MAX_SPACES = 4096,
	MAX_DIRS = 64,
	MAX_DEPTH = 32,
	MAX_ANCESTORS = 64,
};

struct space {
	char label[64];
	char path[192];
	dev_t dev;
	ino_t ino;
	bool alive;
	bool print;
};

struct run {
	struct snap snap;
	struct space spaces[MAX_SPACES];
	size_t n_spaces;
	const char *dirs[MAX_DIRS];
	size_t n_dirs;
	bool processes;
};

static void show_sysctl(struct snap *s, const char *path, const struct stat *st)
{
	struct text t = { 0 };
	char value[4096];

	if (!S_ISREG(st->st_mode) || !(st->st_mode & 0444))
		return;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return; /* went away with its link */
	ssize_t n = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);
	int code = n < 0 ? errno : 0;

	if (fd >= 0)
		(void)close(fd);
	while (n > 0 && value[n - 1] == '\n')
		n--;
	value[n > 0 ? n : 0] = '\0';
	text_add(&t, "%s sysctl %s=%s", s->label, path + strlen(SYSCTL_DIR),
		 code ? strerror(code) : value);
	add_line(s, &t);
}

/* FNV-1a, 64 bits */
static uint64_t hash_file(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t buf[16384];
	ssize_t n;

	if (fd < 0)
		return 0;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3;
	(void)close(fd);
	return n < 0 ? 0 : hash;
}

static char type_of(mode_t mode)
{
	static const struct {
		mode_t mode;
		char letter;
	} types[] = { { S_IFREG, 'f' }, { S_IFDIR, 'd' },  { S_IFLNK, 'l' }, { S_IFIFO, 'p' },
		      { S_IFCHR, 'c' }, { S_IFSOCK, 's' }, { S_IFBLK, 'b' } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((mode & S_IFMT) == types[i].mode)
			return types[i].letter;
	return '?';
}

static void show_file(struct snap *s, const char *path, const struct stat *st)
{
	struct text t = { 0 };
	char target[PATH_MAX];
	ssize_t n;

	text_add(&t, "file %s %c mode=%04o owner=%u:%u", path, type_of(st->st_mode),
		 st->st_mode & 07777, st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode)) {
		text_add(&t, " size=%jd fnv=%016" PRIx64, (intmax_t)st->st_size, hash_file(path));
	} else if (S_ISLNK(st->st_mode)) {
		n = readlink(path, target, sizeof(target));
		text_add(&t, " target=%.*s", n < 0 ? 0 : (int)n, target);
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		text_add(&t, " device=%jx", (uintmax_t)st->st_rdev);
	}
	add_line(s, &t);
}

/* Show path and all below it. */
static void walk(struct snap *s, const char *path, int depth,
		 void (*show)(struct snap *s, const char *path, const struct stat *st))
{
	struct dirent *e;
	struct stat st;
	char *sub;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return;
		die("%s: %s", path, strerror(errno));
	}
	show(s, path, &st);
	if (!S_ISDIR(st.st_mode))
		return;
	DIR *dir = opendir(path);

	if (!dir && errno == ENOENT)
		return;
	if (!dir || depth >= MAX_DEPTH)
		die("%s: %s", path, dir ? "too deep" : strerror(errno));
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&sub, "%s/%s", path, e->d_name) < 0)
			die("out of memory");
		walk(s, sub, depth + 1, show);
		free(sub);
	}
	(void)closedir(dir);
}

/* /proc/sys/net is that of the reader's namespace, whichever procfs it is read from. */
static void take_sysctls(struct snap *s)
{
	static const char *const roots[] = { "net/ipv4/conf", "net/ipv4/neigh",
					     "net/ipv6/conf", "net/ipv6/neigh",
					     "net/bridge",    "net/ipv4/ip_forward" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), SYSCTL_DIR "%s", roots[i]);
		walk(s, path, 0, show_sysctl);
	}
}

/* A second mention of a label only makes it printed. */
static void add_space(struct run *r, const char *label, const char *path, bool print)
{
	struct space *sp = &r->spaces[r->n_spaces];
	struct statfs fs;
	struct stat st;

	for (size_t i = 0; i < r->n_spaces; i++)
		if (!strcmp(r->spaces[i].label, label)) {
			r->spaces[i].print |= print;
			return;
		}
	if (r->n_spaces == MAX_SPACES || stat(path, &st) < 0 || statfs(path, &fs) < 0)
		die("namespace %s: %s", label,
		    r->n_spaces == MAX_SPACES ? "one too many" : strerror(errno));
	*sp = (struct space){
		.dev = st.st_dev, .ino = st.st_ino, .alive = fs.f_type == NSFS_MAGIC, .print = print
	};
	if (snprintf(sp->label, sizeof(sp->label), "%s", label) >= (int)sizeof(sp->label) ||
	    snprintf(sp->path, sizeof(sp->path), "%s", path) >= (int)sizeof(sp->path))
		die("namespace %s: name too long", label);
	r->n_spaces++;
}

static void add_named(struct run *r, const char *name, bool print)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : NETNS_DIR "/", name);
	add_space(r, name, path, print);
}

static void add_all_named(struct run *r, bool print)
{
	DIR *dir = opendir(NETNS_DIR);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			add_named(r, e->d_name, print);
	if (dir)
		(void)closedir(dir);
}

static void take_space(struct run *r, const struct space *sp)
{
	struct text t = { 0 };

	if (strcmp(sp->label, ".") != 0) {
		text_add(&t, "netns %s%s", sp->label, sp->alive ? "" : " dead");
		add_line(&r->snap, &t);
		if (!sp->alive)
			return;
		int fd = open(sp->path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			die("namespace %s: %s", sp->label, strerror(errno));
		(void)close(fd);
	}
	r->snap.label = sp->label;
	take_netlink(&r->snap);
	take_sysctls(&r->snap);
}

static bool read_line(const char *path, char *ret, int size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(ret, size, f);

	if (f)
		(void)fclose(f);
	if (ok)
		ret[strcspn(ret, "\n")] = '\0';
	return ok;
}

static long parent_of(long pid)
{
	char path[64], line[512];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (!read_line(path, line, sizeof(line)) || !(p = strrchr(line, ')')) || strlen(p) < 5)
		return 0;
	return strtol(p + 4, NULL, 10); /* ") S PPID" */
}

static bool is_ancestor(long pid)
{
	long p = getpid();

	for (int i = 0; p > 0 && i < MAX_ANCESTORS; i++, p = parent_of(p))
		if (p == pid)
			return true;
	return false;
}

static void show_process(struct run *r, long pid)
{
	char path[64], comm[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", pid);
	if (stat(path, &st) < 0 || is_ancestor(pid))
		return; /* gone, a zombie, or ours */
	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	if (readlink(path, comm, sizeof(comm)) < 0)
		return; /* a kernel thread */
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	for (size_t i = 0; i < r->n_spaces; i++) {
		const struct space *sp = &r->spaces[i];
		struct text t = { 0 };

		if (sp->dev != st.st_dev || sp->ino != st.st_ino)
			continue;
		if (!read_line(path, comm, sizeof(comm)))
			return;
		text_add(&t, "process %s %s", sp->label, comm);
		add_line(&r->snap, &t);
		return;
	}
}

static void take_processes(struct run *r)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	if (!dir)
		die("/proc: %s", strerror(errno));
	while ((e = readdir(dir))) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);

		if (pid > 0 && !*end)
			show_process(r, pid);
	}
	(void)closedir(dir);
}

static void take_files(struct run *r)
{
	for (size_t i = 0; i < r->n_dirs; i++) {
		struct text t = { 0 };

		if (access(r->dirs[i], F_OK) < 0) {
			text_add(&t, "file %s %s", r->dirs[i], strerror(errno));
			add_line(&r->snap, &t);
		}
		walk(&r->snap, r->dirs[i], 0, show_file);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void parse(struct run *r, int argc, char **argv)
{
	bool all = false;
	int c;

	add_space(r, ".", "/proc/self/ns/net", true);
	while ((c = getopt(argc, argv, "aIpn:f:")) != -1) {
		if (c == 'a')
			all = true;
		else if (c == 'I')
			r->snap.by_name = true;
		else if (c == 'p')
			r->processes = true;
		else if (c == 'n')
			add_named(r, optarg, true);
		else if (c == 'f' && r->n_dirs < MAX_DIRS)
			r->dirs[r->n_dirs++] = optarg;
		else
			die("usage: snap [-aIp] [-n NS]... [-f DIR]...");
	}
	if (optind < argc)
		die("usage: snap [-aIp] [-n NS]... [-f DIR]...");
	if (all || r->processes)
		add_all_named(r, all);
}

int main(int argc, char **argv)
{
	static struct run r;

	parse(&r, argc, argv);
	if (r.processes)
		take_processes(&r);
	for (size_t i = 0; i < r.n_spaces; i++)
		if (r.spaces[i].print)
			take_space(&r, &r.spaces[i]);
	take_files(&r);
	qsort(r.snap.lines, r.snap.n_lines, sizeof(*r.snap.lines), compare);
	for (size_t i = 0; i < r.snap.n_lines; i++)
		puts(r.snap.lines[i]);
	if (fflush(stdout) || ferror(stdout))
		die("stdout: %s", strerror(errno));
	return 0;
}
