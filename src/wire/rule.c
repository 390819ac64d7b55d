/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/rule.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/snapshot.h"
#include "base/text.h"
#include "wire/attr.h"

struct survey {
	const struct vnet_link *nic;
	struct vnet_snapshot *snap;
	bool filtered;
};

static bool is_name(const struct nlattr *attr, const char *name)
{
	size_t len = strlen(name) + 1; /* with its NUL, as the kernel sends it */

	return attr && mnl_attr_get_payload_len(attr) == len &&
	       !memcmp(mnl_attr_get_payload(attr), name, len);
}

static uint32_t number(const struct nlattr *attr, uint32_t dflt)
{
	return attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? mnl_attr_get_u32(attr) :
									    dflt;
}

static int on_rule(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(head);
	struct vnet_tie tie = { .kind = VNET_TIE_RULE, .name = "rule" };
	const char *side;

	if (head->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	if (is_name(vn_find_attr(head, sizeof(*info), FRA_IIFNAME), s->nic->name))
		side = "iif";
	else if (is_name(vn_find_attr(head, sizeof(*info), FRA_OIFNAME), s->nic->name))
		side = "oif";
	else
		return 0;
	(void)snprintf(tie.text, sizeof(tie.text), "%s rule %u: %s %s lookup %u",
		       info->family == AF_INET6 ? "IPv6" : "IPv4",
		       number(vn_find_attr(head, sizeof(*info), FRA_PRIORITY), 0), side,
		       s->nic->name,
		       number(vn_find_attr(head, sizeof(*info), FRA_TABLE), info->table));
	return vn_snapshot_add_tie(s->snap, &tie);
}

/* A chain that is there but empty comes without a kind. */
static int on_filter(const struct nlmsghdr *head, void *arg)
{
	struct survey *s = arg;
	struct vnet_tie tie = { .kind = VNET_TIE_FILTER, .name = "tc" };
	const struct nlattr *kind;

	if (head->nlmsg_type != RTM_NEWTFILTER ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(struct tcmsg))
		return -EBADMSG;
	kind = vn_find_attr(head, sizeof(struct tcmsg), TCA_KIND);
	if (!kind || s->filtered)
		return 0;
	s->filtered = true;
	(void)snprintf(tie.text, sizeof(tie.text), "tc ingress filters (%.*s)",
		       (int)strnlen(mnl_attr_get_payload(kind), mnl_attr_get_payload_len(kind)),
		       (const char *)mnl_attr_get_payload(kind));
	vn_text_clean(tie.text);
	return vn_snapshot_add_tie(s->snap, &tie);
}

static int dump(struct vn_sock *sock, uint16_t type, const void *info, size_t size,
		int (*fn)(const struct nlmsghdr *head, void *arg), struct survey *s)
{
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;
	int r;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, type, NLM_F_DUMP, seq, info, size);
	(void)vn_msg_end(&msg);
	r = vn_sock_dump(sock, &msg, seq, fn, s);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r; /* no such rules, no tc */
}

int vn_rule_survey(struct vn_sock *sock, const struct vnet_link *nic, struct vnet_snapshot *snap)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	const struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = nic->index,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	};
	struct survey s = { .nic = nic, .snap = snap };
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
		const struct fib_rule_hdr info = { .family = families[i] };

		r = dump(sock, RTM_GETRULE, &info, sizeof(info), on_rule, &s);
	}
	return r < 0 ? r : dump(sock, RTM_GETTFILTER, &tc, sizeof(tc), on_filter, &s);
}
