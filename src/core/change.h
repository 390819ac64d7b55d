/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_CHANGE_H
#define VN_CORE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/net.h>

/* What a verb is asked for. */
struct vn_change {
	const char *name;
	const struct vnet_edit *edits;
	size_t n;
	enum vnet_mode_id mode;
	enum {
		VN_CHANGE_CREATE,
		VN_CHANGE_SET,
		VN_CHANGE_DELETE,
		VN_CHANGE_ADD_PORT,
		VN_CHANGE_DEL_PORT,
		VN_CHANGE_DHCP,
		VN_CHANGE_DHCP_STOP,
		VN_CHANGE_RESTORE,
	} verb;
	const char *dev;		/* VN_CHANGE_ADD_PORT, VN_CHANGE_DEL_PORT */
	const struct vnet_spec *before; /* VN_CHANGE_RESTORE: what is to be; NULL: nothing */
};

/*
 * From the verb, and the network's @record if it is @recorded: what is to be.
 *
 * @ret_want: set on success alone; the caller's to vnet_spec_done()
 *
 * Returns 0, or a negative errno with a sentence.
 */
int vn_change_want(const struct vn_change *c, const struct vnet_snapshot *snap, bool recorded,
		   const struct vnet_spec *record, struct vnet_spec *ret_want,
		   struct vnet_error *err);

#endif /* VN_CORE_CHANGE_H */
