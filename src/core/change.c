/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * Every change goes one way: lock, snapshot, record; from them what is (have) and,
 * with the edits, what is to be (want); choose what was left open, refuse what
 * can't work, plan, carry out. The verbs differ in how they make `want`.
 */
#include "core/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/names.h"
#include "base/text.h"
#include "core/given.h"
#include "core/net.h"
#include "core/taken.h"
#include "core/txn.h"
#include "core/watchdog.h"
#include "sys/file.h"

enum {
	INDEX_RETRIES = 8, /* a stranger may take the index between looking and making */
	SETTLE_MS = 3000,  /* of an address that is asked for: up to 2 s, RFC 4862, section 5.4 */
	SETTLE_STEP_MS = 20,
};

/* A foreign bridge of which nothing is wanted any more needs no record. */
static bool goes(const struct vn_change *c, const struct vnet_spec *want)
{
	return c->verb == VN_CHANGE_DELETE || (c->verb == VN_CHANGE_RESTORE && !c->before) ||
	       (c->verb == VN_CHANGE_DHCP_STOP && want->foreign);
}

static int plan_change(const struct vn_change *c, struct vnet_snapshot *snap, bool recorded,
		       const struct vnet_spec *record, struct vnet_spec *want,
		       const struct vnet_how *how, struct vnet_plan *plan, struct vnet_error *err)
{
	const struct vnet_mode *mode = vnet_mode_get(want->mode);
	struct vnet_spec have;
	bool gone = goes(c, want);
	int r = 0;

	(void)vn_copy(plan->netns, sizeof(plan->netns), snap->ns[VNET_NS_DHCP].name);
	if (gone)
		r = mode->check(record, NULL, snap, how->force, err);
	if (gone && r == 0)
		return mode->plan(record, NULL, snap, plan, err);
	if (gone || r < 0)
		return r;
	if (recorded)
		r = mode->read(snap, record, &have, err);
	if (r < 0)
		return r;
	r = vn_taken_find(want, recorded ? record : NULL, snap, err);
	if (r == 0)
		r = mode->choose(want, snap, plan, err);
	if (r == 0)
		r = mode->check(recorded ? &have : NULL, want, snap, how->force, err);
	if (r == 0)
		r = mode->plan(recorded ? &have : NULL, want, snap, plan, err);
	if (recorded)
		vnet_spec_done(&have);
	return r;
}

/* The move is a change of its own: what the bridge gets by it is the NIC's. */
static int refuse_mixed(const struct vn_change *c, struct vnet_error *err)
{
	size_t others = 0;

	for (size_t i = 0; i < c->n; i++)
		others += c->edits[i].key != VNET_KEY_UPLINK &&
			  c->edits[i].key != VNET_KEY_UPLINK_DHCP;
	for (size_t i = 0; c->verb == VN_CHANGE_SET && others && i < c->n; i++) {
		if (c->edits[i].key == VNET_KEY_UPLINK)
			return vnet_error_set(err, -EINVAL,
					      "%s with other options: want it in a call of its own",
					      c->edits[i].how == '0' ? "--no-uplink" : "--uplink");
	}
	return 0;
}

static int refuse_verb(const struct vn_change *c, bool recorded, struct vnet_error *err)
{
	if (recorded && c->verb == VN_CHANGE_CREATE)
		return vnet_error_set(
			err, -EEXIST,
			"the network %s exists already (`vnet bridge set` changes it)", c->name);
	if (!recorded && c->verb != VN_CHANGE_CREATE && c->verb != VN_CHANGE_DHCP && !c->before)
		return vn_net_missing(c->name, err);
	return refuse_mixed(c, err);
}

static bool names(const struct vn_change *c, enum vnet_key key)
{
	bool found = false;

	for (size_t i = 0; i < c->n && !found; i++)
		found = c->edits[i].key == key;
	return found;
}

/* The way out that is asked for; NULL: none, or the one of the record. */
static const char *uplink_of(const struct vn_change *c)
{
	const char *uplink = c->verb == VN_CHANGE_ADD_PORT ? c->dev : NULL;

	if (c->before && vnet_spec_has(c->before, VNET_KEY_UPLINK))
		return c->before->uplink;

	for (size_t i = 0; i < c->n; i++) {
		if (c->edits[i].key == VNET_KEY_UPLINK)
			uplink = c->edits[i].how == '=' ? c->edits[i].text : NULL;
	}
	return uplink;
}

/* A way out that the record may have is not wanted any more, and the bridge stays. */
static bool gives_back(const struct vn_change *c)
{
	bool found = c->before && !vnet_spec_has(c->before, VNET_KEY_UPLINK);

	for (size_t i = 0; i < c->n; i++)
		found = found || (c->edits[i].key == VNET_KEY_UPLINK && c->edits[i].how == '0');
	return found;
}

/*
 * An address that is new on the NIC is asked for for a second or two: to be moved it must
 * be known to be its own, so that is waited for.
 */
static int read_settled(struct vnet *vnet, const struct vn_change *c,
			struct vnet_snapshot *ret_snap, struct vnet_error *err)
{
	const struct vn_purpose purpose = {
		.net = c->name,
		.change = true,
		.dhcp = c->verb == VN_CHANGE_DHCP || names(c, VNET_KEY_DHCP_RANGE),
		.uplink = uplink_of(c),
		.is_port = c->dev != NULL,
		/* What is taken back is taken back whatever it means for others. */
		.back = c->verb != VN_CHANGE_RESTORE &&
			(c->verb == VN_CHANGE_DELETE || gives_back(c)),
		.stays = gives_back(c),
	};
	int64_t end_ms = vn_clock_ms() + SETTLE_MS;
	int r = vn_net_snapshot(vnet, &purpose, ret_snap, err);

	while (r == 0 && ret_snap->survey && vnet_uplink_pending(ret_snap, ret_snap->uplink) &&
	       vn_clock_ms() < end_ms) {
		vn_sleep_ms(SETTLE_STEP_MS);
		vnet_snapshot_done(ret_snap);
		r = vn_net_snapshot(vnet, &purpose, ret_snap, err);
	}
	return r;
}

/* The index that a stranger took between looking and making, if that is what failed; else 0. */
static int32_t taken_index(const struct vnet_plan *plan, int r, const struct vnet_error *err)
{
	if (r != -EEXIST || err->outcome != VNET_OUTCOME_FAILED || err->op < 0 ||
	    (size_t)err->op >= plan->n_ops || plan->ops[err->op].kind != VNET_OP_LINK_ADD)
		return 0;
	return plan->ops[err->op].u.link.link.index;
}

/* Plan and carry out once. @watch: NULL, where nobody is to look after it. */
static int attempt(struct vnet *vnet, const struct vn_change *c, const struct vnet_how *how,
		   struct vn_watch *watch, struct vnet_result *ret_result, int32_t *ret_taken,
		   struct vnet_error *err)
{
	struct vn_txn txn = {
		.exec = &vnet->exec,
		.what = how->what,
		.net = c->name,
		.journal = vnet->journal,
		.watch = watch,
	};
	struct vnet_result result = { 0 };
	struct vnet_spec record = { 0 };
	struct vnet_snapshot snap;
	bool recorded;
	int r = read_settled(vnet, c, &snap, err);

	if (r < 0)
		return r;
	r = vn_net_record(&snap, c->name, &record, err);
	recorded = r == 0;
	snap.hand_over |= names(c, VNET_KEY_UPLINK_DHCP);
	if (r == 0 || r == -ENOENT)
		r = refuse_verb(c, recorded, err);
	if (r == 0)
		r = vn_change_want(c, &snap, recorded, &record, &result.spec, err);
	if (r == 0)
		r = plan_change(c, &snap, recorded, &record, &result.spec, how, &result.plan, err);
	if (r == 0 && how->confirm && !result.plan.watched)
		r = vnet_error_set(err, -EINVAL,
				   "--confirm: this does not touch the host's way out: leave it "
				   "out");
	if (r == 0 && !how->dry_run)
		r = vn_txn_run(&txn, &snap, &result.plan, err);
	vnet_spec_done(&record);
	vnet_snapshot_done(&snap);
	*ret_taken = taken_index(&result.plan, r, err);
	if (r < 0 || !ret_result)
		vnet_result_done(&result);
	else
		*ret_result = result;
	return r;
}

/* ---- which network is meant ---- */

typedef bool match_fn(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		      const void *arg);

/* The one network that matches, into @ret_name; -ENOENT or -ENOTUNIQ, and their names in @list. */
static int find_one(const struct vnet_snapshot *snap, match_fn *match, const void *arg,
		    char ret_name[VNET_NAME_SIZE], struct vn_text *list)
{
	size_t found = 0;

	for (size_t i = 0; i < snap->n_files; i++) {
		char name[VNET_NAME_SIZE];
		struct vnet_spec spec;

		if (!vn_name_of_record(snap->files[i].path, name) || !snap->files[i].content ||
		    vnet_spec_parse(snap->files[i].content, &spec, NULL) < 0)
			continue;
		if (match(&spec, snap, arg)) {
			vn_text_add(list, "%s%s", found ? ", " : "", spec.name);
			memcpy(ret_name, spec.name, VNET_NAME_SIZE);
			found++;
		}
		vnet_spec_done(&spec);
	}
	if (!found)
		return -ENOENT;
	return found == 1 ? 0 : -ENOTUNIQ;
}

static bool holds_range(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
			const void *arg)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, spec->name);
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	const struct vnet_range *range = arg;

	if (spec->foreign) /* served only by its name */
		return false;
	for (size_t i = 0; bridge && i < host->n_addrs; i++) {
		if (host->addrs[i].index == bridge->index &&
		    vnet_cidr_holds(&host->addrs[i].addr, &range->first))
			return true;
	}
	return false;
}

static bool is_served(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
		      const void *arg)
{
	(void)snap;
	(void)arg;
	return vnet_spec_has(spec, VNET_KEY_DHCP_RANGE);
}

/* @subject: what the one network must have, for the message. */
static int the_network(const struct vnet *vnet, match_fn *match, const void *arg,
		       const char *subject, char ret_name[VNET_NAME_SIZE], struct vnet_error *err)
{
	struct vn_text list = { 0 };
	struct vnet_snapshot snap;
	int r = vn_net_snapshot(vnet, &(struct vn_purpose){ .net = "" }, &snap, err);

	if (r < 0)
		return r;
	r = find_one(&snap, match, arg, ret_name, &list);
	vnet_snapshot_done(&snap);
	if (r == -ENOENT)
		(void)vnet_error_set(err, r, "no network %s: want --net NAME", subject);
	else if (r == -ENOTUNIQ)
		(void)vnet_error_set(err, r, "more than one network %s (%s): want --net NAME",
				     subject, list.buf ? list.buf : "");
	vn_text_done(&list);
	return r;
}

/* Where none was named: only the lock makes sure that it stays the one. */
static int find_network(const struct vnet *vnet, const struct vn_change *c,
			char ret_name[VNET_NAME_SIZE], struct vnet_error *err)
{
	struct vnet_range range;
	char subject[80];
	int r;

	if (c->verb == VN_CHANGE_DHCP_STOP)
		return the_network(vnet, is_served, NULL, "is served", ret_name, err);
	for (size_t i = 0; i < c->n; i++) {
		if (c->edits[i].key != VNET_KEY_DHCP_RANGE)
			continue;
		r = vnet_range_parse(c->edits[i].text, &range, err);
		if (r < 0)
			return r;
		(void)snprintf(subject, sizeof(subject), "has a subnet with %.40s",
			       c->edits[i].text);
		return the_network(vnet, holds_range, &range, subject, ret_name, err);
	}
	return vnet_error_set(err, -EINVAL, "no range: want one such as 10.1.1.11-100");
}

/* ---- all together ---- */

/* The record tells, before all is read: a change of a network with an uplink may move it. */
static bool moves_uplink(const struct vnet *vnet, const struct vn_change *c)
{
	auto_free char *record = NULL;
	char path[VNET_PATH_SIZE];

	if (c->dev)
		return false;
	if (uplink_of(c))
		return true;
	if (c->verb == VN_CHANGE_DHCP || c->verb == VN_CHANGE_DHCP_STOP ||
	    vn_name_path(vnet->run_dir, c->name, VN_NAME_RECORD, path) < 0)
		return false;
	return vn_file_read(path, &record, NULL) == 0 && strstr(record, "\nuplink ");
}

static int refuse_call(const struct vn_change *c, struct vnet_error *err)
{
	bool finds = c->verb == VN_CHANGE_DHCP || c->verb == VN_CHANGE_DHCP_STOP;
	bool port = c->verb == VN_CHANGE_ADD_PORT || c->verb == VN_CHANGE_DEL_PORT;
	int r = vn_given_names(finds ? "" : c->name, port ? c->dev : "", err);

	if (r == 0 && c->mode >= VNET_MODE_COUNT)
		r = vnet_error_set(err, -EINVAL, "there is no mode %d", (int)c->mode);
	return r < 0 ? r : vn_given_edits(c->edits, c->n, err);
}

static int run_change(struct vnet *vnet, const struct vn_change *asked,
		      const struct vnet_how *given, struct vnet_result *ret_result,
		      struct vnet_error *err)
{
	char what[VN_GIVEN_WHAT];
	const struct vnet_how how = vn_given_how(given, what);
	struct vn_watch watch = { .sock = -1 };
	struct vn_change c = *asked;
	struct vnet_error why = { 0 };
	char found[VNET_NAME_SIZE];
	auto_fd lock = -1;
	int32_t taken = 0;
	int32_t last;
	int tries = 0;
	int r = refuse_call(asked, err);

	if (r == 0 && c.name)
		r = vnet_name_parse(c.name, found, err);
	if (r == 0)
		r = vn_net_begin(vnet, &how, &lock, err);
	if (r == 0 && !c.name) {
		r = find_network(vnet, asked, found, err);
		c.name = found;
	}
	/* Begun early: it is ready by the time when the plan is. */
	if (r == 0 && lock >= 0 && vnet->kernel && moves_uplink(vnet, &c))
		r = vn_watch_open(lock, how.confirm, &watch, err);
	if (r < 0)
		return r;
	do {
		last = taken;
		why = (struct vnet_error){ 0 };
		r = attempt(vnet, &c, &how, watch.sock < 0 ? NULL : &watch, ret_result, &taken,
			    &why);
	} while (taken && taken != last && ++tries < INDEX_RETRIES);
	vn_watch_close(&watch,
		       vnet->exec.ops->spent ? vnet->exec.ops->spent(vnet->exec.self) : NULL);
	if (r < 0 && err && !err->code)
		*err = why;
	return r;
}

int vnet_create(struct vnet *vnet, enum vnet_mode_id mode, const char *name,
		const struct vnet_edit *edits, size_t n, const struct vnet_how *how,
		struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = {
		.verb = VN_CHANGE_CREATE, .mode = mode, .name = name, .edits = edits, .n = n
	};

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_set(struct vnet *vnet, const char *name, const struct vnet_edit *edits, size_t n,
	     const struct vnet_how *how, struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_SET, .name = name, .edits = edits, .n = n };

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_add_port(struct vnet *vnet, const char *name, const char *dev, const struct vnet_how *how,
		  struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_ADD_PORT, .name = name, .dev = dev };

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_del_port(struct vnet *vnet, const char *name, const char *dev, const struct vnet_how *how,
		  struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_DEL_PORT, .name = name, .dev = dev };

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_delete(struct vnet *vnet, const char *name, const struct vnet_how *how,
		struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_DELETE, .name = name };

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_dhcp(struct vnet *vnet, const char *name, const struct vnet_edit *edits, size_t n,
	      const struct vnet_how *how, struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_DHCP, .name = name, .edits = edits, .n = n };

	return run_change(vnet, &c, how, ret_result, err);
}

int vnet_dhcp_stop(struct vnet *vnet, const char *name, const struct vnet_how *how,
		   struct vnet_result *ret_result, struct vnet_error *err)
{
	struct vn_change c = { .verb = VN_CHANGE_DHCP_STOP, .name = name };

	return run_change(vnet, &c, how, ret_result, err);
}

int vn_net_restore(struct vnet *vnet, const char *name, const struct vnet_spec *before,
		   const char *what, struct vnet_error *err)
{
	const struct vnet_how how = { .what = what, .force = true };
	struct vn_change c = { .verb = VN_CHANGE_RESTORE, .name = name, .before = before };

	if (before)
		c.mode = before->mode;
	return run_change(vnet, &c, &how, NULL, err);
}
