/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_LINK_H
#define VN_WIRE_LINK_H

#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "wire/msg.h"

/*
 * Encoders of rtnetlink requests (linux/rtnetlink.h, linux/if_link.h). Each adds
 * one message that asks for an acknowledgement. Return 0 or -EMSGSIZE.
 */

/*
 * RTM_NEWLINK of a bridge or a veth pair: with its index, group, MAC and master,
 * so that no kill can fall between a link and its mark.
 * @peer_ns: of a veth, descriptor of the namespace of the other end
 */
int vn_link_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_link *link,
		    const struct vnet_peer *peer, int peer_ns);

/*
 * RTM_NEWLINK of a link that exists: the fields of @set (enum vnet_link_field).
 * Those of a bridge and of a port go into the nests of their kind.
 */
int vn_link_set_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_link *link, uint32_t set);

/* RTM_DELLINK by index. */
int vn_link_del_msg(struct vn_msg *msg, uint32_t seq, int32_t index);

/* RTM_NEWLINKPROP: one more name. */
int vn_altname_add_msg(struct vn_msg *msg, uint32_t seq, int32_t index, const char *name);

/* RTM_NEWADDR (fails if it is there already) or RTM_DELADDR. */
int vn_addr_add_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr);
int vn_addr_del_msg(struct vn_msg *msg, uint32_t seq, const struct vnet_ifaddr *addr);

#endif /* VN_WIRE_LINK_H */
