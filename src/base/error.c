/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/error.h>

#include <stdarg.h>
#include <stdio.h>

int vnet_error_set(struct vnet_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code)
		return code;
	err->code = code;
	err->outcome = VNET_OUTCOME_REFUSED;
	err->op = -1;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}
