/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_FAKE_H
#define TESTS_LIB_FAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <vnet/net.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "base/text.h"

/*
 * A kernel that is a snapshot: each operation changes it as its own model says, so
 * that the public verbs run on it from end to end, without privilege. And it fails
 * where it is told to. The directory, the lock and the journal are real files.
 */

enum fake_fault_kind {
	FAKE_NONE,
	FAKE_REFUSE, /* not done; says @code */
	FAKE_LOST,   /* not done; a message's acknowledgement is lost, others say @code */
	FAKE_DONE,   /* done all the same; else as above */
	FAKE_SILENT, /* not done; says that it is; see fake_can_ignore() */
	FAKE_READ,   /* reading the state fails with @code; @at counts reads */
};

/*
 * @at:     which operation, from 0 (of the second fault: from the first operation
 *          after the batch in which the first one struck: of the undo)
 * @times:  0: once; of FAKE_READ: that many times more
 * @sticky: the same operation again and again, whenever it is tried
 */
struct fake_fault {
	enum fake_fault_kind kind;
	size_t at;
	int code;
	size_t times;
	bool sticky;
};

enum {
	FAKE_NETS = 4, /* DHCP servers at a time */
};

/* A server's namespace while another network is looked at. */
struct fake_side {
	struct vnet_ns ns;
	bool running;
};

/*
 * @world:   all but the parked namespaces
 * @fault, @second: what to fail; set by the test
 * @no_undo: the net is out: after the fault everything is acknowledged and nothing done
 * @hook:    called before each batch and each other operation
 */
struct fake {
	struct vnet *vnet;
	struct vnet_snapshot world;
	struct fake_side parked[FAKE_NETS];
	struct fake_fault fault;
	struct fake_fault second;
	bool no_undo;
	void (*hook)(struct fake *fake);
	void *hook_arg;

	size_t n_ops; /* operations tried */
	size_t n_reads;
	size_t n_after;	   /* operations tried since the fault's batch */
	size_t n_batches;  /* of netlink */
	size_t batch_max;  /* messages in the largest */
	bool struck;	   /* the fault has occurred */
	bool after;	   /* and its batch is over */
	bool struck_again; /* the second one has */
	char stuck[1024];  /* the operation of a sticky fault */
	char dir[64];
};

/* A host with lo, eth0, the bridge "lan0" of a stranger, and nothing of vnet's. */
struct fake *fake_new(void);
void fake_free(struct fake *fake);

/* The whole world as sorted text, which the caller frees. @flags: STATE_* of state.h. */
char *fake_text(struct fake *fake, unsigned int flags);

/* No faults any more, and counting from 0. */
void fake_calm(struct fake *fake);

/* Put a tap, as of a guest, on a bridge. @self: the fake, as of a struct stage. */
void fake_add_tap(void *self, const char *name, const char *bridge, bool ours);

/* Not addresses: no kernel says that it took one, or took it away, and did not. */
bool fake_can_ignore(const struct vnet_op *op);

/* Do one operation behind the back of the transaction. Returns what the model says. */
int fake_apply(struct fake *fake, const struct vnet_op *op);

/* True if a journal is there. */
bool fake_journal(const struct fake *fake);

/* Keep the state of the world, and go back to it. */
struct fake_state {
	struct vnet_snapshot world;
	struct fake_side parked[FAKE_NETS];
};

void fake_save(const struct fake *fake, struct fake_state *ret_state);
void fake_restore(struct fake *fake, const struct fake_state *state);
void fake_state_done(struct fake_state *state);

#endif /* TESTS_LIB_FAKE_H */
