/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_PLAN_H
#define VNET_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>
#include <vnet/error.h>
#include <vnet/snapshot.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * A plan is data: reversible operations in the order in which they are to run.
 * Making one changes nothing.
 */

/* What an operation does; the builders below say with what. */
enum vnet_op_kind {
	VNET_OP_LINK_ADD,
	VNET_OP_LINK_SET,
	VNET_OP_LINK_DEL,
	VNET_OP_ALTNAME_ADD,
	VNET_OP_ADDR_ADD,
	VNET_OP_ADDR_DEL,
	VNET_OP_OBJECT_ADD,
	VNET_OP_OBJECT_DEL,
	VNET_OP_ROUTE_LEND, /* to the kernel, in place of one that a router advertised */
	VNET_OP_SYSCTL_SET,
	VNET_OP_WAIT,
	VNET_OP_PROBE,
	VNET_OP_ANNOUNCE,
	VNET_OP_UNCHANGED,
	VNET_OP_NETNS_ADD,
	VNET_OP_NETNS_DEL,
	VNET_OP_CSUM_OFF,
	VNET_OP_FILE_WRITE,
	VNET_OP_FILE_DEL,
	VNET_OP_SERVICE_START,
	VNET_OP_SERVICE_STOP,
	VNET_OP_SERVICE_RELOAD,
	VNET_OP_CLIENT_START,
	VNET_OP_CLIENT_STOP,
	VNET_OP_KIND_COUNT,
};

/* What a LINK_SET changes: bits of vnet_op.set. */
enum vnet_link_field {
	VNET_LINK_UP = 1 << 0, /* IFF_UP as in link.flags */
	VNET_LINK_MTU = 1 << 1,
	VNET_LINK_MAC = 1 << 2,
	VNET_LINK_GROUP = 1 << 3,
	VNET_LINK_ALIAS = 1 << 4,
	VNET_LINK_ADDR_GEN_MODE = 1 << 5,
	VNET_LINK_MASTER = 1 << 6,
	VNET_LINK_STP = 1 << 7,
	VNET_LINK_FORWARD_DELAY = 1 << 8,
	VNET_LINK_AGEING = 1 << 9,
	VNET_LINK_HELLO = 1 << 10,
	VNET_LINK_MAX_AGE = 1 << 11,
	VNET_LINK_PRIORITY = 1 << 12,
	VNET_LINK_MCAST_SNOOPING = 1 << 13,
	VNET_LINK_ISOLATED = 1 << 14, /* of the link as a port */
};

/* How an OBJECT_ADD goes about what is there already. */
enum vnet_object_how {
	VNET_OBJECT_NEW,     /* fails */
	VNET_OBJECT_PREPEND, /* a route: in front of those with the same metric */
	VNET_OBJECT_APPEND,  /* a route: behind them */
	VNET_OBJECT_REPLACE,
};

/* What a WAIT waits for, 2 s at most. */
enum vnet_wait {
	VNET_WAIT_UP,	 /* the link is operational: RFC 2863 */
	VNET_WAIT_LOCAL, /* packets for each of its IPv6 addresses are taken in */
};

/* What groups operations, and a plan's point of no return. */
enum vnet_op_mark {
	VNET_OP_TOGETHER = 1 << 0, /* goes in one sendmsg with the operation before it */
	VNET_OP_TURN = 1 << 1,	   /* once it is done, the way is forward only */
};

/* All of a bridge's own attributes, and those that the root of its tree decides on. */
enum {
	VNET_LINK_TIMERS = VNET_LINK_FORWARD_DELAY | VNET_LINK_HELLO | VNET_LINK_MAX_AGE,
	VNET_LINK_BRIDGE_ATTRS = VNET_LINK_STP | VNET_LINK_FORWARD_DELAY | VNET_LINK_AGEING |
				 VNET_LINK_HELLO | VNET_LINK_MAX_AGE | VNET_LINK_PRIORITY |
				 VNET_LINK_MCAST_SNOOPING,
};

/* The other end of a veth pair, made with it. */
struct vnet_peer {
	int32_t index;
	uint8_t ns; /* enum vnet_ns_id */
	uint32_t group;
	struct vnet_mac mac;
	char name[VNET_NAME_SIZE];
};

/* A DHCP server: all that starting, finding and stopping it takes. */
struct vnet_service {
	char netns[VNET_NETNS_SIZE];
	char conf[VNET_PATH_SIZE];
	char pid_file[VNET_PATH_SIZE];
	char leases[VNET_PATH_SIZE];
};

/*
 * A DHCP client that vnet stops, or starts, on a link.
 *
 * @program, @link: see struct vnet_client; it lives where the bridge does
 * @command: how it is started, see there
 * @own:     where the names of its files begin that are made for it; empty: it keeps them
 *           where it was told to
 * @from:    the link whose lease it goes on with; empty: its own
 * @leases:  of dhclient, the file of that lease
 * @pid:     the process that it was, if it may still be ending; 0: there was none
 */
struct vnet_handover {
	char program[VNET_CLIENT_NAME];
	char link[VNET_NAME_SIZE];
	char own[VNET_PATH_SIZE];
	char from[VNET_NAME_SIZE];
	char leases[VNET_PATH_SIZE];
	int32_t pid;
	const char *command; /* the plan owns its copy */
};

/*
 * One operation. Links are addressed by index, never by name; names stand
 * beside it for messages and printed commands.
 */
struct vnet_op {
	enum vnet_op_kind kind;
	enum vnet_ns_id ns;
	uint32_t marks; /* enum vnet_op_mark */
	union {
		struct {
			uint32_t set; /* LINK_SET: enum vnet_link_field */
			struct vnet_link link;
			struct vnet_peer peer; /* LINK_ADD of a veth */
		} link;			       /* LINK_ADD, LINK_SET, LINK_DEL */
		struct {
			int32_t index;
			char link[VNET_NAME_SIZE];
			char name[VNET_ALIAS_SIZE];
		} altname;
		struct {
			char link[VNET_NAME_SIZE];
			struct vnet_ifaddr ifaddr;
		} addr;
		struct {
			char link[VNET_NAME_SIZE];
			char dir[VNET_SYSCTL_DIR]; /* "ipv6/conf": see struct vnet_sysctl */
			char key[VNET_SYSCTL_KEY];
			char value[VNET_SYSCTL_VALUE];
		} sysctl;
		struct {
			enum vnet_object_how how;
			char link[VNET_NAME_SIZE];
			struct vnet_object object; /* the plan owns its copy */
		} object;			   /* OBJECT_ADD, OBJECT_DEL, ROUTE_LEND */
		struct {
			enum vnet_wait what;
			int32_t index;
			char link[VNET_NAME_SIZE];
		} wait; /* WAIT, UNCHANGED */
		struct vnet_gateway probe;
		struct {
			int32_t index;
			char link[VNET_NAME_SIZE];
			struct vnet_mac mac;
			struct vnet_ip ip;
			uint32_t solicit; /* ask, from @ip, for an advertisement of the routers */
		} announce;
		struct {
			char name[VNET_NETNS_SIZE];
		} netns;
		struct {
			char link[VNET_NAME_SIZE];
		} csum;
		struct {
			char path[VNET_PATH_SIZE];
			const char *content; /* FILE_WRITE; the plan owns its copy */
			uint32_t mode;
		} file;
		struct vnet_service service;
		struct vnet_handover client;
	} u;
};

/* Operations and what there is to say about them. The first failure of a builder sticks. */
struct vnet_plan {
	struct vnet_op *ops;
	size_t n_ops;
	size_t size;
	char *notes;		     /* lines for the user; NULL: none */
	char netns[VNET_NETNS_SIZE]; /* of the operations in VNET_NS_DHCP, for printing */
	bool watched;		     /* it touches the host's way out: a watchdog looks after it */
	int failed;		     /* 0, or the negative errno of the first failure */
};

/* Make an empty plan, for vnet_plan_done(). */
void vnet_plan_init(struct vnet_plan *ret_plan);

/* Free operations and notes; @plan itself is the caller's, and empty then. NULL is fine. */
void vnet_plan_done(struct vnet_plan *plan);

/*
 * Append a copy of @op; of a FILE_WRITE the content is copied too.
 * Returns the operation in the plan, or NULL (and plan->failed is set).
 */
struct vnet_op *vnet_plan_add(struct vnet_plan *plan, const struct vnet_op *op);

/* Add @marks (enum vnet_op_mark) to the operation that was added last, if there is one. */
void vnet_plan_mark(struct vnet_plan *plan, uint32_t marks);

/* Append a line that the user should read, without its end; cut after 511 bytes. */
void vnet_plan_note(struct vnet_plan *plan, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Builders, one for each kind of operation; all is copied. What fails (-ENOMEM, or
 * -ENAMETOOLONG for a name or path that does not fit) sticks in plan->failed.
 *
 * @ns:      the namespace that the operation is about
 * @link:    the description of the link as it is to be (LINK_ADD, LINK_SET) or as it is
 *           (LINK_DEL); of altnames and addresses its index and name count
 * @peer:    the other end of a veth pair; NULL for all else
 * @fields:  enum vnet_link_field; 0 adds nothing
 * @key:     of a sysctl below net/ipv6/conf/LINK
 * @ip:      an address that its neighbours are told to be at the MAC of @link; one of @link, to
 *           ask routers from
 * @route:   of vnet_object_lent(): the kernel takes it for its own
 * @name:    of a namespace, below /run/netns
 * @content: the whole of a file, text
 * @mode:    its permission bits
 * @kind:    VNET_OP_SERVICE_START, _STOP or _RELOAD; VNET_OP_CLIENT_START or _STOP
 */
void vnet_plan_link_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_peer *peer);
void vnet_plan_link_set(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			uint32_t fields);
void vnet_plan_link_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link);
void vnet_plan_altname_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			   const char *altname);
void vnet_plan_addr_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_cidr *addr);
void vnet_plan_addr_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_cidr *addr);
void vnet_plan_sysctl_set(struct vnet_plan *plan, enum vnet_ns_id ns, const char *link,
			  const char *dir, const char *key, const char *value);
void vnet_plan_object_add(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *object, enum vnet_object_how how);
void vnet_plan_object_del(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *object);
void vnet_plan_route_lend(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			  const struct vnet_object *route);
void vnet_plan_wait(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		    enum vnet_wait what);
void vnet_plan_probe(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		     const struct vnet_gateway *gateway);
void vnet_plan_announce(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
			const struct vnet_ip *ip);
void vnet_plan_solicit(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link,
		       const struct vnet_ip *ip);
void vnet_plan_unchanged(struct vnet_plan *plan, enum vnet_ns_id ns, const struct vnet_link *link);
void vnet_plan_netns_add(struct vnet_plan *plan, const char *name);
void vnet_plan_netns_del(struct vnet_plan *plan, const char *name);
void vnet_plan_csum_off(struct vnet_plan *plan, enum vnet_ns_id ns, const char *link);
void vnet_plan_file_write(struct vnet_plan *plan, const char *path, const char *content,
			  uint32_t mode);
void vnet_plan_file_del(struct vnet_plan *plan, const char *path);
void vnet_plan_service(struct vnet_plan *plan, enum vnet_op_kind kind,
		       const struct vnet_service *service);
void vnet_plan_client(struct vnet_plan *plan, enum vnet_op_kind kind,
		      const struct vnet_handover *client);

/*
 * The DHCP server of the network @net, from the paths and the namespace in @snap, be it
 * there or not. Returns 0 or -ENAMETOOLONG.
 */
int vnet_service_of(const struct vnet_snapshot *snap, const char *net,
		    struct vnet_service *ret_service);

/* How vnet_plan_print() writes. */
enum vnet_plan_format {
	VNET_PLAN_TEXT,	 /* a line an operation, for people */
	VNET_PLAN_SHELL, /* a script for sh, of ip, bridge, ethtool and dnsmasq */
};

/*
 * Print @plan into a string that the caller frees.
 * Returns 0, or -ENOMEM, or plan->failed.
 */
int vnet_plan_print(const struct vnet_plan *plan, enum vnet_plan_format format, char **ret_text);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_PLAN_H */
