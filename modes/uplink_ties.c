/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/uplink.h"

/*
 * What depends on a NIC and does not follow it onto a bridge: what is refused for it, and
 * what is only told.
 */

enum {
	LIST_SIZE = 320,		   /* so that the line around it fits into a message */
	LIST_ROOM = sizeof(", 99999 more") /* kept free for the end of a list */
};

/* ---- lists ---- */

/* "a, b, 7 more", cut at a whole item. */
struct list {
	char text[LIST_SIZE];
	size_t len;
	size_t n;      /* items */
	size_t n_more; /* for which there was no room */
};

static void add(struct list *list, const char *item)
{
	const char *comma = list->len ? ", " : "";
	size_t len = list->len + strlen(comma) + strlen(item);

	list->n++;
	if (list->n_more || len > sizeof(list->text) - LIST_ROOM) {
		list->n_more++;
		return;
	}
	(void)snprintf(list->text + list->len, sizeof(list->text) - list->len, "%s%s", comma, item);
	list->len = len;
}

static const char *end(struct list *list)
{
	if (list->n_more)
		(void)snprintf(list->text + list->len, sizeof(list->text) - list->len, "%s%zu more",
			       list->len ? ", " : "", list->n_more);
	return list->text;
}

/* All ties of a kind, of a program with its name. Returns how many there are. */
static size_t list_ties(const struct vnet_snapshot *snap, enum vnet_tie_kind kind,
			struct list *ret_list)
{
	char item[VNET_TIE_TEXT + VNET_TIE_NAME + 20];

	*ret_list = (struct list){ .len = 0 };
	for (size_t i = 0; i < snap->n_ties; i++) {
		const struct vnet_tie *tie = &snap->ties[i];

		if (tie->kind != kind)
			continue;
		(void)snprintf(item, sizeof(item), "%s", tie->text);
		if (tie->pid)
			(void)snprintf(item, sizeof(item), "%s of %s (%d)", tie->text, tie->name,
				       (int)tie->pid);
		add(ret_list, item);
	}
	return ret_list->n;
}

static bool is_one_of(const char *kind, const char *const kinds[])
{
	for (; *kinds; kinds++) {
		if (!strcmp(kind, *kinds))
			return true;
	}
	return false;
}

/* ---- links on top of the NIC ---- */

/* The kernel gives each packet of a device to one of these alone, or to its bridge. */
static const char *const exclusive[] = { "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec", NULL };

/*
 * Tunnels that ask for a route over their device: it has none left, what is sent takes the
 * other end for a neighbour on the wire, and the answer comes in on the bridge.
 */
static const char *const tunnels[] = { "vxlan",	 "gre",	 "gretap", "erspan",	"ipip",
				       "sit",	 "vti",	 "ip6gre", "ip6gretap", "ip6erspan",
				       "ip6tnl", "vti6", NULL };

/* The next link on top of @nic of one of @kinds, from *@at on; NULL: no more. */
static const struct vnet_link *next_upper(const struct vnet_snapshot *snap,
					  const struct vnet_link *nic, const char *const kinds[],
					  size_t *at)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];

	while (*at < host->n_links) {
		const struct vnet_link *link = &host->links[(*at)++];

		if (link->peer == nic->index && is_one_of(link->kind, kinds))
			return link;
	}
	return NULL;
}

static int check_uppers(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			const char *bridge, bool force, struct vnet_error *err)
{
	size_t at = 0;
	const struct vnet_link *link = next_upper(snap, nic, exclusive, &at);

	if (link)
		return vnet_error_set(
			err, -EBUSY,
			"--uplink %s: %s (%s) hangs on it, which excludes a bridge: delete it first",
			nic->name, link->name, link->kind);
	at = 0;
	link = force ? NULL : next_upper(snap, nic, tunnels, &at);
	if (!link)
		return 0;
	return vnet_error_set(err, -EBUSY,
			      "--uplink %s: %s (%s) is bound to it and %s: want it made anew on %s "
			      "after the move (--force moves all the same)",
			      nic->name, link->name, link->kind,
			      link->multicast ? "would not hear its group any more" :
						"would reach no one any more",
			      bridge);
}

static void note_uppers(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			const char *bridge, struct vnet_plan *plan)
{
	static const char *const vlans[] = { "vlan", NULL };
	struct list list = { .len = 0 };
	const struct vnet_link *link;
	size_t at = 0;

	while ((link = next_upper(snap, nic, vlans, &at)))
		add(&list, link->name);
	if (list.n)
		vnet_plan_note(plan, "VLANs of %s go on, but guests on %s do not see them: %s",
			       nic->name, bridge, end(&list));
	at = 0;
	list = (struct list){ .len = 0 };
	while ((link = next_upper(snap, nic, tunnels, &at)))
		add(&list, link->name);
	if (list.n)
		vnet_plan_note(
			plan, "tunnels bound to %s work no more until they are made anew on %s: %s",
			nic->name, bridge, end(&list));
}

/* ---- refuse ---- */

int vn_uplink_check_firewall(const struct vnet_snapshot *snap, const char *option, const char *from,
			     const char *to, struct vnet_error *err)
{
	struct list list;

	if (!list_ties(snap, VNET_TIE_FIREWALL, &list))
		return 0;
	return vnet_error_set(err, -EBUSY,
			      "%s%s: the firewall names it, but packets will come and go by %s: "
			      "want %s beside it, as in { %s, %s }, or --force: %s",
			      option, from, to, to, from, to, end(&list));
}

int vn_uplink_check_ties(const struct vnet_snapshot *snap, const struct vnet_link *nic,
			 const char *bridge, bool force, struct vnet_error *err)
{
	struct list list;
	int r = check_uppers(snap, nic, bridge, force, err);

	if (r < 0 || force)
		return r;
	if (list_ties(snap, VNET_TIE_WIRELESS, &list))
		return vnet_error_set(
			err, -EOPNOTSUPP,
			"--uplink %s: is of Wi-Fi, where a station may send by its own "
			"MAC alone: want a wired NIC (--force tries it)",
			nic->name);
	return vn_uplink_check_firewall(snap, "--uplink ", nic->name, bridge, err);
}

/* ---- tell ---- */

void vn_uplink_note_firewall(const struct vnet_snapshot *snap, const char *from, const char *to,
			     struct vnet_plan *plan)
{
	struct list list;

	if (list_ties(snap, VNET_TIE_FIREWALL, &list))
		vnet_plan_note(
			plan,
			"the firewall names %s, but packets come and go by %s now: want %s in: "
			"%s",
			from, to, to, end(&list));
}

/* A line for each kind. */
static void note_ties(const struct vnet_snapshot *snap, const char *nic, const char *bridge,
		      struct vnet_plan *plan)
{
	struct list list;

	vn_uplink_note_firewall(snap, nic, bridge, plan);
	if (list_ties(snap, VNET_TIE_FILTER, &list))
		vnet_plan_note(plan, "what filters at %s stays there, in front of %s: %s", nic,
			       bridge, end(&list));
	if (list_ties(snap, VNET_TIE_RULE, &list))
		vnet_plan_note(
			plan,
			"policy rules that name %s match nothing any more: want such with %s "
			"beside them: %s",
			nic, bridge, end(&list));
	if (list_ties(snap, VNET_TIE_SOCKET, &list))
		vnet_plan_note(plan,
			       "sockets bound to %s hear nothing any more: want their programs "
			       "started anew on %s: %s",
			       nic, bridge, end(&list));
	if (list_ties(snap, VNET_TIE_GROUP, &list))
		vnet_plan_note(plan,
			       "groups joined on %s hear nothing any more: want their programs "
			       "started anew: %s",
			       nic, end(&list));
	if (list_ties(snap, VNET_TIE_FEATURE, &list))
		vnet_plan_note(plan, "%s switches this of %s off, and it stays off after: %s",
			       bridge, nic, end(&list));
}

/* Addresses that become others than they are. */
static void note_addrs(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		       const char *bridge, struct vnet_plan *plan)
{
	const struct vnet_ns *host = &snap->ns[VNET_NS_HOST];
	struct list temporary = { .len = 0 };
	struct list duplicate = { .len = 0 };
	struct list secret = { .len = 0 };
	char text[VNET_CIDR_TEXT];

	for (size_t i = 0; i < host->n_objects; i++) {
		const struct vnet_object *object = host->objects[i];

		if (object->kind != VNET_OBJECT_ADDR || object->index != nic->index ||
		    object->to.ip.family != AF_INET6)
			continue;
		if (object->flags & IFA_F_DADFAILED)
			add(&duplicate, vnet_cidr_text(&object->to, text));
		else if (object->flags & IFA_F_TEMPORARY)
			add(&temporary, vnet_cidr_text(&object->to, text));
		else if (object->flags & IFA_F_STABLE_PRIVACY)
			add(&secret, vnet_cidr_text(&object->to, text));
	}
	if (duplicate.n)
		vnet_plan_note(plan, "someone else has this address of %s, which is not moved: %s",
			       nic->name, end(&duplicate));
	if (temporary.n)
		vnet_plan_note(plan,
			       "temporary addresses of %s are plain ones on %s until they end, and "
			       "new ones take their place: %s",
			       nic->name, bridge, end(&temporary));
	if (secret.n)
		vnet_plan_note(plan,
			       "addresses of %s came of a secret: on %s they lack that mark, and "
			       "for a new prefix it makes others: %s",
			       nic->name, bridge, end(&secret));
}

void vnet_uplink_note(const struct vnet_snapshot *snap, const struct vnet_link *nic,
		      const char *bridge, struct vnet_plan *plan)
{
	if (!(nic->flags & IFF_UP))
		vnet_plan_note(plan, "%s is down: %s leads nowhere until `ip link set %s up`",
			       nic->name, bridge, nic->name);
	else if (!nic->carrier)
		vnet_plan_note(plan, "%s has no carrier: %s leads nowhere until it has", nic->name,
			       bridge);
	note_ties(snap, nic->name, bridge, plan);
	note_uppers(snap, nic, bridge, plan);
	note_addrs(snap, nic, bridge, plan);
}
