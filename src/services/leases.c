/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "services/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/file.h"

/*
 * How this works: a line is "EXPIRES [TYPE-]MAC IP NAME CLIENT-ID" (read_leases() of
 * dnsmasq's lease.c), '*' stands for none. dnsmasq writes its file anew in place
 * after each change, so a reader may meet it empty or half done: a file that was
 * touched a moment ago is read once more.
 */

enum {
	FIELDS = 5,
	LEASES_FIRST = 64,
	CALM_MS = 5, /* a file is calm that was not written to for so long: a tick is 1 to 10 ms */
	CALM_TRIES = 4 /* after which it is taken as it is */
};

static const char hex[] = "0123456789abcdefABCDEF";

/* ---- fields ---- */

static int expires_parse(const char *s, int64_t *ret_expires)
{
	uint64_t seconds;
	int r;

	r = vn_number(s, 10, 0, INT64_MAX, &seconds);
	if (r < 0)
		return r;
	*ret_expires = (int64_t)seconds;
	return 0;
}

static uint8_t hex_digit(char c)
{
	size_t at = (size_t)(strchr(hex, c) - hex);

	return (uint8_t)(at < 16 ? at : at - 6); /* past the small letters come the large ones */
}

/*
 * Any six bytes, also those that no client should have. Other links have a type in
 * front, or other lengths: zero.
 */
static int mac_parse(const char *s, struct vnet_mac *ret_mac)
{
	struct vnet_mac mac = { 0 };

	if (s[strspn(s, "0123456789abcdefABCDEF:-")])
		return -EINVAL;
	*ret_mac = mac;
	if (strlen(s) != VNET_MAC_TEXT - 1)
		return 0;
	for (size_t i = 0; i < sizeof(mac.bytes); i++, s += 3) {
		if (strspn(s, hex) != 2 || (s[2] && s[2] != ':'))
			return 0;
		mac.bytes[i] = (uint8_t)(hex_digit(s[0]) << 4 | hex_digit(s[1]));
	}
	*ret_mac = mac;
	return 0;
}

static void name_parse(const char *s, char ret_name[VNET_HOST_NAME])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	ret_name[0] = '\0';
	if (!strcmp(s, "*") || vn_copy(ret_name, VNET_HOST_NAME, s) < 0)
		return;
	for (char *c = ret_name; *c; c++) {
		if (!strchr(allowed, *c))
			*c = '?';
	}
}

static int client_id_parse(const char *s, char ret_id[VNET_LEASE_CLIENT_ID])
{
	static const char more[] = "...";
	size_t keep = VNET_LEASE_CLIENT_ID - sizeof(more);

	ret_id[0] = '\0';
	if (!strcmp(s, "*"))
		return 0;
	if (s[strspn(s, "0123456789abcdefABCDEF:")])
		return -EINVAL;
	if (!vn_copy(ret_id, VNET_LEASE_CLIENT_ID, s))
		return 0;
	memcpy(ret_id, s, keep);
	memcpy(ret_id + keep, more, sizeof(more));
	return 0;
}

/* ---- lines ---- */

static size_t split(char *line, char *fields[FIELDS + 1])
{
	size_t n = 0;
	char *rest;

	for (char *field = strtok_r(line, " \t\r", &rest); field && n <= FIELDS;
	     field = strtok_r(NULL, " \t\r", &rest))
		fields[n++] = field;
	return n;
}

/* Returns 1 for a lease, 0 for a line that is none but makes sense, -EINVAL for nonsense. */
static int line_parse(char *line, struct vnet_lease *ret_lease)
{
	char *fields[FIELDS + 1] = { NULL };
	size_t n = split(line, fields);
	struct vnet_lease lease = { 0 };

	/* Of IPv6 there are the server's "duid" and leases with an id in the MAC's place. */
	if (!n || (n == 2 && !strcmp(fields[0], "duid")))
		return 0;
	if (n != FIELDS || expires_parse(fields[0], &lease.expires) < 0 ||
	    vnet_ip_parse(fields[2], &lease.ip, NULL) < 0)
		return -EINVAL;
	if (lease.ip.family != AF_INET)
		return 0;
	if (mac_parse(fields[1], &lease.mac) < 0 || client_id_parse(fields[4], lease.client_id) < 0)
		return -EINVAL;
	name_parse(fields[3], lease.name);
	*ret_lease = lease;
	return 1;
}

/* To the functions of strings, a NUL byte would hide what comes after it. */
static void nuls_mask(char *text, size_t len)
{
	for (char *nul = memchr(text, '\0', len); nul;
	     nul = memchr(nul, '\0', len - (size_t)(nul - text)))
		*nul = '?';
}

int vn_leases_parse(char *text, size_t len, struct vnet_lease **ret_leases, size_t *ret_n,
		    struct vn_lease_flaws *flaws)
{
	auto_free struct vnet_lease *leases = NULL;
	size_t size = 0;
	size_t n = 0;
	char *line;

	if (len)
		nuls_mask(text, len);
	while ((line = vn_line_next(&text))) {
		int r;

		if (n == VN_LEASES_COUNT) {
			flaws->truncated = true;
			break;
		}
		if (n == size) {
			size_t more = size ? size * 2 : LEASES_FIRST;
			struct vnet_lease *grown = reallocarray(leases, more, sizeof(*leases));

			if (!grown)
				return -ENOMEM;
			leases = grown;
			size = more;
		}
		r = line_parse(line, &leases[n]);
		if (r < 0)
			flaws->bad_lines++;
		else
			n += (size_t)r;
	}
	*ret_leases = n ? take_ptr(&leases) : NULL;
	*ret_n = n;
	return 0;
}

/* ---- the file ---- */

static bool is_calm(const struct stat *st)
{
	struct timespec now;
	int64_t age;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age = ((int64_t)now.tv_sec - st->st_mtim.tv_sec) * 1000 +
	      (now.tv_nsec - st->st_mtim.tv_nsec) / 1000000;
	return age > CALM_MS || age < 0; /* before its time: the clock was set */
}

/* Load the file when it is not being written to, or as it is if it always is. */
static int load_calm(int fd, char **ret_text, size_t *ret_len)
{
	for (int i = 1;; i++) {
		auto_free char *text = NULL;
		struct stat st;
		size_t len;
		int r;

		r = vn_file_load(fd, (size_t)VN_LEASES_MAX + 1, &text, &len);
		if (r < 0)
			return r;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (i == CALM_TRIES || is_calm(&st)) {
			*ret_text = take_ptr(&text);
			*ret_len = len;
			return 0;
		}
		vn_sleep_ms(CALM_MS);
	}
}

/* Cut what is too long at the last whole line. */
static void cut(char *text, size_t *len)
{
	char *end = memrchr(text, '\n', VN_LEASES_MAX);

	*len = end ? (size_t)(end - text) : 0;
	text[*len] = '\0';
}

int vn_leases_read(const char *path, struct vnet_lease **ret_leases, size_t *ret_n,
		   struct vn_lease_flaws *ret_flaws)
{
	auto_fd fd = vn_file_open(path);
	auto_free char *text = NULL;
	struct vn_lease_flaws flaws = { 0 };
	size_t len = 0;
	int r;

	if (fd < 0 && fd != -ENOENT)
		return fd;
	r = fd < 0 ? 0 : load_calm(fd, &text, &len);
	if (r < 0)
		return r;
	if (len > VN_LEASES_MAX) {
		flaws.truncated = true;
		cut(text, &len);
	}
	r = vn_leases_parse(text, len, ret_leases, ret_n, &flaws);
	if (!r && ret_flaws)
		*ret_flaws = flaws;
	return r;
}
