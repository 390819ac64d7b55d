/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/faulty.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lib/must.h"
#include "ops/ops.h"

const char *const fault_names[FAULT_COUNT] = { "none", "refused", "error", "lost", "done, lost" };

const int fault_codes[FAULT_CODES] = {
	-EPERM,	     -ENOENT,	     -ESRCH,	   -EIO,	  -EAGAIN,
	-ENOMEM,     -EACCES,	     -EBUSY,	   -EEXIST,	  -ENODEV,
	-EINVAL,     -ENOSPC,	     -ERANGE,	   -EOPNOTSUPP,	  -EAFNOSUPPORT,
	-EADDRINUSE, -EADDRNOTAVAIL, -ENETUNREACH, -EHOSTUNREACH, -ENOBUFS,
};

/* Each family's header begins with the family; of this one there is none. */
static void spoil_message(struct vnet_object *object)
{
	static uint8_t message[65536];

	must(object->size <= sizeof(message));
	memcpy(message, object->message, object->size);
	message[sizeof(struct nlmsghdr)] = 200;
	object->message = message;
	object->index = INT32_MAX; /* for what is no message */
}

/* Turn @op into one of its kind that the kernel refuses. */
static void spoil(struct vnet_op *op)
{
	static const struct vnet_mac group = { { 1, 0, 0x5e, 0, 0, 1 } };

	switch (op->kind) {
	case VNET_OP_LINK_ADD:
		op->u.link.link.mac = group;
		break;
	case VNET_OP_LINK_SET:
	case VNET_OP_LINK_DEL:
		op->u.link.link.index = INT32_MAX;
		break;
	case VNET_OP_ALTNAME_ADD:
		op->u.altname.index = INT32_MAX;
		break;
	case VNET_OP_ADDR_ADD:
	case VNET_OP_ADDR_DEL:
		op->u.addr.ifaddr.index = INT32_MAX;
		break;
	case VNET_OP_OBJECT_ADD:
	case VNET_OP_OBJECT_DEL:
	case VNET_OP_ROUTE_LEND:
		spoil_message(&op->u.object.object);
		break;
	case VNET_OP_ANNOUNCE:
		op->u.announce.index = INT32_MAX;
		break;
	case VNET_OP_WAIT:
	case VNET_OP_UNCHANGED:
		op->u.wait.index = INT32_MAX;
		break;
	case VNET_OP_PROBE:
		op->u.probe.index = INT32_MAX;
		break;
	case VNET_OP_SYSCTL_SET:
		(void)vn_copy(op->u.sysctl.link, sizeof(op->u.sysctl.link), "../lo");
		break;
	case VNET_OP_NETNS_ADD:
	case VNET_OP_NETNS_DEL:
		(void)vn_copy(op->u.netns.name, sizeof(op->u.netns.name), "no/such/name");
		break;
	case VNET_OP_CSUM_OFF:
		(void)vn_copy(op->u.csum.link, sizeof(op->u.csum.link), "nonesuch");
		break;
	case VNET_OP_FILE_WRITE:
		(void)vn_copy(op->u.file.path, sizeof(op->u.file.path), "/nonesuch/file");
		break;
	case VNET_OP_FILE_DEL:
		(void)vn_copy(op->u.file.path, sizeof(op->u.file.path), "/proc/version");
		break;
	case VNET_OP_CLIENT_START: /* in no scene */
	case VNET_OP_CLIENT_STOP:
	case VNET_OP_KIND_COUNT:
		break;
	case VNET_OP_SERVICE_START:
	case VNET_OP_SERVICE_STOP:
	case VNET_OP_SERVICE_RELOAD:
		(void)vn_copy(op->u.service.conf, sizeof(op->u.service.conf), "/nonesuch/conf");
		break;
	}
}

/* Where the fault strikes, if it does, among the next @n operations; else @n. */
static size_t strikes(struct faulty *f, size_t n, enum fault *ret_fault)
{
	size_t from = f->n_ops;

	*ret_fault = FAULT_NONE;
	f->n_ops += n;
	if (f->undoing) {
		from = f->n_undo;
		f->n_undo += n;
		if (f->undo_at < from || f->undo_at >= from + n)
			return n;
		f->struck_again = true;
		*ret_fault = FAULT_ERROR;
		return f->undo_at - from;
	}
	if (f->fault == FAULT_NONE || f->struck || f->at < from || f->at >= from + n)
		return n;
	f->struck = true;
	*ret_fault = f->fault;
	return f->at - from;
}

static int faulty_read(void *self, const char *net, struct vnet_snapshot *snap,
		       struct vnet_error *err)
{
	struct faulty *f = self;

	return f->real.ops->read(f->real.self, net, snap, err);
}

static int code_of(const struct faulty *f)
{
	return f->code ? f->code : -EPERM;
}

static int real_netlink(struct faulty *f, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			struct vn_ack *acks)
{
	return n ? f->real.ops->netlink(f->real.self, ns, ops, n, acks) : 0;
}

/* All but the one at @k, and its acknowledgement by hand. */
static int netlink_without(struct faulty *f, enum vnet_ns_id ns, const struct vnet_op *ops,
			   size_t n, size_t k, struct vn_ack *acks)
{
	int r = real_netlink(f, ns, ops, k, acks);

	if (r == 0)
		r = real_netlink(f, ns, ops + k + 1, n - k - 1, acks + k + 1);
	acks[k] = (struct vn_ack){ .known = true, .code = code_of(f) };
	return r;
}

static int faulty_netlink(void *self, enum vnet_ns_id ns, const struct vnet_op *ops, size_t n,
			  struct vn_ack *acks)
{
	struct faulty *f = self;
	bool undoing = f->undoing;
	enum fault fault;
	size_t k = strikes(f, n, &fault);
	auto_free struct vnet_op *copy = calloc(n, sizeof(*copy));
	int r;

	must(copy);
	f->undoing = f->struck;
	if (undoing && f->no_undo) {
		for (size_t i = 0; i < n; i++)
			acks[i] = (struct vn_ack){ .known = true };
		return 0;
	}
	memcpy(copy, ops, n * sizeof(*ops));
	if (fault == FAULT_BAD)
		spoil(&copy[k]);
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		r = netlink_without(f, ns, copy, n, k, acks);
	else
		r = real_netlink(f, ns, copy, n, acks);
	if (r < 0 || (fault != FAULT_LOST && fault != FAULT_DONE))
		return r;
	for (size_t i = k; i < n; i++)
		acks[i] = (struct vn_ack){ 0 };
	return -ETIMEDOUT;
}

/* Returns false if nothing is to be done, of an undo that is taken out. */
static bool begin_one(struct faulty *f, enum fault *ret_fault)
{
	bool undoing = f->undoing;

	(void)strikes(f, 1, ret_fault);
	f->undoing = f->struck;
	return !undoing || !f->no_undo;
}

static int faulty_system(void *self, const struct vnet_op *op)
{
	struct faulty *f = self;
	struct vnet_op copy = *op;
	enum fault fault;
	int r;

	if (!begin_one(f, &fault))
		return 0;
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		return code_of(f);
	if (fault == FAULT_BAD)
		spoil(&copy);
	r = f->real.ops->system(f->real.self, &copy);
	return r == 0 && fault == FAULT_DONE ? -EIO : r;
}

static int faulty_service(void *self, const struct vnet_op *op, struct vnet_error *detail)
{
	struct faulty *f = self;
	struct vnet_op copy = *op;
	enum fault fault;
	int r;

	if (!begin_one(f, &fault))
		return 0;
	/* To stop what does not run is no failure: so that one is not asked for. */
	if (fault == FAULT_BAD && op->kind == VNET_OP_SERVICE_STOP)
		fault = FAULT_ERROR;
	if (fault == FAULT_ERROR || fault == FAULT_LOST)
		return vnet_error_set(detail, -ETIMEDOUT, "so it is");
	if (fault == FAULT_BAD)
		spoil(&copy);
	r = f->real.ops->service(f->real.self, &copy, detail);
	return r == 0 && fault == FAULT_DONE ? vnet_error_set(detail, -ETIMEDOUT, "so it is") : r;
}

const struct vn_exec_ops faulty_ops = {
	.read = faulty_read,
	.netlink = faulty_netlink,
	.system = faulty_system,
	.service = faulty_service,
};
