/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_MODE_H
#define VNET_MODE_H

#include <vnet/error.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>
#include <vnet/spec.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * A kind of network. All functions are pure: they make no system call and need
 * no privilege. One file in modes/ each.
 *
 * @name: as on the command line and in the record
 * @help: a line for --help, without its end
 */
struct vnet_mode {
	enum vnet_mode_id id;
	const char *name;
	const char *help;
	uint64_t keys; /* the keys of a spec that it knows: bits (1 << enum vnet_key) */

	/*
	 * Fill in what the user left to vnet, from the defaults of the option table and
	 * from @snap (a MAC that stays, a group that is free, a server address).
	 * Returns 0, or -errno with a sentence.
	 */
	int (*choose)(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		      struct vnet_plan *notes, struct vnet_error *err);

	/*
	 * Refuse what can't work, before anything is written.
	 * @have:  what is there now; NULL: nothing. @want: NULL: it is to be deleted
	 * @force: what is only dangerous is let through
	 * Returns 0, or -errno with a sentence.
	 */
	int (*check)(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, bool force, struct vnet_error *err);

	/*
	 * The spec as the kernel has it: the keys of @record, the values of @snap where the
	 * kernel can tell them. @ret_spec is the caller's to vnet_spec_done(). Returns 0,
	 * -ENODEV if the network's link is gone, or another -errno, with a sentence.
	 */
	int (*read)(const struct vnet_snapshot *snap, const struct vnet_spec *record,
		    struct vnet_spec *ret_spec, struct vnet_error *err);

	/*
	 * The operations that lead from @have to @want; NULL stands for nothing.
	 * plan(NULL, want) creates, plan(have, NULL) deletes. They are added to @plan, which
	 * is the caller's also after a failure. Returns 0, or -errno with a sentence.
	 */
	int (*plan)(const struct vnet_spec *have, const struct vnet_spec *want,
		    const struct vnet_snapshot *snap, struct vnet_plan *plan,
		    struct vnet_error *err);
};

/* The mode of that number; never NULL for a valid id. */
const struct vnet_mode *vnet_mode_get(enum vnet_mode_id id);

/* The mode of that name, or NULL. */
const struct vnet_mode *vnet_mode_find(const char *name);

/*
 * The record of a network as text: the first line names it, then a line a value.
 * @ret_text: the caller's to free. Returns 0 or -ENOMEM.
 */
int vnet_spec_print(const struct vnet_spec *spec, char **ret_text);

/*
 * Read such a text; it is not changed. @ret_spec is the caller's to vnet_spec_done(), set
 * on success alone. Returns 0, or -EBADMSG, -ENOMEM or what a value is refused with, with
 * a sentence.
 */
int vnet_spec_parse(const char *text, struct vnet_spec *ret_spec, struct vnet_error *err);

/*
 * The DHCP server of a network: what every mode with a bridge calls, with the same
 * meaning as the functions of struct vnet_mode.
 * @notes:  what was chosen that the user should know is noted there
 * @bridge: the network's bridge as it will be
 * @served: the record says that there is a server already
 *
 * Return 0, or a negative errno with a sentence.
 *
 * Beside an uplink both its port and the server's are `isolated`: they reach guests and
 * the host, and never each other.
 *
 * vnet_dhcp_pause(): what comes before the uplink of a served bridge joins or leaves it,
 * for no frame of the server to pass while the marks are not set. vnet_dhcp_plan() behind
 * the move sets them, and goes on. Nothing where none of this is so.
 * vnet_dhcp_read(): into @spec, whose uplink is a port, whether the two are kept apart.
 */
int vnet_dhcp_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		     struct vnet_plan *notes, struct vnet_error *err);
int vnet_dhcp_check(const struct vnet_spec *want, const struct vnet_snapshot *snap, bool force,
		    struct vnet_error *err);
int vnet_dhcp_plan(const struct vnet_spec *want, bool served, const struct vnet_link *bridge,
		   const struct vnet_snapshot *snap, struct vnet_plan *plan,
		   struct vnet_error *err);
void vnet_dhcp_pause(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, struct vnet_plan *plan);
void vnet_dhcp_read(const struct vnet_snapshot *snap, struct vnet_spec *spec);

/*
 * Addresses that the server could take, from the top of the subnet down: none of the
 * range, none that is reserved for a host, of the bridge, of a router behind it or of a
 * name server. Whether one is in use is not known.
 *
 * @ret_candidates: room for @max of them
 *
 * Returns how many were found, at most @max; 0 also where the range is in no known subnet.
 */
size_t vnet_dhcp_candidates(const struct vnet_spec *spec, const struct vnet_snapshot *snap,
			    struct vnet_cidr *ret_candidates, size_t max);

/*
 * The NIC of the host as a bridge's way out, for every mode that has one; @spec, @want and
 * @have name it.
 *
 * vnet_uplink_choose(): what the bridge takes over: the MAC, the MTU, with STP a priority.
 * vnet_uplink_check(): refuse what can't be moved.
 * vnet_uplink_check_mtu(): refuse an MTU that the NIC (NULL: none) does not let through.
 * vnet_uplink_check_handover(): refuse to hand over a DHCP client at another time than with
 * the NIC.
 * vnet_uplink_note(): tell what does not follow, or follows as something else.
 * vnet_uplink_pending(): an address of the NIC @name is still being asked for, which takes
 * a second or two.
 * vnet_uplink_check_back(): refuse to delete a @bridge (NULL: gone) whose NIC was taken
 * off it, or takes no IPv6 any more: with the bridge the host's addresses would go. Refuse also
 * where the survey found that a firewall names it.
 * vnet_uplink_port(): the NIC, while it is a port of @bridge; else NULL.
 * vnet_uplink_take_client(): stop its DHCP client, before anything else, if it is to be
 * handed over or replaced.
 * vnet_uplink_inet6(): a new @bridge has IPv6 where @nic has it; any, where it is @asked for.
 * vnet_uplink_join_owned(): make @nic a port of @bridge, and hang on the bridge all that
 * makes the host reachable, with the client and the lifetimes of its addresses as the spec
 * says. @fresh: the plan itself makes the bridge, which is still down.
 * vnet_uplink_probe(): the gateways that answered before must do so through @link.
 * vnet_uplink_leave_owned(): the way back, for all that hangs on @bridge but the addresses
 * of @have. @goes_on: the bridge is not deleted. @bridge or @nic NULL: gone, or moved by
 * someone else.
 *
 * Those that return int: 0, or a negative errno with a sentence. A failure of the others
 * sticks in plan->failed.
 */
int vnet_uplink_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap,
		       struct vnet_error *err);
int vnet_uplink_check(const struct vnet_spec *want, const struct vnet_snapshot *snap, bool force,
		      struct vnet_error *err);
int vnet_uplink_check_mtu(const struct vnet_spec *want, const struct vnet_link *nic,
			  struct vnet_error *err);
int vnet_uplink_check_handover(const struct vnet_spec *have, const struct vnet_spec *want,
			       struct vnet_error *err);
int vnet_uplink_check_back(const struct vnet_spec *have, const struct vnet_link *bridge,
			   const struct vnet_snapshot *snap, bool goes_on, struct vnet_error *err);
void vnet_uplink_note(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		      const char *bridge, struct vnet_plan *plan);
bool vnet_uplink_pending(const struct vnet_snapshot *snap, const char *name);
const struct vnet_link *vnet_uplink_port(const struct vnet_spec *spec,
					 const struct vnet_link *bridge,
					 const struct vnet_snapshot *snap);
void vnet_uplink_take_client(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			     const struct vnet_link *nic, struct vnet_plan *plan);
void vnet_uplink_inet6(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       const struct vnet_link *bridge, bool asked, struct vnet_plan *plan);
void vnet_uplink_join_owned(const struct vnet_spec *want, const struct vnet_snapshot *snap,
			    const struct vnet_link *nic, const struct vnet_link *bridge, bool fresh,
			    struct vnet_plan *plan);
void vnet_uplink_probe(const struct vnet_snapshot *snap, const struct vnet_link *link,
		       struct vnet_plan *plan);
void vnet_uplink_leave_owned(const struct vnet_spec *have, const struct vnet_snapshot *snap,
			     const struct vnet_link *bridge, const struct vnet_link *nic,
			     bool goes_on, struct vnet_plan *plan);

/*
 * Devices that were made ports, for every mode with a bridge.
 *
 * vnet_port_find(): the one of that name, or NULL.
 * vnet_ports_choose(): how each is before, for the way back.
 * vnet_ports_check(): refuse one that is to be added (it is snap->uplink then) and can't be.
 * vnet_ports_read(): leave in @spec, which is the record, those that are ports of @bridge.
 * vnet_ports_change(): add to @bridge what is in @want, take off what is in @have alone.
 */
const struct vnet_port *vnet_port_find(const struct vnet_spec *spec, const char *name);
void vnet_ports_choose(struct vnet_spec *spec, const struct vnet_snapshot *snap);
int vnet_ports_check(const struct vnet_spec *have, const struct vnet_spec *want,
		     const struct vnet_snapshot *snap, bool force, struct vnet_error *err);
int vnet_ports_read(const struct vnet_snapshot *snap, const struct vnet_link *bridge,
		    struct vnet_spec *spec, struct vnet_error *err);
void vnet_ports_change(const struct vnet_spec *have, const struct vnet_spec *want,
		       const struct vnet_link *bridge, const struct vnet_snapshot *snap,
		       struct vnet_plan *plan);

/* Refuse what can be no port of a bridge; @option: what stands before its name in messages. */
int vnet_link_check_port(const struct vnet_link *link, const char *option, const char *name,
			 struct vnet_error *err);

/*
 * The host's own addresses on a network's bridge, for every mode that has one.
 *
 * vnet_addresses_at(): the @i-th of @spec: the user's, then, where one of them is IPv6, the
 * link-local one. Returns false behind the last.
 * vnet_addresses_hold(): @addr is one of these.
 * vnet_addresses_check(): refuse new ones of IPv6 where that is switched off, and, unless
 * @force, those that overlap another link's.
 * vnet_addresses_read(): into @spec those of @record that are on @link.
 * vnet_addresses_change(): what leads from @have to @want on @now, which becomes @link.
 */
bool vnet_addresses_at(const struct vnet_spec *spec, uint32_t i, struct vnet_cidr *ret);
bool vnet_addresses_hold(const struct vnet_spec *spec, const struct vnet_cidr *addr);
int vnet_addresses_check(const struct vnet_spec *have, const struct vnet_spec *want,
			 const struct vnet_snapshot *snap, bool force, struct vnet_error *err);
int vnet_addresses_read(const struct vnet_snapshot *snap, const struct vnet_link *link,
			const struct vnet_spec *record, struct vnet_spec *spec,
			struct vnet_error *err);
void vnet_addresses_change(const struct vnet_spec *have, const struct vnet_spec *want,
			   const struct vnet_link *now, const struct vnet_link *link,
			   const struct vnet_snapshot *snap, struct vnet_plan *plan);

/* True if one of @addrs (of struct vnet_cidr) is of IPv6. */
bool vnet_has_inet6(const struct vnet_list *addrs);

/* The link-local address that a link has by its MAC. */
struct vnet_cidr vnet_link_local(const struct vnet_mac *mac);

/*
 * Add what keeps the record of @spec, or with @want false what takes it away; nothing if
 * @snap shows that it is so. A failure sticks in plan->failed.
 */
void vnet_plan_record(struct vnet_plan *plan, const struct vnet_spec *spec, bool want,
		      const struct vnet_snapshot *snap);

/*
 * The file that remembers the DHCP client of the uplink of the network @net. Those that are
 * made for a client on the bridge begin with the same. Returns 0 or -ENAMETOOLONG.
 */
int vnet_client_path(const struct vnet_snapshot *snap, const char *net,
		     char ret_path[VNET_PATH_SIZE]);

/*
 * How @client, which is started by @command on client->from, is started on client->link, with
 * files of its own where client->own says; client->leases is set to where that of its lease is.
 * No system call is made.
 *
 * @ret_command: as @command; the caller's to free
 *
 * Returns 0; -EINVAL: no such program is known; -ENOMEM.
 */
int vnet_client_move(struct vnet_handover *client, const char *command, char **ret_command);

/* The first index from 2^20 up that no link in @snap and no operation in @plan uses. */
int32_t vnet_plan_free_index(const struct vnet_plan *plan, const struct vnet_snapshot *snap);

/*
 * The name of the veth pair of the DHCP server of the network @net, the same on both ends
 * and in each call. As an altname, the end on the bridge also has NET.dhcp, which is longer
 * than a name may be.
 */
void vnet_dhcp_link_name(const char *net, char ret_name[VNET_NAME_SIZE]);

/* The mark on a link of the network @net, "vnet:NET:ROLE"; a role is a word of up to 16 letters. */
void vnet_link_alias(const char *net, const char *role, char ret_alias[VNET_ALIAS_SIZE]);

/*
 * A locally administered MAC for the @role of the network @net: the same in each call with
 * the same snap->seed, so on one machine and in one namespace, and another elsewhere.
 */
struct vnet_mac vnet_mac_stable(const struct vnet_snapshot *snap, const char *net,
				const char *role);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_MODE_H */
