/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_STEP_H
#define VN_CORE_STEP_H

#include "core/txn.h"

/*
 * Carrying operations out, and looking at what they did: the transaction's own. All return 0 or
 * a negative errno, those with @err with a sentence.
 */

/* "link add br0: File exists: the kernel's own sentence", of operation @i. Returns @code. */
int vn_step_error(const struct vnet_plan *plan, size_t i, int code, const char *detail,
		  struct vnet_error *err);

/* Read the state; @head: paths and names (vn_snapshot_head()). */
int vn_step_read(const struct vn_txn *txn, const struct vnet_snapshot *head,
		 struct vnet_snapshot *ret_state, struct vnet_error *err);

/* @n operations from @at on in one message; where an answer was lost, the kernel's state tells. */
int vn_step_batch(const struct vn_txn *txn, const struct vnet_snapshot *before,
		  const struct vnet_plan *plan, size_t at, size_t n, struct vnet_error *err);

/* One operation that is no netlink message. */
int vn_step_one(const struct vn_txn *txn, const struct vnet_plan *plan, size_t i,
		struct vnet_error *err);

/*
 * To be called before @op in an undo: where it takes an IPv6 address away, waits until the kernel
 * is done with those of its link.
 *
 * @settled: the link of which that is known, from call to call; first 0
 *
 * Returns 0, also if it had to give up, or a negative errno.
 */
int vn_step_settle(const struct vn_txn *txn, const struct vnet_op *op, int32_t *settled);

/* All. @ret_tried: the first so many operations have been begun, and no other. */
int vn_step_all(const struct vn_txn *txn, const struct vnet_snapshot *before,
		const struct vnet_plan *plan, size_t *ret_tried, struct vnet_error *err);

/* Success is what the kernel shows. What a later operation overrode is not asked for. */
int vn_step_verify(const struct vn_txn *txn, const struct vnet_plan *plan,
		   const struct vnet_snapshot *predicted, struct vnet_error *err);

#endif /* VN_CORE_STEP_H */
