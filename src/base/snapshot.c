/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/snapshot.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/*
 * Append one item of @size to the array of *@n that the pointer at @array points to;
 * arrays grow by doubling from 8. The pointer is copied as bytes: it has another type.
 */
static int append(void *array, size_t *n, size_t size, const void *item)
{
	void *items;

	memcpy(&items, array, sizeof(items));
	if (*n == 0 || (*n >= 8 && (*n & (*n - 1)) == 0)) {
		void *grown = realloc(items, (*n ? *n * 2 : 8) * size);

		if (!grown)
			return -ENOMEM;
		items = grown;
		memcpy(array, &items, sizeof(items));
	}
	memcpy((char *)items + *n * size, item, size);
	(*n)++;
	return 0;
}

int vn_snapshot_add_link(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			 const struct vnet_link *link)
{
	struct vnet_ns *in = &snap->ns[ns];

	return append(&in->links, &in->n_links, sizeof(*link), link);
}

int vn_snapshot_add_addr(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			 const struct vnet_ifaddr *addr)
{
	struct vnet_ns *in = &snap->ns[ns];

	return append(&in->addrs, &in->n_addrs, sizeof(*addr), addr);
}

int vn_snapshot_add_route(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			  const struct vnet_route *route)
{
	struct vnet_ns *in = &snap->ns[ns];

	return append(&in->routes, &in->n_routes, sizeof(*route), route);
}

static struct vnet_sysctl *find_sysctl(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
				       const char *link, const char *dir, const char *key)
{
	for (size_t i = 0; i < snap->ns[ns].n_sysctls; i++) {
		struct vnet_sysctl *sysctl = &snap->ns[ns].sysctls[i];

		/* The first byte tells most of them apart, and there are hundreds. */
		if (sysctl->key[0] == key[0] && !strcmp(sysctl->key, key) &&
		    !strcmp(sysctl->link, link) && !strcmp(sysctl->dir, dir))
			return sysctl;
	}
	return NULL;
}

const struct vnet_sysctl *vnet_sysctl_find(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   const char *link, const char *dir, const char *key)
{
	return find_sysctl(snap, ns, link, dir, key);
}

int vn_snapshot_add_sysctl(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_sysctl *sysctl)
{
	struct vnet_ns *in = &snap->ns[ns];

	return append(&in->sysctls, &in->n_sysctls, sizeof(*sysctl), sysctl);
}

int vn_snapshot_set_sysctl(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_sysctl *sysctl)
{
	struct vnet_sysctl *old = find_sysctl(snap, ns, sysctl->link, sysctl->dir, sysctl->key);

	if (!old)
		return vn_snapshot_add_sysctl(snap, ns, sysctl);
	*old = *sysctl;
	return 0;
}

int vn_snapshot_add_tie(struct vnet_snapshot *snap, const struct vnet_tie *tie)
{
	return append(&snap->ties, &snap->n_ties, sizeof(*tie), tie);
}

int vn_snapshot_add_taken(struct vnet_snapshot *snap, const struct vnet_ip *ip)
{
	return append(&snap->taken, &snap->n_taken, sizeof(*ip), ip);
}

int vn_snapshot_set_file(struct vnet_snapshot *snap, const char *path, const char *content,
			 uint32_t mode)
{
	struct vnet_file *file;
	char *copy = NULL;
	size_t i = 0;

	while (i < snap->n_files && strcmp(snap->files[i].path, path) != 0)
		i++;
	if (i == snap->n_files) {
		struct vnet_file empty = { 0 };
		int r = vn_copy(empty.path, sizeof(empty.path), path);

		if (r == 0)
			r = append(&snap->files, &snap->n_files, sizeof(empty), &empty);
		if (r < 0)
			return r;
	}
	assert(snap->files); /* there is one now, if there was none */
	file = &snap->files[i];
	if (content) {
		copy = strdup(content);
		if (!copy)
			return -ENOMEM;
	}
	free(file->content);
	file->content = copy;
	file->mode = mode;
	return 0;
}

struct vnet_link *vn_snapshot_link(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index)
{
	for (size_t i = 0; i < snap->ns[ns].n_links; i++) {
		if (snap->ns[ns].links[i].index == index)
			return &snap->ns[ns].links[i];
	}
	return NULL;
}

/* Drop the routes through a link. */
static void del_routes(struct vnet_ns *in, int32_t index)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_routes; i++) {
		if (in->routes[i].index != index)
			in->routes[n++] = in->routes[i];
	}
	in->n_routes = n;
}

void vn_snapshot_del_link(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index)
{
	struct vnet_ns *in = &snap->ns[ns];
	size_t n = 0;

	for (size_t i = 0; i < in->n_links; i++) {
		if (in->links[i].master == index) {
			in->links[i].master = 0;
			in->links[i].master_name[0] = '\0';
			in->links[i].port = (struct vnet_port_attrs){ 0 };
		}
		if (in->links[i].index != index)
			in->links[n++] = in->links[i];
	}
	in->n_links = n;
	n = 0;
	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index != index)
			in->addrs[n++] = in->addrs[i];
	}
	in->n_addrs = n;
	del_routes(in, index);
	vn_snapshot_del_objects_of(snap, ns, index);
}

void vn_snapshot_del_addr(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index,
			  const struct vnet_cidr *addr)
{
	struct vnet_ns *in = &snap->ns[ns];
	size_t n = 0;

	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index != index || !vnet_cidr_equal(&in->addrs[i].addr, addr))
			in->addrs[n++] = in->addrs[i];
	}
	in->n_addrs = n;
}

int vn_snapshot_add_client(struct vnet_snapshot *snap, const struct vnet_client *client)
{
	struct vnet_client copy = *client;
	int r;

	if (client->command) {
		copy.command = strdup(client->command);
		if (!copy.command)
			return -ENOMEM;
	}
	r = append(&snap->clients, &snap->n_clients, sizeof(copy), &copy);
	if (r < 0)
		free(copy.command);
	return r;
}

void vn_snapshot_del_client(struct vnet_snapshot *snap, const char *program, const char *link)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->n_clients; i++) {
		struct vnet_client *client = &snap->clients[i];

		if (!strcmp(client->program, program) && !strcmp(client->link, link))
			free(client->command);
		else
			snap->clients[n++] = *client;
	}
	snap->n_clients = n;
}

void vn_snapshot_clear_clients(struct vnet_snapshot *snap)
{
	for (size_t i = 0; i < snap->n_clients; i++)
		free(snap->clients[i].command);
	free(snap->clients);
	snap->clients = NULL;
	snap->n_clients = 0;
}

void vn_snapshot_clear_ties(struct vnet_snapshot *snap, enum vnet_tie_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->n_ties; i++) {
		if (snap->ties[i].kind != kind)
			snap->ties[n++] = snap->ties[i];
	}
	snap->n_ties = n;
}

void vn_snapshot_clear_ns(struct vnet_snapshot *snap, enum vnet_ns_id ns)
{
	struct vnet_ns *in = &snap->ns[ns];

	free(in->links);
	free(in->addrs);
	free(in->routes);
	free(in->sysctls);
	vn_snapshot_clear_objects(snap, ns);
	in->sysctls = NULL;
	in->n_sysctls = 0;
	in->links = NULL;
	in->addrs = NULL;
	in->routes = NULL;
	in->n_links = 0;
	in->n_addrs = 0;
	in->n_routes = 0;
	in->exists = false;
	in->hidden = false;
	in->dead = false;
}

void vnet_snapshot_done(struct vnet_snapshot *snap)
{
	if (!snap)
		return;
	for (int ns = 0; ns < VNET_NS_COUNT; ns++)
		vn_snapshot_clear_ns(snap, (enum vnet_ns_id)ns);
	for (size_t i = 0; i < snap->n_files; i++)
		free(snap->files[i].content);
	free(snap->files);
	free(snap->ties);
	free(snap->taken);
	vn_snapshot_clear_clients(snap);
	*snap = (struct vnet_snapshot){ 0 };
}

void vn_snapshot_head(const struct vnet_snapshot *from, struct vnet_snapshot *ret_head)
{
	*ret_head = (struct vnet_snapshot){ .seed = from->seed,
					    .dhcp = from->dhcp,
					    .hand_over = from->hand_over };
	memcpy(ret_head->uplink, from->uplink, sizeof(ret_head->uplink));
	ret_head->uplink_index = from->uplink_index;
	memcpy(ret_head->run_dir, from->run_dir, sizeof(ret_head->run_dir));
	memcpy(ret_head->lease_path, from->lease_path, sizeof(ret_head->lease_path));
	for (int ns = 0; ns < VNET_NS_COUNT; ns++)
		memcpy(ret_head->ns[ns].name, from->ns[ns].name, sizeof(ret_head->ns[ns].name));
}

static int copy_ns(const struct vnet_ns *from, struct vnet_snapshot *to, enum vnet_ns_id ns)
{
	int r = 0;

	for (size_t i = 0; i < from->n_links && r == 0; i++)
		r = vn_snapshot_add_link(to, ns, &from->links[i]);
	for (size_t i = 0; i < from->n_addrs && r == 0; i++)
		r = vn_snapshot_add_addr(to, ns, &from->addrs[i]);
	for (size_t i = 0; i < from->n_routes && r == 0; i++)
		r = vn_snapshot_add_route(to, ns, &from->routes[i]);
	for (size_t i = 0; i < from->n_objects && r == 0; i++)
		r = vn_snapshot_add_object(to, ns, from->objects[i]);
	for (size_t i = 0; i < from->n_sysctls && r == 0; i++)
		r = vn_snapshot_add_sysctl(to, ns, &from->sysctls[i]);
	return r;
}

int vnet_snapshot_copy(const struct vnet_snapshot *from, struct vnet_snapshot *ret_copy)
{
	struct vnet_snapshot copy = *from;
	int r = 0;

	copy.files = NULL;
	copy.n_files = 0;
	copy.ties = NULL;
	copy.n_ties = 0;
	copy.taken = NULL;
	copy.n_taken = 0;
	copy.clients = NULL;
	copy.n_clients = 0;
	for (int ns = 0; ns < VNET_NS_COUNT; ns++) {
		copy.ns[ns] = (struct vnet_ns){ .exists = from->ns[ns].exists,
						.hidden = from->ns[ns].hidden,
						.dead = from->ns[ns].dead };
		memcpy(copy.ns[ns].name, from->ns[ns].name, sizeof(copy.ns[ns].name));
	}
	for (int ns = 0; ns < VNET_NS_COUNT && r == 0; ns++)
		r = copy_ns(&from->ns[ns], &copy, (enum vnet_ns_id)ns);
	for (size_t i = 0; i < from->n_files && r == 0; i++)
		r = vn_snapshot_set_file(&copy, from->files[i].path, from->files[i].content,
					 from->files[i].mode);
	for (size_t i = 0; i < from->n_ties && r == 0; i++)
		r = vn_snapshot_add_tie(&copy, &from->ties[i]);
	for (size_t i = 0; i < from->n_taken && r == 0; i++)
		r = vn_snapshot_add_taken(&copy, &from->taken[i]);
	for (size_t i = 0; i < from->n_clients && r == 0; i++)
		r = vn_snapshot_add_client(&copy, &from->clients[i]);
	if (r < 0) {
		vnet_snapshot_done(&copy);
		return r;
	}
	*ret_copy = copy;
	return 0;
}

const struct vnet_link *vnet_link_by_name(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					  const char *name)
{
	for (size_t i = 0; i < snap->ns[ns].n_links; i++) {
		if (!strcmp(snap->ns[ns].links[i].name, name))
			return &snap->ns[ns].links[i];
	}
	return NULL;
}

const struct vnet_link *vnet_link_by_index(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   int32_t index)
{
	for (size_t i = 0; i < snap->ns[ns].n_links; i++) {
		if (snap->ns[ns].links[i].index == index)
			return &snap->ns[ns].links[i];
	}
	return NULL;
}

const struct vnet_file *vnet_file_by_path(const struct vnet_snapshot *snap, const char *path)
{
	for (size_t i = 0; i < snap->n_files; i++) {
		if (!strcmp(snap->files[i].path, path))
			return &snap->files[i];
	}
	return NULL;
}

bool vnet_snapshot_has_addr(const struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index,
			    const struct vnet_cidr *addr)
{
	const struct vnet_ns *in = &snap->ns[ns];

	for (size_t i = 0; i < in->n_addrs; i++) {
		if (in->addrs[i].index == index && vnet_cidr_equal(&in->addrs[i].addr, addr))
			return true;
	}
	return false;
}
