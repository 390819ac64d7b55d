/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/facts.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/mode.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "services/dnsmasq.h"
#include "sys/file.h"

/* A file that can't be read as text (a device, too large) counts as not there: it is not ours. */
static int read_file(struct vnet_snapshot *snap, const char *path)
{
	auto_free char *content = NULL;
	uint32_t mode = 0;
	int r = vn_file_read(path, &content, &mode);

	if (r == -ENOMEM)
		return r;
	return vn_snapshot_set_file(snap, path, r < 0 ? NULL : content, mode);
}

static int is_record(const struct dirent *entry)
{
	char net[VNET_NAME_SIZE];

	return vn_name_of_record(entry->d_name, net);
}

/* Sorted by name, so that messages and plans do not depend on the directory's order. */
static int read_records(struct vnet_snapshot *snap)
{
	struct dirent **entries;
	int n = scandir(snap->run_dir, &entries, is_record, alphasort);
	int r = 0;

	if (n < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		char path[VNET_PATH_SIZE];

		if (r == 0 &&
		    vn_format(path, sizeof(path), "%s/%s", snap->run_dir, entries[i]->d_name) == 0)
			r = read_file(snap, path);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* The way out that a record names; a record that is no such text names none. */
static void uplink_of(const char *record, char ret_uplink[VNET_NAME_SIZE])
{
	static const char key[] = "\nuplink ";
	const char *at = strstr(record, key);
	char name[VNET_NAME_SIZE];

	if (at && vn_format(name, sizeof(name), "%.*s", (int)strcspn(at + sizeof(key) - 1, "\n"),
			    at + sizeof(key) - 1) == 0)
		memcpy(ret_uplink, name, sizeof(name));
}

/* The bridge's own timers, where the kernel shows those of another, the root. */
static int own_timers(const char *record, const char *net, struct vnet_snapshot *snap)
{
	const struct vnet_link *found = vnet_link_by_name(snap, VNET_NS_HOST, net);
	struct vnet_link *link;
	struct vnet_spec spec;
	int r;

	if (!found || !found->bridge.root_delay)
		return 0;
	r = vnet_spec_parse(record, &spec, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : 0; /* refused by who needs it */
	link = vn_snapshot_link(snap, VNET_NS_HOST, found->index);
	if (link && vnet_spec_has(&spec, VNET_KEY_FORWARD_DELAY))
		link->bridge.forward_delay = spec.forward_delay;
	if (link && vnet_spec_has(&spec, VNET_KEY_HELLO))
		link->bridge.hello = spec.hello;
	if (link && vnet_spec_has(&spec, VNET_KEY_MAX_AGE))
		link->bridge.max_age = spec.max_age;
	vnet_spec_done(&spec);
	return 0;
}

int vn_facts_files(const char *net, struct vnet_snapshot *snap)
{
	static const enum vn_name others[] = { VN_NAME_CONF, VN_NAME_HOSTS, VN_NAME_PID,
					       VN_NAME_CLIENT };
	char record[VNET_PATH_SIZE];
	const struct vnet_file *file;
	int r = read_records(snap);

	if (!*net || r < 0)
		return r;
	if (vn_name_path(snap->run_dir, net, VN_NAME_RECORD, record) == 0) {
		file = vnet_file_by_path(snap, record);
		if (file && file->content && strstr(file->content, "\ndhcp."))
			snap->dhcp = true;
		if (file && file->content && !*snap->uplink)
			uplink_of(file->content, snap->uplink);
		if (file && file->content)
			r = own_timers(file->content, net, snap);
		if (file && file->content && strstr(file->content, "\nuplink-dhcp "))
			snap->hand_over = true;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && r == 0; i++) {
		char path[VNET_PATH_SIZE];

		r = vn_name_path(snap->run_dir, net, others[i], path);
		if (r == 0)
			r = read_file(snap, path);
	}
	return r == 0 ? read_file(snap, snap->lease_path) : r;
}

static bool loopback(const struct vnet_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (ip->family == AF_INET) /* what is no host's goes the same way: RFC 6890 */
		return ip->bytes[0] == 127 || !ip->bytes[0] || ip->bytes[0] >= 224;
	return !memcmp(ip->bytes, one, sizeof(one));
}

size_t vn_resolvers_parse(char *text, struct vnet_ip *ret_ips, size_t max)
{
	char *line;
	size_t n = 0;

	while (n < max && (line = vn_line_next(&text))) {
		char *save = NULL;
		const char *word = strtok_r(line, " \t", &save);
		const char *value = word ? strtok_r(NULL, " \t", &save) : NULL;
		struct vnet_ip ip;

		if (value && !strcmp(word, "nameserver") && vnet_ip_parse(value, &ip, NULL) == 0 &&
		    !loopback(&ip))
			ret_ips[n++] = ip;
	}
	return n;
}

static int read_resolvers(struct vnet_snapshot *snap)
{
	/* The second is where systemd-resolved names the servers behind its own 127.0.0.53. */
	static const char *const paths[] = { "/etc/resolv.conf",
					     "/run/systemd/resolve/resolv.conf" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !snap->n_resolvers; i++) {
		auto_free char *real =
			realpath(paths[i], NULL); /* often a link, and the host's own */
		auto_free char *text = NULL;
		int r = real ? vn_file_read(real, &text, NULL) : -ENOENT;

		if (r == -ENOMEM)
			return r;
		if (r == 0)
			snap->n_resolvers =
				vn_resolvers_parse(text, snap->resolvers, VNET_RESOLVERS);
	}
	return 0;
}

int vn_facts_host(struct vnet_snapshot *snap)
{
	auto_free char *forward = NULL;
	const char *user;
	int r;

	if (!snap->dhcp)
		return 0;
	r = vn_file_read("/proc/sys/net/ipv4/ip_forward", &forward, NULL);
	if (r == -ENOMEM)
		return r;
	snap->forwarding = r == 0 && forward[0] == '1';
	user = vn_dnsmasq_program() ? vn_dnsmasq_user() : NULL;
	if (user && vn_dnsmasq_group(snap->dhcp_group) == 0 &&
	    vn_copy(snap->dhcp_user, sizeof(snap->dhcp_user), user) < 0)
		return -ENAMETOOLONG;
	return read_resolvers(snap);
}
