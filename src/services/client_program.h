/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SERVICES_CLIENT_PROGRAM_H
#define VN_SERVICES_CLIENT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <vnet/plan.h>

#include "base/text.h"
#include "sys/process.h"

/* What is known of each DHCP client: a program a file, which ends with its row. */

enum {
	VN_ARGS_MAX = 128,
	VN_CLIENT_OPTIONS = 2,
	VN_CLIENT_FILE = VNET_PATH_SIZE + 16, /* the names of files made for it */
};

/* A command line, cut up. */
struct vn_args {
	const char *at[VN_ARGS_MAX + 1];
	size_t n;
	bool whole; /* and of one line each */
};

/* Whether a client is at work on a link, and whether on others besides. */
struct vn_work {
	bool here;
	bool elsewhere;
};

/*
 * A program; what it has no need of is NULL.
 *
 * How it is found:
 * @work:  whether it is at work on @link; @is_uplink: that is the NIC, not the bridge: one that
 *         is started for all links counts as at work on the NIC alone
 * @bound: why it can't be moved to another link, or ""
 *
 * How it was started:
 * @put_env:  what it needs of its environment, NAME=VALUE a line
 * @put_args: its arguments, a line each, its own name first
 *
 * How it is started on another link:
 * @own_options:  its options whose value is another for each link; left out there
 * @put_own:      the options instead of these, for files that begin with @own
 * @link_option:  the option that names the link, for a program that may be without
 * @lease_option: the option that names the file of its leases; @leases: the file, without it
 * @make_files:   make the files of its own. Returns 0 or a negative errno
 * @drop_files:   delete them, as far as their names do not begin with client->own
 *
 * How it runs:
 * @is_settled:  the process is the one that stays
 * @has_helpers: in its session, which may outlive it
 */
struct vn_client_program {
	const char *name;
	struct vn_work (*work)(const struct vn_args *args, const char *link, bool is_uplink);
	const char *(*bound)(const struct vn_args *args);
	void (*put_env)(const struct vn_args *args, pid_t pid, struct vn_text *text);
	void (*put_args)(const struct vn_args *args, const char *link, struct vn_text *text);
	const char *own_options[VN_CLIENT_OPTIONS];
	void (*put_own)(const char *own, struct vn_text *text);
	const char *link_option;
	const char *lease_option;
	const char *leases;
	int (*make_files)(const struct vnet_handover *client);
	void (*drop_files)(const struct vnet_handover *client);
	bool (*is_settled)(const struct vn_process *process);
	bool has_helpers;
};

extern const struct vn_client_program vn_dhclient;
extern const struct vn_client_program vn_dhcpcd;
extern const struct vn_client_program vn_udhcpc;

/* The row of that name, or NULL. */
const struct vn_client_program *vn_client_program(const char *name);

/* What stands behind the last slash of @path. */
const char *vn_base_of(const char *path);

/* @s is one of the @n words in @list. */
bool vn_is_one_of(const char *s, const char *const list[], size_t n);

/* @arg is one of @args. */
bool vn_args_have(const struct vn_args *args, const char *arg);

/* "NAME=VALUE", of the environment of @pid; without such a variable @otherwise, NULL: nothing. */
void vn_client_put_env(pid_t pid, const char *name, const char *otherwise, struct vn_text *text);

/* @text with @from, where it stands as a word, replaced by @to. */
void vn_client_put_replaced(const char *text, const char *from, const char *to,
			    struct vn_text *out);

/* Write @text, which is taken, to a file of mode 0600. Returns 0 or a negative errno. */
int vn_client_write(const char *path, struct vn_text *text);

#endif /* VN_SERVICES_CLIENT_PROGRAM_H */
