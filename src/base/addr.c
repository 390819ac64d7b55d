/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <vnet/addr.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

int vnet_name_parse(const char *s, char ret_name[VNET_NAME_SIZE], struct vnet_error *err)
{
	size_t len = strlen(s);

	if (!len)
		return vnet_error_set(err, -EINVAL, "the name is empty: want 1 to 15 characters");
	if (len >= VNET_NAME_SIZE)
		return vnet_error_set(err, -ENAMETOOLONG,
				      "name '%.40s' has %zu characters: want at most 15", s, len);
	if (!strcmp(s, ".") || !strcmp(s, ".."))
		return vnet_error_set(err, -EINVAL, "name '%s' means a directory: want another", s);
	if (!strcmp(s, "all") || !strcmp(s, "default")) /* net.ipv6.conf.all */
		return vnet_error_set(
			err, -EINVAL,
			"name '%s' means every link to the kernel's sysctls: want another", s);
	if (s[0] == '-')
		return vnet_error_set(err, -EINVAL,
				      "name '%s' begins with '-': want a letter or digit first", s);
	for (size_t i = 0; i < len; i++) {
		if (!name_char(s[i]))
			return vnet_error_set(err, -EINVAL,
					      "name '%s' holds a character other than "
					      "letters, digits, '-', '_' and '.'",
					      s);
	}
	memcpy(ret_name, s, len + 1);
	return 0;
}

int vnet_ip_parse(const char *s, struct vnet_ip *ret_ip, struct vnet_error *err)
{
	struct vnet_ip ip = { 0 };

	if (inet_pton(AF_INET, s, ip.bytes) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, s, ip.bytes) == 1)
		ip.family = AF_INET6;
	else
		return vnet_error_set(
			err, -EINVAL,
			"'%.60s' is no address: want one such as 10.1.1.254 or fd00::1", s);
	*ret_ip = ip;
	return 0;
}

static bool ip_zero(const struct vnet_ip *ip)
{
	static const uint8_t zero[16];

	return !memcmp(ip->bytes, zero, sizeof(zero));
}

/* What an address of either family can be that no host has. */
#define LOOPBACK  "'%s' is an address of the loopback: want that of a network"
#define MULTICAST "'%s' is a multicast or reserved address: want that of a host"
#define NETWORK	  "'%s' is the address of the network itself: want that of a host"

static int cidr4_check(const struct vnet_cidr *cidr, const char *s, struct vnet_error *err)
{
	uint32_t n = vnet_ip4_number(&cidr->ip);

	if (n >> 24 == 127)
		return vnet_error_set(err, -EINVAL, LOOPBACK, s);
	if (n >> 28 >= 14) /* 224/4 multicast, 240/4 reserved: RFC 5771, RFC 1112 */
		return vnet_error_set(err, -EINVAL, MULTICAST, s);
	if (cidr->prefix >= 31) /* RFC 3021: a /31 has neither network nor broadcast address */
		return 0;
	if (n == vnet_cidr4_first(cidr))
		return vnet_error_set(err, -EINVAL, NETWORK, s);
	if (n == vnet_cidr4_last(cidr))
		return vnet_error_set(err, -EINVAL,
				      "'%s' is the broadcast address of its network: want that of "
				      "a host",
				      s);
	return 0;
}

static int cidr6_check(const struct vnet_cidr *cidr, const char *s, struct vnet_error *err)
{
	static const uint8_t one[16] = { [15] = 1 };
	struct vnet_cidr network = vnet_cidr_network(cidr);

	if (!memcmp(cidr->ip.bytes, one, sizeof(one)))
		return vnet_error_set(err, -EINVAL, LOOPBACK, s);
	if (cidr->ip.bytes[0] == 0xff)
		return vnet_error_set(err, -EINVAL, MULTICAST, s);
	if (vnet_ip_is_link_local(&cidr->ip))
		return vnet_error_set(err, -EINVAL,
				      "'%s' is link-local: the kernel chooses those by itself", s);
	/* RFC 4291, section 2.6.1; RFC 6164 for a /127 */
	if (cidr->prefix < 127 && vnet_cidr_equal(cidr, &network))
		return vnet_error_set(err, -EINVAL, NETWORK, s);
	return 0;
}

int vnet_cidr_parse(const char *s, struct vnet_cidr *ret_cidr, struct vnet_error *err)
{
	struct vnet_cidr cidr = { 0 };
	const char *slash = strchr(s, '/');
	char ip[VNET_IP_TEXT];
	uint64_t prefix;
	int max;
	int r;

	if (!slash)
		return vnet_error_set(
			err, -EINVAL,
			"'%.60s' has no prefix length: want one such as 10.1.1.254/24", s);
	if (vn_format(ip, sizeof(ip), "%.*s", (int)(slash - s), s) < 0)
		return vnet_error_set(err, -EINVAL,
				      "'%.60s' is no address with a prefix length: want one such "
				      "as 10.1.1.254/24",
				      s);
	r = vnet_ip_parse(ip, &cidr.ip, err);
	if (r < 0)
		return r;
	max = cidr.ip.family == AF_INET ? 32 : 128;
	if (vn_number(slash + 1, 10, 1, (uint64_t)max, &prefix) < 0)
		return vnet_error_set(err, -EINVAL, "'%.60s': want a prefix length of 1 to %d", s,
				      max);
	cidr.prefix = (uint8_t)prefix;
	if (ip_zero(&cidr.ip))
		return vnet_error_set(err, -EINVAL,
				      "'%s' is the unspecified address: want that of a host", s);
	r = cidr.ip.family == AF_INET ? cidr4_check(&cidr, s, err) : cidr6_check(&cidr, s, err);
	if (r < 0)
		return r;
	*ret_cidr = cidr;
	return 0;
}

/* The end of a range: a whole address, or the last number of the first one. */
static int range_end(const char *s, const struct vnet_ip *first, struct vnet_ip *ret_last,
		     struct vnet_error *err)
{
	uint64_t number;

	if (strchr(s, '.'))
		return vnet_ip_parse(s, ret_last, err);
	if (vn_number(s, 10, 0, 255, &number) < 0)
		return vnet_error_set(err, -EINVAL,
				      "range end '%.40s': want a number up to 255 or an address",
				      s);
	*ret_last = *first;
	ret_last->bytes[3] = (uint8_t)number;
	return 0;
}

int vnet_range_parse(const char *s, struct vnet_range *ret_range, struct vnet_error *err)
{
	struct vnet_range range;
	const char *dash = strchr(s, '-');
	char first[VNET_IP_TEXT];
	int r;

	if (!dash || vn_format(first, sizeof(first), "%.*s", (int)(dash - s), s) < 0)
		return vnet_error_set(err, -EINVAL,
				      "'%.60s' is no range: want one such as 10.1.1.11-100", s);
	r = vnet_ip_parse(first, &range.first, err);
	if (r < 0)
		return r;
	if (range.first.family != AF_INET)
		return vnet_error_set(err, -EINVAL, "range '%.60s': want IPv4 addresses", s);
	r = range_end(dash + 1, &range.first, &range.last, err);
	if (r < 0)
		return r;
	if (range.last.family != AF_INET)
		return vnet_error_set(err, -EINVAL, "range '%.60s': want IPv4 addresses", s);
	if (vnet_ip4_number(&range.last) < vnet_ip4_number(&range.first))
		return vnet_error_set(err, -ERANGE, "range '%.60s' ends before it begins", s);
	*ret_range = range;
	return 0;
}

int vnet_mac_parse(const char *s, struct vnet_mac *ret_mac, struct vnet_error *err)
{
	struct vnet_mac mac = { 0 };
	bool zero = true;

	if (strlen(s) != VNET_MAC_TEXT - 1)
		goto bad;
	for (size_t i = 0; i < 6; i++) {
		const char *digits = s + 3 * i;
		char text[3] = { digits[0], digits[1] };
		uint64_t byte;

		if (vn_number(text, 16, 0, UINT8_MAX, &byte) < 0 || (i < 5 && digits[2] != ':'))
			goto bad;
		mac.bytes[i] = (uint8_t)byte;
		zero = zero && !byte;
	}
	if (mac.bytes[0] & 1)
		return vnet_error_set(err, -EINVAL,
				      "MAC '%s' is a group address: want an even first byte", s);
	if (zero)
		return vnet_error_set(err, -EINVAL, "MAC '%s' is zero: want another", s);
	*ret_mac = mac;
	return 0;
bad:
	return vnet_error_set(err, -EINVAL, "'%.60s' is no MAC: want one such as 52:54:00:12:34:56",
			      s);
}

const char *vnet_ip_text(const struct vnet_ip *ip, char buf[VNET_IP_TEXT])
{
	if (!ip->family || !inet_ntop(ip->family, ip->bytes, buf, VNET_IP_TEXT))
		(void)vn_copy(buf, VNET_IP_TEXT, "none");
	return buf;
}

const char *vnet_cidr_text(const struct vnet_cidr *cidr, char buf[VNET_CIDR_TEXT])
{
	char ip[VNET_IP_TEXT];

	(void)snprintf(buf, VNET_CIDR_TEXT, "%s/%u", vnet_ip_text(&cidr->ip, ip), cidr->prefix);
	return buf;
}

const char *vnet_mac_text(const struct vnet_mac *mac, char buf[VNET_MAC_TEXT])
{
	const uint8_t *b = mac->bytes;

	(void)snprintf(buf, VNET_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		       b[4], b[5]);
	return buf;
}

bool vnet_ip_equal(const struct vnet_ip *a, const struct vnet_ip *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool vnet_ip_is_link_local(const struct vnet_ip *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool vnet_cidr_equal(const struct vnet_cidr *a, const struct vnet_cidr *b)
{
	return a->prefix == b->prefix && vnet_ip_equal(&a->ip, &b->ip);
}

struct vnet_cidr vnet_cidr_network(const struct vnet_cidr *cidr)
{
	struct vnet_cidr net = *cidr;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int bits = cidr->prefix > 8 * i ? cidr->prefix - 8 * i : 0;

		if (bits < 8)
			net.ip.bytes[i] &= (uint8_t)(0xff00U >> bits);
	}
	return net;
}

bool vnet_cidr_holds(const struct vnet_cidr *cidr, const struct vnet_ip *ip)
{
	size_t whole = cidr->prefix < 128 ? cidr->prefix / 8 : 16;
	unsigned int mask = 0xff00U >> cidr->prefix % 8;

	return cidr->ip.family == ip->family && !memcmp(cidr->ip.bytes, ip->bytes, whole) &&
	       (whole == 16 || !((cidr->ip.bytes[whole] ^ ip->bytes[whole]) & mask & 0xff));
}

uint32_t vnet_ip4_number(const struct vnet_ip *ip)
{
	const uint8_t *b = ip->bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct vnet_ip vnet_ip4(uint32_t number)
{
	return (struct vnet_ip){
		.family = AF_INET,
		.bytes = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
			   (uint8_t)number },
	};
}

uint32_t vnet_cidr4_first(const struct vnet_cidr *cidr)
{
	struct vnet_cidr net = vnet_cidr_network(cidr);

	return vnet_ip4_number(&net.ip);
}

uint32_t vnet_cidr4_last(const struct vnet_cidr *cidr)
{
	uint64_t size = 1ULL << (32 - cidr->prefix);

	return (uint32_t)(vnet_cidr4_first(cidr) + size - 1);
}

bool vnet_range_holds(const struct vnet_range *range, const struct vnet_ip *ip)
{
	uint32_t n = vnet_ip4_number(ip);

	return ip->family == AF_INET && n >= vnet_ip4_number(&range->first) &&
	       n <= vnet_ip4_number(&range->last);
}
