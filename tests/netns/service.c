/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnsmasq in a namespace: the real one, and some that only pretend. Runs in a mount
 * namespace of its own (tests/lib/in-ns), where /usr/sbin/dnsmasq can be covered by
 * something else.
 */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/error.h>
#include <vnet/plan.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "netns/inside.h"
#include "services/dnsmasq.h"
#include "services/leases.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "sys/process.h"

#define NS	"vnet-test"
#define DNSMASQ "/usr/sbin/dnsmasq"
#define FAKE	"/run/fake-dnsmasq"
#define RUN_DIR "/run/vnet/1"

static const struct vnet_service service = {
	.netns = NS,
	.conf = RUN_DIR "/br0.dnsmasq",
	.pid_file = RUN_DIR "/br0.pid",
	.leases = "/var/lib/vnet/leases/br0",
};

static int netns = -1;

static int server_setup(void **state)
{
	static const char conf[] = "port=0\nno-ping\nbind-interfaces\nexcept-interface=lo\n"
				   "interface=d0\nuser=%s\ngroup=%s\npid-file=%s\n"
				   "dhcp-leasefile=%s\ndhcp-authoritative\n"
				   "dhcp-range=10.1.1.11,10.1.1.100,255.255.255.0,3600\n"
				   "dhcp-hostsfile=" RUN_DIR "/br0.hosts\n"
				   "log-facility=" RUN_DIR "/br0.log\n";
	char text[TEXT * 2];
	char group[VN_GROUP_SIZE];

	(void)state;
	assert_int_equal(vn_dir_make(RUN_DIR), 0);
	assert_int_equal(vn_netns_add(NS), 0);
	netns = vn_netns_open(NS);
	assert_true(netns >= 0);
	assert_int_equal(shell("ip -n " NS " link add d0 type veth peer d1 && "
			       "ip -n " NS " addr add 10.1.1.254/24 dev d0 && "
			       "ip -n " NS " link set d0 up"),
			 0);
	assert_int_equal(vn_dnsmasq_group(group), 0);
	assert_int_equal(vn_format(text, sizeof(text), conf, vn_dnsmasq_user(), group,
				   service.pid_file, service.leases),
			 0);
	assert_int_equal(vn_file_write(service.conf, text, 0644), 0);
	assert_int_equal(vn_file_write(RUN_DIR "/br0.hosts", "", 0644), 0);
	return 0;
}

static int server_teardown(void **state)
{
	(void)state;
	(void)umount2(DNSMASQ, MNT_DETACH);
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_int_equal(close(netns), 0);
	assert_int_equal(vn_netns_del(NS), 0);
	return shell("rm -rf /run/vnet /var/lib/vnet " FAKE);
}

/* Cover dnsmasq by a script. */
static void fake(const char *script)
{
	(void)umount2(DNSMASQ, MNT_DETACH);
	assert_int_equal(vn_file_write(FAKE, script, 0755), 0);
	assert_int_equal(mount(FAKE, DNSMASQ, NULL, MS_BIND, NULL), 0);
}

static void assert_start_fails(int code, const char *message)
{
	struct vnet_error err = { 0 };

	assert_int_equal(vn_dnsmasq_start(&service, netns, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, message))
		fail_msg("'%s' does not say '%s'", err.msg, message);
	assert_int_equal(access(service.pid_file, F_OK), -1);
	assert_int_equal(access(service.leases, F_OK), -1);
}

static void assert_started(void)
{
	struct vnet_error err = { 0 };

	if (vn_dnsmasq_start(&service, netns, &err) < 0)
		fail_msg("%s", err.msg);
}

static void server_has_few_rights(void **state)
{
	const uint64_t start = 1U << CAP_NET_ADMIN | 1U << CAP_NET_BIND_SERVICE | 1U << CAP_SETUID |
			       1U << CAP_SETGID;
	char line[TEXT];
	struct stat st;
	pid_t pid;

	(void)state;
	assert_started();
	pid = vn_dnsmasq_pid(&service, netns);
	assert_true(pid > 0);
	assert_int_equal(status_caps(pid, "CapEff:\t"), 1U << CAP_NET_ADMIN);
	assert_int_equal(status_caps(pid, "CapPrm:\t"), 1U << CAP_NET_ADMIN);
	assert_int_equal(status_caps(pid, "CapInh:\t"), 0);
	assert_int_equal(status_caps(pid, "CapAmb:\t"), 0);
	assert_int_equal(status_caps(pid, "CapBnd:\t"), start);
	status_line(pid, "NoNewPrivs:\t", line);
	assert_string_equal(line, "1");
	status_line(pid, "Uid:\t", line);
	assert_int_not_equal(*line, '0');
	status_line(pid, "Gid:\t", line);
	assert_int_not_equal(*line, '0');
	status_line(pid, "Groups:\t", line);
	assert_string_equal(line, " ");
	/* Nobody but root can put another file in the place of its leases. */
	assert_int_equal(stat("/var/lib/vnet/leases", &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(service.leases, &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void server_lives_and_dies(void **state)
{
	struct vnet_error err = { 0 };
	pid_t pid;

	(void)state;
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	assert_int_equal(vn_dnsmasq_reload(&service, netns, &err), -ESRCH);
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_started();
	pid = vn_dnsmasq_pid(&service, netns);
	assert_true(pid > 0);
	/* Once more is refused, and leaves the first one alone. */
	err = (struct vnet_error){ 0 };
	assert_int_equal(vn_dnsmasq_start(&service, netns, &err), -EEXIST);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), pid);
	/* Found without its pid file, and with a wrong one. */
	assert_int_equal(unlink(service.pid_file), 0);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), pid);
	assert_int_equal(vn_file_write(service.pid_file, "1\n", 0644), 0);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), pid);
	assert_int_equal(vn_file_write(service.pid_file, "-1 99999999999999\n", 0644), 0);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), pid);
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_false(lives(pid));
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	assert_int_equal(access(service.pid_file, F_OK), -1);
	/* Killed, it is missed, and can be started again. */
	assert_started();
	pid = vn_dnsmasq_pid(&service, netns);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (lives(pid))
		vn_sleep_ms(1);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	assert_started();
}

static void server_reads_its_hosts_again(void **state)
{
	(void)state;
	assert_started();
	assert_int_equal(vn_file_write(RUN_DIR "/br0.hosts", "52:54:00:12:34:56,10.1.1.50,web\n",
				       0644),
			 0);
	assert_int_equal(vn_dnsmasq_reload(&service, netns, NULL), 0);
	for (int i = 0; shell("tail -1 " RUN_DIR "/br0.log | grep -q 'read.*br0.hosts'"); i++) {
		assert_true(i < 200);
		vn_sleep_ms(10);
	}
}

static void server_says_why_not(void **state)
{
	(void)state;
	assert_int_equal(shell("ip -n " NS " link set d0 name d2"), 0);
	assert_start_fails(-ECHILD, "unknown interface d0");
	assert_int_equal(shell("echo nonsense >>" RUN_DIR "/br0.dnsmasq"), 0);
	assert_start_fails(-ECHILD, "bad option at line");
}

/* Stopped, it does not answer SIGTERM. */
static void server_that_is_stopped_is_killed(void **state)
{
	int64_t start;
	pid_t pid;

	(void)state;
	assert_started();
	pid = vn_dnsmasq_pid(&service, netns);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	start = vn_clock_ms();
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_in_range(vn_clock_ms() - start, VN_DNSMASQ_GRACE_MS, VN_DNSMASQ_GRACE_MS + 1000);
	assert_false(lives(pid));
}

static void another_process_is_left_alone(void **state)
{
	char text[16];
	pid_t inside = sleep_in(netns);

	(void)state;
	(void)snprintf(text, sizeof(text), "%d\n", (int)inside);
	assert_int_equal(vn_file_write(service.pid_file, text, 0644), 0);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	assert_int_equal(vn_dnsmasq_reload(&service, netns, NULL), -ESRCH);
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_started();
	assert_true(vn_dnsmasq_pid(&service, netns) != inside);
	assert_int_equal(vn_dnsmasq_stop(&service, netns, NULL), 0);
	assert_true(lives(inside));
	vn_process_abort(inside);
}

/* Its namesake in another namespace is another server. */
static void the_same_elsewhere_is_another(void **state)
{
	auto_fd other = -1;
	pid_t pid;

	(void)state;
	assert_started();
	pid = vn_dnsmasq_pid(&service, netns);
	assert_int_equal(vn_netns_add("other"), 0);
	other = vn_netns_open("other");
	assert_int_equal(vn_dnsmasq_pid(&service, other), 0);
	assert_int_equal(vn_dnsmasq_stop(&service, other, NULL), 0);
	assert_true(lives(pid));
	assert_int_equal(vn_netns_del("other"), 0);
}

static void lease_file_that_is_none(void **state)
{
	struct vnet_error err = { 0 };

	(void)state;
	assert_int_equal(vn_dir_make("/var/lib/vnet/leases"), 0);
	assert_int_equal(symlink("/run/victim", service.leases), 0);
	assert_int_equal(vn_dnsmasq_start(&service, netns, &err), -ELOOP);
	assert_non_null(strstr(err.msg, "symbolic link"));
	assert_int_equal(access("/run/victim", F_OK), -1);
	assert_int_equal(unlink(service.leases), 0);
	assert_int_equal(mkfifo(service.leases, 0644), 0);
	assert_int_equal(vn_dnsmasq_start(&service, netns, NULL), -EINVAL);
	assert_int_equal(unlink(service.leases), 0);
}

static void leases_outlive_a_failed_start(void **state)
{
	static const char line[] = "4000000000 52:54:00:12:34:56 10.1.1.11 * *\n";
	struct vnet_lease *leases;
	size_t n;

	(void)state;
	assert_int_equal(vn_dir_make("/var/lib/vnet/leases"), 0);
	assert_int_equal(vn_file_write(service.leases, line, 0644), 0);
	fake("#!/bin/sh\nexit 1\n");
	assert_int_equal(vn_dnsmasq_start(&service, netns, NULL), -ECHILD);
	assert_int_equal(umount2(DNSMASQ, MNT_DETACH), 0);
	assert_started();
	assert_int_equal(vn_leases_read(service.leases, &leases, &n, NULL), 0);
	assert_int_equal(n, 1);
	free(leases);
}

/* ---- those that only pretend ---- */

static void fake_that_fails(void **state)
{
	(void)state;
	fake("#!/bin/sh\nprintf 'one\\n\\ndnsmasq: tw\\033o\\n\\n' >&2; exit 3\n");
	assert_start_fails(-ECHILD, "ended with exit status 3: tw?o");
	fake("#!/bin/sh\nexit 1\n");
	assert_start_fails(-ECHILD, "it does not say why");
	fake("#!/bin/sh\nkill -9 $$\n");
	assert_start_fails(-ECHILD, "killed by signal 9");
	/* More than it need say, and the end of it counts. */
	fake("#!/bin/sh\ni=0; while [ $i -lt 999 ]; do echo 0123456789 >&2; i=$((i + 1)); done\n"
	     "echo last >&2; exit 1\n");
	assert_start_fails(-ECHILD, ": last");
}

static void fake_that_ends_at_once(void **state)
{
	(void)state;
	fake("#!/bin/sh\nexit 0\n");
	assert_start_fails(-ECHILD, "ended as soon as it was started");
}

static void fake_that_fails_with_a_child(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("/run/wait", 0600), 0);
	fake("#!/bin/sh\n[ \"$2\" ] && read x </run/wait\n"
	     "setsid \"$0\" \"$1\" again & sleep 0.1; exit 1\n");
	assert_start_fails(-ECHILD, "exit status 1");
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	assert_int_equal(unlink("/run/wait"), 0);
}

/* With a child in its group and one that left it, none of which wants to end. */
static void fake_that_hangs(void **state)
{
	int64_t start = vn_clock_ms();

	(void)state;
	assert_int_equal(mkfifo("/run/wait", 0600), 0);
	fake("#!/bin/sh\ntrap '' TERM\n[ \"$2\" ] || setsid \"$0\" \"$1\" again &\n"
	     "[ \"$2\" ] || sleep 1000 &\nread x </run/wait\n");
	assert_start_fails(-ETIMEDOUT, "not ready after 5 s: killed");
	assert_in_range(vn_clock_ms() - start, VN_DNSMASQ_TIMEOUT_MS, VN_DNSMASQ_TIMEOUT_MS + 1000);
	assert_int_equal(vn_dnsmasq_pid(&service, netns), 0);
	/* Those that are no children of ours end a moment after they were killed. */
	assert_int_equal(shell("for i in $(seq 100); do"
			       " test -z \"$(ip netns pids " NS ")\" && exit 0; sleep 0.02; done;"
			       " exit 1"),
			 0);
	assert_int_equal(unlink("/run/wait"), 0);
}

static void not_installed(void **state)
{
	(void)state;
	assert_string_equal(vn_dnsmasq_program(), DNSMASQ);
	assert_int_equal(mount("/dev/null", DNSMASQ, NULL, MS_BIND, NULL), 0);
	assert_null(vn_dnsmasq_program());
	assert_start_fails(-ENOENT, "not installed");
	assert_int_equal(umount2(DNSMASQ, MNT_DETACH), 0);
	/* There, but no program. */
	fake("#!/no/such/interpreter\n");
	assert_start_fails(-ENOENT, "No such file");
}

#define SERVER(function) cmocka_unit_test_setup_teardown(function, server_setup, server_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SERVER(server_has_few_rights),
		SERVER(server_lives_and_dies),
		SERVER(server_reads_its_hosts_again),
		SERVER(server_says_why_not),
		SERVER(server_that_is_stopped_is_killed),
		SERVER(another_process_is_left_alone),
		SERVER(the_same_elsewhere_is_another),
		SERVER(lease_file_that_is_none),
		SERVER(leases_outlive_a_failed_start),
		SERVER(fake_that_fails),
		SERVER(fake_that_ends_at_once),
		SERVER(fake_that_fails_with_a_child),
		SERVER(fake_that_hangs),
		SERVER(not_installed),
	};

	if (!getenv("VNET_IN_NS")) {
		(void)fprintf(stderr, "run it by tests/lib/in-ns: it covers " DNSMASQ "\n");
		return 1;
	}
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
