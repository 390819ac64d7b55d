/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of values, one row each: how big, how read, how written. */
#include "core/options.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "core/dhcp_option.h"

typedef int parse_fn(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err);
typedef void print_fn(const void *value, struct vn_text *text);

static int parse_flag(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	bool yes = !strcmp(s, "yes");

	if (!yes && strcmp(s, "no") != 0)
		return vnet_error_set(err, -EINVAL, "%s '%.40s': want yes or no", opt->key, s);
	*(bool *)ret = yes;
	return 0;
}

static void print_flag(const void *value, struct vn_text *text)
{
	vn_text_add(text, "%s", *(const bool *)value ? "yes" : "no");
}

static int parse_u32(const struct vn_option *opt, const char *s, int base, uint32_t *ret,
		     struct vnet_error *err)
{
	uint64_t v;

	if (vn_number(s, base, opt->min, opt->max, &v) < 0)
		return vnet_error_set(err, -ERANGE,
				      base == 16 ? "%s%s '%.40s': want 0x%" PRIx64
						   " to 0x%" PRIx64 :
						   "%s%s '%.40s': want %" PRIu64 " to %" PRIu64,
				      opt->scope == VN_SCOPE_VERB ? "--" : "", opt->key, s,
				      opt->min, opt->max);
	*ret = (uint32_t)v;
	return 0;
}

static int parse_number(const struct vn_option *opt, const char *s, void *ret,
			struct vnet_error *err)
{
	return parse_u32(opt, s, 10, ret, err);
}

static void print_number(const void *value, struct vn_text *text)
{
	vn_text_add(text, "%" PRIu32, *(const uint32_t *)value);
}

static int parse_mark(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	return parse_u32(opt, s, 16, ret, err);
}

static void print_mark(const void *value, struct vn_text *text)
{
	vn_text_add(text, "0x%08" PRIx32, *(const uint32_t *)value);
}

/* Seconds into hundredths, in steps of 0.1: less a kernel of 250 ticks a second does not keep. */
static int parse_seconds(const struct vn_option *opt, const char *s, void *ret,
			 struct vnet_error *err)
{
	char whole[16];
	const char *dot = strchr(s, '.');
	size_t digits = dot ? strlen(dot + 1) : 0;
	uint64_t sec;
	uint64_t part = 0;

	if (vn_format(whole, sizeof(whole), "%.*s", dot ? (int)(dot - s) : (int)strlen(s), s) < 0 ||
	    vn_number(whole, 10, 0, 100000000, &sec) < 0)
		goto bad;
	if (dot && (digits < 1 || digits > 2 || vn_number(dot + 1, 10, 0, 99, &part) < 0))
		goto bad;
	sec = sec * 100 + (digits == 1 ? part * 10 : part);
	if (sec < opt->min || sec > opt->max || sec % 10)
		goto bad;
	*(uint32_t *)ret = (uint32_t)sec;
	return 0;
bad:
	return vnet_error_set(err, -ERANGE,
			      "%s '%.40s': want seconds, %" PRIu64 " to %" PRIu64 ", in tenths",
			      opt->key, s, opt->min / 100, opt->max / 100);
}

static void print_seconds(const void *value, struct vn_text *text)
{
	uint32_t v = *(const uint32_t *)value;

	if (v % 100)
		vn_text_add(text, "%" PRIu32 ".%02" PRIu32, v / 100, v % 100);
	else
		vn_text_add(text, "%" PRIu32, v / 100);
}

static int parse_duration(const struct vn_option *opt, const char *s, void *ret,
			  struct vnet_error *err)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(s);
	uint32_t factor = 1;
	char digits[16];
	uint64_t v;

	for (size_t i = 0; len && i < sizeof(units) / sizeof(units[0]); i++) {
		if (s[len - 1] == units[i].unit) {
			factor = units[i].seconds;
			len--;
			break;
		}
	}
	if (vn_format(digits, sizeof(digits), "%.*s", (int)len, s) < 0 ||
	    vn_number(digits, 10, 0, UINT32_MAX, &v) < 0 || v * factor < opt->min ||
	    v * factor > opt->max)
		return vnet_error_set(err, -ERANGE,
				      "%s '%.40s': want %" PRIu64 "s to %" PRIu64
				      "d, as 300s, 30m, 12h or 7d",
				      opt->key, s, opt->min, opt->max / 86400);
	*(uint32_t *)ret = (uint32_t)(v * factor);
	return 0;
}

static void print_duration(const void *value, struct vn_text *text)
{
	vn_text_add(text, "%" PRIu32 "s", *(const uint32_t *)value);
}

static int parse_mac(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	(void)opt;
	return vnet_mac_parse(s, ret, err);
}

static void print_mac(const void *value, struct vn_text *text)
{
	char buf[VNET_MAC_TEXT];

	vn_text_add(text, "%s", vnet_mac_text(value, buf));
}

static int parse_ip(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	(void)opt;
	return vnet_ip_parse(s, ret, err);
}

static void print_ip(const void *value, struct vn_text *text)
{
	char buf[VNET_IP_TEXT];

	vn_text_add(text, "%s", vnet_ip_text(value, buf));
}

static int parse_router(const struct vn_option *opt, const char *s, void *ret,
			struct vnet_error *err)
{
	if (!strcmp(s, "none")) {
		*(struct vnet_ip *)ret = (struct vnet_ip){ 0 };
		return 0;
	}
	return parse_ip(opt, s, ret, err);
}

static int parse_cidr(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	(void)opt;
	return vnet_cidr_parse(s, ret, err);
}

static void print_cidr(const void *value, struct vn_text *text)
{
	char buf[VNET_CIDR_TEXT];

	vn_text_add(text, "%s", vnet_cidr_text(value, buf));
}

static int parse_range(const struct vn_option *opt, const char *s, void *ret,
		       struct vnet_error *err)
{
	(void)opt;
	return vnet_range_parse(s, ret, err);
}

static void print_range(const void *value, struct vn_text *text)
{
	const struct vnet_range *range = value;
	char first[VNET_IP_TEXT];
	char last[VNET_IP_TEXT];

	vn_text_add(text, "%s-%s", vnet_ip_text(&range->first, first),
		    vnet_ip_text(&range->last, last));
}

static int parse_host(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	struct vnet_host host = { 0 };
	const char *equals = strchr(s, '=');
	const char *comma = strchr(s, ',');
	char mac[32];
	char ip[VNET_IP_TEXT];
	int r;

	if (!equals || vn_format(mac, sizeof(mac), "%.*s", (int)(equals - s), s) < 0 ||
	    (comma && comma < equals) ||
	    vn_format(ip, sizeof(ip), "%.*s",
		      comma ? (int)(comma - equals - 1) : (int)strlen(equals + 1), equals + 1) < 0)
		return vnet_error_set(err, -EINVAL, "%s '%.80s': want MAC=IP or MAC=IP,NAME",
				      opt->key, s);
	r = vnet_mac_parse(mac, &host.mac, err);
	if (r == 0)
		r = vnet_ip_parse(ip, &host.ip, err);
	if (r < 0)
		return r;
	if (comma && !vn_label_ok(comma + 1))
		return vnet_error_set(err, -EINVAL,
				      "host name '%.80s': want letters, digits and inner hyphens, "
				      "at most 63",
				      comma + 1);
	if (comma && vn_label_means_else(comma + 1))
		return vnet_error_set(
			err, -EINVAL,
			"host name '%.80s' means something else to dnsmasq: want another",
			comma + 1);
	if (comma)
		(void)vn_copy(host.name, sizeof(host.name), comma + 1);
	*(struct vnet_host *)ret = host;
	return 0;
}

static void print_host(const void *value, struct vn_text *text)
{
	const struct vnet_host *host = value;
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "%s=%s%s%s", vnet_mac_text(&host->mac, mac), vnet_ip_text(&host->ip, ip),
		    host->name[0] ? "," : "", host->name);
}

static int parse_domain(const struct vn_option *opt, const char *s, void *ret,
			struct vnet_error *err)
{
	if (!vn_domain_ok(s))
		return vnet_error_set(err, -EINVAL,
				      "%s '%.80s': want names of letters, digits and inner hyphens "
				      "with dots between",
				      opt->key, s);
	return vn_copy(ret, VNET_DOMAIN, s);
}

/* The last '@' counts; a file with one in its name needs a server behind it. */
static int parse_boot(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	const char *at = strrchr(s, '@');
	struct vnet_boot boot = { 0 };
	bool ok = vn_format(boot.file, sizeof(boot.file), "%.*s",
			    at ? (int)(at - s) : (int)strlen(s), s) == 0;

	if (ok && at)
		ok = vnet_ip_parse(at + 1, &boot.server, NULL) == 0 &&
		     boot.server.family == AF_INET;
	for (const char *c = boot.file; *c; c++)
		ok = ok && *c > ' ' && *c <= '~';
	if (!ok || !boot.file[0])
		return vnet_error_set(
			err, -EINVAL,
			"%s '%.80s': want FILE or FILE@SERVER, SERVER an IPv4 address, "
			"FILE at most %d characters without blanks",
			opt->key, s, VNET_BOOT_FILE - 1);
	*(struct vnet_boot *)ret = boot;
	return 0;
}

static void print_boot(const void *value, struct vn_text *text)
{
	const struct vnet_boot *boot = value;
	char ip[VNET_IP_TEXT];

	vn_text_add(text, "%s", boot->file);
	if (boot->server.family)
		vn_text_add(text, "@%s", vnet_ip_text(&boot->server, ip));
}

static int parse_name(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	(void)opt;
	return vnet_name_parse(s, ret, err);
}

static void print_name(const void *value, struct vn_text *text)
{
	vn_text_add(text, "%s", (const char *)value);
}

/* "eth1 addrgenmode 0 down": what stands behind the name is how it was before. */
static int parse_port(const struct vn_option *opt, const char *s, void *ret, struct vnet_error *err)
{
	static const char mode[] = "addrgenmode ";
	const char *at = strchr(s, ' ');
	struct vnet_port port = { .addr_gen_mode = VNET_PORT_NEW };
	char name[2 * VNET_NAME_SIZE];
	char digit[2] = "";
	uint64_t v;

	if (vn_format(name, sizeof(name), "%.*s", at ? (int)(at - s) : (int)strlen(s), s) < 0)
		return vnet_name_parse(s, port.name, err);
	if (at && !strncmp(at + 1, mode, sizeof(mode) - 1)) {
		digit[0] = at[sizeof(mode)];
		if (vn_number(digit, 10, 0, 3, &v) < 0)
			goto bad;
		port.addr_gen_mode = (uint8_t)v;
		at += sizeof(mode) + 1;
	}
	port.down = at && !strcmp(at, " down");
	if (at && *at && !port.down)
		goto bad;
	*(struct vnet_port *)ret = port;
	return vnet_name_parse(name, ((struct vnet_port *)ret)->name, err);
bad:
	return vnet_error_set(err, -EINVAL, "%s '%.80s': want NAME addrgenmode 0 to 3 [down]",
			      opt->key, s);
}

static void print_port(const void *value, struct vn_text *text)
{
	const struct vnet_port *port = value;

	vn_text_add(text, "%s", port->name);
	if (port->addr_gen_mode != VNET_PORT_NEW)
		vn_text_add(text, " addrgenmode %u", port->addr_gen_mode);
	if (port->down)
		vn_text_add(text, " down");
}

static int parse_handover(const struct vn_option *opt, const char *s, void *ret,
			  struct vnet_error *err)
{
	if (strcmp(s, "static") != 0 && strcmp(s, "client") != 0)
		return vnet_error_set(err, -EINVAL, "%s '%.40s': want static or client", opt->key,
				      s);
	*(uint32_t *)ret = *s == 's' ? VNET_UPLINK_DHCP_STATIC : VNET_UPLINK_DHCP_CLIENT;
	return 0;
}

static void print_handover(const void *value, struct vn_text *text)
{
	vn_text_add(text, "%s",
		    *(const uint32_t *)value == VNET_UPLINK_DHCP_STATIC ? "static" : "client");
}

static const struct {
	size_t size;
	parse_fn *parse;
	print_fn *print;
} types[] = {
	[VN_TYPE_FLAG] = { sizeof(bool), parse_flag, print_flag },
	[VN_TYPE_NUMBER] = { sizeof(uint32_t), parse_number, print_number },
	[VN_TYPE_SECONDS] = { sizeof(uint32_t), parse_seconds, print_seconds },
	[VN_TYPE_DURATION] = { sizeof(uint32_t), parse_duration, print_duration },
	[VN_TYPE_MARK] = { sizeof(uint32_t), parse_mark, print_mark },
	[VN_TYPE_MAC] = { sizeof(struct vnet_mac), parse_mac, print_mac },
	[VN_TYPE_IP] = { sizeof(struct vnet_ip), parse_ip, print_ip },
	[VN_TYPE_ROUTER] = { sizeof(struct vnet_ip), parse_router, print_ip },
	[VN_TYPE_CIDR] = { sizeof(struct vnet_cidr), parse_cidr, print_cidr },
	[VN_TYPE_RANGE] = { sizeof(struct vnet_range), parse_range, print_range },
	[VN_TYPE_HOST] = { sizeof(struct vnet_host), parse_host, print_host },
	[VN_TYPE_DOMAIN] = { VNET_DOMAIN, parse_domain, print_name },
	[VN_TYPE_BOOT] = { sizeof(struct vnet_boot), parse_boot, print_boot },
	[VN_TYPE_OPTION] = { sizeof(struct vnet_dhcp_option), vn_dhcp_option_parse,
			     vn_dhcp_option_print },
	[VN_TYPE_NAME] = { VNET_NAME_SIZE, parse_name, print_name },
	[VN_TYPE_PORT] = { sizeof(struct vnet_port), parse_port, print_port },
	[VN_TYPE_HANDOVER] = { sizeof(uint32_t), parse_handover, print_handover },
};

static_assert(sizeof(types) / sizeof(types[0]) == VN_TYPE_COUNT, "types[] covers vn_type");

size_t vn_type_size(enum vn_type type)
{
	return types[type].size;
}

int vn_value_parse(const struct vn_option *opt, const char *text, void *ret_value,
		   struct vnet_error *err)
{
	return types[opt->type].parse(opt, text, ret_value, err);
}

void vn_value_print(const struct vn_option *opt, const void *value, struct vn_text *text)
{
	types[opt->type].print(value, text);
}

bool vn_value_equal(const struct vn_option *opt, const void *a, const void *b)
{
	/* All types are plain bytes without padding, unused bytes zero. */
	return !memcmp(a, b, types[opt->type].size);
}
