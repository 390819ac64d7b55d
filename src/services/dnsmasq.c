/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "services/dnsmasq.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "sys/process.h"

/*
 * How this works: dnsmasq starts as root, opens its sockets and its lease file, makes
 * itself a daemon and becomes an unprivileged user that keeps CAP_NET_ADMIN; only then
 * its first process exits, with what went wrong on its standard error. Nothing is kept
 * about the daemon but its pid file, which is no more than a hint: it is found again by
 * its namespace and its argument.
 */

enum {
	ARG_SIZE = VNET_PATH_SIZE + 16,
	ENTRY_SIZE = 4096,  /* for a line of /etc/passwd or /etc/group */
	STDERR_SIZE = 2048, /* of what it says, the end */
	KILL_TRIES = 64,    /* servers of one service that are ended: one is there, as a rule */
};

/*
 * Tried with dnsmasq 2.90 on Linux 6.18, by leaving one out after the other: it binds port
 * 67, becomes another user and group, and keeps NET_ADMIN (answers go to clients that have
 * no address yet). No NET_RAW: that is for pings, which no-ping switches off. No CHOWN: its
 * pid file then stays root's, of which it complains in its log, and rightly stays so. No
 * DAC_OVERRIDE: its files belong to root.
 */
static const unsigned long long server_caps = 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_BIND_SERVICE |
					      1ULL << CAP_SETUID | 1ULL << CAP_SETGID;

/* ---- what is installed ---- */

const char *vn_dnsmasq_program(void)
{
	static const char *const paths[] = {
		"/usr/sbin/dnsmasq",
		"/usr/bin/dnsmasq",
		"/usr/local/sbin/dnsmasq",
		"/sbin/dnsmasq",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!access(paths[i], X_OK))
			return paths[i];
	}
	return NULL;
}

/* The user of that name, unless it is root by another name. */
static int user_find(const char *name, gid_t *ret_group)
{
	char entry[ENTRY_SIZE];
	struct passwd user;
	struct passwd *found;

	if (getpwnam_r(name, &user, entry, sizeof(entry), &found) || !found || !user.pw_uid)
		return -ENOENT;
	*ret_group = user.pw_gid;
	return 0;
}

static const char *user_first(gid_t *ret_group)
{
	static const char *const names[] = { "dnsmasq", "nobody" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!user_find(names[i], ret_group))
			return names[i];
	}
	return NULL;
}

const char *vn_dnsmasq_user(void)
{
	gid_t group;

	return user_first(&group);
}

int vn_dnsmasq_group(char ret_name[VN_GROUP_SIZE])
{
	char entry[ENTRY_SIZE];
	struct group group;
	struct group *found;
	gid_t gid;

	if (!user_first(&gid) || getgrgid_r(gid, &group, entry, sizeof(entry), &found) || !found ||
	    vn_copy(ret_name, VN_GROUP_SIZE, group.gr_name) < 0)
		return -ENOENT;
	return 0;
}

/* ---- finding it ---- */

static int server_arg(const struct vnet_service *service, char arg[ARG_SIZE])
{
	return vn_format(arg, ARG_SIZE, "--conf-file=%s", service->conf);
}

static pid_t pid_hint(const struct vnet_service *service)
{
	auto_free char *text = NULL;
	uint64_t pid;

	if (vn_file_read(service->pid_file, &text, NULL) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return vn_number(text, 10, 1, INT_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

pid_t vn_dnsmasq_pid(const struct vnet_service *service, int netns)
{
	char arg[ARG_SIZE];
	int r;

	r = server_arg(service, arg);
	return r < 0 ? r : vn_process_find(netns, arg, pid_hint(service));
}

int vn_dnsmasq_lost(const struct vnet_service *service, int host)
{
	pid_t hint = pid_hint(service);
	char arg[ARG_SIZE];
	int r = server_arg(service, arg);

	if (r < 0)
		return r;
	return hint > 0 ? vn_process_netns(hint, arg, host) : -ENOENT;
}

/*
 * End all servers of the service, as a fake one may have many. None is left when none is
 * seen twice in a row: becoming a daemon it forks twice, and one that forks and ends
 * while /proc is read is missed once.
 */
static int end_all(const struct vnet_service *service, int netns, int grace_ms)
{
	char arg[ARG_SIZE];
	int unseen = 0;
	int r;

	r = server_arg(service, arg);
	for (int i = 0; !r && i < KILL_TRIES; i++) {
		pid_t pid = vn_dnsmasq_pid(service, netns);

		if (pid < 0)
			return pid;
		unseen = pid ? 0 : unseen + 1;
		if (unseen == 2)
			return 0;
		if (pid)
			r = vn_process_end(pid, netns, arg, grace_ms);
	}
	return r ? r : -ETIMEDOUT;
}

/* ---- starting it ---- */

static int leases_check(const struct vnet_service *service, struct vnet_error *err)
{
	char dir[VNET_PATH_SIZE];
	struct stat st;
	char *slash;
	int r;

	r = vn_copy(dir, sizeof(dir), service->leases);
	slash = r < 0 ? NULL : strrchr(dir, '/');
	if (!slash || slash == dir)
		return vnet_error_set(err, -EINVAL, "lease file '%s': want a full path",
				      service->leases);
	*slash = '\0';
	r = vn_dir_make(dir);
	if (r < 0)
		return vnet_error_set(err, r, "directory %s: %s", dir, vn_strerror(r));
	if (lstat(service->leases, &st) < 0)
		return errno == ENOENT ? 0 :
					 vnet_error_set(err, -errno, "lease file %s: %s",
							service->leases, vn_strerror(-errno));
	if (S_ISLNK(st.st_mode))
		return vnet_error_set(err, -ELOOP, "lease file %s is a symbolic link: want a file",
				      service->leases);
	if (!S_ISREG(st.st_mode))
		return vnet_error_set(err, -EINVAL, "lease file %s is no regular file",
				      service->leases);
	return 0;
}

/* The end of what it said, cut down to its last line, without what a terminal obeys. */
static void last_line(int fd, char ret_line[STDERR_SIZE])
{
	static const char prefix[] = "dnsmasq: ";
	char *line = ret_line;
	size_t len = 0;
	ssize_t n;

	/* Where it says more than fits, the newer half of the buffer is kept. */
	while ((n = read(fd, ret_line + len, STDERR_SIZE - 1 - len)) > 0) {
		len += (size_t)n;
		if (len == STDERR_SIZE - 1) {
			len /= 2;
			memmove(ret_line, ret_line + STDERR_SIZE - 1 - len, len);
		}
	}
	while (len && (ret_line[len - 1] == '\n' || ret_line[len - 1] == ' '))
		len--;
	ret_line[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (ret_line[i] == '\n')
			line = ret_line + i + 1;
		else if (ret_line[i] < ' ' || ret_line[i] > '~')
			ret_line[i] = '?';
	}
	if (!strncmp(line, prefix, sizeof(prefix) - 1))
		line += sizeof(prefix) - 1;
	memmove(ret_line, line, strlen(line) + 1);
}

struct start {
	const char *const *argv;
	int stderr_fd;
};

/* Runs in a thread of its own in the server's namespace. */
static int start_spawn(void *arg)
{
	struct start *start = arg;

	return vn_process_spawn(start->argv, server_caps, &start->stderr_fd);
}

/* Wait for the first process of @pid to say how it went. */
static int start_wait(const struct vnet_service *service, pid_t pid, int stderr_fd,
		      struct vnet_error *err)
{
	char line[STDERR_SIZE];
	int status;
	int r;

	r = vn_process_wait(pid, VN_DNSMASQ_TIMEOUT_MS, &status);
	if (r == -ETIMEDOUT) {
		vn_process_abort(pid);
		return vnet_error_set(err, r, "dnsmasq in %s was not ready after %d s: killed",
				      service->netns, VN_DNSMASQ_TIMEOUT_MS / 1000);
	}
	if (r == -ECHILD) /* the caller's program took its status: see whether it runs */
		return 0;
	if (r < 0)
		return vnet_error_set(err, r, "dnsmasq in %s: %s", service->netns, vn_strerror(r));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	last_line(stderr_fd, line);
	if (WIFSIGNALED(status))
		return vnet_error_set(err, -ECHILD, "dnsmasq in %s was killed by signal %d",
				      service->netns, WTERMSIG(status));
	return vnet_error_set(err, -ECHILD, "dnsmasq in %s ended with exit status %d: %s",
			      service->netns, WEXITSTATUS(status),
			      *line ? line : "it does not say why");
}

static int start_find(const struct vnet_service *service, int netns, struct vnet_error *err)
{
	pid_t pid = vn_dnsmasq_pid(service, netns);

	if (pid > 0)
		return 0;
	if (pid < 0)
		return vnet_error_set(err, pid, "dnsmasq in %s: looking for it: %s", service->netns,
				      vn_strerror(pid));
	return vnet_error_set(err, -ECHILD, "dnsmasq in %s ended as soon as it was started",
			      service->netns);
}

static int start_run(const struct vnet_service *service, int netns, const char *program,
		     struct vnet_error *err)
{
	char arg[ARG_SIZE];
	const char *const argv[] = { program, arg, NULL };
	struct start start = { .argv = argv, .stderr_fd = -1 };
	auto_fd stderr_fd = -1;
	pid_t pid;
	int r;

	r = server_arg(service, arg);
	if (r < 0)
		return vnet_error_set(err, r, "configuration file '%s': the path is too long",
				      service->conf);
	pid = vn_netns_run(netns, start_spawn, &start);
	stderr_fd = start.stderr_fd;
	if (pid < 0)
		return vnet_error_set(err, pid, "%s in %s: %s", program, service->netns,
				      vn_strerror(pid));
	r = start_wait(service, pid, stderr_fd, err);
	return r < 0 ? r : start_find(service, netns, err);
}

int vn_dnsmasq_start(const struct vnet_service *service, int netns, struct vnet_error *err)
{
	const char *program = vn_dnsmasq_program();
	struct stat st;
	bool had_leases;
	pid_t pid;
	int r;

	if (!program)
		return vnet_error_set(err, -ENOENT,
				      "dnsmasq is not installed: want it in /usr/sbin or /usr/bin");
	r = leases_check(service, err);
	if (r < 0)
		return r;
	had_leases = !lstat(service->leases, &st);
	pid = vn_dnsmasq_pid(service, netns);
	if (pid < 0)
		return vnet_error_set(err, pid, "dnsmasq in %s: looking for it: %s", service->netns,
				      vn_strerror(pid));
	if (pid)
		return vnet_error_set(err, -EEXIST, "dnsmasq in %s runs already, as process %d",
				      service->netns, (int)pid);
	r = start_run(service, netns, program, err);
	if (!r)
		return 0;
	/* Leave neither a process nor files that were not there before. */
	if (end_all(service, netns, 0) < 0)
		vn_log(VNET_LOG_WARNING, "dnsmasq in %s: a process of it may be left",
		       service->netns);
	(void)unlink(service->pid_file);
	if (!had_leases && !lstat(service->leases, &st) && !st.st_size)
		(void)unlink(service->leases);
	return r;
}

/* ---- stopping it, and the rest ---- */

int vn_dnsmasq_stop(const struct vnet_service *service, int netns, struct vnet_error *err)
{
	int r;

	r = end_all(service, netns, VN_DNSMASQ_GRACE_MS);
	if (r < 0)
		return vnet_error_set(err, r, "stopping dnsmasq in %s: %s", service->netns,
				      vn_strerror(r));
	if (unlink(service->pid_file) < 0 && errno != ENOENT)
		return vnet_error_set(err, -errno, "pid file %s: %s", service->pid_file,
				      vn_strerror(-errno));
	return 0;
}

int vn_dnsmasq_reload(const struct vnet_service *service, int netns, struct vnet_error *err)
{
	char arg[ARG_SIZE];
	pid_t pid;
	int r;

	r = server_arg(service, arg);
	if (!r) {
		pid = vn_dnsmasq_pid(service, netns);
		r = pid > 0 ? vn_process_signal(pid, netns, arg, SIGHUP) : pid ? pid : -ESRCH;
	}
	if (r == -ESRCH)
		return vnet_error_set(err, r, "dnsmasq in %s does not run", service->netns);
	if (r < 0)
		return vnet_error_set(err, r, "reloading dnsmasq in %s: %s", service->netns,
				      vn_strerror(r));
	return 0;
}
