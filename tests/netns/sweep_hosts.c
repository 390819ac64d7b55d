/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Generated hosts: the NIC goes onto a bridge and back, and nothing differs. And what an
 * administrator changes meanwhile goes back with it: as on a twin, on whose NIC the same
 * was done without any bridge.
 *
 * VNET_SLICE=N: some, of which N says which; all: all of them. VNET_HOST=SEED: just that one.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/exec.h"
#include "core/net.h"
#include "lib/gen.h"
#include "lib/ground.h"
#include "lib/hosts.h"
#include "lib/must.h"
#include "lib/state.h"
#include "wire/attr.h"
#include "wire/sock.h"

#define NET "br0"

enum {
	SLICE = 20,
	ALL = 600,
	REST_MS = 4000, /* the kernel tells of a carrier up to a second late */
	LIFETIME_SLACK = 2,
};

/* ---- a namespace ---- */

static void fresh(void)
{
	must(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0);
	must(mount("sysfs", "/sys", "sysfs", 0, NULL) == 0);
}

/* Run it by a shell of its own; returns false where that fails. */
static bool sh(const char *script, const char *shell)
{
	FILE *pipe = popen(shell, "we"); /* NOLINT(cert-env33-c): text of the test's own */

	must(pipe != NULL);
	must(fputs(script, pipe) >= 0);
	return pclose(pipe) == 0;
}

static int on_load(uint32_t ifindex, int fd)
{
	struct vn_sock *sock;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct vn_ack ack;
	uint8_t buf[128];
	struct vn_msg msg;
	uint32_t seq;
	size_t nest;
	int r = vn_sock_open(&sock);

	must(r == 0);
	seq = vn_sock_seq(sock, 1);
	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_SETLINK, NLM_F_ACK, seq, &info, sizeof(info));
	nest = vn_nest(&msg, IFLA_XDP);
	vn_attr_u32(&msg, IFLA_XDP_FD, (uint32_t)fd);
	vn_attr_u32(&msg, IFLA_XDP_FLAGS, XDP_FLAGS_SKB_MODE);
	vn_nest_end(&msg, nest);
	must(vn_msg_end(&msg) == 0);
	r = vn_sock_batch(sock, &msg, seq, 1, &ack);
	vn_sock_close(sock);
	return r < 0 ? r : ack.code;
}

/* A program that lets all packets pass, of two instructions. */
static void load_xdp(const char *link)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char licence[] = "GPL";
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insn_cnt = 2,
		.insns = (uintptr_t)pass,
		.license = (uintptr_t)licence,
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	must(fd >= 0);
	must(on_load(if_nametoindex(link), (int)fd) == 0);
	(void)close((int)fd);
}

/* ---- lifetimes ---- */

enum { LIVES = 64 };

struct life {
	uint8_t key[40];
	uint32_t valid;
	uint32_t preferred;
};

/* What is left, of what ends. */
struct lives {
	struct life of[LIVES];
	size_t n;
	int64_t at_ms;
};

static int on_life(const struct nlmsghdr *head, void *arg)
{
	bool addr = head->nlmsg_type == RTM_NEWADDR;
	const uint8_t *info = mnl_nlmsg_get_payload(head);
	struct lives *lives = arg;
	struct life life = { .key = { info[0], info[1], addr }, .valid = UINT32_MAX };
	const struct nlattr *attr;

	static_assert((int)IFA_ADDRESS == (int)RTA_DST, "one of both");
	VN_FOR_EACH_ATTR(attr, head, addr ? sizeof(struct ifaddrmsg) : sizeof(struct rtmsg))
	{
		const void *payload = mnl_attr_get_payload(attr);
		uint16_t type = mnl_attr_get_type(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		if (type == RTA_DST && len <= 16) /* of an address IFA_ADDRESS, which is as much */
			memcpy(life.key + 4, payload, len);
		if (!addr && type == RTA_PRIORITY)
			memcpy(life.key + 20, payload, 4);
		if (!addr && type == RTA_TABLE)
			memcpy(life.key + 24, payload, 4);
		if (addr && type == IFA_CACHEINFO) {
			const struct ifa_cacheinfo *cache = payload;

			life.valid = cache->ifa_valid;
			life.preferred = cache->ifa_prefered;
		}
		if (!addr && type == RTA_CACHEINFO) {
			const struct rta_cacheinfo *cache = payload;

			if (cache->rta_expires)
				life.valid = (uint32_t)cache->rta_expires / 100;
		}
	}
	if (life.valid != UINT32_MAX || (addr && life.preferred != UINT32_MAX)) {
		must(lives->n < LIVES);
		lives->of[lives->n++] = life;
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct life *)a)->key, ((const struct life *)b)->key,
		      sizeof(((const struct life *)a)->key));
}

static void look_at_lives(struct lives *ret_lives)
{
	static const struct {
		uint16_t type;
		uint8_t family;
	} dumps[] = { { RTM_GETADDR, AF_INET },
		      { RTM_GETADDR, AF_INET6 },
		      { RTM_GETROUTE, AF_INET6 } };
	struct vn_sock *sock;

	*ret_lives = (struct lives){ .at_ms = vn_clock_ms() };
	must(vn_sock_open(&sock) == 0);
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		uint8_t info[sizeof(struct rtmsg)] = { dumps[i].family };
		uint8_t buf[64];
		struct vn_msg msg;
		uint32_t seq = vn_sock_seq(sock, 1);

		vn_msg_init(&msg, buf, sizeof(buf));
		vn_msg_begin(&msg, dumps[i].type, NLM_F_DUMP, seq, info,
			     dumps[i].type == RTM_GETADDR ? sizeof(struct ifaddrmsg) :
							    sizeof(info));
		must(vn_msg_end(&msg) == 0);
		must(vn_sock_dump(sock, &msg, seq, on_life, ret_lives) == 0);
	}
	vn_sock_close(sock);
	qsort(ret_lives->of, ret_lives->n, sizeof(ret_lives->of[0]), by_key);
}

static bool is_near(uint32_t before, uint32_t after, int64_t elapsed_s)
{
	int64_t off = (int64_t)before - elapsed_s - (int64_t)after;

	if (before == UINT32_MAX || after == UINT32_MAX || !before || !after)
		return before == after;
	return off <= LIFETIME_SLACK && off >= -LIFETIME_SLACK;
}

/* Returns how many are not what they were, less the time that went by. */
static size_t lives_differ(const struct lives *before, const struct lives *after)
{
	int64_t elapsed = (after->at_ms - before->at_ms + 500) / 1000;
	size_t n = before->n != after->n;

	if (n)
		(void)fprintf(stderr, "%zu lifetimes, now %zu\n", before->n, after->n);
	for (size_t i = 0; i < before->n && i < after->n && !n; i++) {
		const struct life *a = &before->of[i];
		const struct life *b = &after->of[i];

		if (by_key(a, b) == 0 && is_near(a->valid, b->valid, elapsed) &&
		    is_near(a->preferred, b->preferred, elapsed))
			continue;
		(void)fprintf(stderr, "lifetime %u/%u, %u s later %u/%u\n", a->valid, a->preferred,
			      (unsigned int)elapsed, b->valid, b->preferred);
		n++;
	}
	return n;
}

/* ---- comparing ---- */

/* All but the files, in which the lock stays. */
static const char *const here = "";
static const char *const by_name = "-I";

/* A program has another number on each host. */
static void forget_programs(char *text)
{
	static const char *const words[] = { " 43=", " 43.4=" };

	for (size_t i = 0; i < 2; i++) {
		char *at = text;

		while ((at = strstr(at, words[i]))) {
			size_t len = 1 + strcspn(at + 1, " \n");

			memmove(at, at + len, strlen(at + len) + 1);
		}
	}
}

/*
 * That an IPv6 address came of a secret no request can say: it comes back without that
 * mark, IFA_F_STABLE_PRIVACY, and a note has said so.
 */
static const char marked[] = " 8=880 ";

static void forget_mark(char *text)
{
	for (char *at = text; (at = strstr(at, marked));)
		memmove(at + 3, at + 4, strlen(at + 4) + 1);
}

static char *look(const char *options)
{
	char *text = ground_raw(options);

	if (options == by_name)
		forget_programs(text);
	return text;
}

/* As it is when nothing changes any more. */
static char *look_at_rest(const char *options)
{
	int64_t end = vn_clock_ms() + REST_MS;
	char *last = look(options);

	for (;;) {
		char *text;
		bool same;

		vn_sleep_ms(120);
		text = look(options);
		same = !strcmp(text, last);
		free(last);
		if (same || vn_clock_ms() > end)
			return text;
		last = text;
	}
}

/* Returns how many lines differ from @before, and says which, when all is at rest. */
static size_t differs(const char *before, const char *options, const char *when)
{
	int64_t end = vn_clock_ms() + REST_MS;
	auto_free char *want = strdup(before);
	struct vn_text text = { 0 };
	size_t n;

	must(want);
	forget_mark(want);
	for (;;) {
		auto_free char *now = look(options);

		forget_mark(now);
		vn_text_done(&text);
		n = state_diff(want, now, &text);
		if (!n || vn_clock_ms() > end)
			break;
		vn_sleep_ms(100);
	}
	if (n)
		(void)fprintf(stderr, "%s: %zu lines differ:\n%s\n", when, n, text.buf);
	vn_text_done(&text);
	return n;
}

static bool text_differs(const char *command, char **ret_text)
{
	FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c): text of the test's own */
	char *text = NULL;
	size_t size = 0;
	ssize_t n;
	bool differs_;

	must(pipe != NULL);
	n = getdelim(&text, &size, '\0', pipe);
	must(pclose(pipe) == 0);
	if (n <= 0) {
		free(text);
		text = strdup("");
		must(text);
	}
	differs_ = *ret_text && strcmp(*ret_text, text) != 0;
	if (differs_)
		(void)fprintf(stderr, "was:\n%s\nis:\n%s\n", *ret_text, text);
	free(*ret_text);
	*ret_text = text;
	return differs_;
}

/* ---- the bridge ---- */

static int create(struct vnet *vnet, const struct host *host, const char *net, bool *ret_notes,
		  struct vnet_error *err)
{
	const struct vnet_how how = { .what = "a test", .force = host->force };
	struct vnet_edit edits[3] = { { .key = VNET_KEY_UPLINK, .how = '=', .text = "eth0" } };
	struct vnet_result result = { 0 };
	size_t n = 1;
	int r;

	if (host->stp)
		edits[n++] = (struct vnet_edit){ .key = VNET_KEY_STP, .how = '=', .text = "yes" };
	if (host->address)
		edits[n++] = (struct vnet_edit){ .key = VNET_KEY_ADDRESS,
						 .how = '+',
						 .text = "10.250.0.1/24" };
	r = vnet_create(vnet, VNET_MODE_BRIDGE, net, edits, n, &how, &result, err);
	if (r < 0)
		return r;
	*ret_notes = result.plan.notes && strstr(result.plan.notes, "came of a secret");
	vnet_result_done(&result);
	return 0;
}

static int delete_net(struct vnet *vnet, const char *net, struct vnet_error *err)
{
	const struct vnet_how how = { .what = "a test" };
	struct vnet_result result = { 0 };
	int r = vnet_delete(vnet, net, &how, &result, err);

	if (r == 0)
		vnet_result_done(&result);
	return r;
}

/* ---- one host ---- */

static bool build(const struct host *host)
{
	if (!sh(host->build, "sh -e"))
		return false;
	if (host->xdp)
		load_xdp("eth0");
	return true;
}

static size_t say(const char *what, const struct vnet_error *err)
{
	(void)fprintf(stderr, "%s: %s\n", what, err->msg);
	return 1;
}

/* Returns how much there is to complain of. */
static size_t there_and_back(struct vnet *vnet, const struct host *host)
{
	static const char tc[] =
		"for at in root ingress egress; do tc filter show dev eth0 $at; done";
	auto_free char *before = look_at_rest(here);
	auto_free char *filters = NULL;
	struct vnet_error err = { 0 };
	struct lives old;
	struct lives new;
	bool noted;
	size_t n;

	(void)text_differs(tc, &filters);
	look_at_lives(&old);
	if (create(vnet, host, NET, &noted, &err) < 0)
		return say("create", &err);
	if (noted != (strstr(before, marked) != NULL)) {
		(void)fprintf(stderr, "noted: %d\n", noted);
		return 1;
	}
	if (delete_net(vnet, NET, &err) < 0)
		return say("delete", &err);
	look_at_lives(&new);
	n = lives_differ(&old, &new);
	n += text_differs(tc, &filters);
	return n + differs(before, here, "there and back");
}

/*
 * What the administrator did meanwhile goes back too: the state then, by names. Without an
 * address of the bridge's own: with the last one of IPv4 all routes go.
 */
static size_t with_admin(struct vnet *vnet, const struct host *host, char **ret_state)
{
	struct host plain = *host;
	struct vnet_error err = { 0 };
	bool noted;

	plain.address = false;
	if (create(vnet, &plain, NET, &noted, &err) < 0)
		return say("create again", &err);
	must(sh(host->admin, "DEV=" NET " sh"));
	if (delete_net(vnet, NET, &err) < 0)
		return say("delete, with changes", &err);
	*ret_state = look_at_rest(by_name);
	return 0;
}

static size_t as_twin(const struct host *host, const char *state)
{
	fresh();
	must(build(host));
	must(sh(host->admin, "DEV=eth0 sh"));
	return differs(state, by_name, "with changes (-) and on the twin (+)");
}

static size_t in_own_ns(const struct host *host)
{
	auto_free char *state = NULL;
	struct vnet_error err = { 0 };
	struct vn_exec exec;
	struct vnet *vnet;
	size_t n;

	fresh();
	if (!build(host))
		return 1;
	must(vn_kernel_open(&exec, &err) == 0);
	vnet = ground_open(&exec);
	n = there_and_back(vnet, host);
	if (!n)
		n = with_admin(vnet, host, &state);
	vnet_close(vnet);
	vn_kernel_close(&exec);
	return n ? n : as_twin(host, state);
}

/* In a process of its own, whose namespaces go with it. Returns false if there are complaints. */
static bool is_good(const struct host *host)
{
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		size_t n = in_own_ns(host);

		(void)fflush(NULL);
		_exit(n ? 1 : 0);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool one_host(uint64_t seed, struct gen_distinct *distinct)
{
	struct host host;
	bool good;

	host_make(seed, &host);
	gen_distinct_add(distinct, host.build);
	good = is_good(&host);
	if (!good)
		(void)fprintf(stderr, "VNET_HOST=%" PRIu64 "%s%s%s%s:\n%s\nADMIN\n%s\n", seed,
			      host.force ? ", force" : "", host.stp ? ", STP" : "",
			      host.address ? ", address" : "", host.xdp ? ", XDP" : "",
			      getenv("VNET_HOST") ? host.build : "", host.admin);
	host_done(&host);
	return good;
}

static void hosts_come_back(void **state)
{
	const char *only = getenv("VNET_HOST");
	struct gen_distinct distinct = { 0 };
	struct gen gen;
	size_t n = gen_count(SLICE, ALL, &gen);
	size_t bad = 0;

	(void)state;
	must_be(getenv("VNET_IN_NS") != NULL, "the hosts", "start me with tests/lib/in-ns");
	for (size_t i = 0; i < (only ? 1 : n); i++)
		bad += !one_host(only ? strtoull(only, NULL, 10) : gen.state + i, &distinct);
	printf("# %zu distinct hosts, %zu differ\n", gen_distinct_count(&distinct), bad);
	gen_distinct_done(&distinct);
	assert_int_equal(bad, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
