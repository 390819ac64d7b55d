/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_OBJECT_H
#define VNET_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * What hangs on a link - an address, a route, a neighbour, a nexthop - as the
 * kernel's own message of it, so that it can be hung on another link and back
 * with everything it has, also what vnet knows nothing of.
 */

enum vnet_object_kind {
	VNET_OBJECT_ADDR,
	VNET_OBJECT_ROUTE,
	VNET_OBJECT_NEIGH,
	VNET_OBJECT_NEXTHOP,
};

/*
 * The members are what planning looks at; the rest is in the message.
 *
 * @index:    its link; of a route over several the first; 0: it leads over a nexthop object
 * @flags:    IFA_F_* of linux/if_addr.h, RTNH_F_* of linux/rtnetlink.h, NTF_* of
 *            linux/neighbour.h
 * @type:     of a route: RTN_*
 * @protocol: of a route: RTPROT_*
 * @state:    of a neighbour: NUD_*
 * @table:    of a route
 * @metric:   of a route, or of the one that an address makes; 0: the kernel's default
 * @nexthop:  of a nexthop its id, of a route that of its nexthop object; 0: none
 * @lifetime: in seconds, of an address or a route; UINT32_MAX: for ever
 * @gateway:  of a route: it leads over a router
 * @several:  of a route: it leads over several, be it of one link
 * @to:       an address with its prefix, a route's destination, whose neighbour
 * @via:      of a route: its router, if it has just one
 * @source:   of a route: the address to send with
 * @hops:     of one that leads over several: a number that tells them from others
 * @message:  the kernel's, with its header (struct nlmsghdr); the object owns it
 */
struct vnet_object {
	enum vnet_object_kind kind;
	int32_t index;
	uint32_t flags;
	uint8_t type;
	uint8_t protocol;
	uint16_t state;
	uint32_t table;
	uint32_t metric;
	uint32_t nexthop;
	uint32_t lifetime;
	bool gateway;
	bool several;
	uint64_t hops;
	struct vnet_cidr to;
	struct vnet_ip via;
	struct vnet_ip source;
	void *message;
	uint32_t size; /* of the message, in bytes */
};

/*
 * How an object is to differ when it hangs on another link.
 *
 * @from, @to:           indexes of the links: each @from in it becomes @to
 * @from_name, @to_name: their names, for the labels of IPv4 addresses
 * @set, @clear:         flags
 * @metric:              if has_metric: of a route, or of the route that an address makes
 * @state:               of a neighbour; 0: as it is
 * @lifetime:            if has_lifetime: of an address, in seconds; UINT32_MAX: for ever
 */
struct vnet_object_edit {
	int32_t from;
	int32_t to;
	const char *from_name;
	const char *to_name;
	uint32_t set;
	uint32_t clear;
	bool has_metric;
	uint32_t metric;
	uint16_t state;
	bool has_lifetime;
	uint32_t lifetime;
};

/*
 * Make of a dumped @object a request for its like, changed by @edit.
 * @ret_object is the caller's to vnet_object_done().
 * Returns 0, -ENOMEM, or -EMSGSIZE if it is larger than any message can be.
 */
int vnet_object_move(const struct vnet_object *object, const struct vnet_object_edit *edit,
		     struct vnet_object *ret_object);

/* True if it hangs on the link @index: of a route over several, if one of them does. */
bool vnet_object_uses(const struct vnet_object *object, int32_t index);

/*
 * One of the ways on of a route or a nexthop.
 *
 * @index:  its link
 * @via:    the router; of no family: none
 * @onlink: the router is on the link, whatever the routes say
 */
struct vnet_hop {
	int32_t index;
	struct vnet_ip via;
	bool onlink;
};

/* True if it is the kernel's own default route of a router's advertisements, in the main table. */
bool vnet_object_is_advertised(const struct vnet_object *object);

/* The i-th hop of @object, into @ret_hop; false behind the last. */
bool vnet_object_hop(const struct vnet_object *object, size_t i, struct vnet_hop *ret_hop);

/*
 * The route to one router, on the link @index itself, in the main table.
 * @ret_object is the caller's to vnet_object_done(). Returns 0 or -ENOMEM.
 */
int vnet_object_to_router(const struct vnet_ip *router, int32_t index,
			  struct vnet_object *ret_object);

/*
 * A default route like @route, on the link @index, as the kernel shows one that was lent to it
 * (see vnet_plan_route_lend()). @route is one that a router advertised.
 * @ret_object is the caller's to vnet_object_done(). Returns 0 or -ENOMEM.
 */
int vnet_object_lent(const struct vnet_object *route, int32_t index, uint32_t metric,
		     struct vnet_object *ret_object);

/* Deep copy into the uninitialised @ret_copy. Returns 0 or -ENOMEM. */
int vnet_object_copy(const struct vnet_object *object, struct vnet_object *ret_copy);

/* Free the message. NULL and empty objects are fine. */
void vnet_object_done(struct vnet_object *object);

/*
 * True if the kernel would take both for the same thing: an address by its link and
 * itself, a route by table, destination, metric and next hop, a neighbour by its link
 * and address, a nexthop by its id.
 */
bool vnet_object_same(const struct vnet_object *a, const struct vnet_object *b);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_OBJECT_H */
