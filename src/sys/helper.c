/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/helper.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

int vn_helper_path(const char *name, char *ret_path, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (slash && vn_format(ret_path, size, "%.*s/%s", (int)(slash - path), path, name) == 0 &&
	    !access(ret_path, X_OK))
		return 0;
	if (vn_format(ret_path, size, VNET_LIBEXECDIR "/%s", name) == 0 && !access(ret_path, X_OK))
		return 0;
	return -ENOENT;
}
