/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_MODES_UPLINK_H
#define VN_MODES_UPLINK_H

#include <vnet/mode.h>

/* What the files modes/uplink*.c have of each other; for all others see <vnet/mode.h>. */

/*
 * The move itself, of @nic to @bridge and back, without a client: see
 * vnet_uplink_join_owned() and vnet_uplink_leave_owned().
 *
 * @stay: the addresses of @bridge (struct vnet_cidr) that do not go back
 */
void vn_uplink_join(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		    const struct vnet_link *bridge, bool fresh, struct vnet_plan *plan);
void vn_uplink_leave(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		     const struct vnet_link *nic, const struct vnet_list *stay, bool goes_on,
		     struct vnet_plan *plan);

/*
 * Parts of vnet_uplink_check().
 *
 * vn_uplink_check_ties(): refuse what others lose by the move, as the survey shows.
 * vn_uplink_check_firewall(): the part of it about rules that name the link @from, while packets
 * will come and go by @to. @option: what it was called by, as "--uplink "
 * vn_uplink_check_owner(): refuse a NIC that others configure; with @force only a client
 * that can't be handed over as it is asked for.
 * vn_uplink_check_manager(): the part of it about programs that manage links; @dhcp: the
 * NIC has addresses by DHCP.
 *
 * Return 0, or a negative errno with a sentence.
 */
int vn_uplink_check_ties(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			 const char *bridge, bool force, struct vnet_error *err);
int vn_uplink_check_firewall(const struct vnet_snapshot *snap, const char *option, const char *from,
			     const char *to, struct vnet_error *err);
int vn_uplink_check_owner(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			  bool force, struct vnet_error *err);
int vn_uplink_check_manager(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			    bool dhcp, struct vnet_error *err);

/* Tell of rules that name the link @from, while packets come and go by @to. */
void vn_uplink_note_firewall(const struct vnet_snapshot *snap, const char *from, const char *to,
			     struct vnet_plan *plan);

/* @addr is one of @list (struct vnet_cidr; NULL: none). */
bool vn_uplink_is_among(const struct vnet_list *list, const struct vnet_cidr *addr);

/*
 * Routes by router advertisements.
 *
 * vn_ra_is_route(): it is one. vn_ra_holds(): @link has one.
 * vn_ra_metric(): which the kernel gives to one on @link.
 * vn_ra_is_apart(): it is not moved like others: lent to the kernel, or a copy for which the
 * kernel has made its own meanwhile. vn_ra_lend(): such a one of @from goes to @to; false if it
 * is none.
 * vn_ra_solicit(): where @from has such, ask the routers on @to to advertise, from a
 * link-local address of @from that goes along: none of those in @stay, and not @own.
 */
bool vn_ra_is_route(const struct vnet_snapshot *snap, const struct vnet_object *object);
bool vn_ra_holds(const struct vnet_snapshot *snap, const struct vnet_link *link);
uint32_t vn_ra_metric(const struct vnet_snapshot *snap, const struct vnet_link *link,
		      const struct vnet_object *route);
bool vn_ra_is_apart(const struct vnet_snapshot *snap, const struct vnet_object *route);
bool vn_ra_lend(const struct vnet_snapshot *snap, const struct vnet_link *from,
		const struct vnet_object *route, const struct vnet_link *to,
		struct vnet_plan *plan);
void vn_ra_solicit(const struct vnet_snapshot *snap, const struct vnet_link *from,
		   const struct vnet_list *stay, const struct vnet_cidr *own,
		   const struct vnet_link *to, struct vnet_plan *plan);

/*
 * Routes that need care when they are moved.
 *
 * vn_uplink_is_connected(): @route comes and goes with an address of its link.
 * vn_uplink_is_fixed(): @route is not moved: every link with IPv6 has it by itself; or it
 * is to be used with a source address that the host has no more, and the kernel takes none
 * such.
 * vn_uplink_routers(): with VNET_OP_OBJECT_ADD a route on @to to each router that a route
 * on @from leads over, but none leads to; with VNET_OP_OBJECT_DEL it is taken away.
 */
bool vn_uplink_is_connected(const struct vnet_snapshot *snap, const struct vnet_object *route);
bool vn_uplink_is_fixed(const struct vnet_snapshot *snap, const struct vnet_object *route);
void vn_uplink_routers(const struct vnet_snapshot *snap, const struct vnet_link *from,
		       const struct vnet_link *to, enum vnet_op_kind kind, struct vnet_plan *plan);

/*
 * The settings in net/.../conf and neigh that go with it.
 *
 * vn_uplink_can_sleep(): this kernel can make routes sleep while a link has no carrier.
 * vn_uplink_lacks_inet6(): it is switched off on @nic.
 * vn_uplink_settings(): what @nic has goes to @bridge, with what the move itself needs;
 * @awake: its routes are not to sleep. vn_uplink_settled(): the latter is over.
 * vn_uplink_loosen(): what the way back needs. vn_uplink_linger(): routes of a @nic
 * without a carrier are to count, as far as the move goes; with @over they do no more.
 * vn_uplink_forget(): a bridge that goes on without @nic has what a new one has.
 */
bool vn_uplink_can_sleep(const struct vnet_snapshot *snap, const struct vnet_link *nic);
bool vn_uplink_lacks_inet6(const struct vnet_snapshot *snap, const struct vnet_link *nic);
void vn_uplink_settings(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			const struct vnet_link *bridge, bool awake, struct vnet_plan *plan);
void vn_uplink_settled(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       const struct vnet_link *bridge, bool awake, struct vnet_plan *plan);
void vn_uplink_loosen(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		      struct vnet_plan *plan);
void vn_uplink_linger(const struct vnet_snapshot *snap, const struct vnet_link *nic, bool over,
		      struct vnet_plan *plan);
void vn_uplink_forget(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		      const struct vnet_link *bridge, struct vnet_plan *plan);

#endif /* VN_MODES_UPLINK_H */
