/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

const struct cli_verb cli_verbs[] = {
	{ "MODE create", "NAME", "make a network", VN_VERB_CREATE, cmd_create, NULL },
	{ "MODE set", "NAME", "change a network in place", VN_VERB_SET, cmd_set, NULL },
	{ "MODE add-port", "NAME", "make a device of the host a port of a network's bridge",
	  VN_VERB_PORT, cmd_add_port, "DEV" },
	{ "MODE del-port", "NAME", "take it off again", VN_VERB_PORT, cmd_del_port, "DEV" },
	{ "MODE delete", "NAME", "remove a network and all that vnet made for it", VN_VERB_DELETE,
	  cmd_delete, NULL },
	{ "delete", "NAME", "the same, whatever its mode", VN_VERB_DELETE, cmd_delete, NULL },
	{ "dhcp stop", NULL, "stop serving DHCP", VN_VERB_DHCP_STOP, cmd_dhcp_stop, NULL },
	{ "dhcp", "RANGE", "serve DHCP on a network: 10.1.1.11-100", VN_VERB_DHCP, cmd_dhcp, NULL },
	{ "leases", NULL, "list the leases of a network's DHCP server", VN_VERB_LEASES, cmd_leases,
	  NULL },
	{ "show", "[NAME]", "show one network or all", VN_VERB_SHOW, cmd_show, NULL },
	{ "confirm", NULL, "keep the change that waits for it", VN_VERB_CONFIRM, cmd_confirm,
	  NULL },
	{ "recover", NULL, "work off what a change left that was cut off", VN_VERB_RECOVER,
	  cmd_recover, NULL },
};

const size_t cli_n_verbs = sizeof(cli_verbs) / sizeof(cli_verbs[0]);

/* Match one verb's words against @argv; returns how many, 0 if it is another. */
static int match(const struct cli_verb *verb, int argc, char **argv, enum vnet_mode_id *ret_mode)
{
	const char *at = verb->words;
	enum vnet_mode_id mode = VNET_MODE_COUNT;
	int words = 0;

	while (*at) {
		size_t len = strcspn(at, " ");

		if (words >= argc)
			return 0;
		if (!strncmp(at, "MODE", len)) {
			const struct vnet_mode *found = vnet_mode_find(argv[words]);

			if (!found)
				return 0;
			mode = found->id;
		} else if (strlen(argv[words]) != len || strncmp(argv[words], at, len) != 0) {
			return 0;
		}
		words++;
		at += len;
		at += strspn(at, " ");
	}
	*ret_mode = mode;
	return words;
}

const struct cli_verb *cli_find_verb(int argc, char **argv, enum vnet_mode_id *ret_mode,
				     int *ret_words, struct vnet_error *err)
{
	for (size_t i = 0; i < cli_n_verbs; i++) {
		int words = match(&cli_verbs[i], argc, argv, ret_mode);

		if (words) {
			*ret_words = words;
			return &cli_verbs[i];
		}
	}
	if (vnet_mode_find(argv[0]) && argc < 2)
		(void)vnet_error_set(err, -EINVAL,
				     "%s what? want %s create, set, add-port, del-port or delete",
				     argv[0], argv[0]);
	else if (vnet_mode_find(argv[0]))
		(void)vnet_error_set(err, -EINVAL,
				     "unknown verb '%s %.40s': want create, set, add-port, "
				     "del-port or delete",
				     argv[0], argv[1]);
	else
		(void)vnet_error_set(err, -EINVAL, "unknown verb '%.40s' (see vnet --help)",
				     argv[0]);
	return NULL;
}
