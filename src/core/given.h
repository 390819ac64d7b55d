/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_GIVEN_H
#define VN_CORE_GIVEN_H

#include <vnet/net.h>

enum { VN_GIVEN_WHAT = 128 };

/*
 * What the caller of a public function gives, before anything believes it.
 *
 * vn_given_how(): the same, or what NULL stands for; what the caller is doing goes, one clean
 * line, into @ret_what, which the result refers to.
 * vn_given_names(): refuse a name that is NULL: of a network, of a port of it.
 * vn_given_edits(): refuse keys that are none, and texts that are NULL.
 *
 * Those that return int: 0, or -EINVAL with a sentence.
 */
struct vnet_how vn_given_how(const struct vnet_how *how, char ret_what[VN_GIVEN_WHAT]);
int vn_given_names(const char *net, const char *port, struct vnet_error *err);
int vn_given_edits(const struct vnet_edit *edits, size_t n, struct vnet_error *err);

#endif /* VN_CORE_GIVEN_H */
