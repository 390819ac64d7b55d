/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_GROUND_H
#define TESTS_LIB_GROUND_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/net.h>

#include "core/exec.h"

/*
 * The real kernel as a stage: the namespace that the test was started in, which is its
 * own (tests/lib/in-ns).
 */

/* Run a command of the test's own; it must succeed. */
void ground_shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Put the directory of the tests' tools first in PATH, for the commands of ground_shell(). */
void ground_find_tools(void);

/*
 * Make the namespace quiet, so that two looks at it see the same: no duplicate address
 * detection, no router solicitations. And make the bridge "lan0" of a stranger.
 */
void ground_prepare(void);

/* A context on @exec, with the directories of vnet_open(). */
struct vnet *ground_open(const struct vn_exec *exec);

/* Put a tap on a bridge; as of struct stage. */
void ground_add_tap(void *self, const char *name, const char *bridge, bool ours);

/*
 * All that there is, as the tool `snap` of the same build sees it, which shares no code
 * with the library: the network of all namespaces, the processes in them, the files
 * below /run/vnet, /run/netns and /var/lib/vnet. The caller frees the text.
 */
char *ground_text(void);

/* What `snap` sees with these options, to the letter. The caller frees the text. */
char *ground_raw(const char *options);

#endif /* TESTS_LIB_GROUND_H */
