/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_SCENES_H
#define TESTS_LIB_SCENES_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/net.h>

/*
 * Changes to fail in: each begins in a state of its own and is one transaction. They
 * run on the fake and on a real kernel alike.
 *
 * The stage is a namespace with a bridge "lan0" that is not vnet's, which has the
 * address 198.51.100.1/24, and nothing of vnet's.
 */
struct stage {
	struct vnet *vnet;
	void *self;
	/* Put a tap on the bridge; ours: with the group of the bridge. */
	void (*add_tap)(void *self, const char *name, const char *bridge, bool ours);
};

struct scene {
	const char *name;
	void (*prepare)(const struct stage *stage); /* NULL: nothing to do */
	int (*act)(const struct stage *stage, const struct vnet_how *how,
		   struct vnet_result *ret_result, struct vnet_error *err);
};

extern const struct scene scenes[];
extern const size_t n_scenes;

/* The act of a scene with nobody interested in the result. Returns what the verb returns. */
int scene_act(const struct scene *scene, const struct stage *stage, struct vnet_error *err);

#endif /* TESTS_LIB_SCENES_H */
