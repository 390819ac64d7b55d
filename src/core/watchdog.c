/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * Invariant: from before the first operation of a change of the host's way out until it is
 * done, undone or confirmed, there is a process that holds the lock and what leads back, in
 * memory, and needs no one.
 *
 * It waits for a word of who makes the change. "go": the journal is written; it is read, and
 * the answer is "ready". "done" or "undone": it is over. The end of the socket after "go" and
 * before that: its maker is dead, and the journal is worked off as `vnet recover` would. After
 * "done", a change that wants confirmation is waited for; when the time is over, the gateway
 * does not answer any more, or SIGTERM comes, the network is led back to what it was, by a plan
 * of its own.
 */
#include "core/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <vnet/net.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "core/journal.h"
#include "core/net.h"
#include "ops/ops.h"
#include "sys/file.h"
#include "sys/gateway.h"
#include "sys/watchdog.h"

enum {
	PROBE_MS = 1000,  /* between two looks at the gateways */
	ANSWER_MS = 1000, /* for their answer */
	PROBES = 3,	  /* so many in a row unanswered: they are gone */
	LAST_MS = 200,	  /* for the last words of who made the change */
};

struct dog {
	struct vnet *vnet;
	struct vn_journal journal; /* of the change that is under way */
	char path[VNET_PATH_SIZE]; /* of the socket */
	int sock;		   /* to who makes the change; -1: gone */
	int listener;
	int signals;
	int timer;
	uint32_t confirm;
	char oom[VN_WATCHDOG_OOM]; /* what the score was */
	bool watching;		   /* "go" has been said */
	bool over;		   /* it is done, or undone */
	bool told;		   /* SIGTERM has come */
};

/* ---- going back ---- */

static void drop(struct dog *dog)
{
	if (dog->listener >= 0) {
		(void)close(dog->listener);
		(void)unlink(dog->path);
	}
	dog->listener = -1;
}

/* Its maker is dead: on or back, by what the kernel shows. */
static int mend(struct dog *dog, bool *ret_forward)
{
	struct vn_journal journal;
	struct vnet_error err = { 0 };
	bool own = vn_journal_read(dog->vnet->journal, &journal) == 0;
	int r = vn_net_recover(dog->vnet, own ? &journal : &dog->journal, false, ret_forward, &err);

	if (own)
		vn_journal_done(&journal);
	if (r < 0)
		vn_log(VNET_LOG_WARNING, "%s was cut off, and is not yet taken back: %s",
		       dog->journal.what, err.msg);
	else
		vn_log(VNET_LOG_WARNING, "%s was cut off: %s", dog->journal.what,
		       *ret_forward ? "it had been done" : "taken back");
	return r;
}

/* What stood in the record before the change; NULL: the network was not there. */
static const char *record_before(const struct dog *dog)
{
	char path[VNET_PATH_SIZE];

	if (vn_name_path(dog->vnet->run_dir, dog->journal.net, VN_NAME_RECORD, path) < 0)
		return NULL;
	for (size_t i = 0; i < dog->journal.undo.n_ops; i++) {
		const struct vnet_op *op = &dog->journal.undo.ops[i];

		if (op->kind == VNET_OP_FILE_WRITE && !strcmp(op->u.file.path, path))
			return op->u.file.content;
	}
	return NULL;
}

/* The change was done, but is not wanted. */
static int restore(struct dog *dog, const char *why)
{
	const char *record = record_before(dog);
	struct vnet_error err = { 0 };
	struct vnet_spec before = { 0 };
	bool by_journal = false;
	bool failed;
	int r = record ? vnet_spec_parse(record, &before, &err) : 0;

	if (r == 0)
		r = vn_net_restore(dog->vnet, dog->journal.net, record ? &before : NULL,
				   dog->journal.what, &err);
	if (record)
		vnet_spec_done(&before);
	failed = r < 0;
	if (failed)
		vn_log(VNET_LOG_WARNING, "%s: %s: going back by the journal", dog->journal.what,
		       err.msg);
	err = (struct vnet_error){ 0 };
	r = vn_net_insist(dog->vnet, &dog->journal, failed, &by_journal, &err);
	vn_log(VNET_LOG_WARNING, "%s: %s: %s", dog->journal.what, why,
	       r < 0 ? err.msg : (by_journal ? "taken back, by the journal" : "taken back"));
	return r;
}

/* ---- what comes in ---- */

static const char *begin(struct dog *dog, const char *line)
{
	uint64_t confirm;
	int r = vn_number(line + strlen("go "), 10, 0, UINT32_MAX, &confirm);

	vn_journal_done(&dog->journal);
	if (r == 0)
		r = vn_journal_read(dog->vnet->journal, &dog->journal);
	if (r == 0 && confirm) {
		drop(dog);
		dog->listener = vn_watchdog_listen(dog->path);
		r = dog->listener < 0 ? dog->listener : 0;
	}
	if (r < 0)
		return vn_strerror(r);
	dog->confirm = (uint32_t)confirm;
	dog->watching = true;
	dog->over = false;
	return "ready";
}

/* The end of who makes the change, in the midst of it. Returns an exit status. */
static int orphaned(struct dog *dog)
{
	bool forward = false;
	int r;

	drop(dog);
	vn_file_clear(dog->vnet->journal); /* it may have died while it wrote it */
	/* Before "go" there may be a journal already, by which nothing has been done. */
	if (dog->over || (!dog->watching && vn_journal_read(dog->vnet->journal, &dog->journal) < 0))
		return 0;
	vn_watchdog_expose(dog->oom);
	r = mend(dog, &forward);
	if (r == 0 && forward && (dog->confirm || dog->told))
		r = restore(dog, "it was not confirmed");
	return r < 0 ? VNET_OUTCOME_INCOMPLETE : 0;
}

/* While a change is made. Returns -1 to go on with its confirmation, or an exit status. */
static int watch(struct dog *dog)
{
	char line[VN_WATCHDOG_LINE];
	struct signalfd_siginfo info;

	for (;;) {
		struct pollfd fds[] = { { .fd = dog->sock, .events = POLLIN },
					{ .fd = dog->signals, .events = POLLIN } };
		int r = poll(fds, 2, -1);

		if (r < 0 && errno != EINTR)
			return VNET_OUTCOME_INCOMPLETE;
		/* It is taken back as soon as its maker is through with it. */
		if (fds[1].revents && read(dog->signals, &info, sizeof(info)) == sizeof(info))
			dog->told = true;
		if (!fds[0].revents)
			continue;
		r = vn_watchdog_hear(dog->sock, 0, line);
		if (r < 0)
			return orphaned(dog);
		if (!strncmp(line, "go ", strlen("go ")))
			(void)vn_watchdog_say(dog->sock, begin(dog, line));
		else if (!strcmp(line, "done") || !strcmp(line, "undone"))
			dog->over = true;
		if (!strcmp(line, "done") && (dog->confirm || dog->told))
			return -1;
	}
}

/* ---- waiting for confirmation ---- */

static int64_t left_ms(const struct dog *dog)
{
	struct itimerspec left;

	if (timerfd_gettime(dog->timer, &left) < 0)
		return 0;
	return (int64_t)left.it_value.tv_sec * 1000 + left.it_value.tv_nsec / 1000000;
}

/* Returns true if it is confirmed. */
static bool serve(struct dog *dog)
{
	char line[VN_WATCHDOG_LINE];
	char answer[VN_WATCHDOG_LINE];
	auto_fd client = vn_watchdog_accept(dog->listener, line);
	bool confirmed = client >= 0 && !strcmp(line, "confirm");

	if (client < 0)
		return false;
	(void)snprintf(answer, sizeof(answer), "%" PRId64 " %s %s", (left_ms(dog) + 999) / 1000,
		       dog->journal.net, dog->journal.what);
	/* Who has gone meanwhile went without an answer: that is no confirmation. */
	return vn_watchdog_say(client, answer) == 0 && confirmed;
}

/* The gateways that the change itself has asked at its end. */
static size_t gateways_of(const struct vnet_plan *plan, struct vnet_gateway *ret_gateways)
{
	size_t n = 0;

	for (size_t i = plan->n_ops; i-- > 0 && n < VNET_GATEWAYS;) {
		const struct vnet_gateway *gateway = &plan->ops[i].u.probe;

		if (plan->ops[i].kind == VNET_OP_PROBE &&
		    (!n || !vnet_ip_equal(&gateway->ip, &ret_gateways[0].ip)))
			ret_gateways[n++] = *gateway;
	}
	return n;
}

/* They answered before the change: as long as they do, the way out is there. */
static bool lost_gateway(const struct dog *dog, unsigned int *failures)
{
	struct vnet_gateway gateways[VNET_GATEWAYS];
	bool answers[VNET_GATEWAYS] = { false };
	struct vn_spent spent = { .n = 0 };
	size_t n = gateways_of(&dog->journal.plan, gateways);
	bool failed = n && vn_gateway_ask(gateways, n, ANSWER_MS, answers, &spent) < 0;

	vn_spent_close(&spent);
	for (size_t i = 0; i < n; i++)
		failed |= !answers[i];
	*failures = failed ? *failures + 1 : 0;
	return *failures >= PROBES;
}

/* Counts also while the machine sleeps: the time that was given is never longer. */
static int start_timer(struct dog *dog)
{
	const struct itimerspec when = { .it_value = { .tv_sec = dog->confirm } };

	dog->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (dog->timer < 0 || timerfd_settime(dog->timer, 0, &when, NULL) < 0)
		return -errno;
	return 0;
}

/* Returns NULL when confirmed, or why it is to be taken back. */
static const char *wait_confirmed(struct dog *dog)
{
	int64_t next = vn_clock_ms() + PROBE_MS;
	unsigned int failures = 0;

	if (dog->told)
		return "told to end";
	if (start_timer(dog) < 0)
		return "there is no timer for its confirmation";
	for (;;) {
		struct pollfd fds[] = { { .fd = dog->timer, .events = POLLIN },
					{ .fd = dog->signals, .events = POLLIN },
					{ .fd = dog->listener, .events = POLLIN } };
		int64_t left = next - vn_clock_ms();
		int r = poll(fds, 3, left > 0 ? (int)left : 0);

		if (r < 0 && errno != EINTR)
			return vn_strerror(-errno);
		if (r > 0 && fds[0].revents)
			return "not confirmed in time";
		if (r > 0 && fds[1].revents)
			return "told to end";
		if (r > 0 && fds[2].revents && serve(dog))
			return NULL;
		if (vn_clock_ms() < next)
			continue;
		if (lost_gateway(dog, &failures))
			return "the gateway does not answer any more";
		next = vn_clock_ms() + PROBE_MS;
	}
}

static int await(struct dog *dog)
{
	char line[VN_WATCHDOG_LINE];
	const char *why;

	/* Its maker has something to hand over still, and then waits for the end. */
	while (vn_watchdog_hear(dog->sock, LAST_MS, line) == 0)
		;
	(void)close(dog->sock);
	dog->sock = -1;
	why = wait_confirmed(dog);
	drop(dog);
	if (!why)
		return 0;
	vn_watchdog_expose(dog->oom);
	return restore(dog, why) < 0 ? VNET_OUTCOME_INCOMPLETE : 0;
}

/* ---- all together ---- */

/* The terminal and its end are none of its business. */
static int hold_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGXFSZ };
	static const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	int r;
	int fd;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	r = -pthread_sigmask(SIG_BLOCK, &set, NULL); /* an error number, not errno */
	if (r < 0)
		return r;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int prepare(struct dog *dog, struct vnet_error *err)
{
	int r = vn_watchdog_settle(dog->oom);

	if (r == 0)
		r = dog->signals = hold_signals();
	if (r < 0)
		return vnet_error_set(err, r, "%s", vn_strerror(r));
	r = vnet_open(&dog->vnet, err);
	if (r < 0)
		return r;
	dog->vnet->locked = true;
	r = vn_format(dog->path, sizeof(dog->path), "%s/" VN_WATCHDOG_SOCKET, dog->vnet->run_dir);
	return r < 0 ? vnet_error_set(err, r, "%s", vn_strerror(r)) : 0;
}

/* It can't look after anything: that is the answer to "go". */
static int refuse(const struct dog *dog, const char *why)
{
	char line[VN_WATCHDOG_LINE];

	if (vn_watchdog_hear(dog->sock, -1, line) == 0)
		(void)vn_watchdog_say(dog->sock, why);
	return VNET_OUTCOME_FAILED;
}

int vn_watchdog_run(void)
{
	struct dog dog = { .sock = VN_WATCHDOG_SOCK, .listener = -1, .signals = -1, .timer = -1 };
	struct vnet_error err = { 0 };
	int r = prepare(&dog, &err) < 0 ? refuse(&dog, err.msg) : watch(&dog);

	if (r < 0)
		r = await(&dog);
	/* Who waits for the end need not wait for what takes long to be closed. */
	drop(&dog);
	(void)close(VN_WATCHDOG_LOCK);
	if (dog.sock >= 0)
		(void)close(dog.sock);
	vn_journal_done(&dog.journal);
	vnet_close(dog.vnet);
	if (dog.timer >= 0)
		(void)close(dog.timer);
	if (dog.signals >= 0)
		(void)close(dog.signals);
	return r;
}
