/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_ADDR_H
#define VNET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnet/error.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	VNET_NAME_SIZE = 16, /* IFNAMSIZ of linux/if.h, with the final NUL */
	VNET_IP_TEXT = 46,   /* INET6_ADDRSTRLEN */
	VNET_CIDR_TEXT = 50, /* INET6_ADDRSTRLEN + "/128" */
	VNET_MAC_TEXT = 18,
	VNET_HOST_NAME = 64, /* RFC 1035: a label has at most 63 characters */
};

/* An IP address in network byte order; family AF_INET, AF_INET6, or 0 for none. */
struct vnet_ip {
	uint8_t family;
	uint8_t bytes[16];
};

/* An address with the length of its prefix in bits (RFC 4632, RFC 4291). */
struct vnet_cidr {
	struct vnet_ip ip;
	uint8_t prefix;
};

/* A 48-bit MAC address. */
struct vnet_mac {
	uint8_t bytes[6];
};

/* First to last address, both included. */
struct vnet_range {
	struct vnet_ip first;
	struct vnet_ip last;
};

/*
 * Check the name of a network interface: what dev_valid_name() of the kernel
 * accepts, and nothing that a path, a printf format or a shell could take for
 * something else.
 *
 * @s:        the name
 * @ret_name: set on success
 * @err:      says what is wrong with it; may be NULL
 *
 * Returns 0, or -EINVAL or -ENAMETOOLONG.
 */
int vnet_name_parse(const char *s, char ret_name[VNET_NAME_SIZE], struct vnet_error *err);

/*
 * Here and below: the whole of @s is parsed, the result is set on success alone, and @err,
 * which may be NULL, receives a sentence otherwise.
 */

/* Parse "192.0.2.1" or "2001:db8::1". Returns 0 or -EINVAL. */
int vnet_ip_parse(const char *s, struct vnet_ip *ret_ip, struct vnet_error *err);

/*
 * Parse "192.0.2.1/24": the address of a host, with the length of the prefix.
 * Networks, broadcast, multicast and unspecified addresses are refused.
 * Returns 0 or -EINVAL.
 */
int vnet_cidr_parse(const char *s, struct vnet_cidr *ret_cidr, struct vnet_error *err);

/*
 * Parse "192.0.2.11-100" or "192.0.2.11-192.0.2.100". IPv4 only.
 * Returns 0, -EINVAL, or -ERANGE where the end lies before the start.
 */
int vnet_range_parse(const char *s, struct vnet_range *ret_range, struct vnet_error *err);

/* Parse "52:54:00:12:34:56"; group addresses and zero are refused. Returns 0 or -EINVAL. */
int vnet_mac_parse(const char *s, struct vnet_mac *ret_mac, struct vnet_error *err);

/* Print as it is parsed, into @buf of the size named above; returns @buf. */
const char *vnet_ip_text(const struct vnet_ip *ip, char buf[VNET_IP_TEXT]);
const char *vnet_cidr_text(const struct vnet_cidr *cidr, char buf[VNET_CIDR_TEXT]);
const char *vnet_mac_text(const struct vnet_mac *mac, char buf[VNET_MAC_TEXT]);

/* True if both are the same; of a vnet_cidr, address and prefix. */
bool vnet_ip_equal(const struct vnet_ip *a, const struct vnet_ip *b);
bool vnet_cidr_equal(const struct vnet_cidr *a, const struct vnet_cidr *b);

/* True if @ip is an IPv6 address of fe80::/10 (RFC 4291, section 2.4). */
bool vnet_ip_is_link_local(const struct vnet_ip *ip);

/* True if @ip lies in the network of @cidr. */
bool vnet_cidr_holds(const struct vnet_cidr *cidr, const struct vnet_ip *ip);

/* The network of @cidr: its host bits zero. */
struct vnet_cidr vnet_cidr_network(const struct vnet_cidr *cidr);

/* An IPv4 address as a number in host byte order, and back. @ip must be of AF_INET. */
uint32_t vnet_ip4_number(const struct vnet_ip *ip);
struct vnet_ip vnet_ip4(uint32_t number);

/* First and last number of the IPv4 network of @cidr (network and broadcast address). */
uint32_t vnet_cidr4_first(const struct vnet_cidr *cidr);
uint32_t vnet_cidr4_last(const struct vnet_cidr *cidr);

/* True if @ip lies in @range. */
bool vnet_range_holds(const struct vnet_range *range, const struct vnet_ip *ip);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif /* VNET_ADDR_H */
