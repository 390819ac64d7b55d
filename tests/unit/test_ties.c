/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What depends on a NIC: decisions on hand-made snapshots, for devices that not every kernel
 * has, and the readers of what the kernel says in /proc and of legacy iptables.
 */
#include <endian.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <vnet/mode.h>

#include "base/cleanup.h"
#include "base/snapshot.h"
#include "sys/nic.h"
#include "sys/sockets.h"
#include "sys/xtables.h"

enum { NIC = 7, UPPER = 8, BOND = 9, BRIDGE = 10 };

/* ---- decisions ---- */

static struct vnet_spec spec_of(const char *bridge, const char *uplink)
{
	struct vnet_spec spec;

	vnet_spec_init(&spec, VNET_MODE_BRIDGE);
	(void)snprintf(spec.name, sizeof(spec.name), "%s", bridge);
	(void)snprintf(spec.uplink, sizeof(spec.uplink), "%s", uplink);
	return spec;
}

static struct vnet_link link_of(int32_t index, const char *name, const char *kind)
{
	struct vnet_link link = { .index = index, .flags = IFF_UP, .carrier = 1, .mtu = 1500 };

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	(void)snprintf(link.kind, sizeof(link.kind), "%s", kind);
	return link;
}

static struct vnet_snapshot host_of(const struct vnet_link *nic)
{
	struct vnet_snapshot snap = { .survey = true };

	assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, nic), 0);
	return snap;
}

/* A host with the NIC eth0, and @kind on top of it. */
static struct vnet_snapshot host_with(const char *name, const char *kind, bool multicast)
{
	struct vnet_link nic = link_of(NIC, "eth0", "");
	struct vnet_link upper = link_of(UPPER, name, kind);
	struct vnet_snapshot snap = host_of(&nic);

	upper.peer = NIC;
	upper.multicast = multicast;
	assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, &upper), 0);
	return snap;
}

static void add_tie(struct vnet_snapshot *snap, enum vnet_tie_kind kind, const char *name,
		    const char *text, int32_t pid)
{
	struct vnet_tie tie = { .kind = kind, .pid = pid };

	(void)snprintf(tie.name, sizeof(tie.name), "%s", name);
	(void)snprintf(tie.text, sizeof(tie.text), "%s", text);
	assert_int_equal(vn_snapshot_add_tie(snap, &tie), 0);
}

/* Refused with that text, or with NULL not at all. @snap is freed. */
static void check(struct vnet_snapshot *snap, const char *uplink, bool force, int code,
		  const char *text)
{
	struct vnet_spec want = spec_of("br0", uplink);
	struct vnet_error err = { 0 };

	assert_int_equal(vnet_uplink_check(&want, snap, force, &err), code);
	assert_string_equal(err.msg, text ? text : "");
	vnet_spec_done(&want);
	vnet_snapshot_done(snap);
}

/* The notes are that text. @snap is freed. */
static void check_notes(struct vnet_snapshot *snap, const char *text)
{
	struct vnet_plan plan;

	vnet_plan_init(&plan);
	vnet_uplink_note(snap, vnet_link_by_index(snap, VNET_NS_HOST, NIC), "br0", &plan);
	assert_int_equal(plan.failed, 0);
	assert_string_equal(plan.notes ? plan.notes : "", text);
	vnet_plan_done(&plan);
	vnet_snapshot_done(snap);
}

static void what_excludes_a_bridge(void **state)
{
	static const char *const kinds[] = { "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec" };
	char text[160];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int force = 0; force < 2; force++) {
			struct vnet_snapshot snap = host_with("up0", kinds[i], false);

			(void)snprintf(text, sizeof(text),
				       "--uplink eth0: up0 (%s) hangs on it, which excludes a "
				       "bridge: delete it first",
				       kinds[i]);
			check(&snap, "eth0", force, -EBUSY, text);
		}
	}
	/* ... and as uplinks themselves */
	for (size_t i = 0; i < 4; i++) {
		struct vnet_link nic = link_of(NIC, "up0", kinds[i]);
		struct vnet_snapshot snap = host_of(&nic);

		(void)snprintf(text, sizeof(text),
			       "--uplink up0: hears its own MAC alone, as each %s does: want the "
			       "NIC below it",
			       kinds[i]);
		check(&snap, "up0", true, -EINVAL, text);
	}
}

static void vrf(void **state)
{
	struct vnet_link nic = link_of(NIC, "vrf0", "vrf");
	struct vnet_snapshot snap = host_of(&nic);

	(void)state;
	check(&snap, "vrf0", true, -EINVAL,
	      "--uplink vrf0: is a VRF, which the kernel takes as no port: want a NIC");
}

static void bonds(void **state)
{
	static const char *const kinds[] = { "bond", "team" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct vnet_link nic = link_of(NIC, "eth0", "");
		struct vnet_link bond = link_of(BOND, "agg0", kinds[i]);
		struct vnet_snapshot snap;

		nic.master = BOND;
		snap = host_of(&nic);
		assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, &bond), 0);
		check(&snap, "eth0", true, -EBUSY,
		      "--uplink eth0: is a part of agg0: want --uplink agg0");
		snap = host_of(&nic);
		assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, &bond), 0);
		check(&snap, "agg0", false, 0, NULL);
	}
}

static void tunnels(void **state)
{
	static const char *const kinds[] = { "vxlan", "gre", "gretap", "ipip", "sit", "ip6tnl" };
	struct vnet_snapshot snap;
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snap = host_with("tun0", kinds[i], false);
		(void)snprintf(text, sizeof(text),
			       "--uplink eth0: tun0 (%s) is bound to it and would reach no one any "
			       "more: want it made anew on br0 after the move (--force moves all "
			       "the same)",
			       kinds[i]);
		check(&snap, "eth0", false, -EBUSY, text);
		snap = host_with("tun0", kinds[i], false);
		check(&snap, "eth0", true, 0, NULL);
		snap = host_with("tun0", kinds[i], false);
		check_notes(&snap, "tunnels bound to eth0 work no more until they are made anew on "
				   "br0: tun0\n");
	}
	snap = host_with("tun0", "vxlan", true);
	check(&snap, "eth0", false, -EBUSY,
	      "--uplink eth0: tun0 (vxlan) is bound to it and would not hear its group any more: "
	      "want it made anew on br0 after the move (--force moves all the same)");
}

static void vlans(void **state)
{
	struct vnet_snapshot snap = host_with("eth0.5", "vlan", false);
	struct vnet_link second = link_of(BOND, "eth0.6", "vlan");

	(void)state;
	second.peer = NIC;
	assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, &second), 0);
	check_notes(&snap,
		    "VLANs of eth0 go on, but guests on br0 do not see them: eth0.5, eth0.6\n");
	snap = host_with("eth0.5", "vlan", false);
	check(&snap, "eth0", false, 0, NULL);
}

static void wifi(void **state)
{
	struct vnet_link nic = link_of(NIC, "wlan0", "");

	(void)state;
	for (int force = 0; force < 2; force++) {
		struct vnet_snapshot snap = host_of(&nic);

		add_tie(&snap, VNET_TIE_WIRELESS, "wifi", "Wi-Fi", 0);
		check(&snap, "wlan0", force, force ? 0 : -EOPNOTSUPP,
		      force ? NULL :
			      "--uplink wlan0: is of Wi-Fi, where a station may send by its own MAC "
			      "alone: want a wired NIC (--force tries it)");
	}
}

static void what_is_told(void **state)
{
	struct vnet_link nic = link_of(NIC, "eth0", "");
	struct vnet_snapshot snap;

	(void)state;
	nic.carrier = 0;
	snap = host_of(&nic);
	add_tie(&snap, VNET_TIE_SOCKET, "perl", "udp 0.0.0.0:5", 12);
	add_tie(&snap, VNET_TIE_SOCKET, "", "raw 0.0.0.0:1", 0);
	add_tie(&snap, VNET_TIE_FEATURE, "lro", "large receive offload", 0);
	add_tie(&snap, VNET_TIE_FILTER, "xdp", "an XDP program", 0);
	check_notes(&snap,
		    "eth0 has no carrier: br0 leads nowhere until it has\n"
		    "what filters at eth0 stays there, in front of br0: an XDP program\n"
		    "sockets bound to eth0 hear nothing any more: want their programs started "
		    "anew on br0: udp 0.0.0.0:5 of perl (12), raw 0.0.0.0:1\n"
		    "br0 switches this of eth0 off, and it stays off after: large receive "
		    "offload\n");
	nic.carrier = 1;
	snap = host_of(&nic);
	check_notes(&snap, "");
}

/* A host whose NIC eth0 is the way out of the bridge br0. */
static struct vnet_snapshot host_behind(void)
{
	struct vnet_link nic = link_of(NIC, "eth0", "");
	struct vnet_link bridge = link_of(BRIDGE, "br0", "bridge");
	struct vnet_snapshot snap;

	nic.master = BRIDGE;
	snap = host_of(&nic);
	assert_int_equal(vn_snapshot_add_link(&snap, VNET_NS_HOST, &bridge), 0);
	return snap;
}

static void check_back(const struct vnet_snapshot *snap, int code, const char *text)
{
	const struct vnet_link *bridge = vnet_link_by_name(snap, VNET_NS_HOST, "br0");
	struct vnet_spec have = spec_of("br0", "eth0");

	for (int goes_on = 0; goes_on < 2; goes_on++) {
		struct vnet_error err = { 0 };

		assert_int_equal(vnet_uplink_check_back(&have, bridge, snap, goes_on, &err), code);
		assert_string_equal(err.msg, text);
	}
	vnet_spec_done(&have);
}

static void the_way_back(void **state)
{
	struct vnet_snapshot snap = host_behind();
	const struct vnet_link *bridge = vnet_link_by_name(&snap, VNET_NS_HOST, "br0");
	const struct vnet_link *nic = vnet_link_by_name(&snap, VNET_NS_HOST, "eth0");
	struct vnet_spec have = spec_of("br0", "eth0");
	struct vnet_plan plan;

	(void)state;
	check_back(&snap, 0, "");
	add_tie(&snap, VNET_TIE_FIREWALL, "nf_tables", "inet t c handle 2", 0);
	add_tie(&snap, VNET_TIE_FIREWALL, "iptables", "ip filter INPUT rule 1", 0);
	check_back(&snap, -EBUSY,
		   "br0: the firewall names it, but packets will come and go by eth0: want eth0 "
		   "beside it, as in { br0, eth0 }, or --force: inet t c handle 2, ip filter INPUT "
		   "rule 1");
	vnet_plan_init(&plan);
	vnet_uplink_leave_owned(&have, &snap, bridge, nic, false, &plan);
	assert_int_equal(plan.failed, 0);
	assert_string_equal(plan.notes,
			    "the firewall names br0, but packets come and go by eth0 now: want "
			    "eth0 in: inet t c handle 2, ip filter INPUT rule 1\n");
	vnet_plan_done(&plan);
	vnet_spec_done(&have);
	vnet_snapshot_done(&snap);
}

/* However many there are, and however long: one line, cut at a whole item, with a count. */
static void long_lists(void **state)
{
	struct vnet_link nic = link_of(NIC, "eth0", "");
	struct vnet_snapshot snap = host_of(&nic);
	struct vnet_spec want = spec_of("br0", "eth0");
	struct vnet_error err = { 0 };
	char text[VNET_TIE_TEXT];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "inet filter input handle %d", i);
		add_tie(&snap, VNET_TIE_FIREWALL, "nf_tables", text, 0);
	}
	assert_int_equal(vnet_uplink_check(&want, &snap, false, &err), -EBUSY);
	assert_non_null(
		strstr(err.msg, ": inet filter input handle 0, inet filter input handle 1, "));
	assert_non_null(strstr(err.msg, " more"));
	assert_string_equal(err.msg + strlen(err.msg) - strlen(", 4989 more"), ", 4989 more");
	vnet_snapshot_done(&snap);

	snap = host_of(&nic);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add_tie(&snap, VNET_TIE_FIREWALL, "nf_tables", text, 0);
	add_tie(&snap, VNET_TIE_FIREWALL, "nf_tables", text, 0);
	err = (struct vnet_error){ 0 };
	assert_int_equal(vnet_uplink_check(&want, &snap, false, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "xxx, 1 more"));
	vnet_snapshot_done(&snap);
	vnet_spec_done(&want);
}

/* However long they are, the list ends at a whole item: no length just misses its end. */
static void long_lists_of(void **state)
{
	static const char list[] = "--force: ";
	struct vnet_link nic = link_of(NIC, "eth0", "");
	struct vnet_spec want = spec_of("br0", "eth0");
	char text[VNET_TIE_TEXT];

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++) {
		struct vnet_snapshot snap = host_of(&nic);
		struct vnet_error err = { 0 };
		size_t shown = 0;
		char *more;
		const char *at;

		memset(text, 'x', len);
		text[len] = '\0';
		for (int i = 0; i < 400; i++)
			add_tie(&snap, VNET_TIE_FIREWALL, "nf_tables", text, 0);
		assert_int_equal(vnet_uplink_check(&want, &snap, false, &err), -EBUSY);
		at = strstr(err.msg, list);
		assert_non_null(at);
		for (at += strlen(list); !strncmp(at, text, len); at += len + 2)
			shown++;
		assert_int_equal(shown + strtoul(at, &more, 10), 400);
		assert_int_equal(strncmp(more, " more", strlen(" more")), 0);
		vnet_snapshot_done(&snap);
	}
	vnet_spec_done(&want);
}

/* ---- legacy iptables ---- */

enum {
	ENTRY4 = 112, /* struct ipt_entry and ip6t_entry, as on every machine of 64 bits */
	ENTRY6 = 168,
	TARGET = 40,	   /* the verdict's */
	ERROR_TARGET = 64, /* XT_ERROR_TARGET's, with the name of the chain */
};

struct blob {
	uint8_t at[4096];
	size_t size;
	bool v6;
};

/* @in, @out: names; one that ends in '+' is a prefix. @chain: it begins that chain. */
static size_t put_entry(struct blob *blob, const char *in, const char *out, const char *chain)
{
	size_t entry = blob->v6 ? ENTRY6 : ENTRY4;
	size_t names = blob->v6 ? 64 : 16;
	size_t offsets = blob->v6 ? 140 : 88; /* behind struct ip6t_ip6, ipt_ip, and nfcache */
	uint16_t target = (uint16_t)entry;
	uint16_t next = (uint16_t)(entry + (chain ? ERROR_TARGET : TARGET));
	uint8_t *to = blob->at + blob->size;
	const char *given[2] = { in, out };
	size_t begin_at = blob->size;

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(given[i]);
		bool prefix = len && given[i][len - 1] == '+';

		memcpy(to + names + i * 16, given[i], prefix ? len - 1 : len);
		memset(to + names + 32 + i * 16, 0xff, !len || prefix ? len - prefix : len + 1);
	}
	memcpy(to + offsets, &target, sizeof(target));
	memcpy(to + offsets + 2, &next, sizeof(next));
	if (chain) {
		(void)snprintf((char *)to + entry + 2, 29, "ERROR");
		(void)snprintf((char *)to + entry + 32, 30, "%s", chain);
	}
	blob->size += next;
	return begin_at;
}

struct found {
	char text[512];
};

static int on_rule(const char *text, void *arg)
{
	struct found *found = arg;
	size_t len = strlen(found->text);

	(void)snprintf(found->text + len, sizeof(found->text) - len, "%s\n", text);
	return 0;
}

static struct vn_xtable table_of(struct blob *blob, bool v6)
{
	struct vn_xtable table = { .family = v6 ? AF_INET6 : AF_INET,
				   .name = "filter",
				   .entries = blob->at,
				   .hooks = { UINT32_MAX, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX } };

	*blob = (struct blob){ .v6 = v6 };
	put_entry(blob, "eth0", "", NULL);
	put_entry(blob, "eth01", "", NULL);
	put_entry(blob, "eth+", "", NULL);
	put_entry(blob, "lo", "", NULL);
	put_entry(blob, "", "", NULL); /* the policy */
	table.hooks[3] = (uint32_t)put_entry(blob, "", "eth0", NULL);
	put_entry(blob, "", "", NULL);
	put_entry(blob, "", "", "mine");
	put_entry(blob, "br+", "", NULL);
	put_entry(blob, "e+", "wlan0", NULL);
	put_entry(blob, "", "", "ERROR");
	table.size = blob->size;
	return table;
}

static void legacy_tables(void **state)
{
	struct found found = { "" };
	struct vn_xtable table;
	struct blob blob;

	(void)state;
	table = table_of(&blob, false);
	assert_int_equal(vn_xtables_parse(&table, "eth0", "net1", on_rule, &found), 0);
	assert_string_equal(found.text, "ip filter INPUT rule 1\n"
					"ip filter INPUT rule 3\n"
					"ip filter OUTPUT rule 1\n"
					"ip filter mine rule 2\n");
	found.text[0] = '\0';
	table = table_of(&blob, true);
	assert_int_equal(vn_xtables_parse(&table, "lo", "br0", on_rule, &found), 0);
	assert_string_equal(found.text, "ip6 filter INPUT rule 4\n");
	/* both are "eth+" */
	found.text[0] = '\0';
	table = table_of(&blob, false);
	assert_int_equal(vn_xtables_parse(&table, "eth5", "eth6", on_rule, &found), 0);
	assert_string_equal(found.text, "");
}

static void legacy_tables_are_cut(void **state)
{
	struct vn_xtable table;
	struct blob blob;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		size_t size;

		table = table_of(&blob, v6);
		size = table.size;
		for (size_t cut = 0; cut < size; cut++) {
			struct found found = { "" };
			uint8_t *copy = malloc(cut + 1);

			assert_non_null(copy);
			memcpy(copy, blob.at, cut);
			if (cut > 200)
				copy[88 + cut % 100] ^= (uint8_t)(1U << cut % 8);
			table.entries = copy;
			table.size = cut;
			(void)vn_xtables_parse(&table, "eth0", "br0", on_rule, &found);
			free(copy);
		}
		/* one that leads to itself */
		memset(blob.at + (v6 ? 142 : 90), 0, 2);
		table.entries = blob.at;
		table.size = size;
		assert_int_equal(vn_xtables_parse(&table, "eth0", "br0", on_rule,
						  &(struct found){ "" }),
				 -EBADMSG);
	}
}

/* ---- /proc ---- */

static int on_socket(uint64_t inode, const char *text, void *arg)
{
	struct found *found = arg;
	size_t len = strlen(found->text);

	(void)snprintf(found->text + len, sizeof(found->text) - len, "%s %u\n", text,
		       (unsigned int)inode);
	return 0;
}

static void packet_sockets(void **state)
{
	char text[] = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
		      "0000000000000000 3      3    0003   7     1 0      0      100   \n"
		      "0000000000000000 3      3    0800   7     1 0      0      101   \n"
		      "0000000000000000 3      2    0806   8     1 0      0      102   \n"
		      "0000000000000000 3      2    88cc   7     1 0      0      103   \n"
		      "0000000000000000 3      2    0000   7     1 0      0      104   \n"
		      "0000000000000000 3      2    0806   7     1 0      0      105   \n"
		      "0000000000000000 3      2    0806   7     1 0      0\n"
		      "nonsense\n"
		      "\n";
	struct found found = { "" };

	(void)state;
	assert_int_equal(vn_packet_parse(text, 7, on_socket, &found), 0);
	assert_string_equal(found.text, "packet 0x0800 101\npacket 0x0806 105\n");
}

static int on_group(const struct vnet_ip *group, void *arg)
{
	char text[VNET_IP_TEXT];

	return on_rule(vnet_ip_text(group, text), arg);
}

static void groups(void **state)
{
	const uint8_t group[4] = { 239, 1, 2, 3 };
	char text4[512];
	char text6[] = "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
		       "7    eth0            ff0200000000000000000001ff000010     1 00000004 0\n"
		       "7    eth0            ff020000000000000000000000000001     1 0000000C 0\n"
		       "7    eth0            ff010000000000000000000000000001     1 00000008 0\n"
		       "7    eth0            ff0200000000000000000000000000fb     1 00000004 0\n"
		       "7    eth0            ff02\n"
		       "7\n"
		       "8    eth1            ff0e0000000000000000000000000009     1 00000004 0\n";
	struct found found = { "" };
	uint32_t raw;

	(void)state;
	memcpy(&raw, group, sizeof(raw));
	(void)snprintf(text4, sizeof(text4),
		       "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
		       "1\tlo        :     1      V3\n"
		       "\t\t\t\t%08X     1 0:00000000\t\t0\n"
		       "7\teth0      :     2      V3\n"
		       "\t\t\t\t%08X     1 0:00000000\t\t0\n"
		       "\t\t\t\t%08X     1 0:00000000\t\t0\n"
		       "\n"
		       "8\teth1      :     1      V3\n"
		       "\t\t\t\t%08X     1 0:00000000\t\t0\n",
		       raw, htobe32(0xe0000001), raw, raw);
	assert_int_equal(vn_igmp_parse(text4, 7, on_group, &found), 0);
	assert_int_equal(vn_igmp6_parse(text6, 7, on_group, &found), 0);
	assert_string_equal(found.text, "239.1.2.3\nff02::fb\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_excludes_a_bridge),
		cmocka_unit_test(vrf),
		cmocka_unit_test(bonds),
		cmocka_unit_test(tunnels),
		cmocka_unit_test(vlans),
		cmocka_unit_test(wifi),
		cmocka_unit_test(what_is_told),
		cmocka_unit_test(the_way_back),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(long_lists_of),
		cmocka_unit_test(legacy_tables),
		cmocka_unit_test(legacy_tables_are_cut),
		cmocka_unit_test(packet_sockets),
		cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
