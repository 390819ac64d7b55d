/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files, sysctl paths and the lock. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/lock.h"

enum { HOLDER = 64 };

/* A directory of the test's own, the working directory meanwhile. */
static int enter_dir(void **state)
{
	char *dir = strdup("/tmp/vnet-test-sys.XXXXXX");

	assert_non_null(dir);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	*state = dir;
	return 0;
}

static int leave_dir(void **state)
{
	char command[64];
	int r;

	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	r = system(command); /* NOLINT(cert-env33-c): the name is mkdtemp's */
	free(*state);
	return r;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void assert_content(const char *path, const char *want)
{
	char *content;

	assert_int_equal(vn_file_read(path, &content, NULL), 0);
	assert_string_equal(content, want);
	free(content);
}

static void write_then_read(void **state)
{
	uint32_t mode = 0;
	char *content;

	(void)state;
	assert_int_equal(vn_file_write("f", "one\n", 0640), 0);
	assert_int_equal(vn_file_read("f", &content, &mode), 0);
	assert_string_equal(content, "one\n");
	assert_int_equal(mode, 0640);
	free(content);
	assert_int_equal(vn_file_write("f", "", 0644), 0);
	assert_content("f", "");
	assert_int_equal(mode_of("f"), 0644);
}

static void write_leaves_nothing(void **state)
{
	(void)state;
	/* What a killed writer left is taken away, and was never looked through. */
	assert_int_equal(symlink("elsewhere", "f.tmp"), 0);
	assert_int_equal(vn_file_write("f", "one\n", 0644), 0);
	assert_content("f", "one\n");
	assert_int_equal(access("elsewhere", F_OK), -1);
	assert_int_equal(access("f.tmp", F_OK), -1);
	/* A failure leaves neither a new file nor a temporary one. */
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(vn_file_write("d", "x", 0644), -EISDIR);
	assert_int_equal(access("d.tmp", F_OK), -1);
	assert_int_equal(vn_file_write("none/f", "x", 0644), -ENOENT);
}

static void write_replaces_a_link(void **state)
{
	(void)state;
	assert_int_equal(vn_file_write("target", "kept", 0644), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(vn_file_write("link", "new", 0644), 0);
	assert_content("target", "kept");
	assert_content("link", "new");
}

static void read_refuses(void **state)
{
	char *content = NULL;
	char path[PATH_MAX + 1];
	int fd;

	(void)state;
	assert_int_equal(vn_file_read("none", &content, NULL), -ENOENT);
	assert_int_equal(symlink("/etc/passwd", "link"), 0);
	assert_int_equal(vn_file_read("link", &content, NULL), -ELOOP);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(vn_file_read("fifo", &content, NULL), -EINVAL);
	assert_int_equal(vn_file_read(".", &content, NULL), -EINVAL);
	assert_int_equal(vn_file_read("/dev/null", &content, NULL), -EINVAL);

	fd = open("nul", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a\0b", 3), 3);
	assert_int_equal(close(fd), 0);
	assert_int_equal(vn_file_read("nul", &content, NULL), -EINVAL);

	memset(path, 'x', sizeof(path));
	path[PATH_MAX] = '\0';
	assert_int_equal(vn_file_read(path, &content, NULL), -ENAMETOOLONG);
	assert_int_equal(vn_file_write(path, "", 0600), -ENAMETOOLONG);
	assert_null(content);
}

static void read_at_the_bound(void **state)
{
	char *content;

	(void)state;
	assert_int_equal(vn_file_write("f", "", 0600), 0);
	assert_int_equal(truncate("f", (off_t)VN_FILE_MAX + 1), 0);
	assert_int_equal(vn_file_read("f", &content, NULL), -EFBIG);

	content = malloc((size_t)VN_FILE_MAX + 1);
	assert_non_null(content);
	memset(content, 'x', VN_FILE_MAX);
	content[VN_FILE_MAX] = '\0';
	assert_int_equal(vn_file_write("f", content, 0600), 0);
	assert_content("f", content);
	free(content);
}

static void load_a_part(void **state)
{
	static const size_t sizes[] = { 0, 1, 5, 4095, 4096, 4097, 9999, 10000, 10001 };
	char text[10001];

	(void)state;
	memset(text, 'x', 10000);
	text[10000] = '\0';
	assert_int_equal(vn_file_write("f", text, 0600), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		auto_fd fd = vn_file_open("f");
		auto_free char *content = NULL;
		size_t len;

		assert_true(fd >= 0);
		assert_int_equal(vn_file_load(fd, sizes[i], &content, &len), 0);
		assert_int_equal(len, sizes[i] < 10000 ? sizes[i] : 10000);
		assert_int_equal(strlen(content), len);
	}
}

/* Files of /proc say that they are empty. */
static void read_proc(void **state)
{
	char *content;

	(void)state;
	assert_int_equal(vn_file_read("/proc/self/status", &content, NULL), 0);
	assert_non_null(strstr(content, "CapBnd"));
	free(content);
}

static void dirs(void **state)
{
	mode_t mask = umask(077);
	char dir[PATH_MAX - 4];
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(vn_dir_make("a/b//c/"), 0);
	assert_int_equal(mode_of("a"), 0755);
	assert_int_equal(mode_of("a/b/c"), 0755);
	assert_int_equal(chmod("a", 0700), 0);
	assert_int_equal(vn_dir_make("a/b/c/d"), 0);
	assert_int_equal(mode_of("a"), 0700); /* what was there stays as it was */
	assert_non_null(getcwd(dir, sizeof(dir)));
	assert_int_equal(vn_format(path, sizeof(path), "%s/e/f", dir), 0);
	assert_int_equal(vn_dir_make(path), 0);
	assert_int_equal(mode_of("e/f"), 0755);
	assert_false(vn_dir_is_open("a/b"));
	assert_int_equal(chmod("a/b", 0775), 0);
	assert_true(vn_dir_is_open("a/b"));
	assert_int_equal(chmod("a/b", 01757), 0);
	assert_true(vn_dir_is_open("a/b"));
	assert_false(vn_dir_is_open("missing"));
	assert_int_equal(vn_dir_make("/"), 0);
	assert_int_equal(vn_file_write("f", "", 0600), 0);
	assert_int_equal(vn_dir_make("f"), -ENOTDIR);
	assert_int_equal(vn_dir_make("f/g"), -ENOTDIR);
	(void)umask(mask);
}

static void sysctl_paths(void **state)
{
	(void)state;
	assert_int_equal(vn_sysctl_write("/etc/passwd", "x"), -EINVAL);
	assert_int_equal(vn_sysctl_write("/proc/sys/../../etc/passwd", "x"), -EINVAL);
	assert_int_equal(vn_sysctl_write("/proc/sys/net/ipv6/conf/none-such/mtu", "1"), -ENOENT);
}

/* ---- lock ---- */

static void lock_says_who(void **state)
{
	char holder[HOLDER] = "";
	auto_fd fd = vn_lock_take("lock", "a rather long line: vnet bridge create br0", 0, holder,
				  sizeof(holder));

	(void)state;
	assert_true(fd >= 0);
	assert_string_equal(holder, "");
	assert_int_equal(vn_lock_take("lock", "b", 0, holder, sizeof(holder)), -EBUSY);
	assert_string_equal(holder, "a rather long line: vnet bridge create br0");
	assert_int_equal(vn_lock_take("lock", "b", 0, holder, 9), -EBUSY);
	assert_string_equal(holder, "a rather");
	assert_int_equal(vn_lock_take("lock", "b", 0, NULL, 0), -EBUSY);
	assert_int_equal(close(take_fd(&fd)), 0);

	fd = vn_lock_take("lock", "b", 0, holder, sizeof(holder));
	assert_true(fd >= 0);
	assert_content("lock", "b\n");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void lock_waits(void **state)
{
	char holder[HOLDER] = "";
	auto_fd fd = vn_lock_take("lock", "a", 0, holder, sizeof(holder));
	int64_t start = vn_clock_ms();
	int64_t took;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(vn_lock_take("lock", "b", 100, holder, sizeof(holder)), -EBUSY);
	took = vn_clock_ms() - start;
	assert_in_range(took, 99, 1000);
}

/* Lets the lock go only to take it back at once. */
enum { HOG_MS = 40, TIMES = 5 };

static void *hog(void *arg)
{
	const atomic_bool *stop = arg;
	char holder[HOLDER];

	while (!atomic_load(stop)) {
		auto_fd fd = vn_lock_take("lock", "hog", 10000, holder, sizeof(holder));

		if (fd >= 0)
			vn_sleep_ms(HOG_MS);
	}
	return NULL;
}

static void lock_passes_to_who_waits(void **state)
{
	atomic_bool stop = false;
	pthread_t thread;
	int got = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hog, &stop), 0);
	for (int i = 0; i < TIMES; i++) {
		char holder[HOLDER];
		int fd;

		vn_sleep_ms(HOG_MS); /* by then the other one has it */
		fd = vn_lock_take("lock", "a", 1000, holder, sizeof(holder));
		got += fd >= 0;
		(void)close(fd);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(got, TIMES);
}

/* One that waits for the lock, and is stopped, has the gate, but not the lock. */
static void lock_passes_who_is_stopped(void **state)
{
	struct flock gate = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
	auto_fd stopped = open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char holder[HOLDER];
	int fd;

	(void)state;
	assert_int_equal(fcntl(stopped, F_OFD_SETLK, &gate), 0);
	fd = vn_lock_take("lock", "a", 200, holder, sizeof(holder));
	assert_true(fd >= 0);
	assert_int_equal(vn_lock_take("lock", "b", 200, holder, sizeof(holder)), -EBUSY);
	assert_string_equal(holder, "a");
	(void)close(fd);
}

static void lock_survives_hostile_files(void **state)
{
	static const char line[] = "\033[31m\001bad\nsecond line\n";
	char holder[HOLDER] = "";
	auto_fd fd = vn_lock_take("lock", "a", 0, holder, sizeof(holder));

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, line, sizeof(line), 0), sizeof(line));
	assert_int_equal(vn_lock_take("lock", "b", 0, holder, sizeof(holder)), -EBUSY);
	assert_string_equal(holder, "?[31m?bad");
	assert_int_equal(symlink("lock", "link"), 0);
	assert_int_equal(vn_lock_take("link", "b", 0, holder, sizeof(holder)), -ELOOP);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(vn_lock_take("fifo", "b", 0, holder, sizeof(holder)), -EINVAL);
	assert_int_equal(vn_lock_take("none/lock", "b", 0, holder, sizeof(holder)), -ENOENT);
}

static void lock_dies_with_its_holder(void **state)
{
	char holder[HOLDER];
	auto_fd fd = -1;
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		fd = vn_lock_take("lock", "child", 0, holder, sizeof(holder));
		if (fd < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(1);
	}
	assert_true(pid > 0);
	assert_int_equal(close(ready[1]), 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(vn_lock_take("lock", "b", 0, holder, sizeof(holder)), -EBUSY);
	assert_string_equal(holder, "child");
	assert_int_equal(kill(pid, SIGKILL), 0);
	fd = vn_lock_take("lock", "b", 1000, holder, sizeof(holder));
	assert_true(fd >= 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Threads exclude each other: the counter is written in two steps by whoever holds it. */
enum { THREADS = 8, ROUNDS = 50 };

static void *count_up(void *arg)
{
	int *counter = arg;

	for (int i = 0; i < ROUNDS; i++) {
		char holder[HOLDER];
		auto_fd fd = vn_lock_take("lock", "t", 10000, holder, sizeof(holder));
		auto_free char *content = NULL;
		uint64_t count;
		char text[16];

		if (fd < 0 || vn_file_read("counter", &content, NULL) < 0 ||
		    vn_number(content, 10, 0, INT_MAX, &count) < 0)
			return counter;
		(void)snprintf(text, sizeof(text), "%d", (int)count + 1);
		if (vn_file_write("counter", text, 0600) < 0)
			return counter;
	}
	return NULL;
}

static void lock_excludes_threads(void **state)
{
	pthread_t threads[THREADS];
	int unused = 0;

	(void)state;
	assert_int_equal(vn_file_write("counter", "0", 0600), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &unused), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_content("counter", "400");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_dir, leave_dir)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(write_then_read),
		TEST(write_leaves_nothing),
		TEST(write_replaces_a_link),
		TEST(read_refuses),
		TEST(read_at_the_bound),
		TEST(load_a_part),
		TEST(read_proc),
		TEST(dirs),
		TEST(sysctl_paths),
		TEST(lock_says_who),
		TEST(lock_waits),
		TEST(lock_passes_to_who_waits),
		TEST(lock_passes_who_is_stopped),
		TEST(lock_survives_hostile_files),
		TEST(lock_dies_with_its_holder),
		TEST(lock_excludes_threads),
	};

	return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
