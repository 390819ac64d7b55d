/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnet-udhcpc EVENT: stands before the script of a udhcpc that is started on a link which is
 * in use.
 *
 * udhcpc begins by having its script take all addresses off the link ("deconfig"), to be
 * sure. Here the link has the address of the very lease that udhcpc will be given again: so
 * the first event is left out, and all others go to the script. The first is the one before
 * which udhcpc has waited for no child: proc(5), cminflt of /proc/PID/stat.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/file.h"

enum { CMINFLT = 11 }; /* the fields count from 1; the second, in brackets, may hold spaces */

/* True if the parent has run no other program yet. */
static bool is_first(void)
{
	auto_free char *stat = NULL;
	char path[32];
	const char *at;

	if (vn_format(path, sizeof(path), "/proc/%d/stat", (int)getppid()) < 0 ||
	    vn_file_read(path, &stat, NULL) < 0)
		return false;
	at = strrchr(stat, ')');
	for (int field = 2; at && field < CMINFLT; field++)
		at = strchr(at + 1, ' ');
	return at && !strncmp(at, " 0 ", 3);
}

static const char *script(void)
{
	/* Debian's, and busybox's own default */
	static const char *const paths[] = { "/etc/udhcpc/default.script",
					     "/usr/share/udhcpc/default.script" };
	const char *own = getenv("VNET_UDHCPC_SCRIPT"); /* NOLINT(concurrency-mt-unsafe) */

	if (own)
		return own;
	return access(paths[0], X_OK) == 0 ? paths[0] : paths[1];
}

int main(int argc, char **argv)
{
	const char *path = script();

	if (argc != 2) {
		(void)fprintf(stderr, "vnet-udhcpc: want an event, as udhcpc gives it\n");
		return 2;
	}
	if (!strcmp(argv[1], "deconfig") && is_first())
		return 0;
	(void)execl(path, path, argv[1], (char *)NULL);
	(void)fprintf(stderr, "vnet-udhcpc: %s: %s\n", path, vn_strerror(-errno));
	return 1;
}
