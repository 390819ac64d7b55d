/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_OPS_OPS_H
#define VN_OPS_OPS_H

#include <stdbool.h>

#include <vnet/plan.h>

#include "base/text.h"
#include "sys/gateway.h"
#include "wire/msg.h"

/* Who carries an operation out. */
enum vn_op_class {
	VN_OP_NETLINK, /* a message; several go in one sendmsg */
	VN_OP_SYSTEM,  /* a system call or a few */
	VN_OP_SERVICE, /* a program */
};

/*
 * What a message or a call needs.
 *
 * @netns: descriptors of the namespaces; -1: not there
 * @spent: where to leave what takes long to be closed
 * @announcer: vn_announce_open() in VNET_NS_HOST; -1: not yet
 */
struct vn_op_env {
	int netns[VNET_NS_COUNT];
	struct vn_spent *spent;
	int announcer;
};

/*
 * A kind of operation.
 *
 * @name:     for messages: "link add"
 * @inside:   class SYSTEM: to be performed in the namespace of the operation
 * @gone:     the errno that says, when undoing, that there is nothing to undo
 * @encode:   class NETLINK: add the message to @msg. 0 or -EMSGSIZE
 * @perform:  class SYSTEM: do it. 0 or a negative errno
 * @model:    what it does to @snap. 0, or the errno that the kernel would give
 * @inverse:  add to @undo what takes it back; NULL: nothing. @before: the state just before it;
 *            @origin: the state before the plan. What lives on an object that the
 *            plan itself made goes with that object and needs no undo of its own
 * @done:     true if @snap shows that it has been done
 * @subject:  what it is about: "br0", into @buf of VNET_PATH_SIZE
 * @describe: the rest of the line for people; NULL: there is none
 * @shell:    the equivalent commands, each a line; @netns: the name of VNET_NS_DHCP
 */
struct vn_op_row {
	const char *name;
	enum vn_op_class class;
	bool inside;
	int gone;
	int (*encode)(const struct vnet_op *op, const struct vn_op_env *env, uint32_t seq,
		      struct vn_msg *msg);
	int (*perform)(const struct vnet_op *op, const struct vn_op_env *env);
	int (*model)(const struct vnet_op *op, struct vnet_snapshot *snap);
	void (*inverse)(const struct vnet_op *op, const struct vnet_snapshot *before,
			const struct vnet_snapshot *origin, struct vnet_plan *undo);
	bool (*done)(const struct vnet_op *op, const struct vnet_snapshot *snap);
	const char *(*subject)(const struct vnet_op *op, char *buf);
	void (*describe)(const struct vnet_op *op, struct vn_text *text);
	void (*shell)(const struct vnet_op *op, const char *netns, struct vn_text *text);
};

extern const struct vn_op_row vn_op_link_add;
extern const struct vn_op_row vn_op_link_set;
extern const struct vn_op_row vn_op_link_del;
extern const struct vn_op_row vn_op_altname_add;
extern const struct vn_op_row vn_op_addr_add;
extern const struct vn_op_row vn_op_addr_del;
extern const struct vn_op_row vn_op_object_add;
extern const struct vn_op_row vn_op_object_del;
extern const struct vn_op_row vn_op_route_lend;
extern const struct vn_op_row vn_op_sysctl_set;
extern const struct vn_op_row vn_op_wait;
extern const struct vn_op_row vn_op_probe;
extern const struct vn_op_row vn_op_announce;
extern const struct vn_op_row vn_op_unchanged;
extern const struct vn_op_row vn_op_netns_add;
extern const struct vn_op_row vn_op_netns_del;
extern const struct vn_op_row vn_op_csum_off;
extern const struct vn_op_row vn_op_file_write;
extern const struct vn_op_row vn_op_file_del;
extern const struct vn_op_row vn_op_service_start;
extern const struct vn_op_row vn_op_service_stop;
extern const struct vn_op_row vn_op_service_reload;
extern const struct vn_op_row vn_op_client_start;
extern const struct vn_op_row vn_op_client_stop;

/* The row of an operation's kind. */
const struct vn_op_row *vn_op_row(const struct vnet_op *op);

/* For @done of what changes nothing that a snapshot could show: true. */
bool vn_op_no_trace(const struct vnet_op *op, const struct vnet_snapshot *snap);

/* Add to @undo what makes the file @path again as it is in @before. */
void vn_file_restore(const char *path, const struct vnet_snapshot *before, struct vnet_plan *undo);

/* An operation as one line of text, without its end, and back; for the journal. */
void vn_op_write(const struct vnet_op *op, struct vn_text *text);

/*
 * Read a line; it is cut up. @ret_content receives the content of a FILE_WRITE or
 * the message of an object, for the caller to free. Returns 0, -EBADMSG or
 * -ENOMEM.
 */
int vn_op_read(char *line, struct vnet_op *ret_op, char **ret_content);

#endif /* VN_OPS_OPS_H */
