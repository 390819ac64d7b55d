/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_HELPER_H
#define VN_SYS_HELPER_H

#include <stddef.h>

/*
 * The full path of the helper @name: beside the running program, as in a build that is not
 * installed, or where helpers are installed. Returns 0, or -ENOENT if it is in neither.
 */
int vn_helper_path(const char *name, char *ret_path, size_t size);

#endif /* VN_SYS_HELPER_H */
