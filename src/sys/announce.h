/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_ANNOUNCE_H
#define VN_SYS_ANNOUNCE_H

#include <vnet/addr.h>

/*
 * A socket for vn_announce(), in the caller's namespace. To close one takes the kernel about
 * 10 ms (it waits for all that might still see it): not one for each address.
 * Returns it, or a negative errno.
 */
int vn_announce_open(void);

/*
 * Tell the neighbours on the link @index that @ip is at @mac: an ARP announcement (RFC
 * 5227, section 3) or an unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 * That no one hears it is no error. Returns 0, -ENODEV or another negative errno.
 */
int vn_announce(int fd, int index, const struct vnet_mac *mac, const struct vnet_ip *ip);

/*
 * Ask the routers on the link @index for an advertisement, from the link-local @ip at @mac: RFC
 * 4861, section 6.3.7. As vn_announce().
 */
int vn_solicit(int fd, int index, const struct vnet_mac *mac, const struct vnet_ip *ip);

#endif /* VN_SYS_ANNOUNCE_H */
