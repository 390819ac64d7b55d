/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_FOREIGN_H
#define VN_CORE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "core/exec.h"

/*
 * What others do to the host's way out while it is being moved.
 *
 * @nic, @bridge: the links that are looked at; 0: none
 * @name:         of the NIC, as it was
 * @gone, @added: objects that someone took off one of them, or added to one
 * @taken:        someone made the NIC a port of something else: of @master
 * @unplugged:    the NIC is there no more; what went with it is not said
 * @first:        the first change, in words; empty: there was none
 */
struct vn_foreign {
	int32_t nic;
	int32_t bridge;
	const char *name;
	struct vnet_object *gone;
	size_t n_gone;
	struct vnet_object *added;
	size_t n_added;
	bool taken;
	bool unplugged;
	int32_t master;
	char first[200];
};

/* Begin for @plan, which is made for @before. @ret_foreign is for vn_foreign_done(). */
void vn_foreign_init(const struct vnet_snapshot *before, const struct vnet_plan *plan,
		     struct vn_foreign *ret_foreign);
void vn_foreign_done(struct vn_foreign *foreign);

/*
 * Take in what has happened up to now, of which the first @tried operations of @plan are not
 * someone else's. Returns 0 or a negative errno.
 */
int vn_foreign_take(const struct vn_exec *exec, const struct vnet_snapshot *before,
		    const struct vnet_plan *plan, size_t tried, struct vn_foreign *foreign);

/* Where someone has made the NIC a port of his, it is so after @undo, too. */
void vn_foreign_spare(const struct vn_foreign *foreign, struct vnet_plan *undo);

/* True if @op would bring back what someone else took away. */
bool vn_foreign_forbids(const struct vn_foreign *foreign, const struct vnet_op *op);

/* True if for what someone else did it need not show that @op is done. */
bool vn_foreign_excuses(const struct vn_foreign *foreign, const struct vnet_op *op);

/*
 * Add to @plan what makes @state as others meant it: the addresses that someone added, and the
 * kernel took away with one of ours of the same subnet; without the copies of what someone took
 * off the other link; the NIC a port of whoever made it his.
 */
void vn_foreign_settle(const struct vn_foreign *foreign, const struct vnet_snapshot *state,
		       struct vnet_plan *plan);

#endif /* VN_CORE_FOREIGN_H */
