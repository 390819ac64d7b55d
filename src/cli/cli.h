/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VN_CLI_CLI_H
#define VN_CLI_CLI_H

#include <vnet/net.h>

#include "core/options.h"

/*
 * A parsed command line.
 *
 * @what:  the verb and its argument as typed, for messages
 * @mode:  of the verb's first word, or VNET_MODE_COUNT
 * @arg:   NULL: left out
 * @dev:   the second argument, as @arg
 * @edits: options of the spec, in the order given; there is room for one more
 */
struct cli_args {
	char what[64];
	enum vnet_mode_id mode;
	const char *arg;
	const char *dev;
	struct vnet_edit *edits;
	size_t n_edits;
	struct vn_call call;
	bool help;
};

/*
 * One verb of the command line.
 *
 * @words: as typed, "MODE" standing for any mode's name: "MODE create"
 * @arg:   what the help calls its argument; NULL: none. In brackets: may be left out
 * @dev:   the same of a second one, which may not
 */
struct cli_verb {
	const char *words;
	const char *arg;
	const char *help;
	enum vn_verb verb;
	int (*run)(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
	const char *dev;
};

extern const struct cli_verb cli_verbs[];
extern const size_t cli_n_verbs;

/*
 * Find the verb that @argv begins with, and the mode where it names one.
 * @ret_words: how many words it took. Returns NULL with a sentence if there is none.
 */
const struct cli_verb *cli_find_verb(int argc, char **argv, enum vnet_mode_id *ret_mode,
				     int *ret_words, struct vnet_error *err);

/*
 * Parse what follows the verb. @ret_args is for cli_args_done(), set on success alone; it
 * refers to @argv. Returns 0, or -EINVAL or -ENOMEM with a sentence.
 */
int cli_parse(const struct cli_verb *verb, enum vnet_mode_id mode, int argc, char **argv,
	      struct cli_args *ret_args, struct vnet_error *err);
void cli_args_done(struct cli_args *args);

/* True if the verb, of that mode, takes option @i of the table. */
bool cli_takes(const struct cli_verb *verb, enum vnet_mode_id mode, size_t i);

/* For the shells: what the last of @n words could become, one a line. */
void cli_complete(int n, char **argv);

/* Help on all verbs, on one, and the option list of the man page in scdoc's format. */
void cli_help(void);
void cli_help_verb(const struct cli_verb *verb);
void cli_help_scdoc(void);

/*
 * The verbs. Return an exit status (0, or where some of several networks can't be read
 * that of the last of them), or a negative errno.
 */
int cmd_create(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_set(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_add_port(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_del_port(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_delete(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_dhcp(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_dhcp_stop(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_leases(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_show(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_confirm(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);
int cmd_recover(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err);

#endif /* VN_CLI_CLI_H */
