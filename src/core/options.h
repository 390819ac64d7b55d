/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_CORE_OPTIONS_H
#define VN_CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/spec.h>

#include "base/text.h"

/*
 * The option table: one row for each option. The command line, the record, the
 * help, the man page and JSON all come from it; there is no second list.
 */

/* What a value is, in memory and as text. */
enum vn_type {
	VN_TYPE_FLAG,	  /* bool; --x and --no-x */
	VN_TYPE_NUMBER,	  /* uint32_t */
	VN_TYPE_SECONDS,  /* uint32_t, in hundredths; text "2" or "2.5" */
	VN_TYPE_DURATION, /* uint32_t, in seconds; text "90", "30m", "12h", "7d" */
	VN_TYPE_MARK,	  /* uint32_t, text in hexadecimal */
	VN_TYPE_MAC,	  /* struct vnet_mac */
	VN_TYPE_IP,	  /* struct vnet_ip */
	VN_TYPE_ROUTER,	  /* struct vnet_ip, or "none" */
	VN_TYPE_CIDR,	  /* struct vnet_cidr */
	VN_TYPE_RANGE,	  /* struct vnet_range */
	VN_TYPE_HOST,	  /* struct vnet_host: MAC=IP[,NAME] */
	VN_TYPE_DOMAIN,	  /* char[VNET_DOMAIN] */
	VN_TYPE_BOOT,	  /* struct vnet_boot: FILE[@SERVER] */
	VN_TYPE_OPTION,	  /* struct vnet_dhcp_option: N=VALUE */
	VN_TYPE_NAME,	  /* char[VNET_NAME_SIZE], of an interface */
	VN_TYPE_PORT,	  /* struct vnet_port: NAME[ addrgenmode NUMBER][ down] */
	VN_TYPE_HANDOVER, /* uint32_t, enum vnet_uplink_dhcp; text "static" or "client" */
	VN_TYPE_COUNT,
};

/* Whose option it is. */
enum vn_scope {
	VN_SCOPE_NETWORK,
	VN_SCOPE_DHCP,
	VN_SCOPE_VERB, /* of a call, not of a network */
	VN_SCOPE_COUNT,
};

/* Verbs, as bits: which of them take an option. */
enum vn_verb {
	VN_VERB_CREATE = 1 << 0,
	VN_VERB_SET = 1 << 1,
	VN_VERB_DELETE = 1 << 2,
	VN_VERB_SHOW = 1 << 3,
	VN_VERB_DHCP = 1 << 4,
	VN_VERB_DHCP_STOP = 1 << 5,
	VN_VERB_LEASES = 1 << 6,
	VN_VERB_RECOVER = 1 << 7,
	VN_VERB_CONFIRM = 1 << 8,
	VN_VERB_PORT = 1 << 9, /* add-port, del-port */
	VN_VERBS_CHANGING = VN_VERB_CREATE | VN_VERB_SET | VN_VERB_DELETE | VN_VERB_DHCP |
			    VN_VERB_DHCP_STOP | VN_VERB_RECOVER | VN_VERB_PORT,
};

/* The options of a call (scope VERB). */
struct vn_call {
	bool dry_run;
	bool json;
	bool dot;
	bool svg;
	bool rate;
	bool force;
	uint32_t confirm;
	char net[VNET_NAME_SIZE];
};

/*
 * One option.
 *
 * @key:    in the record, behind the scope ("dhcp.router"); on the command line behind "--"
 * @offset: into struct vnet_spec, or struct vn_call in scope VERB
 * @dflt:   the default as text, where it is a constant; NULL: chosen, or none
 * @hidden: vnet chooses it; not on the command line
 */
struct vn_option {
	const char *key;
	const char *arg; /* what the help calls its value; NULL: a flag */
	const char *help;
	const char *dflt;
	size_t offset;
	uint64_t min;
	uint64_t max;
	uint32_t verbs;
	enum vn_type type;
	enum vn_scope scope;
	bool list;
	bool hidden;
	bool no; /* of a value: there is a --no-x, which takes it away */
};

/* By enum vnet_key first, then the options of scope VERB. */
extern const struct vn_option vn_options[];
extern const size_t vn_n_options;

/* The scope's name in the record: "" or "dhcp.". */
const char *vn_scope_prefix(enum vn_scope scope);

/* Bytes of one value of a type. */
size_t vn_type_size(enum vn_type type);

/*
 * Parse @text into @ret_value, which has room for vn_type_size().
 * Returns 0 or a negative errno with a sentence that names the option.
 */
int vn_value_parse(const struct vn_option *opt, const char *text, void *ret_value,
		   struct vnet_error *err);

/*
 * A host's name: whether it can be one (RFC 1123, section 2.1: letters, digits and inner
 * hyphens), and whether dnsmasq's hosts file takes it for something else.
 */
bool vn_label_ok(const char *s);
bool vn_label_means_else(const char *s);

/* True for such labels with dots between; the last is no number, as that of an address is. */
bool vn_domain_ok(const char *s);

/* Print a value as vn_value_parse() reads it. */
void vn_value_print(const struct vn_option *opt, const void *value, struct vn_text *text);

/* True if two values of the type of @opt are the same. */
bool vn_value_equal(const struct vn_option *opt, const void *a, const void *b);

/* The @i-th of the vnet_spec_count() values of @key in @spec. */
const void *vn_spec_value(const struct vnet_spec *spec, enum vnet_key key, size_t i);

#endif /* VN_CORE_OPTIONS_H */
