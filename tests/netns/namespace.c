/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces by name, and processes in them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "netns/inside.h"
#include "sys/netns.h"
#include "sys/process.h"

static int id_plus(void *arg)
{
	return vn_netns_id(arg) < 0 || vn_netns_is_initial() ? -1 : 42;
}

/* ---- namespaces ---- */

static void names_are_those_of_ip(void **state)
{
	uint64_t here;
	uint64_t again;
	uint64_t there;
	auto_fd ns = -1;

	(void)state;
	assert_int_equal(vn_netns_id(&here), 0);
	assert_true(vn_netns_is_initial());
	assert_int_equal(vn_netns_add("a"), 0);
	assert_int_equal(vn_netns_add("a"), -EEXIST);
	assert_int_equal(shell("ip netns list | grep -qx a"), 0);
	assert_int_equal(shell("ip netns exec a ip -o link | grep -q 'lo:'"), 0);
	assert_int_equal(
		shell("ip -n a link add d0 type veth peer d1 && ! ip link show d0 2>/dev/null"), 0);
	ns = vn_netns_open("a");
	assert_true(ns >= 0);
	assert_int_equal(fcntl(ns, F_GETFD), FD_CLOEXEC);
	assert_int_equal(vn_netns_run(ns, id_plus, &there), 42);
	assert_int_equal(vn_netns_id(&again), 0);
	assert_int_equal(here, again);
	assert_int_not_equal(here, there);
	assert_int_equal(vn_netns_del("a"), 0);
	assert_int_equal(vn_netns_del("a"), -ENOENT);
	assert_int_equal(vn_netns_open("a"), -ENOENT);
	assert_int_equal(shell("test -z \"$(ip netns list)\""), 0);

	/* And those of ip are ours. */
	assert_int_equal(shell("ip netns add b"), 0);
	assert_int_equal(vn_netns_add("b"), -EEXIST);
	assert_int_equal(vn_netns_del("b"), 0);
	assert_int_equal(shell("test -z \"$(ls /run/netns)\""), 0);
	/* One mount on the directory, however often it is made. */
	assert_int_equal(shell("test $(grep -c ' /run/netns ' /proc/self/mountinfo) = 1"), 0);
}

static void names_that_are_none(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	assert_int_equal(vn_netns_add(""), -EINVAL);
	assert_int_equal(vn_netns_add("."), -EINVAL);
	assert_int_equal(vn_netns_add(".."), -EINVAL);
	assert_int_equal(vn_netns_add("a/b"), -EINVAL);
	assert_int_equal(vn_netns_del("../net"), -EINVAL);
	assert_int_equal(vn_netns_open("../../proc/self/ns/net"), -EINVAL);
	assert_int_equal(vn_netns_add(name), -EINVAL);
	name[255] = '\0';
	assert_int_equal(vn_netns_add(name), 0);
	assert_int_equal(vn_netns_del(name), 0);
}

/* What a process leaves that is killed before it mounts. */
static void a_stale_name(void **state)
{
	(void)state;
	assert_int_equal(vn_netns_add("other"), 0); /* makes the directory */
	assert_int_equal(vn_netns_del("other"), 0);
	assert_int_equal(shell(": >/run/netns/stale && chmod 0 /run/netns/stale"), 0);
	assert_int_equal(vn_netns_open("stale"), -EINVAL);
	assert_int_equal(vn_netns_add("stale"), -EEXIST);
	assert_int_equal(vn_netns_del("stale"), 0);
	assert_int_equal(vn_netns_add("stale"), 0);
	/* Twice mounted, as by two who did not see each other. */
	assert_int_equal(shell("mount --bind /proc/self/ns/net /run/netns/stale"), 0);
	assert_int_equal(vn_netns_del("stale"), 0);
	assert_int_equal(shell("! grep -q stale /proc/self/mountinfo"), 0);
	/* Another kind of namespace is none of ours. */
	assert_int_equal(
		shell(": >/run/netns/uts && mount --bind /proc/self/ns/uts /run/netns/uts"), 0);
	assert_int_equal(vn_netns_open("uts"), -EINVAL);
	assert_int_equal(vn_netns_del("uts"), 0);
}

static void a_shell_inside_survives(void **state)
{
	auto_fd ns = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(vn_netns_add("a"), 0);
	ns = vn_netns_open("a");
	assert_true(ns >= 0);
	pid = sleep_in(ns);
	assert_int_equal(vn_netns_del("a"), 0);
	assert_true(lives(pid));
	vn_process_abort(pid);
}

/* ---- processes ---- */

static void what_a_process_starts_with(void **state)
{
	/* In the shell's own words: descriptors, directory, environment, signals. */
	static const char script[] = "ls /proc/self/fd | wc -l; pwd; env; trap; "
				     "grep -E '^(Sig(Blk|Ign)|CapInh|CapAmb|CapBnd|NoNew)' "
				     "/proc/self/status; cat; exit 7";
	static const char *const argv[] = { "/bin/bash", "-c", "exec >&2; eval \"$0\"", script,
					    NULL };
	/* Inherited, if it were not closed. */
	int extra = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open) */
	struct spawned spawned = { .argv = argv };
	auto_fd ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char text[TEXT * 4] = "";
	const char *ignored;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(setenv("LEAKED", "yes", 1), 0);
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	pid = vn_netns_run(ns, spawn, &spawned);
	assert_true(pid > 0);
	assert_int_equal(getsid(pid), pid);
	assert_int_equal(vn_process_wait(pid, 5000, &status), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_true(read(spawned.stderr_fd, text, sizeof(text) - 1) > 0);
	assert_int_equal(close(spawned.stderr_fd), 0);
	assert_int_equal(close(extra), 0);
	assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	assert_memory_equal(text, "4\n/\n", 4); /* the fourth is of ls itself */
	assert_null(strstr(text, "LEAKED"));
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
	ignored = strstr(text, "SigIgn:	");
	assert_non_null(ignored);
	/* The last digits: posix_spawn() itself has two signals above them ignored. */
	assert_memory_equal(ignored + strlen("SigIgn:	") + 9, "0000000", 7);
	assert_non_null(strstr(text, "CapInh:\t0000000000000000"));
	assert_non_null(strstr(text, "CapAmb:\t0000000000000000"));
	assert_non_null(strstr(text, "NoNewPrivs:\t1"));
	/* Nothing of it stayed with us. */
	status_line(getpid(), "NoNewPrivs:\t", text);
	assert_string_equal(text, "0");
}

static void waiting_for_a_process(void **state)
{
	auto_fd ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	static const char *const argv[] = { "/bin/none", NULL };
	struct spawned spawned = { .argv = argv };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(vn_netns_run(ns, spawn, &spawned), -ENOENT);
	pid = sleep_in(ns);
	assert_int_equal(vn_process_wait(pid, 20, &status), -ETIMEDOUT);
	vn_process_abort(pid);
	assert_int_equal(vn_process_wait(pid, 20, &status), -ECHILD);

	/* Where SIGCHLD is ignored the status is lost, and that is all. */
	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	pid = sleep_in(ns);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(vn_process_wait(pid, 1000, &status), -ECHILD);
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

static void only_the_one_meant(void **state)
{
	auto_fd here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_fd ns = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(vn_netns_add("a"), 0);
	ns = vn_netns_open("a");
	pid = sleep_in(ns);
	assert_int_equal(vn_process_find(ns, "1000", 0), pid);
	assert_int_equal(vn_process_find(ns, "1000", pid), pid);
	assert_int_equal(vn_process_find(ns, "1000", 1), pid);
	assert_int_equal(vn_process_find(ns, "100", 0), 0);
	assert_int_equal(vn_process_find(ns, "1000 ", pid), 0);
	assert_int_equal(vn_process_find(here, "1000", pid), 0);
	/* Asked to end another than the one meant, it has ended already. */
	assert_int_equal(vn_process_end(pid, here, "1000", 100), 0);
	assert_int_equal(vn_process_end(pid, ns, "100", 100), 0);
	assert_int_equal(vn_process_signal(pid, ns, "100", SIGKILL), -ESRCH);
	assert_true(lives(pid));
	/* What is stopped does not listen to SIGTERM. */
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(vn_process_end(pid, ns, "1000", 50), 0);
	assert_int_equal(vn_process_find(ns, "1000", pid), 0);
	assert_int_equal(waitpid(pid, NULL, 0), -1); /* no zombie */
	assert_int_equal(vn_netns_del("a"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_ip),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(a_stale_name),
		cmocka_unit_test(a_shell_inside_survives),
		cmocka_unit_test(what_a_process_starts_with),
		cmocka_unit_test(waiting_for_a_process),
		cmocka_unit_test(only_the_one_meant),
	};

	if (!getenv("VNET_IN_NS")) {
		(void)fprintf(stderr, "run it by tests/lib/in-ns\n");
		return 1;
	}
	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}
