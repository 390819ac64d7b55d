/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_JOURNAL_H
#define VN_CORE_JOURNAL_H

#include <vnet/plan.h>

/*
 * The journal of a transaction that is under way. It is whole or not there (written
 * beside, then renamed), and never synced: a reboot clears the kernel's state and it
 * together.
 *
 * @what:   "bridge create br0"
 * @net:    the network that it is about
 * @uplink: its way out, if it has one; else NULL
 * @nic:    the index of that; 0: not known
 * @plan:   of what is done that which the end shows; nothing, once on the way back
 * @onward: from the point of no return on, what is left to do: where it is seen to be
 *          passed, there is no way back. Nothing, if the plan has no such point
 * @undo:   what leads back
 */
struct vn_journal {
	char *what;
	char *net;
	char *uplink;
	int32_t nic;
	struct vnet_plan plan;
	struct vnet_plan onward;
	struct vnet_plan undo;
};

/* Write it as the new whole of @path. Returns 0 or a negative errno. */
int vn_journal_write(const char *path, const struct vn_journal *journal);

/*
 * @ret_journal is set on success alone, for vn_journal_done().
 * Returns 0, -ENOENT, -EBADMSG if it makes no sense, or another negative errno.
 */
int vn_journal_read(const char *path, struct vn_journal *ret_journal);

/* Its text, for the caller to free. Returns 0 or -ENOMEM. */
int vn_journal_print(const struct vn_journal *journal, char **ret_text);

/* Parse such a text, which is cut up; for the above and for the fuzzer. */
int vn_journal_parse(char *text, struct vn_journal *ret_journal);

/* Free what it holds, not @journal itself. */
void vn_journal_done(struct vn_journal *journal);

#endif /* VN_CORE_JOURNAL_H */
