/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <syslog.h>

#include <vnet/log.h>

#include "core/watchdog.h"

/*
 * Spawned by libvnet for a change of the host's way out: src/core/watchdog.c. Nobody listens
 * to it but the system's log.
 */

static void log_line(void *arg, enum vnet_log_level level, const char *line)
{
	(void)arg;
	if (level == VNET_LOG_WARNING)
		syslog(LOG_NOTICE, "%s", line);
}

int main(void)
{
	openlog("vnet-watchdog", LOG_PID, LOG_DAEMON);
	vnet_log_set(log_line, NULL);
	return vn_watchdog_run();
}
