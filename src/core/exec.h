/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_EXEC_H
#define VN_CORE_EXEC_H

#include <stddef.h>

#include <vnet/error.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "sys/gateway.h"
#include "wire/sock.h"

/*
 * The seam between the transaction and the world: all that reads the kernel and
 * all that changes it goes through one of these. The tests put a fake there.
 *
 * @read:    fill @snap, in which the paths, the namespace's name and the seed stand
 *           already. @net: the network; "": none, the host's side alone
 * @netlink: carry out @n operations of class NETLINK, of one namespace, in one sendmsg
 * @system:  one operation of class SYSTEM
 * @service: one of class SERVICE; @detail receives what the program said
 * @events:  hand what the kernel tells of changes since the first reading for a move to @fn, but
 *           for our own; NULL: there is none. Returns 0, -ENOBUFS if some is lost, or -errno
 * @spent:   what takes long to be closed, for someone who can wait to take over; NULL: there
 *           is none
 */
struct vn_exec_ops {
	int (*read)(void *self, const char *net, struct vnet_snapshot *snap,
		    struct vnet_error *err);
	int (*netlink)(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
		       struct vn_ack *acks);
	int (*system)(void *self, const struct vnet_op *op);
	int (*service)(void *self, const struct vnet_op *op, struct vnet_error *detail);
	int (*events)(void *self, int (*fn)(const struct nlmsghdr *head, void *arg), void *arg);
	struct vn_spent *(*spent)(void *self);
};

/* An executor: @self is what its functions are given. */
struct vn_exec {
	const struct vn_exec_ops *ops;
	void *self;
};

/*
 * The real one, for the caller's namespace. @ret_exec is for vn_kernel_close(), which may
 * be called again on what it has closed. Returns 0, or a negative errno with a sentence.
 */
int vn_kernel_open(struct vn_exec *ret_exec, struct vnet_error *err);
void vn_kernel_close(struct vn_exec *exec);

#endif /* VN_CORE_EXEC_H */
