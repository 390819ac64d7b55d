/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/nic.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/file.h"

enum {
	SYS_PATH = 64, /* "/sys/class/net/NAME/phy80211" */
	GROUP_COLUMN = 2,
};

/* ---- multicast ---- */

/* A line without blanks in front begins a link, the others are its groups. */
int vn_igmp_parse(char *text, int32_t index, vn_group_fn *fn, void *arg)
{
	char *line = vn_line_next(&text); /* the columns' names */
	bool here = false;
	int r = 0;

	while (line && r == 0 && (line = vn_line_next(&text))) {
		struct vnet_ip group = { .family = AF_INET };
		bool is_link = *line != '\t' && *line != ' ';
		char *save = NULL;
		const char *word = strtok_r(line, " \t", &save);
		uint64_t number;
		uint32_t raw; /* the address as it lies in memory, read as a number */

		if (!word || vn_number(word, is_link ? 10 : 16, 0, UINT32_MAX, &number) < 0)
			continue;
		if (is_link) {
			here = number == (uint64_t)index;
			continue;
		}
		raw = (uint32_t)number;
		memcpy(group.bytes, &raw, sizeof(raw));
		if (here && memcmp(group.bytes, (uint8_t[]){ 224, 0, 0, 1 }, 4) != 0)
			r = fn(&group, arg);
	}
	return r;
}

static int hex_bytes(const char *hex, uint8_t *ret_bytes, size_t n)
{
	if (strlen(hex) != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		const char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		uint64_t number;

		if (vn_number(byte, 16, 0, UINT8_MAX, &number) < 0)
			return -EINVAL;
		ret_bytes[i] = (uint8_t)number;
	}
	return 0;
}

/*
 * All nodes, all routers (of a router), all snoopers (of a bridge), and whoever is asked
 * for: RFC 4291, section 2.7.1. These the kernel joins by itself.
 */
static bool is_kernels(const uint8_t group[16])
{
	static const uint8_t asked[13] = { 0xff, 2, [11] = 1, 0xff };
	static const uint8_t zero[13];

	if (!memcmp(group, asked, sizeof(asked)))
		return true;
	return group[0] == 0xff && (group[1] == 1 || group[1] == 2 || group[1] == 5) &&
	       !memcmp(group + 2, zero, sizeof(zero)) &&
	       (group[15] == 1 || group[15] == 2 || group[15] == 0x6a);
}

int vn_igmp6_parse(char *text, int32_t index, vn_group_fn *fn, void *arg)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = vn_line_next(&text))) {
		struct vnet_ip group = { .family = AF_INET6 };
		char *save = NULL;
		const char *word[GROUP_COLUMN + 1];
		uint64_t number;

		for (size_t i = 0; i <= GROUP_COLUMN; i++)
			word[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!word[GROUP_COLUMN] || vn_number(word[0], 10, 0, INT_MAX, &number) < 0 ||
		    number != (uint64_t)index || hex_bytes(word[GROUP_COLUMN], group.bytes, 16) < 0)
			continue;
		if (!is_kernels(group.bytes))
			r = fn(&group, arg);
	}
	return r;
}

int vn_nic_groups(int32_t index, vn_group_fn *fn, void *arg)
{
	static const struct {
		const char *path;
		int (*parse)(char *text, int32_t index, vn_group_fn *fn, void *arg);
	} files[] = { { "/proc/thread-self/net/igmp", vn_igmp_parse },
		      { "/proc/thread-self/net/igmp6", vn_igmp6_parse } };
	int r = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r == 0; i++) {
		auto_free char *text = NULL;

		r = vn_file_read(files[i].path, &text, NULL);
		if (r == 0)
			r = files[i].parse(text, index, fn, arg);
		else if (r == -ENOENT) /* a kernel without this family */
			r = 0;
	}
	return r;
}

/* ---- of what kind it is ---- */

bool vn_nic_lro(const char *name)
{
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_data = (char *)&flags };

	return fd >= 0 && vn_copy(request.ifr_name, sizeof(request.ifr_name), name) == 0 &&
	       ioctl(fd, SIOCETHTOOL, &request) == 0 && (flags.data & ETH_FLAG_LRO);
}

bool vn_nic_wireless(const char *name, int32_t index)
{
	auto_free char *number = NULL;
	char path[SYS_PATH];

	if (vn_format(path, sizeof(path), "/sys/class/net/%s/phy80211", name) < 0 ||
	    access(path, F_OK) != 0 ||
	    vn_format(path, sizeof(path), "/sys/class/net/%s/ifindex", name) < 0 ||
	    vn_file_read(path, &number, NULL) < 0)
		return false;
	return strtol(number, NULL, 10) == index;
}
