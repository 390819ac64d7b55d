/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/net.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "core/dhcp.h"
#include "core/exec.h"
#include "core/given.h"
#include "core/net.h"
#include "core/txn.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/netns.h"
#include "sys/probe.h"

enum { LOCK_MS = 5000 };

/* ---- the context ---- */

int vn_net_open(const struct vn_exec *exec, const char *run_dir, uint64_t nsid, bool initial,
		struct vnet **ret_vnet)
{
	struct vnet *vnet = calloc(1, sizeof(*vnet));
	auto_free char *machine = NULL;
	int r;

	if (!vnet)
		return -ENOMEM;
	vnet->exec = *exec;
	vnet->nsid = nsid;
	vnet->initial = initial;
	r = vn_format(vnet->run_dir, sizeof(vnet->run_dir), "%s/%" PRIu64, run_dir, nsid);
	if (r == 0)
		r = vn_format(vnet->journal, sizeof(vnet->journal), "%s/journal", vnet->run_dir);
	if (r < 0) {
		free(vnet);
		return r;
	}
	/* A machine without an id (a container) gets names and MACs by its namespace alone. */
	(void)vn_file_read("/etc/machine-id", &machine, NULL);
	vnet->seed = vn_hash(nsid, machine ? machine : "");
	*ret_vnet = vnet;
	return 0;
}

int vnet_open(struct vnet **ret_vnet, struct vnet_error *err)
{
	struct vn_exec exec;
	uint64_t nsid;
	int r = vn_kernel_open(&exec, err);

	if (r < 0)
		return r;
	r = vn_netns_id(&nsid);
	if (r == 0)
		r = vn_net_open(&exec, VN_RUN_DIR, nsid, vn_netns_is_initial(), ret_vnet);
	if (r < 0) {
		vn_kernel_close(&exec);
		return vnet_error_set(err, r, "network namespace: %s", vn_strerror(r));
	}
	(*ret_vnet)->kernel = true;
	return 0;
}

int vnet_netns_enter(const char *name, struct vnet_error *err)
{
	int r;

	if (!vn_netns_name_valid(name))
		return vnet_error_set(err, -EINVAL,
				      "namespace '%.60s': want a name as `ip netns` lists it",
				      name);
	r = vn_netns_enter(name);
	if (r == -ENOENT)
		return vnet_error_set(err, r,
				      "namespace '%.60s': there is none of that name (`ip netns` "
				      "lists them)",
				      name);
	if (r == -EINVAL)
		return vnet_error_set(err, r,
				      "namespace '%.60s': this is no network namespace (`ip netns` "
				      "lists them)",
				      name);
	if (r < 0)
		return vnet_error_set(err, r, "namespace '%.60s': %s", name, vn_strerror(r));
	return 0;
}

void vnet_close(struct vnet *vnet)
{
	if (!vnet)
		return;
	if (vnet->kernel)
		vn_kernel_close(&vnet->exec);
	free(vnet);
}

/* Paths and names of the network @net, for a snapshot that is still to be read. */
static int head_of(const struct vnet *vnet, const char *net, struct vnet_snapshot *ret_head)
{
	struct vnet_snapshot head = { .seed = vnet->seed };
	char *netns = head.ns[VNET_NS_DHCP].name;
	int r = vn_copy(head.run_dir, sizeof(head.run_dir), vnet->run_dir);

	if (r == 0 && vnet->initial)
		r = vn_format(netns, VNET_NETNS_SIZE, "vnet-%s", net);
	else if (r == 0)
		r = vn_format(netns, VNET_NETNS_SIZE, "vnet-%s-%" PRIu64, net, vnet->nsid);
	if (r == 0 && vnet->initial)
		r = vn_format(head.lease_path, sizeof(head.lease_path), VN_LEASE_DIR "/%s", net);
	else if (r == 0)
		r = vn_name_path(vnet->run_dir, net, VN_NAME_LEASES, head.lease_path);
	if (r == 0)
		*ret_head = head;
	return r;
}

int vn_net_snapshot(const struct vnet *vnet, const struct vn_purpose *purpose,
		    struct vnet_snapshot *ret_snap, struct vnet_error *err)
{
	struct vnet_snapshot snap = { 0 };
	struct vnet_error why = { 0 };
	int r = head_of(vnet, purpose->net, &snap);

	if (r < 0)
		return vnet_error_set(err, r, "network '%s': %s", purpose->net, vn_strerror(r));
	if (purpose->uplink)
		r = vnet_name_parse(purpose->uplink, snap.uplink, &why);
	if (r < 0)
		return vnet_error_set(err, r, "%s%s",
				      purpose->is_port ? "" : "--uplink: ", why.msg);
	snap.dhcp = purpose->dhcp;
	snap.ask = purpose->change;
	snap.survey = purpose->uplink != NULL;
	snap.survey_back = purpose->back;
	snap.fresh = purpose->uplink || purpose->stays;
	r = vnet->exec.ops->read(vnet->exec.self, purpose->net, &snap, err);
	if (r < 0) {
		vnet_snapshot_done(&snap);
		return r;
	}
	*ret_snap = snap;
	return 0;
}

/* ---- the lock ---- */

/* The directories of what is kept. *@ret_subject: what a refusal is about. */
static int make_dirs(const struct vnet *vnet, const char **ret_subject)
{
	int r = vn_dir_make(vnet->run_dir);

	*ret_subject = vnet->run_dir;
	/*
	 * Here and not with the server: no undo takes it back, so it must be there before the
	 * first state is read, and where it cannot be made, the change is refused.
	 */
	if (r == 0 && vnet->initial) {
		*ret_subject = VN_LEASE_DIR;
		r = vn_dir_make(VN_LEASE_DIR);
	}
	return r;
}

/* Records and a journal of others would have us do as they like. */
static int refuse_open(const struct vnet *vnet, struct vnet_error *err)
{
	char parent[VNET_PATH_SIZE];
	const char *const dirs[] = { parent, vnet->run_dir };

	(void)snprintf(parent, sizeof(parent), "%.*s",
		       (int)(strrchr(vnet->run_dir, '/') - vnet->run_dir), vnet->run_dir);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (vn_dir_is_open(dirs[i]))
			return vnet_error_set(
				err, -EPERM,
				"%s: others than root may write there: look what they "
				"did, then `chown root %s` and `chmod 755 %s`",
				dirs[i], dirs[i], dirs[i]);
	}
	return 0;
}

/* Who holds the lock at @path, and why it is not to be had. */
static int refuse_busy(const struct vnet_pending *pending, int asked, const char *holder,
		       struct vnet_error *err)
{
	if (asked == 0)
		(void)vnet_error_set(err, -EBUSY,
				     "busy: %s waits for `vnet confirm`, for %u s more",
				     pending->what, pending->seconds);
	else if (asked == -ETIMEDOUT)
		(void)vnet_error_set(err, -EBUSY,
				     "busy: the watchdog of %s does not answer (is it stopped?)",
				     holder[0] ? holder : "another vnet");
	else
		(void)vnet_error_set(err, -EBUSY, "busy: %s", holder[0] ? holder : "another vnet");
	if (err)
		err->outcome = VNET_OUTCOME_FAILED;
	return -EBUSY;
}

static int take_lock(struct vnet *vnet, const char *what, struct vnet_error *err)
{
	char path[VNET_PATH_SIZE];
	char socket[VNET_PATH_SIZE];
	char who[128];
	char holder[128] = "";
	const char *subject = NULL;
	struct vnet_pending pending;
	int asked = -ENOENT;
	int r = make_dirs(vnet, &subject);

	if (r == 0 && refuse_open(vnet, err) < 0)
		return -EPERM;
	if (r == 0)
		r = vn_format(path, sizeof(path), "%s/lock", vnet->run_dir);
	if (r == 0) {
		subject = path;
		(void)snprintf(who, sizeof(who), "pid %d: %s", (int)getpid(), what);
		r = vn_lock_take(path, who, 0, holder, sizeof(holder));
	}
	/* Whoever listened there had the lock: one that was killed has left it. */
	if (r >= 0 &&
	    vn_format(socket, sizeof(socket), "%s/" VN_WATCHDOG_SOCKET, vnet->run_dir) == 0)
		(void)unlink(socket);
	if (r == -EBUSY)
		asked = vnet_pending(vnet, &pending, NULL);
	/* Who waits for someone to confirm does so for longer. */
	if (r == -EBUSY && asked < 0 && asked != -ETIMEDOUT) {
		r = vn_lock_take(path, who, LOCK_MS, holder, sizeof(holder));
		if (r == -EBUSY)
			asked = vnet_pending(vnet, &pending, NULL);
	}
	if (r == -EBUSY)
		return refuse_busy(&pending, asked, holder, err);
	if (r == -EACCES || r == -EPERM)
		return vnet_error_set(err, r, "no permission for %s: want root, or sudo", subject);
	return r < 0 ? vnet_error_set(err, r, "%s: %s", subject, vn_strerror(r)) : r;
}

int vn_net_begin(struct vnet *vnet, const struct vnet_how *how, int *ret_lock,
		 struct vnet_error *err)
{
	auto_fd lock = -1;

	if (how->dry_run) {
		*ret_lock = -1;
		return 0;
	}
	if (!vnet->locked)
		lock = take_lock(vnet, how->what, err);
	if (lock < 0 && !vnet->locked)
		return lock;
	if (access(vnet->journal, F_OK) == 0)
		return vnet_error_set(err, -EUCLEAN,
				      "an earlier change was cut off: run `vnet recover` first");
	*ret_lock = take_fd(&lock);
	return 0;
}

/* ---- records ---- */

int vn_net_record(const struct vnet_snapshot *snap, const char *name, struct vnet_spec *ret_spec,
		  struct vnet_error *err)
{
	char path[VNET_PATH_SIZE];
	const struct vnet_file *file;
	struct vnet_error why = { 0 };
	int r = vn_name_path(snap->run_dir, name, VN_NAME_RECORD, path);

	if (r < 0)
		return vnet_error_set(err, r, "network '%s': the name is too long", name);
	file = vnet_file_by_path(snap, path);
	if (!file || !file->content)
		return -ENOENT;
	r = vnet_spec_parse(file->content, ret_spec, &why);
	if (r < 0)
		return vnet_error_set(err, r, "%s: %s", path, why.msg);
	if (strcmp(ret_spec->name, name) != 0) {
		vnet_spec_done(ret_spec);
		return vnet_error_set(err, -EBADMSG, "%s: names another network", path);
	}
	return 0;
}

int vn_net_missing(const char *name, struct vnet_error *err)
{
	return vnet_error_set(err, -ENOENT, "there is no network '%s' (`vnet show` lists them)",
			      name);
}

static int need_record(const struct vnet_snapshot *snap, const char *name,
		       struct vnet_spec *ret_spec, struct vnet_error *err)
{
	char checked[VNET_NAME_SIZE];
	int r = vnet_name_parse(name, checked, err);

	if (r == 0)
		r = vn_net_record(snap, name, ret_spec, err);
	return r == -ENOENT ? vn_net_missing(name, err) : r;
}

static void drop_temporaries(const struct vnet_plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++) {
		if (plan->ops[i].kind == VNET_OP_FILE_WRITE)
			vn_file_clear(plan->ops[i].u.file.path);
	}
}

static struct vn_txn txn_of(const struct vnet *vnet, const struct vn_journal *journal)
{
	return (struct vn_txn){
		.exec = &vnet->exec,
		.what = journal->what,
		.net = journal->net,
		.journal = vnet->journal,
	};
}

/* As head_of(), and of the NIC that was moved. */
static int journal_head(const struct vnet *vnet, const struct vn_journal *journal,
			struct vnet_snapshot *ret_head, struct vnet_error *err)
{
	struct vnet_snapshot head = { 0 };
	int r = head_of(vnet, journal->net, &head);

	if (r == 0 && journal->uplink)
		r = vn_copy(head.uplink, sizeof(head.uplink), journal->uplink);
	if (r < 0)
		return vnet_error_set(err, r, "network '%s': %s", journal->net, vn_strerror(r));
	head.uplink_index = journal->nic;
	head.hand_over = *head.uplink != '\0';
	*ret_head = head;
	return 0;
}

int vn_net_insist(struct vnet *vnet, const struct vn_journal *journal, bool always, bool *ret_done,
		  struct vnet_error *err)
{
	const struct vn_txn txn = txn_of(vnet, journal);
	struct vnet_snapshot head;
	int r = journal_head(vnet, journal, &head, err);

	return r < 0 ? r : vn_txn_insist(&txn, journal, &head, always, ret_done, err);
}

int vn_net_recover(struct vnet *vnet, const struct vn_journal *journal, bool dry_run,
		   bool *ret_forward, struct vnet_error *err)
{
	const struct vn_txn txn = txn_of(vnet, journal);
	struct vnet_snapshot head;
	int r = journal_head(vnet, journal, &head, err);

	if (r < 0)
		return r;
	/* First: with the journal goes the knowledge of them. The undo replaces its own. */
	if (!dry_run) {
		drop_temporaries(&journal->plan);
		drop_temporaries(&journal->undo);
	}
	return vn_txn_recover(&txn, journal, &head, dry_run, ret_forward, err);
}

int vnet_recover(struct vnet *vnet, const struct vnet_how *how, char **ret_what,
		 struct vnet_plan *ret_plan, struct vnet_error *err)
{
	char doing[VN_GIVEN_WHAT];
	const struct vnet_how given = vn_given_how(how, doing);
	auto_fd lock = given.dry_run ? -1 : take_lock(vnet, given.what, err);
	struct vnet_snapshot head;
	struct vn_journal journal;
	bool forward = false;
	int r;

	if (!given.dry_run && lock < 0)
		return lock;
	if (!given.dry_run)
		vn_file_clear(vnet->journal);
	r = vn_journal_read(vnet->journal, &journal);
	if (r == -ENOENT) {
		*ret_what = NULL;
		vnet_plan_init(ret_plan);
		return 0;
	}
	if (r < 0)
		return vnet_error_set(err, r,
				      "%s: %s: look at it, mend by hand what it names, delete it",
				      vnet->journal, vn_strerror(r));
	r = vn_net_recover(vnet, &journal, given.dry_run, &forward, err);
	if (r == 0)
		r = head_of(vnet, journal.net, &head);
	if (r == 0) {
		*ret_what = take_ptr(&journal.what);
		*ret_plan = journal.undo;
		vnet_plan_init(&journal.undo);
		if (forward)
			vnet_plan_done(ret_plan);
		(void)vn_copy(ret_plan->netns, sizeof(ret_plan->netns), head.ns[VNET_NS_DHCP].name);
	}
	vn_journal_done(&journal);
	return r;
}

/* ---- what callers are given ---- */

void vnet_result_done(struct vnet_result *result)
{
	if (!result)
		return;
	vnet_plan_done(&result->plan);
	vnet_spec_done(&result->spec);
}

void vnet_view_done(struct vnet_view *view)
{
	if (!view)
		return;
	vnet_spec_done(&view->record);
	vnet_spec_done(&view->live);
	vnet_snapshot_done(&view->snap);
}

int vnet_read(struct vnet *vnet, const char *name, struct vnet_view *ret_view,
	      struct vnet_error *err)
{
	struct vnet_view view = { 0 };
	int r = vn_given_names(name, "", err);

	if (r == 0)
		r = vnet_name_parse(name, (char[VNET_NAME_SIZE]){ 0 }, err);
	if (r == 0)
		r = vn_net_snapshot(vnet, &(struct vn_purpose){ .net = name }, &view.snap, err);
	if (r == 0)
		r = need_record(&view.snap, name, &view.record, err);
	if (r == 0)
		r = vnet_service_of(&view.snap, name, &view.service);
	if (r == 0) {
		r = vnet_mode_get(view.record.mode)
			    ->read(&view.snap, &view.record, &view.live, NULL);
		view.found = r == 0;
		if (r == -ENODEV)
			r = vnet_spec_copy(&view.record, &view.live);
	}
	if (r == 0 && vnet_spec_has(&view.record, VNET_KEY_DHCP_RANGE))
		r = vn_dhcp_differs(&view.record, &view.snap, &view.dhcp_differs);
	if (r < 0) {
		vnet_view_done(&view);
		return vnet_error_set(err, r, "network '%s': %s", name, vn_strerror(r));
	}
	*ret_view = view;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int vnet_list(struct vnet *vnet, char ***ret_names, struct vnet_error *err)
{
	struct vnet_snapshot snap;
	size_t n = 0;
	char **names;
	char *at;
	int r = vn_net_snapshot(vnet, &(struct vn_purpose){ .net = "" }, &snap, err);

	if (r < 0)
		return r;
	/* pointers first, then a NULL, then the names themselves */
	names = calloc(1, (snap.n_files + 1) * (sizeof(*names) + VNET_NAME_SIZE));
	at = names ? (char *)(names + snap.n_files + 1) : NULL;
	for (size_t i = 0; names && i < snap.n_files; i++, at += VNET_NAME_SIZE) {
		if (snap.files[i].content && vn_name_of_record(snap.files[i].path, at))
			names[n++] = at;
	}
	vnet_snapshot_done(&snap);
	if (!names)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	qsort(names, n, sizeof(*names), by_name);
	*ret_names = names;
	return 0;
}
