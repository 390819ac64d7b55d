/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_SNAPSHOT_H
#define VNET_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>
#include <vnet/object.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the kernel and the file system hold at one moment, as far as planning
 * needs it: the input of every plan, and what the model of an operation changes.
 */

/* The namespaces that a network spreads over. */
enum vnet_ns_id {
	VNET_NS_HOST, /* where the bridge is */
	VNET_NS_DHCP, /* where its DHCP server is */
	VNET_NS_COUNT,
};

enum {
	VNET_KIND_SIZE = 16,  /* all sizes here with the final NUL */
	VNET_ALIAS_SIZE = 64, /* of what vnet reads and writes; the kernel allows 256 */
	VNET_PATH_SIZE = 128,
	VNET_NETNS_SIZE = 64,
	VNET_RESOLVERS = 8,
	VNET_SYSCTL_DIR = 12,
	VNET_SYSCTL_KEY = 40,
	VNET_SYSCTL_VALUE = 48,
	VNET_ACCOUNT_SIZE = 33, /* of a user or a group: groupadd(8) allows 32 characters */
};

/*
 * Of a bridge: IFLA_BR_* of linux/if_link.h. Times in hundredths of a second.
 *
 * @topology_change: STP has just seen one: for half a minute the kernel ages, and shows
 *                   as ageing, twice the forward delay, and not what was set
 * @root_delay:      the forward delay of the root of the tree, while that is another bridge;
 *                   0: this one is the root. Of another, the kernel shows all three timers
 *                   in place of the bridge's own, which are then those of its record
 * @root:            who that is, with the priority @root_priority
 */
struct vnet_bridge_attrs {
	uint32_t stp;
	uint32_t forward_delay;
	uint32_t ageing;
	uint32_t hello;
	uint32_t max_age;
	uint32_t priority;
	uint32_t mcast_snooping;
	uint32_t topology_change;
	uint32_t root_delay;
	uint16_t root_priority;
	struct vnet_mac root;
};

/* Of a bridge's port: IFLA_BRPORT_*. */
struct vnet_port_attrs {
	uint8_t state;	  /* BR_STATE_* of linux/if_bridge.h */
	uint8_t isolated; /* IFLA_BRPORT_ISOLATED */
};

/* A network interface: IFLA_* of linux/if_link.h, host byte order. */
struct vnet_link {
	int32_t index;
	int32_t master; /* 0: none */
	int32_t peer;	/* IFLA_LINK: of a veth its other end, of others what it is on; 0: none */
	uint32_t flags; /* IFF_* of linux/if.h */
	uint32_t mtu;
	uint32_t group;
	uint32_t tx_queues;
	uint32_t rx_queues;
	struct vnet_mac mac;
	uint8_t addr_gen_mode; /* IN6_ADDR_GEN_MODE_* */
	uint8_t carrier;
	bool raw;	   /* no Ethernet: ARPHRD_* of linux/if_arp.h is another */
	bool xdp;	   /* an XDP program is attached */
	bool multicast;	   /* of a VXLAN: it sends to a group */
	int32_t accept_ra; /* of net.ipv6.conf; -1: no IPv6 here; -2: not known (a prediction) */
	int32_t autoconf;
	char name[VNET_NAME_SIZE];
	char master_name[VNET_NAME_SIZE]; /* of @master, for people and printed commands */
	char altname[VNET_ALIAS_SIZE];	  /* that of the network, else the first; empty: none */
	char kind[VNET_KIND_SIZE]; /* "bridge", "veth", "tun"...; empty: a device of the machine */
	char alias[VNET_ALIAS_SIZE];
	struct vnet_bridge_attrs bridge; /* if kind is "bridge" */
	struct vnet_port_attrs port;	 /* if master is a bridge */
};

/* An address of a link. */
struct vnet_ifaddr {
	int32_t index; /* of the link */
	struct vnet_cidr addr;
	uint32_t flags; /* IFA_F_* of linux/if_addr.h */
};

/* An IPv4 route. */
struct vnet_route {
	int32_t index; /* RTA_OIF */
	uint32_t table;
	uint32_t metric;
	struct vnet_cidr to; /* prefix 0: the default route */
	struct vnet_ip via;
};

/*
 * A router that is to be asked whether it is there: by ARP (RFC 826) or by neighbour discovery
 * (RFC 4861).
 *
 * @index, @link: through which link
 * @mac:          of that link
 * @source:       the host's address that asks
 */
struct vnet_gateway {
	int32_t index;
	char link[VNET_NAME_SIZE];
	struct vnet_mac mac;
	struct vnet_ip ip;
	struct vnet_ip source;
};

enum { VNET_GATEWAYS = 2 }; /* of each family the one of the best default route */

/*
 * A setting of one link: net/@dir/@link/@key below /proc/sys.
 * @link: its name, or "default", which is what a new link gets
 * @dir:  "ipv4/conf", "ipv6/conf", "ipv4/neigh" or "ipv6/neigh"
 */
struct vnet_sysctl {
	char link[VNET_NAME_SIZE];
	char dir[VNET_SYSCTL_DIR];
	char key[VNET_SYSCTL_KEY];
	char value[VNET_SYSCTL_VALUE]; /* as it is read, without the newline */
};

/* What else depends on a NIC, beside what hangs on it (struct vnet_object) and its children. */
enum vnet_tie_kind {
	VNET_TIE_MANAGER,  /* a program that configures it */
	VNET_TIE_CLIENT,   /* a DHCP client at work on it */
	VNET_TIE_FIREWALL, /* a rule, set or map that names it and stops to match */
	VNET_TIE_FILTER,   /* a chain or filter that is bound to it and stays so */
	VNET_TIE_RULE,	   /* a policy rule with its name */
	VNET_TIE_SOCKET,   /* a socket that is bound to it */
	VNET_TIE_GROUP,	   /* a multicast group that a program joined on it */
	VNET_TIE_FEATURE,  /* what it does in hardware and a bridge switches off */
	VNET_TIE_WIRELESS, /* it is of a kind of Wi-Fi */
	VNET_TIE_COUNT,
};

enum {
	VNET_TIE_NAME = 32,
	VNET_TIE_TEXT = 256,
};

/*
 * One of them.
 *
 * @name: whose it is, a word: "NetworkManager", "dhclient", "inet filter input"
 * @text: what it is, for messages; cleaned of what a terminal could obey, cut where it
 *        does not fit
 * @pid:  of a program; 0: none, or not known
 */
struct vnet_tie {
	enum vnet_tie_kind kind;
	int32_t pid;
	char name[VNET_TIE_NAME];
	char text[VNET_TIE_TEXT];
};

/* How one of many objects is found. */
struct vnet_object_table;

enum {
	VNET_CLIENT_NAME = 12,
	VNET_CLIENT_WHY = 64,
};

/*
 * A DHCP client at work on the uplink or on its bridge.
 *
 * @program: "dhclient", "dhcpcd" or "udhcpc"
 * @link:    the link that it configures
 * @bound:   why it can be started on no other link, a sentence's end; empty: it can
 * @command: how it was started, a line each: of its environment what it needs, as
 *           NAME=VALUE; the program, a full path; its arguments, from the first, its own
 *           name, on. NULL where it is bound
 */
struct vnet_client {
	char program[VNET_CLIENT_NAME];
	char link[VNET_NAME_SIZE];
	int32_t pid;
	char bound[VNET_CLIENT_WHY];
	char *command;
};

/*
 * A namespace and what is in it.
 *
 * @exists: there is something of that name; without any link, not even a loopback, it
 *          is what is left of a namespace
 * @hidden: it is there, but the caller may not look into it
 * @dead:   its name is a plain file: no namespace
 * @objects, @sysctls: of the bridge and its uplink, where the network has one
 */
struct vnet_ns {
	bool exists;
	bool hidden;
	bool dead;
	char name[VNET_NETNS_SIZE]; /* below /run/netns; empty: the caller's */
	struct vnet_link *links;    /* by index */
	struct vnet_ifaddr *addrs;
	struct vnet_route *routes; /* IPv4 routes through the network's bridge */
	size_t n_links;
	size_t n_addrs;
	size_t n_routes;
	struct vnet_object **objects; /* as the kernel lists them: order counts */
	size_t n_objects;
	struct vnet_object_table *object_table; /* the library's own */
	struct vnet_sysctl *sysctls;
	size_t n_sysctls;
};

/* A file that vnet owns; @content is NULL where it does not exist. */
struct vnet_file {
	char path[VNET_PATH_SIZE];
	char *content; /* NUL-terminated text */
	uint32_t mode; /* permission bits */
};

/*
 * All of it: for one network, or for none in particular.
 *
 * @running:    the DHCP server of the network answers to its name
 * @forwarding: net.ipv4.ip_forward
 * @resolvers:  the host's name servers that are not of the loopback
 * @server:     an unused address that was found for the DHCP server; prefix 0: not looked for
 * @asked:      the range to lease is new, and was asked for where it has to be: of it,
 *              @taken are in use already
 * @dhcp:       DHCP is a matter here: what follows is looked up
 * @dhcp_user, @dhcp_group: whom the server runs as; empty: dnsmasq is not installed
 * @uplink:     the NIC that is, or is to be, the bridge's way out; empty: none
 * @uplink_index: its index, as it was first seen; 0: not seen yet
 * @survey:     the NIC is about to be moved: its ties are looked up
 * @survey_back: it is about to be given back: those of the bridge to the firewall are
 * @ask:        the host's way out is about to be moved: its gateways are asked
 * @gateways:   of those through @uplink, or the bridge that has it, the ones that answered
 * @fresh:      the settings of a new link are looked up, as of the link "default"
 * @hand_over:  DHCP clients are a matter here: they are looked up, as with @survey
 * @now:        seconds since the machine started, sleep included: CLOCK_BOOTTIME
 * @seed:       what is particular to this machine and namespace, for names and MACs that stay
 */
struct vnet_snapshot {
	struct vnet_ns ns[VNET_NS_COUNT];
	struct vnet_file *files;
	size_t n_files;
	bool running;
	bool forwarding;
	struct vnet_ip resolvers[VNET_RESOLVERS];
	size_t n_resolvers;
	struct vnet_cidr server;
	bool asked;
	struct vnet_ip *taken;
	size_t n_taken;
	bool dhcp;
	char dhcp_user[VNET_ACCOUNT_SIZE];
	char dhcp_group[VNET_ACCOUNT_SIZE];
	char uplink[VNET_NAME_SIZE];
	int32_t uplink_index;
	bool survey;
	bool survey_back;
	bool ask;
	struct vnet_gateway gateways[VNET_GATEWAYS];
	size_t n_gateways;
	bool fresh;
	struct vnet_tie *ties; /* nothing without @survey or @survey_back */
	size_t n_ties;
	bool hand_over;
	struct vnet_client *clients;
	size_t n_clients;
	uint64_t now;
	uint64_t seed;
	/* Where things are kept, for this namespace and network. */
	char run_dir[VNET_PATH_SIZE];
	char lease_path[VNET_PATH_SIZE];
};

/* Free what it holds, not @snap itself; NULL is fine. */
void vnet_snapshot_done(struct vnet_snapshot *snap);

/* Deep copy into the uninitialised @ret_copy. Returns 0 or -ENOMEM. */
int vnet_snapshot_copy(const struct vnet_snapshot *from, struct vnet_snapshot *ret_copy);

/* Look up; NULL if there is none. The result lives as long as the snapshot is not changed. */
const struct vnet_link *vnet_link_by_name(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					  const char *name);
const struct vnet_link *vnet_link_by_index(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   int32_t index);
const struct vnet_file *vnet_file_by_path(const struct vnet_snapshot *snap, const char *path);

/* The object that is the same as @like: vnet_object_same(). */
const struct vnet_object *vnet_object_find(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   const struct vnet_object *like);

/* A setting; NULL if it was not read. */
const struct vnet_sysctl *vnet_sysctl_find(const struct vnet_snapshot *snap, enum vnet_ns_id ns,
					   const char *link, const char *dir, const char *key);

/* True if @addr, with this very prefix, is on the link @index. */
bool vnet_snapshot_has_addr(const struct vnet_snapshot *snap, enum vnet_ns_id ns, int32_t index,
			    const struct vnet_cidr *addr);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_SNAPSHOT_H */
