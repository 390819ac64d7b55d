/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects of a namespace: in the kernel's order, and found by what makes them the same.
 * A NIC may have thousands, and each operation on one looks it up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snapshot.h"

enum { HEADS_FIRST = 64 };

struct entry {
	struct vnet_object object; /* first: vnet_ns.objects points to it */
	struct entry *next;	   /* of those with the same hash, in the order of the list */
};

struct vnet_object_table {
	size_t n_heads; /* a power of two */
	/* cppcheck-suppress unusedStructMember ; it does not follow flexible arrays */
	struct entry *heads[];
};

/* One round of FNV-1a, on words. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 1099511628211ULL;
	return hash ^ hash >> 32;
}

/* Of what vnet_object_same() compares, as much as tells most of them apart. */
static uint64_t hash_of(const struct vnet_object *object)
{
	uint64_t hash = mix(14695981039346656037ULL, object->kind);
	uint64_t half[2];

	if (object->kind == VNET_OBJECT_NEXTHOP)
		return mix(hash, object->nexthop);
	memcpy(half, object->to.ip.bytes, sizeof(half));
	hash = mix(mix(hash, half[0]), half[1]);
	if (object->kind == VNET_OBJECT_ROUTE)
		hash = mix(mix(hash, object->table), object->metric);
	return mix(hash, (uint32_t)object->index);
}

static struct entry **chain_of(const struct vnet_ns *in, const struct vnet_object *object)
{
	return &in->object_table->heads[hash_of(object) & (in->object_table->n_heads - 1)];
}

static void link_in(struct vnet_ns *in, struct entry *entry)
{
	struct entry **at = chain_of(in, &entry->object);

	while (*at)
		at = &(*at)->next;
	entry->next = NULL;
	*at = entry;
}

static void link_out(struct vnet_ns *in, struct entry *entry)
{
	struct entry **at = chain_of(in, &entry->object);

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
}

/* Room for one more, in the list and in the table. */
static int grow(struct vnet_ns *in)
{
	size_t size = in->object_table ? in->object_table->n_heads * 2 : HEADS_FIRST;
	struct vnet_object_table *table;
	struct vnet_object **list;

	if (in->object_table && in->n_objects < in->object_table->n_heads)
		return 0;
	list = realloc(in->objects, size * sizeof(struct vnet_object *));
	if (!list)
		return -ENOMEM;
	in->objects = list;
	table = calloc(1, sizeof(*table) + size * sizeof(struct entry *));
	if (!table)
		return -ENOMEM;
	table->n_heads = size;
	free(in->object_table);
	in->object_table = table;
	for (size_t i = 0; i < in->n_objects; i++)
		link_in(in, (struct entry *)in->objects[i]);
	return 0;
}

int vn_snapshot_add_object(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_object *object)
{
	struct vnet_ns *in = &snap->ns[ns];
	struct entry *entry = malloc(sizeof(*entry));
	int r = entry ? grow(in) : -ENOMEM;

	if (r == 0)
		r = vnet_object_copy(object, &entry->object);
	if (r < 0) {
		free(entry);
		return r;
	}
	link_in(in, entry);
	in->objects[in->n_objects++] = &entry->object;
	return 0;
}

const struct vnet_object *vnet_object_find(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   const struct vnet_object *like)
{
	const struct vnet_ns *in = &snap->ns[ns];

	if (!in->object_table)
		return NULL;
	for (struct entry *entry = *chain_of(in, like); entry; entry = entry->next) {
		if (vnet_object_same(&entry->object, like))
			return &entry->object;
	}
	return NULL;
}

static void drop(struct vnet_ns *in, struct vnet_object *object)
{
	link_out(in, (struct entry *)object);
	vnet_object_done(object);
	free(object);
}

void vn_snapshot_del_object(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			    const struct vnet_object *object)
{
	const struct vnet_object *found;
	struct vnet_ns *in = &snap->ns[ns];

	while ((found = vnet_object_find(snap, ns, object))) {
		size_t i = 0;

		while (in->objects[i] != found)
			i++;
		drop(in, in->objects[i]);
		in->n_objects--;
		memmove(&in->objects[i], &in->objects[i + 1],
			(in->n_objects - i) * sizeof(struct vnet_object *));
	}
}

void vn_snapshot_del_objects_of(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index)
{
	struct vnet_ns *in = &snap->ns[ns];
	size_t n = 0;

	for (size_t i = 0; i < in->n_objects; i++) {
		if (in->objects[i]->index == index)
			drop(in, in->objects[i]);
		else
			in->objects[n++] = in->objects[i];
	}
	in->n_objects = n;
}

void vn_snapshot_clear_objects(struct vnet_snapshot *snap, enum vnet_ns_id ns)
{
	struct vnet_ns *in = &snap->ns[ns];

	for (size_t i = 0; i < in->n_objects; i++) {
		vnet_object_done(in->objects[i]);
		free(in->objects[i]);
	}
	free(in->objects);
	free(in->object_table);
	in->objects = NULL;
	in->object_table = NULL;
	in->n_objects = 0;
}
