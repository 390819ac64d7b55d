/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_GATEWAYS_H
#define VN_CORE_GATEWAYS_H

#include <vnet/snapshot.h>

#include "sys/gateway.h"

/*
 * Find in @snap, of each family, the gateway of the best default route through the uplink, or
 * through the bridge @net, and ask it: those that answer become a part of @snap. One that is
 * not there, or may not be asked, is none. @spent: see vn_gateway_ask().
 *
 * Returns 0 or a negative errno.
 */
int vn_gateways_read(const char *net, struct vnet_snapshot *snap, struct vn_spent *spent);

#endif /* VN_CORE_GATEWAYS_H */
