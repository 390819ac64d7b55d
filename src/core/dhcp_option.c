/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * dnsmasq guesses from its looks what the value of an option is, and knows of some options
 * what it must be. So a value is taken here only where it is sure what becomes of it: options
 * of a known form (RFC 2132 and others) must have that, all else is told apart by its letters.
 * What goes into the configuration is spelled so that nothing is left to guess: numbers with
 * their size, texts as bytes or in quotes.
 */
#include "core/dhcp_option.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "core/options.h"

enum form {
	FORM_ANY, /* by its letters */
	FORM_U8,
	FORM_U16,
	FORM_U32,
	FORM_S32,
	FORM_IPS,
	FORM_PAIRS,  /* of addresses */
	FORM_ROUTES, /* RFC 3442: networks, a router behind each */
	FORM_NAMES,  /* RFC 3397: domain names */
	FORM_QUOTED, /* text, which dnsmasq takes as nothing else here */
	FORM_BYTES,
	FORM_TEXT,
	FORM_PROTOCOL, /* of the exchange itself */
	FORM_COUNT,
};

static const char *const wanted[] = {
	[FORM_ANY] = NULL,
	[FORM_U8] = "a number from 0 to 255",
	[FORM_U16] = "a number from 0 to 65535",
	[FORM_U32] = "a number from 0 to 4294967295",
	[FORM_S32] = "a number from -2147483647 to 2147483647",
	[FORM_IPS] = "IPv4 addresses, with commas between",
	[FORM_PAIRS] = "pairs of IPv4 addresses, with commas between",
	[FORM_ROUTES] = "NETWORK/PREFIX,ROUTER, again and again",
	[FORM_NAMES] = "domain names, with commas between",
	[FORM_QUOTED] = "printable ASCII",
	[FORM_BYTES] = "bytes as 01:0a:ff, two or more",
	[FORM_TEXT] = "printable ASCII",
	[FORM_PROTOCOL] = NULL,
};

static_assert(sizeof(wanted) / sizeof(wanted[0]) == FORM_COUNT, "wanted[] covers form");

/* What the letters of @s say that it is. */
static enum form form_by_letters(const char *s)
{
	uint64_t v;

	if (!s[strspn(s, "0123456789")])
		return vn_number(s, 10, 0, UINT8_MAX, &v) == 0	? FORM_U8 :
		       vn_number(s, 10, 0, UINT16_MAX, &v) == 0 ? FORM_U16 :
								  FORM_U32;
	if (!s[strspn(s, "0123456789.,")] && strchr(s, '.'))
		return FORM_IPS;
	if (!s[strspn(s, "0123456789abcdefABCDEF:")] && strchr(s, ':'))
		return FORM_BYTES;
	return FORM_TEXT;
}

/*
 * RFC 2132; and RFC 4039 (80), 4702 (81), 3046 (82), 4578 (93), 4833 (100, 101), 8925 (108),
 * 2563 (116), 3011 (118), 3397 (119), 3361 (120), 3442 (121, and 249 of Microsoft), 5417 (138),
 * 5859 (150), 5071 (209 to 211).
 */
static const uint8_t forms[] = {
	[2] = FORM_S32,	      [4] = FORM_IPS,	    [5] = FORM_IPS,	   [7] = FORM_IPS,
	[8] = FORM_IPS,	      [9] = FORM_IPS,	    [10] = FORM_IPS,	   [11] = FORM_IPS,
	[13] = FORM_U16,      [16] = FORM_IPS,	    [17] = FORM_QUOTED,	   [18] = FORM_QUOTED,
	[19] = FORM_U8,	      [20] = FORM_U8,	    [21] = FORM_PAIRS,	   [22] = FORM_U16,
	[23] = FORM_U8,	      [24] = FORM_U32,	    [25] = FORM_BYTES,	   [27] = FORM_U8,
	[29] = FORM_U8,	      [30] = FORM_U8,	    [31] = FORM_U8,	   [32] = FORM_IPS,
	[33] = FORM_PAIRS,    [34] = FORM_U8,	    [35] = FORM_U32,	   [36] = FORM_U8,
	[37] = FORM_U8,	      [38] = FORM_U32,	    [39] = FORM_U8,	   [40] = FORM_QUOTED,
	[41] = FORM_IPS,      [42] = FORM_IPS,	    [44] = FORM_IPS,	   [45] = FORM_IPS,
	[46] = FORM_U8,	      [48] = FORM_IPS,	    [49] = FORM_IPS,	   [50] = FORM_PROTOCOL,
	[52] = FORM_PROTOCOL, [53] = FORM_PROTOCOL, [55] = FORM_PROTOCOL,  [56] = FORM_PROTOCOL,
	[57] = FORM_PROTOCOL, [60] = FORM_PROTOCOL, [61] = FORM_PROTOCOL,  [64] = FORM_QUOTED,
	[65] = FORM_IPS,      [68] = FORM_IPS,	    [69] = FORM_IPS,	   [70] = FORM_IPS,
	[71] = FORM_IPS,      [72] = FORM_IPS,	    [73] = FORM_IPS,	   [74] = FORM_IPS,
	[75] = FORM_IPS,      [76] = FORM_IPS,	    [80] = FORM_PROTOCOL,  [81] = FORM_PROTOCOL,
	[82] = FORM_PROTOCOL, [93] = FORM_U16,	    [100] = FORM_QUOTED,   [101] = FORM_QUOTED,
	[108] = FORM_U32,     [116] = FORM_U8,	    [118] = FORM_PROTOCOL, [119] = FORM_NAMES,
	[120] = FORM_IPS,     [121] = FORM_ROUTES,  [138] = FORM_IPS,	   [150] = FORM_IPS,
	[209] = FORM_TEXT,    [210] = FORM_TEXT,    [211] = FORM_U32,	   [249] = FORM_ROUTES
};

/* Those that have an option of their own, or follow from one. */
static const char *const instead[] = {
	[1] = "another --address of the bridge",
	[3] = "--router",
	[6] = "--dns",
	[12] = "--host",
	[15] = "--domain",
	[26] = "--mtu of the bridge",
	[28] = "another --address of the bridge",
	[51] = "--lease-time",
	[54] = "--server",
	[58] = "--lease-time",
	[59] = "--lease-time",
	[66] = "--pxe",
	[67] = "--pxe",
};

static enum form form_of(const struct vnet_dhcp_option *option)
{
	enum form form = option->number < sizeof(forms) ? (enum form)forms[option->number] :
							  FORM_ANY;

	return form == FORM_ANY ? form_by_letters(option->value) : form;
}

/* ---- what a value can be ---- */

/* Cut what stands before the next comma off *@at; NULL: all is done. */
static const char *item_next(const char **at, char ret_item[VNET_OPTION_VALUE])
{
	const char *s = *at;
	size_t len;

	if (!s)
		return NULL;
	len = strcspn(s, ",");
	(void)vn_format(ret_item, VNET_OPTION_VALUE, "%.*s", (int)len, s);
	*at = s[len] ? s + len + 1 : NULL;
	return ret_item;
}

static bool is_ip(const char *s)
{
	struct vnet_ip ip;

	return vnet_ip_parse(s, &ip, NULL) == 0 && ip.family == AF_INET;
}

/* The number of addresses with commas between; 0: it is no such thing. */
static size_t count_ips(const char *s)
{
	char item[VNET_OPTION_VALUE];
	size_t n = 0;

	for (; item_next(&s, item); n++) {
		/* for that one dnsmasq puts in its own address */
		if (!is_ip(item) || !strcmp(item, "0.0.0.0"))
			return 0;
	}
	return n;
}

static bool is_routes(const char *s)
{
	char item[VNET_OPTION_VALUE];
	uint64_t prefix;
	char *slash;

	while (item_next(&s, item)) {
		slash = strchr(item, '/');
		if (!slash || vn_number(slash + 1, 10, 0, 32, &prefix) < 0)
			return false;
		*slash = '\0';
		if (!is_ip(item) || !item_next(&s, item) || !is_ip(item))
			return false;
	}
	return true;
}

static bool is_names(const char *s)
{
	char item[VNET_OPTION_VALUE];

	while (item_next(&s, item)) {
		if (!vn_domain_ok(item))
			return false;
	}
	return true;
}

static bool is_bytes(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	if (!s[0] || !s[1] || !s[2])
		return false;
	for (; strspn(s, hex) == 2; s += 3) {
		if (!s[2])
			return true;
		if (s[2] != ':')
			return false;
	}
	return false;
}

static bool is_text(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < ' ' || *s > '~')
			return false;
	}
	return true;
}

static bool is_number(const char *s, uint64_t max)
{
	uint64_t v;

	return vn_number(s, 10, 0, max, &v) == 0;
}

static bool has_form(const char *s, enum form form)
{
	switch (form) {
	case FORM_U8:
		return is_number(s, UINT8_MAX);
	case FORM_U16:
		return is_number(s, UINT16_MAX);
	case FORM_U32:
		return is_number(s, UINT32_MAX);
	case FORM_S32:
		return is_number(*s == '-' ? s + 1 : s, INT32_MAX);
	case FORM_IPS:
		return count_ips(s) > 0;
	case FORM_PAIRS:
		return count_ips(s) > 0 && count_ips(s) % 2 == 0;
	case FORM_ROUTES:
		return is_routes(s);
	case FORM_NAMES:
		return is_names(s);
	case FORM_BYTES:
		return is_bytes(s);
	case FORM_QUOTED:
	case FORM_TEXT:
		return is_text(s);
	case FORM_ANY:
	case FORM_PROTOCOL:
	case FORM_COUNT:
		return false;
	}
	return false;
}

/* ---- the value ---- */

/* The number, and whether it is the user's to set. */
static int parse_number(const struct vn_option *opt, const char *s, uint8_t *ret_number,
			struct vnet_error *err)
{
	size_t len = strcspn(s, "=");
	char digits[8];
	uint64_t n;

	if (!s[len] || !s[len + 1] || vn_format(digits, sizeof(digits), "%.*s", (int)len, s) < 0 ||
	    vn_number(digits, 10, 1, 254, &n) < 0)
		return vnet_error_set(err, -EINVAL, "%s '%.80s': want N=VALUE, N from 1 to 254",
				      opt->key, s);
	if (n < sizeof(instead) / sizeof(instead[0]) && instead[n])
		return vnet_error_set(err, -EINVAL, "%s %u is not for you to set: want %s",
				      opt->key, (unsigned int)n, instead[n]);
	if (n < sizeof(forms) && forms[n] == FORM_PROTOCOL)
		return vnet_error_set(err, -EINVAL, "%s %u is the protocol's own: want another",
				      opt->key, (unsigned int)n);
	*ret_number = (uint8_t)n;
	return 0;
}

int vn_dhcp_option_parse(const struct vn_option *opt, const char *s, void *ret,
			 struct vnet_error *err)
{
	struct vnet_dhcp_option option = { 0 };
	int r = parse_number(opt, s, &option.number, err);

	if (r < 0)
		return r;
	s = strchr(s, '=') + 1;
	if (vn_copy(option.value, sizeof(option.value), s) < 0)
		return vnet_error_set(err, -E2BIG, "%s %u: its value has more than %d characters",
				      opt->key, option.number, VNET_OPTION_VALUE - 1);
	if (!has_form(s, form_of(&option)))
		return vnet_error_set(err, -EINVAL, "%s %u '%.80s': want %s", opt->key,
				      option.number, s, wanted[form_of(&option)]);
	*(struct vnet_dhcp_option *)ret = option;
	return 0;
}

void vn_dhcp_option_print(const void *value, struct vn_text *text)
{
	const struct vnet_dhcp_option *option = value;

	vn_text_add(text, "%u=%s", option->number, option->value);
}

/* ---- dnsmasq's spelling ---- */

void vn_dhcp_quote(const char *s, struct vn_text *text)
{
	vn_text_add(text, "\"");
	for (; *s; s++)
		vn_text_add(text, "%s%c", strchr("\"\\", *s) ? "\\" : "", *s);
	vn_text_add(text, "\"");
}

/* In bytes, as "68:69"; of one byte that would be a number to dnsmasq, and so it gets one. */
static void text_conf(const char *s, struct vn_text *text)
{
	if (!s[1])
		vn_text_add(text, "%ub", (unsigned int)*s);
	for (const char *at = s; s[1] && *at; at++)
		vn_text_add(text, "%s%02x", at == s ? "" : ":", (unsigned int)*at);
}

void vn_dhcp_option_conf(const struct vnet_dhcp_option *option, struct vn_text *text)
{
	enum form form = form_of(option);

	vn_text_add(text, "dhcp-option=%u,", option->number);
	if (form == FORM_QUOTED)
		vn_dhcp_quote(option->value, text);
	else if (form == FORM_TEXT)
		text_conf(option->value, text);
	else
		vn_text_add(text, "%s%s", option->value,
			    form == FORM_U8			 ? "b" :
			    form == FORM_U16			 ? "s" :
			    form == FORM_U32 || form == FORM_S32 ? "i" :
								   "");
	vn_text_add(text, "\n");
}
