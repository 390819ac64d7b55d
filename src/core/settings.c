/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * The kernel's messages tell nearly all, in a tenth of the time that the files take. All
 * links have the same files: one directory is listed for what there is besides, the one of
 * what a new link gets, which no message tells of conf. So that, where it is wanted, is
 * read as files, and of the links what was not told.
 */
#include "core/settings.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/snapshot.h"
#include "base/text.h"
#include "sys/sysctl.h"
#include "wire/settings.h"

#define FRESH "default"

/* A link's own two of IPv6 stand with the link already. */
static bool is_with_link(const char *dir, const char *key)
{
	return !strcmp(dir, "ipv6/conf") && (!strcmp(key, "accept_ra") || !strcmp(key, "autoconf"));
}

static int on_told(const struct vnet_sysctl *setting, void *arg)
{
	if (is_with_link(setting->dir, setting->key))
		return 0;
	return vn_snapshot_add_sysctl(arg, VNET_NS_HOST, setting);
}

static int add(const char *dir, const char *link, const char *key, const char *value,
	       struct vnet_snapshot *snap)
{
	struct vnet_sysctl sysctl = { 0 };

	if (vn_copy(sysctl.dir, sizeof(sysctl.dir), dir) < 0 ||
	    vn_copy(sysctl.link, sizeof(sysctl.link), link) < 0 ||
	    vn_copy(sysctl.key, sizeof(sysctl.key), key) < 0 ||
	    vn_copy(sysctl.value, sizeof(sysctl.value), value) < 0)
		return 0; /* not one of those that are short */
	return vn_snapshot_add_sysctl(snap, VNET_NS_HOST, &sysctl);
}

/* For whom files are read. */
struct files {
	const char *nic;
	const char *bridge; /* NULL: it is not there yet */
	bool fresh;
	struct vnet_snapshot *snap;
};

static bool is_wanted(const char *dir, const char *key, void *arg)
{
	const struct files *files = arg;

	return files->fresh && !is_with_link(dir, key);
}

/* NULL: a link that is not there yet. */
static int add_of(const struct files *files, const char *link, const char *dir, const char *key)
{
	char value[VN_SYSCTL_VALUE];

	if (!link || vn_sysctl_read(dir, link, key, value) < 0)
		return 0;
	return add(dir, link, key, value, files->snap);
}

/* One file of a new link's directory; of the two links themselves what was not told. */
static int on_file(const char *dir, const char *link, const char *key, const char *value, void *arg)
{
	const struct files *files = arg;
	int r = value ? add(dir, link, key, value, files->snap) : 0;

	if (r < 0 || is_with_link(dir, key) ||
	    vnet_sysctl_find(files->snap, VNET_NS_HOST, files->nic, dir, key))
		return r;
	r = add_of(files, files->nic, dir, key);
	return r < 0 ? r : add_of(files, files->bridge, dir, key);
}

int vn_settings_read(struct vn_sock *sock, const char *nic, const char *bridge, bool fresh,
		     struct vnet_snapshot *snap)
{
	const struct vnet_link *from = vnet_link_by_name(snap, VNET_NS_HOST, nic);
	const struct vnet_link *to = vnet_link_by_name(snap, VNET_NS_HOST, bridge);
	struct vn_settings_of of[3];
	/* Unplugged, the NIC has none: what the bridge has by it is taken back all the same. */
	const struct files files = { from ? nic : bridge, from && to ? bridge : NULL, fresh, snap };
	size_t n = 0;
	int r;

	if (!from && !to)
		return 0;
	if (from)
		of[n++] = (struct vn_settings_of){ from->index, nic };
	if (to)
		of[n++] = (struct vn_settings_of){ to->index, bridge };
	if (fresh)
		of[n++] = (struct vn_settings_of){ 0, FRESH };
	r = vn_read_settings(sock, of, n, on_told, snap);
	if (r == -ENODEV) /* gone since the links were read */
		r = -EINTR;
	return r < 0 ? r : vn_sysctl_list(FRESH, is_wanted, on_file, (void *)(uintptr_t)&files);
}

int vn_settings_inet6(const char *bridge, struct vnet_snapshot *snap)
{
	const char *link = vnet_link_by_name(snap, VNET_NS_HOST, bridge) ? bridge : FRESH;
	char value[VN_SYSCTL_VALUE];

	if (vnet_sysctl_find(snap, VNET_NS_HOST, link, "ipv6/conf", "disable_ipv6") ||
	    vn_sysctl_read("ipv6/conf", link, "disable_ipv6", value) < 0)
		return 0;
	return add("ipv6/conf", link, "disable_ipv6", value, snap);
}
