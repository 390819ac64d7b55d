/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_FAKE_NIC_H
#define TESTS_LIB_FAKE_NIC_H

#include "lib/fake.h"

/* A fake host whose NIC, eth0, has much on it, and what is done with it. */

#define FAKE_NET "br0"

enum { FAKE_NIC = 2 }; /* the index of eth0 */

/* Of a kernel that can make routes sleep, and of one that can't. */
struct fake *fake_nic_new(void);
struct fake *fake_nic_old(void);

/*
 * A router is heard: the NIC has an address and a default route of its advertisement; later, what
 * of that route was lent to the kernel becomes the kernel's own again. Returns false if nothing
 * was left of it.
 */
bool fake_nic_hear(struct fake *fake);

typedef int fake_verb_fn(struct fake *fake, const struct vnet_how *how,
			 struct vnet_result *ret_result, struct vnet_error *err);

/* The bridge with the NIC, and with STP; and without it, with addresses of its own. */
fake_verb_fn fake_nic_create;
fake_verb_fn fake_nic_create_plain;

/* The NIC onto the bridge that is there, and off it. */
fake_verb_fn fake_nic_set_on;
fake_verb_fn fake_nic_set_off;

fake_verb_fn fake_nic_delete;

/* Run @verb, without anything special. Returns 0, or a negative errno with a sentence. */
int fake_nic_run(struct fake *fake, fake_verb_fn *verb, struct vnet_error *err);

/* The same, and the test fails if it fails. NULL: nothing is run. */
void fake_nic_must_run(struct fake *fake, fake_verb_fn *verb);

#endif /* TESTS_LIB_FAKE_NIC_H */
