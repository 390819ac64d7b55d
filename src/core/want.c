/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb makes of a record: the network as it is to be. */
#include "core/change.h"

#include <errno.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/text.h"
#include "core/options.h"

static int edit(struct vnet_spec *spec, const struct vnet_edit *edits, size_t n,
		struct vnet_error *err)
{
	uint64_t keys = vnet_mode_get(spec->mode)->keys;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (!(keys >> edits[i].key & 1))
			return vnet_error_set(err, -EINVAL, "the mode %s knows no such option",
					      vnet_mode_get(spec->mode)->name);
		r = vnet_spec_edit(spec, edits[i].key, edits[i].how, edits[i].text, err);
	}
	return r;
}

static int want_new(const struct vn_change *c, const struct vnet_snapshot *snap,
		    struct vnet_spec *ret_want, struct vnet_error *err)
{
	const struct vnet_link *link;
	int r;

	vnet_spec_init(ret_want, c->mode);
	r = vnet_name_parse(c->name, ret_want->name, err);
	if (r < 0 || c->verb == VN_CHANGE_CREATE)
		return r;
	/* DHCP on a bridge that vnet did not make */
	link = vnet_link_by_name(snap, VNET_NS_HOST, c->name);
	if (!link)
		return vnet_error_set(err, -ENODEV,
				      "there is no bridge '%s' (`vnet bridge create` makes one)",
				      c->name);
	if (strcmp(link->kind, "bridge") != 0)
		return vnet_error_set(err, -EINVAL, "'%s' is no bridge: want the name of one",
				      c->name);
	return vnet_spec_edit(ret_want, VNET_KEY_FOREIGN, '=', "yes", err);
}

/* Each port has a verb of its own that takes it away. */
static int refuse_port(const struct vn_change *c, const struct vnet_snapshot *snap,
		       const struct vnet_spec *spec, struct vnet_error *err)
{
	const struct vnet_link *link = vnet_link_by_name(snap, VNET_NS_HOST, c->dev);
	char server[VNET_NAME_SIZE];

	vnet_dhcp_link_name(c->name, server);
	if (!link || strcmp(link->master_name, c->name) != 0)
		return vnet_error_set(err, -ENOENT,
				      "%s is no port of %s (`vnet show %s` lists them)", c->dev,
				      c->name, c->name);
	if (vnet_spec_has(spec, VNET_KEY_UPLINK) && !strcmp(spec->uplink, c->dev))
		return vnet_error_set(err, -EBUSY,
				      "%s is the uplink: want `vnet bridge set %s --no-uplink`",
				      c->dev, c->name);
	if (!strcmp(server, c->dev))
		return vnet_error_set(err, -EBUSY,
				      "%s is the DHCP server's: want `vnet dhcp stop --net %s`",
				      c->dev, c->name);
	if (!strcmp(link->kind, "tun") && link->group == spec->group)
		return vnet_error_set(err, -EBUSY,
				      "%s is a guest's: it goes with the guest, or by vnet-ifdown",
				      c->dev);
	return vnet_error_set(err, -EPERM,
			      "vnet did not make %s a port: want `ip link set %s nomaster`", c->dev,
			      c->dev);
}

/* The element of the record's list as it stands there. */
static int drop_port(const struct vnet_port *port, struct vnet_spec *want, struct vnet_error *err)
{
	struct vn_text text = { 0 };
	int r;

	vn_value_print(&vn_options[VNET_KEY_PORT], port, &text);
	r = text.failed ? vnet_error_set(err, -ENOMEM, "out of memory") :
			  vnet_spec_edit(want, VNET_KEY_PORT, '-', text.buf, err);
	vn_text_done(&text);
	return r;
}

static int edit_ports(const struct vn_change *c, const struct vnet_snapshot *snap,
		      struct vnet_spec *want, struct vnet_error *err)
{
	const struct vnet_port *port = vnet_port_find(want, c->dev);
	char name[VNET_NAME_SIZE];
	int r = vnet_name_parse(c->dev, name, err);

	if (r < 0)
		return r;
	if (c->verb == VN_CHANGE_ADD_PORT) /* once more: nothing, or again where it was taken off */
		return port ? 0 : vnet_spec_edit(want, VNET_KEY_PORT, '+', name, err);
	return port ? drop_port(port, want, err) : refuse_port(c, snap, want, err);
}

int vn_change_want(const struct vn_change *c, const struct vnet_snapshot *snap, bool recorded,
		   const struct vnet_spec *record, struct vnet_spec *ret_want,
		   struct vnet_error *err)
{
	const struct vnet_spec *from = c->before ? c->before : record;
	struct vnet_spec want = { 0 };
	int r = recorded || c->before ? vnet_spec_copy(from, &want) : want_new(c, snap, &want, err);

	if (r == 0 && (c->verb == VN_CHANGE_SET || c->dev) && want.foreign)
		r = vnet_error_set(err, -EPERM,
				   "%s is a bridge that vnet did not make: want `vnet dhcp` for "
				   "its server, `ip` for the rest",
				   c->name);
	if (r == 0)
		r = edit(&want, c->edits, c->n, err);
	if (r == 0 && c->dev)
		r = edit_ports(c, snap, &want, err);
	if (r == 0 && c->verb == VN_CHANGE_DHCP && !vnet_spec_has(&want, VNET_KEY_DHCP_RANGE))
		r = vnet_error_set(err, -EINVAL, "no range: want one such as 10.1.1.11-100");
	if (r == 0 && c->verb == VN_CHANGE_DHCP_STOP)
		vnet_spec_drop_dhcp(&want);
	if (r < 0) {
		vnet_spec_done(&want);
		return r;
	}
	*ret_want = want;
	return 0;
}
