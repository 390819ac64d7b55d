/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_JOURNAL_H
#define VN_CORE_JOURNAL_H

#include <vnet/plan.h>

/*
 * The journal of a transaction that is under way: of what it does that which its end
 * shows (nothing, once it is on the way back), and what undoes it. It is whole or not
 * there (written beside, then renamed), and never synced: a reboot clears the kernel's
 * state and it together.
 */
struct vn_journal {
	char *what; /* "bridge create br0" */
	char *net;  /* the network that it is about */
	struct vnet_plan plan;
	struct vnet_plan undo;
};

/* Write it as the new whole of @path. Returns 0 or a negative errno. */
int vn_journal_write(const char *path, const char *what, const char *net,
		     const struct vnet_plan *plan, const struct vnet_plan *undo);

/*
 * @ret_journal is set on success alone, for vn_journal_done().
 * Returns 0, -ENOENT, -EBADMSG if it makes no sense, or another negative errno.
 */
int vn_journal_read(const char *path, struct vn_journal *ret_journal);

/* Parse a journal's text, which is cut up; for the above and for the fuzzer. */
int vn_journal_parse(char *text, struct vn_journal *ret_journal);

/* Free what it holds, not @journal itself. */
void vn_journal_done(struct vn_journal *journal);

#endif /* VN_CORE_JOURNAL_H */
