/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_SNAPSHOT_H
#define VN_BASE_SNAPSHOT_H

#include <vnet/snapshot.h>

/*
 * Building and changing a snapshot: for the readers of the kernel, and for the
 * models of the operations. Return 0 or -ENOMEM.
 */
int vn_snapshot_add_link(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			 const struct vnet_link *link);
int vn_snapshot_add_addr(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			 const struct vnet_ifaddr *addr);
int vn_snapshot_add_route(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			  const struct vnet_route *route);

int vn_snapshot_add_sysctl(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_sysctl *sysctl);

/* The object is copied. */
int vn_snapshot_add_object(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_object *object);

/* Remove what vnet_object_same() says is the same; the same setting is replaced, or added. */
void vn_snapshot_del_object(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			    const struct vnet_object *object);
int vn_snapshot_set_sysctl(struct vnet_snapshot *snap, enum vnet_ns_id ns,
			   const struct vnet_sysctl *sysctl);

/* Remove those of the link @index; remove all. */
void vn_snapshot_del_objects_of(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index);
void vn_snapshot_clear_objects(struct vnet_snapshot *snap, enum vnet_ns_id ns);

/* The client is copied. Removed are all of that program on that link. */
int vn_snapshot_add_client(struct vnet_snapshot *snap, const struct vnet_client *client);
void vn_snapshot_del_client(struct vnet_snapshot *snap, const char *program, const char *link);
void vn_snapshot_clear_clients(struct vnet_snapshot *snap);

/* Remove the ties of that kind: a reading that is repeated begins anew. */
void vn_snapshot_clear_ties(struct vnet_snapshot *snap, enum vnet_tie_kind kind);

int vn_snapshot_add_tie(struct vnet_snapshot *snap, const struct vnet_tie *tie);
int vn_snapshot_add_taken(struct vnet_snapshot *snap, const struct vnet_ip *ip);

/* Set the content of a file; NULL: it does not exist. The content is copied. */
int vn_snapshot_set_file(struct vnet_snapshot *snap, const char *path, const char *content,
			 uint32_t mode);

/* The link itself, for changing it; NULL if there is none. */
struct vnet_link *vn_snapshot_link(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index);

/* Remove a link with its addresses and routes; its ports lose their master. */
void vn_snapshot_del_link(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index);
void vn_snapshot_del_addr(struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index,
			  const struct vnet_cidr *addr);

/*
 * A new snapshot with the head of @from (paths, names, seed), holding nothing else yet;
 * for vnet_snapshot_done().
 */
void vn_snapshot_head(const struct vnet_snapshot *from, struct vnet_snapshot *ret_head);

/* Forget all that a namespace holds. */
void vn_snapshot_clear_ns(struct vnet_snapshot *snap, enum vnet_ns_id ns);

#endif /* VN_BASE_SNAPSHOT_H */
