/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_STATE_H
#define TESTS_LIB_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/snapshot.h>

#include "base/text.h"

/*
 * A snapshot as text, to compare two: a line for each object and all that is known
 * of it, sorted, so that the order in which things came does not count.
 */

enum {
	STATE_NO_LEASES = 1 << 0, /* without what the DHCP server writes itself: leases, its pid */
};

void state_print(const struct vnet_snapshot *snap, unsigned int flags, struct vn_text *text);

/* Sort the lines of a text in place. */
void state_sort(char *text);

/*
 * The lines that only one of two sorted texts has, into @text: "-" and "+" in front.
 * Returns how many.
 */
size_t state_diff(const char *before, const char *after, struct vn_text *text);

/*
 * What the models say that will be, against what a kernel shows, into @text. Left out
 * is what no model knows: carrier, the state of ports, routes, flags other than up or
 * down, the settings of a link that are still the namespace's defaults, and what the
 * DHCP server writes itself.
 * Returns how many lines differ.
 */
size_t state_differs(const struct vnet_snapshot *predicted, const struct vnet_snapshot *found,
		     struct vn_text *text);

#endif /* TESTS_LIB_STATE_H */
