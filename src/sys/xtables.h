/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_XTABLES_H
#define VN_SYS_XTABLES_H

#include <stddef.h>
#include <stdint.h>

/* A rule of legacy iptables, as "ip filter INPUT rule 3"; a non-zero return ends the search. */
typedef int vn_xtables_fn(const char *text, void *arg);

/*
 * Hand each rule of legacy iptables and ip6tables of the caller's namespace that asks for
 * the link @from, and not alike for @to, to @fn. Where there is no such table, or the
 * caller may not look, that is nothing. Returns 0, what @fn returned, -EINTR if a table is
 * changed at this moment, or another negative errno.
 */
int vn_xtables_survey(const char *from, const char *to, vn_xtables_fn *fn, void *arg);

enum { VN_XTABLES_HOOKS = 5 }; /* NF_INET_NUMHOOKS */

/*
 * One table, as the kernel hands it out: struct ipt_entry, or ip6t_entry, one after the
 * other (linux/netfilter_ipv4/ip_tables.h).
 *
 * @family: AF_INET or AF_INET6
 * @hooks:  where the chain of each hook begins; UINT32_MAX: it has none
 */
struct vn_xtable {
	int family;
	const char *name;
	const uint8_t *entries;
	size_t size;
	uint32_t hooks[VN_XTABLES_HOOKS];
};

/* The same of one table. Returns -EBADMSG if it makes no sense. */
int vn_xtables_parse(const struct vn_xtable *table, const char *from, const char *to,
		     vn_xtables_fn *fn, void *arg);

#endif /* VN_SYS_XTABLES_H */
