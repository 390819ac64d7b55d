/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * The kernel's messages tell nearly all, in a tenth of the time that the files take. The
 * NIC's directories are listed for what they have besides; that, and what a new link gets
 * of conf, which no message tells, is read as files.
 */
#include "core/settings.h"

#include <errno.h>
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

static int on_file(const char *dir, const char *link, const char *key, const char *value, void *arg)
{
	struct vnet_sysctl sysctl = { 0 };

	if (vn_copy(sysctl.dir, sizeof(sysctl.dir), dir) < 0 ||
	    vn_copy(sysctl.link, sizeof(sysctl.link), link) < 0 ||
	    vn_copy(sysctl.key, sizeof(sysctl.key), key) < 0 ||
	    vn_copy(sysctl.value, sizeof(sysctl.value), value) < 0)
		return 0; /* not one of those that are short */
	return vn_snapshot_add_sysctl(arg, VNET_NS_HOST, &sysctl);
}

/* All that is known so far is the NIC's and the bridge's; the NIC's stands first. */
static bool is_untold(const char *dir, const char *key, void *arg)
{
	const struct vnet_snapshot *snap = arg;
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	for (size_t i = 0; i < host->n_sysctls; i++) {
		if (!strcmp(host->sysctls[i].key, key) && !strcmp(host->sysctls[i].dir, dir))
			return false;
	}
	return !is_with_link(dir, key);
}

static bool is_with_fresh(const char *dir, const char *key, void *arg)
{
	(void)arg;
	return !is_with_link(dir, key);
}

/* Those of the NIC that were found as files, the last of the list from @first on. */
static int read_same(size_t first, const char *bridge, struct vnet_snapshot *snap)
{
	size_t n = snap->ns[VNET_NS_HOST].n_sysctls;
	int r = 0;

	for (size_t i = first; i < n && r == 0; i++) {
		const struct vnet_sysctl nics = snap->ns[VNET_NS_HOST].sysctls[i];
		char value[VN_SYSCTL_VALUE];

		if (vn_sysctl_read(nics.dir, bridge, nics.key, value) == 0)
			r = on_file(nics.dir, bridge, nics.key, value, snap);
	}
	return r;
}

int vn_settings_read(struct vn_sock *sock, const char *nic, const char *bridge, bool fresh,
		     struct vnet_snapshot *snap)
{
	const struct vnet_link *from = vnet_link_by_name(snap, VNET_NS_HOST, nic);
	const struct vnet_link *to = vnet_link_by_name(snap, VNET_NS_HOST, bridge);
	struct vn_settings_of of[3];
	size_t told;
	size_t n = 0;
	int r;

	if (!from)
		return 0;
	of[n++] = (struct vn_settings_of){ from->index, nic };
	if (to)
		of[n++] = (struct vn_settings_of){ to->index, bridge };
	if (fresh)
		of[n++] = (struct vn_settings_of){ 0, FRESH };
	r = vn_read_settings(sock, of, n, on_told, snap);
	if (r == -ENODEV) /* gone since the links were read */
		r = -EINTR;
	told = snap->ns[VNET_NS_HOST].n_sysctls;
	if (r == 0)
		r = vn_sysctl_list(nic, is_untold, on_file, snap);
	if (r == 0 && to)
		r = read_same(told, bridge, snap);
	if (r == 0 && fresh)
		r = vn_sysctl_list(FRESH, is_with_fresh, on_file, snap);
	return r;
}
