/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* The one thing that the library remembers for all callers. */
static struct {
	vnet_log_fn *fn;
	void *arg;
} sink; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables) */

void vnet_log_set(vnet_log_fn *fn, void *arg)
{
	sink.fn = fn;
	sink.arg = arg;
}

void vn_log(enum vnet_log_level level, const char *fmt, ...)
{
	int saved = errno;
	char line[512];
	va_list ap;

	if (!sink.fn)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sink.fn(sink.arg, level, line);
	errno = saved;
}
