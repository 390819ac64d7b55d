/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_NET_H
#define VN_CORE_NET_H

#include <vnet/net.h>

#include "core/exec.h"
#include "core/journal.h"

/* Of the public context; @nsid: vn_netns_id(), @seed: see struct vnet_snapshot. */
struct vnet {
	struct vn_exec exec;
	bool kernel;  /* exec is the real one, and ours to close */
	bool initial; /* the machine's own namespace */
	bool locked;  /* this process has the lock, inherited: see core/watchdog.h */
	uint64_t nsid;
	uint64_t seed;
	char run_dir[VNET_PATH_SIZE]; /* /run/vnet/<nsid> */
	char journal[VNET_PATH_SIZE];
};

/*
 * A context on any executor and directory: what vnet_open() and the tests build on.
 *
 * @run_dir: parent of the namespace's directory
 * @initial: the machine's own namespace
 *
 * The executor stays the caller's. Returns 0, -ENOMEM or -ENAMETOOLONG.
 */
int vn_net_open(const struct vn_exec *exec, const char *run_dir, uint64_t nsid, bool initial,
		struct vnet **ret_vnet);

/*
 * What a snapshot is read for.
 *
 * @net:    the network; "": none in particular
 * @change: it is about to be changed: what the host's way out leads to is asked
 * @dhcp:   with what it takes to serve DHCP; without, only where @net is served already
 * @uplink: the NIC that is to be its way out, whose ties are looked up; NULL: what the
 *          record says
 * @is_port: @uplink is to be a port that is no way out: messages do not name --uplink
 * @back:   its way out is to be given back, with the bridge or without: what a firewall has of
 *          the bridge is looked up
 * @stays:  the bridge stays without: with the settings of a new link
 */
struct vn_purpose {
	const char *net;
	bool change;
	bool dhcp;
	const char *uplink;
	bool is_port;
	bool back;
	bool stays;
};

/*
 * Read a snapshot. @ret_snap is set on success alone, for vnet_snapshot_done(). Returns 0, or a
 * negative errno with a sentence.
 */
int vn_net_snapshot(const struct vnet *vnet, const struct vn_purpose *purpose,
		    struct vnet_snapshot *ret_snap, struct vnet_error *err);

/*
 * Take the write lock, and refuse where an earlier change was cut off. A dry run
 * needs neither: then *@ret_lock is -1. The lock is freed by closing it. Returns 0, or
 * with a sentence -EBUSY, -EUCLEAN or another negative errno.
 */
int vn_net_begin(struct vnet *vnet, const struct vnet_how *how, int *ret_lock,
		 struct vnet_error *err);

/*
 * Work off @journal, whose lock the caller holds: back, or forward where it had been done.
 * Returns 0, or a negative errno with a sentence and err->outcome.
 */
int vn_net_recover(struct vnet *vnet, const struct vn_journal *journal, bool dry_run,
		   bool *ret_forward, struct vnet_error *err);

/*
 * Lead the network @name, which a change by the name @what has left as it is, back to @before;
 * NULL: it was not there. As every change: planned anew, and done or not done. What only
 * safety speaks against is done. Returns 0, or a negative errno with a sentence.
 */
int vn_net_restore(struct vnet *vnet, const char *name, const struct vnet_spec *before,
		   const char *what, struct vnet_error *err);

/*
 * After that, or where it failed: make sure that the NIC has what @journal says that it had, also
 * if someone has deleted the bridge, and if no file can be written; but not if it is the port of
 * another. @always: go back by the journal in any case; @ret_done: that was done. Returns 0, or
 * a negative errno with a sentence.
 */
int vn_net_insist(struct vnet *vnet, const struct vn_journal *journal, bool always, bool *ret_done,
		  struct vnet_error *err);

/* The record of the network @name in @snap. Returns 0, -ENOENT without a sentence, or another. */
int vn_net_record(const struct vnet_snapshot *snap, const char *name, struct vnet_spec *ret_spec,
		  struct vnet_error *err);

/* Say that there is no network @name; returns -ENOENT. */
int vn_net_missing(const char *name, struct vnet_error *err);

#endif /* VN_CORE_NET_H */
