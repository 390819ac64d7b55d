/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/file.h"

/*
 * How this works: a namespace's name is a file in /run/netns with the namespace
 * (nsfs) mounted on it. The file comes first and the mount second; a process that
 * is killed between the two leaves a plain file, which vn_netns_open() refuses and
 * vn_netns_del() takes away. The mount is the last step, so there is no half of a
 * namespace. Whatever changes a thread's namespace happens in a thread that ends.
 */

enum {
	NAME_LEN = 255,	     /* NAME_MAX of linux/limits.h */
	NAMED_PATH = 272,    /* VN_NETNS_DIR, '/', a name, NUL */
	MOUNTS_MAX = 8,	     /* mounts on one name that vn_netns_del() takes off */
	DIR_LOCK_TRIES = 100 /* of 1 ms each */
};

bool vn_netns_name_valid(const char *name)
{
	return *name && strlen(name) <= NAME_LEN && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static int named_path(const char *name, char path[NAMED_PATH])
{
	if (!vn_netns_name_valid(name))
		return -EINVAL;
	return vn_format(path, NAMED_PATH, "%s/%s", VN_NETNS_DIR, name);
}

/* Run @start in a thread without signals, and wait for its end. */
static int thread_run(void *(*start)(void *arg), void *arg)
{
	sigset_t all;
	sigset_t before;
	pthread_t thread;
	int r;

	/* The caller's signal handlers shall not find themselves in another namespace. */
	sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r)
		return -r;
	r = pthread_create(&thread, NULL, start, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	return -pthread_join(thread, NULL);
}

struct visit {
	int netns;
	int (*fn)(void *arg);
	void *arg;
	int result;
};

static void *visit_start(void *arg)
{
	struct visit *visit = arg;

	if (setns(visit->netns, CLONE_NEWNET) < 0)
		visit->result = -errno;
	else
		visit->result = visit->fn(visit->arg);
	return NULL;
}

int vn_netns_run(int netns, int (*fn)(void *arg), void *arg)
{
	struct visit visit = { .netns = netns, .fn = fn, .arg = arg };
	int r;

	r = thread_run(visit_start, &visit);
	return r < 0 ? r : visit.result;
}

/*
 * Bind the directory to itself, so that it can be shared. Two who do it at once would
 * stack mount on mount, so `ip netns` locks the directory, and so do we; but as anyone
 * who may read a directory may lock it, not for ever.
 */
static int dir_bind(void)
{
	auto_fd dir = open(VN_NETNS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	/* flock(2), whose header has the name of our sys/file.h. */
	for (int i = 0; i < DIR_LOCK_TRIES && syscall(SYS_flock, dir, LOCK_EX | LOCK_NB) < 0; i++)
		vn_sleep_ms(1);
	if (!mount("", VN_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0; /* someone else was faster */
	if (mount(VN_NETNS_DIR, VN_NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	return mount("", VN_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0 ? -errno : 0;
}

/* The directory, shared: what is mounted in it is then seen in all mount namespaces. */
static int dir_ready(void)
{
	int r;

	r = vn_dir_make(VN_NETNS_DIR);
	if (r < 0)
		return r;
	if (!mount("", VN_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno != EINVAL) /* EINVAL: it is no mount */
		return -errno;
	return dir_bind();
}

struct make {
	const char *path;
	int result;
};

static void *make_start(void *arg)
{
	struct make *make = arg;

	if (unshare(CLONE_NEWNET) < 0 ||
	    mount("/proc/thread-self/ns/net", make->path, "none", MS_BIND, NULL) < 0)
		make->result = -errno;
	return NULL;
}

int vn_netns_add(const char *name)
{
	char path[NAMED_PATH];
	struct make make = { .path = path };
	int fd;
	int r;

	r = named_path(name, path);
	if (r < 0)
		return r;
	r = dir_ready();
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	r = thread_run(make_start, &make);
	if (!r)
		r = make.result;
	if (r < 0)
		(void)unlink(path);
	return r;
}

int vn_netns_del(const char *name)
{
	char path[NAMED_PATH];
	int r;

	r = named_path(name, path);
	if (r < 0)
		return r;
	for (int i = 0; i < MOUNTS_MAX; i++) {
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
			if (errno == EINVAL) /* no mount, or no more of them */
				break;
			return -errno;
		}
	}
	return unlink(path) < 0 ? -errno : 0;
}

int vn_netns_open(const char *name)
{
	auto_fd fd = -1;
	char path[NAMED_PATH];
	struct statfs fs;
	int r;

	r = named_path(name, path);
	if (r < 0)
		return r;
	/* Symbolic links are fine: people link /proc/PID/ns/net into this directory. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	return take_fd(&fd);
}

int vn_netns_enter(const char *name)
{
	auto_fd fd = vn_netns_open(name);

	if (fd < 0)
		return fd;
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat st_a;
	struct stat st_b;

	return !stat(a, &st_a) && !stat(b, &st_b) && st_a.st_dev == st_b.st_dev &&
	       st_a.st_ino == st_b.st_ino;
}

bool vn_netns_is_initial(void)
{
	/*
	 * /proc/1/ns/net needs the right to trace process 1; its view of the network does
	 * not, and each namespace has files of its own there.
	 */
	return same_file("/proc/thread-self/ns/net", "/proc/1/ns/net") ||
	       same_file("/proc/thread-self/net/dev", "/proc/1/net/dev");
}
