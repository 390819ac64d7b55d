/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_RULE_H
#define VN_WIRE_RULE_H

#include <vnet/snapshot.h>

#include "wire/sock.h"

/*
 * Add to @snap what rtnetlink of the socket's namespace has of the link @nic beside what
 * hangs on it: as VNET_TIE_RULE each policy rule with its name, as VNET_TIE_FILTER that
 * there are filters of tc for what comes in by it.
 * Returns 0, -EINTR if a dump was not consistent, or another negative errno.
 */
int vn_rule_survey(struct vn_sock *sock, const struct vnet_link *nic, struct vnet_snapshot *snap);

#endif /* VN_WIRE_RULE_H */
