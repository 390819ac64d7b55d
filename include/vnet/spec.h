/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_SPEC_H
#define VNET_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>
#include <vnet/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the user wants: a plain typed structure, one field for each row of the
 * option table. Units: times of the bridge in hundredths of a second (USER_HZ,
 * as linux/if_link.h has them), lease times in seconds.
 */

/* The modes: struct vnet_mode in vnet/mode.h. */
enum vnet_mode_id {
	VNET_MODE_BRIDGE,
	VNET_MODE_COUNT,
};

/* The link groups that vnet gives to its networks, one each: "vn" in the upper half. */
enum {
	VNET_GROUP_FIRST = 0x766e0000,
	VNET_GROUP_LAST = 0x766effff,
};

/* One row for each in the option table (src/core/options.c). */
enum vnet_key {
	VNET_KEY_FOREIGN,
	VNET_KEY_GROUP,
	VNET_KEY_UPLINK,
	VNET_KEY_UPLINK_DHCP,
	VNET_KEY_PORT,
	VNET_KEY_ADDRESS,
	VNET_KEY_MTU,
	VNET_KEY_MAC,
	VNET_KEY_STP,
	VNET_KEY_FORWARD_DELAY,
	VNET_KEY_AGEING,
	VNET_KEY_HELLO,
	VNET_KEY_MAX_AGE,
	VNET_KEY_PRIORITY,
	VNET_KEY_DHCP_RANGE,
	VNET_KEY_DHCP_ROUTER,
	VNET_KEY_DHCP_DNS,
	VNET_KEY_DHCP_SERVER,
	VNET_KEY_DHCP_LEASE_TIME,
	VNET_KEY_DHCP_DOMAIN,
	VNET_KEY_DHCP_PXE,
	VNET_KEY_DHCP_OPTION,
	VNET_KEY_DHCP_HOST,
	VNET_KEY_DHCP_SERVE_UPLINK,
	VNET_KEY_DHCP_TAKEN,
	VNET_KEY_COUNT, /* of the keys of a spec; verbs' own options follow in the table */
};

/* What becomes of addresses that the uplink has by DHCP. */
enum vnet_uplink_dhcp {
	VNET_UPLINK_DHCP_STATIC = 1, /* they stay for ever; the client is stopped */
	VNET_UPLINK_DHCP_CLIENT,     /* the client goes along */
};

/* A list; the items are of the type of their option. The spec owns them. */
struct vnet_list {
	void *items;
	uint32_t count;
};

/* A DHCP lease that belongs to one client. */
struct vnet_host {
	struct vnet_mac mac;
	struct vnet_ip ip;
	char name[VNET_HOST_NAME]; /* empty: none */
};

enum {
	VNET_DOMAIN = 254,    /* RFC 1035, section 2.3.4: 255 bytes, a length before each label */
	VNET_BOOT_FILE = 128, /* RFC 2131, section 2 */
	VNET_OPTION_VALUE = 256, /* one has at most 255 bytes: RFC 2132, section 2 */
};

/* What guests boot from (PXE). */
struct vnet_boot {
	char file[VNET_BOOT_FILE];
	struct vnet_ip server; /* of TFTP; family 0: not chosen yet */
};

/* A further DHCP option: its number and its value, as text. */
struct vnet_dhcp_option {
	uint8_t number;
	char value[VNET_OPTION_VALUE];
};

/*
 * A device that was made a port of the network's bridge, and how it was before.
 *
 * @addr_gen_mode: IN6_ADDR_GEN_MODE_*; VNET_PORT_NEW: not looked up yet
 */
enum { VNET_PORT_NEW = 0xff };

struct vnet_port {
	char name[VNET_NAME_SIZE];
	uint8_t addr_gen_mode;
	bool down;
};

/* How DHCP is served: the fields of the keys VNET_KEY_DHCP_*. */
struct vnet_dhcp {
	struct vnet_range range;
	struct vnet_ip router;	 /* family 0: announce none */
	struct vnet_cidr server; /* the server's own address */
	uint32_t lease_time;	 /* seconds */
	char domain[VNET_DOMAIN];
	struct vnet_boot pxe;
	struct vnet_list dns;	  /* of struct vnet_ip */
	struct vnet_list options; /* of struct vnet_dhcp_option */
	struct vnet_list hosts;	  /* of struct vnet_host */
	bool serve_uplink;	  /* what is behind the uplink may hear the server */
	struct vnet_list taken;	  /* of struct vnet_ip: of the range, but others' already */
};

/*
 * A network as it is wanted, or as it is.
 *
 * @set: bit (1 << key) says that the field of that key has a value. DHCP is
 *       served exactly when VNET_KEY_DHCP_RANGE is set.
 */
struct vnet_spec {
	enum vnet_mode_id mode;
	char name[VNET_NAME_SIZE];
	uint64_t set;
	bool foreign;		     /* the bridge is not vnet's: only the DHCP keys count */
	uint32_t group;		     /* IFLA_GROUP, the mark of the network's links */
	char uplink[VNET_NAME_SIZE]; /* the NIC that is the bridge's way out */
	struct vnet_list ports;	     /* of struct vnet_port, beside the uplink and guests */
	uint32_t uplink_dhcp;	     /* enum vnet_uplink_dhcp */
	struct vnet_list addresses;  /* of struct vnet_cidr, on the bridge */
	uint32_t mtu;
	struct vnet_mac mac;
	bool stp;
	uint32_t forward_delay;
	uint32_t ageing;
	uint32_t hello;
	uint32_t max_age;
	uint32_t priority;
	struct vnet_dhcp dhcp;
};

/* True if @spec has a value for @key. */
static inline bool vnet_spec_has(const struct vnet_spec *spec, enum vnet_key key)
{
	return (spec->set >> key) & 1;
}

/*
 * The items of a list by their type, which stands beside the list where it is declared: count of
 * them, the spec's; NULL where there are none.
 */
static inline const struct vnet_cidr *vnet_cidrs(const struct vnet_list *list)
{
	return (const struct vnet_cidr *)list->items;
}

static inline struct vnet_port *vnet_ports(const struct vnet_list *list)
{
	return (struct vnet_port *)list->items;
}

static inline const struct vnet_ip *vnet_ips(const struct vnet_list *list)
{
	return (const struct vnet_ip *)list->items;
}

static inline const struct vnet_dhcp_option *vnet_dhcp_options(const struct vnet_list *list)
{
	return (const struct vnet_dhcp_option *)list->items;
}

static inline const struct vnet_host *vnet_hosts(const struct vnet_list *list)
{
	return (const struct vnet_host *)list->items;
}

enum { VNET_KEY_NAME = 24 };

/*
 * What the option table says of a key. The texts are the library's, and constant.
 *
 * @name:   as in the record: "address", "dhcp.range"
 * @arg:    what its value is called: "ADDRESS/PREFIX"; NULL: a flag, "yes" or "no"
 * @help:   a line, without its end; NULL where @chosen
 * @dflt:   the default as text; NULL: none, or it depends
 * @list:   it can have several values
 * @chosen: by vnet, or by a call of its own: no option of the command line
 */
struct vnet_key_info {
	char name[VNET_KEY_NAME];
	const char *arg;
	const char *help;
	const char *dflt;
	bool list;
	bool chosen;
};

/* Look @key up. Returns 0, or -EINVAL if there is none of that number. */
int vnet_key_info(enum vnet_key key, struct vnet_key_info *ret_info);

/* The key that is called @name. Returns 0 or -ENOENT. */
int vnet_key_find(const char *name, enum vnet_key *ret_key);

/* Make an empty spec; it needs vnet_spec_done() once it holds lists. */
void vnet_spec_init(struct vnet_spec *ret_spec, enum vnet_mode_id mode);

/* Free the lists; @spec itself is the caller's. NULL and empty specs are fine. */
void vnet_spec_done(struct vnet_spec *spec);

/* Copy @from into the uninitialised @ret_spec. Returns 0 or -ENOMEM. */
int vnet_spec_copy(const struct vnet_spec *from, struct vnet_spec *ret_spec);

/* True if both say the same, mode, name and value by value. */
bool vnet_spec_equal(const struct vnet_spec *a, const struct vnet_spec *b);

/* True if @key has the same values in both. */
bool vnet_spec_same(const struct vnet_spec *a, const struct vnet_spec *b, enum vnet_key key);

/*
 * Give the keys of the network's scope in @keys (bits 1 << key) that have no value
 * the default of the option table, where it is a constant. Nothing where the
 * bridge is not vnet's. Returns 0 or a negative errno.
 */
int vnet_spec_defaults(struct vnet_spec *spec, uint64_t keys, struct vnet_error *err);

/* The number of values that @key has in @spec: 0 or 1, of a list its length. */
size_t vnet_spec_count(const struct vnet_spec *spec, enum vnet_key key);

/*
 * The @i-th of them, from 0, as text that vnet_spec_edit() takes. @ret_text: the caller's
 * to free. Returns 0, -ENOENT behind the last, or -ENOMEM.
 */
int vnet_spec_text(const struct vnet_spec *spec, enum vnet_key key, size_t i, char **ret_text);

/* Forget all DHCP keys. */
void vnet_spec_drop_dhcp(struct vnet_spec *spec);

/*
 * Set, replace or extend one value from text.
 *
 * @key:  which
 * @text: as on the command line, without sign
 * @how:  '=' replace (a list: becomes this one element), '+' append to a list,
 *        '-' remove from a list, '0' empty a list or switch a boolean off
 *
 * Returns 0, or with a sentence in @err: -EINVAL or -ERANGE for a key or a @how that is
 * none, or a text that is no such value, -EEXIST or -ENOENT for one that is in the list
 * already or not in it, -E2BIG, or -ENOMEM. The spec is then as before, but for a list that
 * '=' has emptied.
 */
int vnet_spec_edit(struct vnet_spec *spec, enum vnet_key key, char how, const char *text,
		   struct vnet_error *err);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_SPEC_H */
