/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_FRAME_H
#define VN_SYS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <vnet/addr.h>

/* What neighbours on a link are asked and told, by ARP and by neighbour discovery. */

struct sock_fprog;

enum {
	VN_FRAME_MAC = 6,
	VN_FRAME_DATA = 72,  /* the longest: IPv6, ICMPv6, an address, an option with a MAC */
	VN_FRAME_HOPS = 255, /* RFC 4861, section 4.3: proof that no router has passed it on */
};

/* A frame of the protocol ETH_P_* for the MAC @to. */
struct vn_frame {
	uint16_t protocol;
	uint8_t to[VN_FRAME_MAC];
	uint8_t data[VN_FRAME_DATA];
	size_t size;
};

/*
 * An ARP request to all (RFC 826): @source, which is at @mac, asks for @target. With a @source of
 * zero it is a probe, with one equal to @target an announcement (RFC 5227, section 1.1).
 */
struct vn_frame vn_frame_arp(const struct vnet_mac *mac, const struct vnet_ip *source,
			     const struct vnet_ip *target);

/* A neighbour solicitation (RFC 4861, section 4.3), in the same words. */
struct vn_frame vn_frame_solicit(const struct vnet_mac *mac, const struct vnet_ip *source,
				 const struct vnet_ip *target);

/* A router solicitation (RFC 4861, section 4.1) from the link-local @source, which is at @mac. */
struct vn_frame vn_frame_ask_routers(const struct vnet_mac *mac, const struct vnet_ip *source);

/* An unsolicited neighbour advertisement (RFC 4861, section 7.2.6): @ip is at @mac. */
struct vn_frame vn_frame_advert(const struct vnet_mac *mac, const struct vnet_ip *ip);

/*
 * A socket that hears @protocol (ETH_P_*) on the link @index, of all else nothing; @filter: and of
 * that what it lets pass; NULL: all. It never blocks. Returns it, or a negative errno.
 */
int vn_frame_listen(int index, uint16_t protocol, const struct sock_fprog *filter);

/*
 * Send @frame through the link @index, by any packet socket of the type SOCK_DGRAM. One that a
 * full queue has lost counts as sent. Returns 0 or a negative errno.
 */
int vn_frame_send(int fd, int index, const struct vn_frame *frame);

#endif /* VN_SYS_FRAME_H */
