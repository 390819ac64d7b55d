/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/announce.h"

#include <errno.h>
#include <sys/socket.h>

#include "sys/frame.h"

int vn_announce_open(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* it hears nothing */

	return fd < 0 ? -errno : fd;
}

static int tell(int fd, int index, const struct vn_frame *frame)
{
	int r = vn_frame_send(fd, index, frame);

	if (r == -ENETDOWN) /* then no one hears it */
		return 0;
	return r == -ENXIO ? -ENODEV : r;
}

int vn_announce(int fd, int index, const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	struct vn_frame frame;

	if (ip->family == AF_INET)
		frame = vn_frame_arp(mac, ip, ip);
	else if (ip->family == AF_INET6)
		frame = vn_frame_advert(mac, ip);
	else
		return -EAFNOSUPPORT;
	return tell(fd, index, &frame);
}

int vn_solicit(int fd, int index, const struct vnet_mac *mac, const struct vnet_ip *ip)
{
	const struct vn_frame frame = vn_frame_ask_routers(mac, ip);

	return tell(fd, index, &frame);
}
