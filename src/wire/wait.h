/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_WAIT_H
#define VN_WIRE_WAIT_H

#include <vnet/plan.h>

/*
 * Wait in the caller's namespace until the link @index is as @what says, at most
 * @timeout_ms. Returns 0, -ENODEV, -ETIMEDOUT, or another negative errno.
 */
int vn_wait(int32_t index, enum vnet_wait what, int timeout_ms);

#endif /* VN_WIRE_WAIT_H */
