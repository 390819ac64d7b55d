/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side of who makes a change, and of who asks about it: see core/watchdog.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "core/net.h"
#include "core/watchdog.h"
#include "sys/watchdog.h"

enum {
	READY_MS = 5000,
	END_MS = 2000,
};

/* Where it is installed; a program that is trusted by the caller may say otherwise. */
static int find_program(char ret_path[VNET_PATH_SIZE])
{
	const char *dir = secure_getenv("VNET_LIBEXEC");

	return vn_format(ret_path, VNET_PATH_SIZE, "%s/vnet-watchdog",
			 dir && *dir == '/' ? dir : VNET_LIBEXECDIR);
}

int vn_watch_open(int lock, uint32_t confirm, struct vn_watch *ret_watch, struct vnet_error *err)
{
	struct vn_watch watch = { .sock = -1, .confirm = confirm };
	char path[VNET_PATH_SIZE];
	int r = find_program(path);

	if (r == 0)
		watch.pid = vn_watchdog_spawn(path, lock, &watch.sock);
	if (r == 0 && watch.pid < 0)
		r = (int)watch.pid;
	if (r == -ENOENT)
		return vnet_error_set(err, r, "there is no %s: nothing moves without a watchdog",
				      path);
	if (r < 0)
		return vnet_error_set(err, r, "%s: %s", path, vn_strerror(r));
	*ret_watch = watch;
	return 0;
}

/* Its first process ends as soon as it has forked. */
static void reap(struct vn_watch *watch)
{
	while (watch->pid > 0 && waitpid(watch->pid, NULL, 0) < 0 && errno == EINTR)
		;
	watch->pid = 0;
}

int vn_watch_begin(struct vn_watch *watch, struct vnet_error *err)
{
	char line[VN_WATCHDOG_LINE];
	int r;

	(void)snprintf(line, sizeof(line), "go %" PRIu32, watch->confirm);
	r = vn_watchdog_say(watch->sock, line);
	if (r == 0)
		r = vn_watchdog_hear(watch->sock, READY_MS, line);
	if (r < 0)
		return vnet_error_set(err, r, "the watchdog does not answer: %s", vn_strerror(r));
	reap(watch);
	if (strcmp(line, "ready") != 0)
		return vnet_error_set(err, -EIO, "the watchdog: %s", line);
	return 0;
}

void vn_watch_end(const struct vn_watch *watch, bool done)
{
	(void)vn_watchdog_say(watch->sock, done ? "done" : "undone");
}

/* ---- what others say to it ---- */

/* "17 br0 bridge create br0": who answers is root, and all the same it is read with care. */
static int parse_pending(char *answer, struct vnet_pending *ret_pending)
{
	char *net = strchr(answer, ' ');
	char *what = net ? strchr(net + 1, ' ') : NULL;
	struct vnet_pending pending = { .seconds = 0 };
	uint64_t seconds;
	int r;

	if (!what)
		return -EBADMSG;
	*net++ = '\0';
	*what++ = '\0';
	r = vn_number(answer, 10, 0, UINT32_MAX, &seconds);
	if (r == 0)
		r = vnet_name_parse(net, pending.net, NULL);
	if (r < 0)
		return -EBADMSG;
	vn_text_clean(what);
	(void)snprintf(pending.what, sizeof(pending.what), "%s", what);
	pending.seconds = (uint32_t)seconds;
	*ret_pending = pending;
	return 0;
}

static int ask(const struct vnet *vnet, const char *line, struct vnet_pending *ret_pending,
	       struct vnet_error *err)
{
	char answer[VN_WATCHDOG_LINE];
	char path[VNET_PATH_SIZE];
	int r = vn_format(path, sizeof(path), "%s/" VN_WATCHDOG_SOCKET, vnet->run_dir);

	if (r == 0)
		r = vn_watchdog_ask(path, line, answer);
	if (r == 0)
		r = parse_pending(answer, ret_pending);
	if (r == -EACCES || r == -EPERM)
		return vnet_error_set(err, r, "no permission for %s: want root, or sudo", path);
	if (r == -ETIMEDOUT)
		return vnet_error_set(err, r, "%s: the watchdog does not answer (is it stopped?)",
				      path);
	return r < 0 && r != -ENOENT ? vnet_error_set(err, r, "%s: %s", path, vn_strerror(r)) : r;
}

int vnet_pending(struct vnet *vnet, struct vnet_pending *ret_pending, struct vnet_error *err)
{
	return ask(vnet, "show", ret_pending, err);
}

int vnet_confirm(struct vnet *vnet, struct vnet_pending *ret_pending, struct vnet_error *err)
{
	int r = ask(vnet, "confirm", ret_pending, err);

	if (r == -ENOENT)
		return vnet_error_set(err, r,
				      "nothing waits to be confirmed: `vnet show` tells "
				      "what there is");
	return r;
}

/* ---- the end ---- */

void vn_watch_close(struct vn_watch *watch, struct vn_spent *spent)
{
	char line[VN_WATCHDOG_LINE];

	if (watch->sock < 0)
		return;
	if (spent)
		(void)vn_watchdog_give(watch->sock, spent);
	(void)shutdown(watch->sock, SHUT_WR);
	(void)vn_watchdog_hear(watch->sock, END_MS, line);
	(void)close(watch->sock);
	watch->sock = -1;
	reap(watch);
}
