/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/xtables.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sys/file.h"

enum {
	CHAIN_SIZE = XT_FUNCTION_MAXNAMELEN, /* of struct xt_error_target */
	TEXT_SIZE = 160,
	TABLE_MAX = 64 << 20, /* bytes: a hundred times as many rules as are bearable */
};

/* Both are asked for in the same way, by the same numbers. */
/* NOLINTNEXTLINE(misc-redundant-expression): that they are the same is what is said here */
static_assert((int)IPT_SO_GET_INFO == (int)IP6T_SO_GET_INFO, "of IPv4 and IPv6");
/* NOLINTNEXTLINE(misc-redundant-expression) */
static_assert((int)IPT_SO_GET_ENTRIES == (int)IP6T_SO_GET_ENTRIES, "of IPv4 and IPv6");
static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "of IPv4 and IPv6");
static_assert(offsetof(struct ipt_get_entries, entrytable) ==
		      offsetof(struct ip6t_get_entries, entrytable),
	      "of IPv4 and IPv6");
static_assert((int)VN_XTABLES_HOOKS == (int)NF_INET_NUMHOOKS, "a chain a hook");

/* Where things stand in an entry. */
static const struct layout {
	int family;
	const char *name;
	int level; /* of the socket option */
	const char *tables;
	size_t size;
	size_t ifaces; /* in, out, their masks: four times IFNAMSIZ */
	size_t target;
	size_t next;
} layouts[] = {
	{ AF_INET, "ip", IPPROTO_IP, "/proc/thread-self/net/ip_tables_names",
	  sizeof(struct ipt_entry), offsetof(struct ipt_entry, ip.iniface),
	  offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset) },
	{ AF_INET6, "ip6", IPPROTO_IPV6, "/proc/thread-self/net/ip6_tables_names",
	  sizeof(struct ip6t_entry), offsetof(struct ip6t_entry, ipv6.iniface),
	  offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, next_offset) },
};

/* ---- one table ---- */

/* As ifname_compare() of the kernel: the bytes that the mask has, be it a name or a prefix. */
static bool matches(const uint8_t *wanted, const uint8_t *mask, const char name[IFNAMSIZ])
{
	for (size_t i = 0; i < IFNAMSIZ; i++) {
		if (((uint8_t)name[i] ^ wanted[i]) & mask[i])
			return false;
	}
	return true;
}

static bool turns(const uint8_t *ifaces, const char from[IFNAMSIZ], const char to[IFNAMSIZ])
{
	for (size_t side = 0; side < 2; side++) {
		const uint8_t *wanted = ifaces + side * IFNAMSIZ;
		const uint8_t *mask = wanted + 2 * (size_t)IFNAMSIZ;

		if (matches(wanted, mask, from) && !matches(wanted, mask, to))
			return true;
	}
	return false;
}

/* The chains that hang on no hook begin with an entry of this kind, which names them. */
static bool is_head(const uint8_t *target, size_t len, char ret_chain[CHAIN_SIZE])
{
	struct xt_error_target error;

	if (len < sizeof(error))
		return false;
	memcpy(&error, target, sizeof(error));
	if (strncmp(error.target.u.user.name, XT_ERROR_TARGET, sizeof(error.target.u.user.name)) !=
	    0)
		return false;
	memcpy(ret_chain, error.errorname, CHAIN_SIZE);
	ret_chain[CHAIN_SIZE - 1] = '\0';
	return true;
}

static const char *hook_at(const struct vn_xtable *table, size_t at)
{
	static const char *const chains[VN_XTABLES_HOOKS] = { "PREROUTING", "INPUT", "FORWARD",
							      "OUTPUT", "POSTROUTING" };

	for (size_t i = 0; i < VN_XTABLES_HOOKS; i++) {
		if (table->hooks[i] == at)
			return chains[i];
	}
	return NULL;
}

static int tell(const struct vn_xtable *table, const struct layout *layout, const char *chain,
		unsigned int number, vn_xtables_fn *fn, void *arg)
{
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%s %s %s rule %u", layout->name, table->name, chain,
		       number);
	vn_text_clean(text);
	return fn(text, arg);
}

int vn_xtables_parse(const struct vn_xtable *table, const char *from, const char *to,
		     vn_xtables_fn *fn, void *arg)
{
	const struct layout *layout = &layouts[table->family == AF_INET6];
	char names[2][IFNAMSIZ] = { 0 };
	char chain[CHAIN_SIZE] = "";
	unsigned int number = 0;
	uint16_t target;
	uint16_t next;
	int r = 0;

	if (vn_copy(names[0], IFNAMSIZ, from) < 0 || vn_copy(names[1], IFNAMSIZ, to) < 0)
		return -ENAMETOOLONG;
	for (size_t at = 0; at < table->size && r == 0; at += next) {
		const uint8_t *entry = table->entries + at;
		const char *hook = hook_at(table, at);

		if (table->size - at < layout->size)
			return -EBADMSG;
		memcpy(&target, entry + layout->target, sizeof(target));
		memcpy(&next, entry + layout->next, sizeof(next));
		if (target < layout->size || next < target || next > table->size - at)
			return -EBADMSG;
		if (is_head(entry + target, (size_t)next - target, chain)) {
			number = 0;
			continue;
		}
		if (hook && vn_copy(chain, sizeof(chain), hook) == 0)
			number = 0;
		number++;
		if (turns(entry + layout->ifaces, names[0], names[1]))
			r = tell(table, layout, chain, number, fn, arg);
	}
	return r;
}

/* ---- the kernel ---- */

struct search {
	const char *from;
	const char *to;
	vn_xtables_fn *fn;
	void *arg;
};

static int survey_table(int fd, const struct layout *layout, const char *name,
			const struct search *search)
{
	const size_t skip = offsetof(struct ipt_get_entries, entrytable);
	struct ipt_getinfo info = { 0 };
	socklen_t len = sizeof(info);
	auto_free uint8_t *buf = NULL;
	struct vn_xtable table = { .family = layout->family, .name = name };

	if (vn_copy(info.name, sizeof(info.name), name) < 0)
		return -ENAMETOOLONG;
	if (getsockopt(fd, layout->level, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	if (info.size > TABLE_MAX)
		return -EFBIG;
	buf = calloc(1, skip + info.size);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, info.name, sizeof(info.name));
	memcpy(buf + offsetof(struct ipt_get_entries, size), &info.size, sizeof(info.size));
	len = (socklen_t)(skip + info.size);
	if (getsockopt(fd, layout->level, IPT_SO_GET_ENTRIES, buf, &len) < 0)
		return errno == EAGAIN ? -EINTR : -errno; /* it has another size by now */
	for (size_t i = 0; i < VN_XTABLES_HOOKS; i++)
		table.hooks[i] = info.valid_hooks >> i & 1 ? info.hook_entry[i] : UINT32_MAX;
	table.entries = buf + skip;
	table.size = info.size;
	return vn_xtables_parse(&table, search->from, search->to, search->fn, search->arg);
}

static int survey_family(const struct layout *layout, const struct search *search)
{
	auto_free char *names = NULL;
	auto_fd fd = -1;
	char *rest;
	const char *name;
	int r = vn_file_read(layout->tables, &names, NULL);

	if (r < 0) /* no such kernel, or not for the caller */
		return r == -ENOMEM ? r : 0;
	if (!*names)
		return 0;
	fd = socket(layout->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	rest = names;
	while (r == 0 && (name = vn_line_next(&rest)))
		r = *name ? survey_table(fd, layout, name, search) : 0;
	return r == -EPERM ? 0 : r;
}

int vn_xtables_survey(const char *from, const char *to, vn_xtables_fn *fn, void *arg)
{
	const struct search search = { .from = from, .to = to, .fn = fn, .arg = arg };
	int r = 0;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]) && r == 0; i++)
		r = survey_family(&layouts[i], &search);
	return r;
}
