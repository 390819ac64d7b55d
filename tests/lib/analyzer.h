/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What static analyzers cannot see, told to them in front of every file (VNET_ANALYZE): after a
 * failure errno is positive, and vnet_error_set() returns the negative code that it was given.
 * Without it each `return -errno` may be a success in their eyes, and the outputs, which are set on
 * success alone, count as read before they are written. No program is built with this.
 */
#ifndef ANALYZER_H
#define ANALYZER_H

#include <errno.h>

#include "../../include/vnet/error.h"

/* Defined nowhere: weak, for a link that is made for the sake of the compilations before it. */
__attribute__((weak)) int analyzer_any(void);

/* Known numbers, for clang 14 forgets what it knows of x when it sees -x. */
static inline int *analyzer_errno(void)
{
	int *location = __errno_location();

	switch (analyzer_any()) {
	case 0:
		*location = EINTR;
		break;
	case 1:
		*location = ENOENT;
		break;
	case 2:
		*location = EEXIST;
		break;
	case 3:
		*location = EAGAIN;
		break;
	case 4:
		*location = EPERM;
		break;
	default:
		*location = EIO;
	}
	return location;
}

#undef errno
#define errno (*analyzer_errno())

#ifndef VN_ERROR_C
static inline int analyzer_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}

#define vnet_error_set(...) analyzer_negative(vnet_error_set(__VA_ARGS__))
#endif

#endif /* ANALYZER_H */
