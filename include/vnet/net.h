/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_NET_H
#define VNET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/error.h>
#include <vnet/mode.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>
#include <vnet/spec.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * The networks of one network namespace: that in which vnet_open() was called. A context
 * belongs to one thread at a time; any number of them may be open. A change in one thread
 * waits for one in another as it does for one of another process.
 *
 * The library prints nothing and never ends the process. What it starts (dnsmasq, the DHCP
 * clients of the host, vnet-watchdog) it spawns, and it waits for these children alone:
 * SIGCHLD must not be ignored. It handles no signals: one that kills the process in the
 * middle of a change leaves a journal for vnet_recover(), so a program that may be ended at
 * any time blocks them meanwhile.
 */
struct vnet;

/*
 * Open a context for the caller's network namespace, in which its thread must be whenever
 * it uses it. Nothing is changed yet, and no privilege is needed.
 *
 * @ret_vnet: the caller's to vnet_close()
 * @err:      here and below: receives one sentence on failure, and must be empty before
 *            ({ 0 }: see vnet_error_set()); may be NULL
 *
 * Returns 0, or a negative errno with a sentence.
 */
int vnet_open(struct vnet **ret_vnet, struct vnet_error *err);

/*
 * Move the calling thread into the namespace /run/netns/@name (ip-netns(8)), for good; its
 * other threads stay where they are. For contexts that it opens from then on.
 *
 * Returns 0, -EINVAL if that is no namespace or no name of one, -ENOENT, -EPERM, or another
 * negative errno, with a sentence.
 */
int vnet_netns_enter(const char *name, struct vnet_error *err);

/* Free it; NULL is fine. What was read from it stays the caller's. */
void vnet_close(struct vnet *vnet);

/*
 * One change of a spec, as vnet_spec_edit() takes it: @how is '=', '+', '-' or '0'. The
 * text is the caller's, and needed only during the call.
 */
struct vnet_edit {
	enum vnet_key key;
	char how;
	const char *text;
};

/*
 * How a change is to be made. NULL in its place: plainly, all of it 0.
 *
 * @what:    what the caller is doing, for messages and for those who wait: a line of up to
 *           127 characters of ASCII, cut and cleaned where it is another; NULL: "a program"
 * @dry_run: plan, and change nothing
 * @force:   go on where only safety speaks against it
 * @confirm: of a change of the host's way out: taken back, unless vnet_confirm() is called
 *           within so many seconds; 0: it need not be
 */
struct vnet_how {
	const char *what;
	bool dry_run;
	bool force;
	uint32_t confirm;
};

/*
 * What a change did, or would do: the caller's to vnet_result_done().
 *
 * @spec: the network as it is now; of a deleted one as it was
 */
struct vnet_result {
	struct vnet_plan plan;
	struct vnet_spec spec;
};

/* Free what it holds, not @result itself; NULL is fine. */
void vnet_result_done(struct vnet_result *result);

/*
 * Changes. Each is one transaction: done whole, or not at all, or (err->outcome
 * INCOMPLETE) to be finished by vnet_recover(). One waits up to 5 s for another change
 * of the same namespace. They need CAP_NET_ADMIN in it and write access to /run/vnet (and,
 * to serve DHCP, CAP_SYS_ADMIN), unless nothing is to be changed (how->dry_run).
 *
 * @name:       of the network; checked by vnet_name_parse()
 * @edits:      @n of them, carried out in their order; NULL where @n is 0
 * @ret_result: set on success alone; the caller's to vnet_result_done(); may be NULL
 *
 * Return 0, or a negative errno with a sentence and err->outcome: -EBUSY if the other change
 * did not end, -EUCLEAN if an earlier one has to be recovered first, -EINVAL or -ERANGE for
 * what makes no sense, -EPERM or -EACCES where the caller may not, or what the kernel or the
 * mode refused it with.
 */

/* Make the network @name of the mode @mode. -EEXIST if there is one, or a link of that name. */
int vnet_create(struct vnet *vnet, enum vnet_mode_id mode, const char *name,
		const struct vnet_edit *edits, size_t n, const struct vnet_how *how,
		struct vnet_result *ret_result, struct vnet_error *err);

/* Change it in place, never by making it anew. -ENOENT if there is none. */
int vnet_set(struct vnet *vnet, const char *name, const struct vnet_edit *edits, size_t n,
	     const struct vnet_how *how, struct vnet_result *ret_result, struct vnet_error *err);

/*
 * Make the device @dev of the host a port of its bridge: one that nothing is reached over,
 * for with a master it is the bridge's alone. A NIC with addresses is an uplink's.
 */
int vnet_add_port(struct vnet *vnet, const char *name, const char *dev, const struct vnet_how *how,
		  struct vnet_result *ret_result, struct vnet_error *err);

/* Take it off, as it was before; nothing else than what vnet_add_port() made a port. */
int vnet_del_port(struct vnet *vnet, const char *name, const char *dev, const struct vnet_how *how,
		  struct vnet_result *ret_result, struct vnet_error *err);

/* Remove it with all that vnet made for it. -ENOENT if there is none. */
int vnet_delete(struct vnet *vnet, const char *name, const struct vnet_how *how,
		struct vnet_result *ret_result, struct vnet_error *err);

/*
 * Serve DHCP on a network, or change how; start a server that died.
 * @name: NULL: the one network whose subnet holds the range that @edits set. A
 *        bridge that vnet did not make is served only by its name.
 */
int vnet_dhcp(struct vnet *vnet, const char *name, const struct vnet_edit *edits, size_t n,
	      const struct vnet_how *how, struct vnet_result *ret_result, struct vnet_error *err);

/* Stop it. @name: NULL: the one network that is served. */
int vnet_dhcp_stop(struct vnet *vnet, const char *name, const struct vnet_how *how,
		   struct vnet_result *ret_result, struct vnet_error *err);

/*
 * Work off what a killed or failed change left behind.
 *
 * @ret_what: what that was, the caller's to free; NULL if there was nothing
 * @ret_plan: the operations that led back; empty if all had been done already. The
 *            caller's to vnet_plan_done()
 *
 * Both are set on success alone. Returns 0, or a negative errno with err->outcome.
 */
int vnet_recover(struct vnet *vnet, const struct vnet_how *how, char **ret_what,
		 struct vnet_plan *ret_plan, struct vnet_error *err);

/*
 * A change that is done and waits to be confirmed (how->confirm).
 *
 * @net:     the network that it is about
 * @what:    the change, cleaned of what a terminal could obey
 * @seconds: that are left
 */
struct vnet_pending {
	char net[VNET_NAME_SIZE];
	char what[128];
	uint32_t seconds;
};

/* Which one that is. Returns 0, -ENOENT if none is, or another negative errno with a sentence. */
int vnet_pending(struct vnet *vnet, struct vnet_pending *ret_pending, struct vnet_error *err);

/*
 * Confirm it: it stays. @ret_pending: which one it was. Returns 0, -ENOENT if none waits, or
 * another negative errno, with a sentence.
 */
int vnet_confirm(struct vnet *vnet, struct vnet_pending *ret_pending, struct vnet_error *err);

/*
 * A network as recorded and as found. The caller's to vnet_view_done().
 *
 * @record:  as it was made and set
 * @live:    the same keys as the kernel has them: vnet_spec_same() tells which differ; the
 *           same as @record where @found is false
 * @found:   its link is there and vnet's
 * @dhcp_differs: the files of its DHCP server are not as recorded
 * @snap:    the links, addresses and so on of its namespaces
 * @service: its DHCP server's namespace and files, be it served or not; snap.running tells
 *           whether it runs
 */
struct vnet_view {
	struct vnet_spec record;
	struct vnet_spec live;
	bool found;
	bool dhcp_differs;
	struct vnet_snapshot snap;
	struct vnet_service service;
};

/* Free what it holds, not @view itself; NULL is fine. */
void vnet_view_done(struct vnet_view *view);

/*
 * Read the network @name: its record and what the kernel has of it. No lock is taken, and no
 * privilege is needed; what only root could tell is marked so (snap.ns[].hidden).
 *
 * @ret_view: set on success alone
 *
 * Returns 0 (also if its link is gone: view.found), -ENOENT if there is no such network,
 * -EBADMSG if its record makes no sense, or another negative errno, with a sentence.
 */
int vnet_read(struct vnet *vnet, const char *name, struct vnet_view *ret_view,
	      struct vnet_error *err);

/*
 * Names of all networks, sorted: an array of strings, ended by NULL, in one piece
 * of memory that the caller frees. Those whose record makes no sense are among them.
 * Returns 0, or a negative errno with a sentence.
 */
int vnet_list(struct vnet *vnet, char ***ret_names, struct vnet_error *err);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_NET_H */
