/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/settings.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "wire/attr.h"

/* How a file shows what a message has. */
enum unit {
	AS_IS,
	UNSIGNED,
	SECONDS, /* of milliseconds */
	TICKS,	 /* hundredths of a second: USER_HZ of the kernel */
};

struct setting {
	uint16_t at; /* in the array, or of the attribute */
	uint8_t unit;
	const char *key;
};

/* IFLA_INET_CONF: an array by IPV4_DEVCONF_* of linux/ip.h less one, as the kernel keeps it. */
static const struct setting conf4[] = {
	{ IPV4_DEVCONF_FORWARDING, AS_IS, "forwarding" },
	{ IPV4_DEVCONF_MC_FORWARDING, AS_IS, "mc_forwarding" },
	{ IPV4_DEVCONF_PROXY_ARP, AS_IS, "proxy_arp" },
	{ IPV4_DEVCONF_ACCEPT_REDIRECTS, AS_IS, "accept_redirects" },
	{ IPV4_DEVCONF_SECURE_REDIRECTS, AS_IS, "secure_redirects" },
	{ IPV4_DEVCONF_SEND_REDIRECTS, AS_IS, "send_redirects" },
	{ IPV4_DEVCONF_SHARED_MEDIA, AS_IS, "shared_media" },
	{ IPV4_DEVCONF_RP_FILTER, AS_IS, "rp_filter" },
	{ IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, AS_IS, "accept_source_route" },
	{ IPV4_DEVCONF_BOOTP_RELAY, AS_IS, "bootp_relay" },
	{ IPV4_DEVCONF_LOG_MARTIANS, AS_IS, "log_martians" },
	{ IPV4_DEVCONF_TAG, AS_IS, "tag" },
	{ IPV4_DEVCONF_ARPFILTER, AS_IS, "arp_filter" },
	{ IPV4_DEVCONF_MEDIUM_ID, AS_IS, "medium_id" },
	{ IPV4_DEVCONF_NOXFRM, AS_IS, "disable_xfrm" },
	{ IPV4_DEVCONF_NOPOLICY, AS_IS, "disable_policy" },
	{ IPV4_DEVCONF_FORCE_IGMP_VERSION, AS_IS, "force_igmp_version" },
	{ IPV4_DEVCONF_ARP_ANNOUNCE, AS_IS, "arp_announce" },
	{ IPV4_DEVCONF_ARP_IGNORE, AS_IS, "arp_ignore" },
	{ IPV4_DEVCONF_PROMOTE_SECONDARIES, AS_IS, "promote_secondaries" },
	{ IPV4_DEVCONF_ARP_ACCEPT, AS_IS, "arp_accept" },
	{ IPV4_DEVCONF_ARP_NOTIFY, AS_IS, "arp_notify" },
	{ IPV4_DEVCONF_ACCEPT_LOCAL, AS_IS, "accept_local" },
	{ IPV4_DEVCONF_SRC_VMARK, AS_IS, "src_valid_mark" },
	{ IPV4_DEVCONF_PROXY_ARP_PVLAN, AS_IS, "proxy_arp_pvlan" },
	{ IPV4_DEVCONF_ROUTE_LOCALNET, AS_IS, "route_localnet" },
	{ IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL, AS_IS,
	  "igmpv2_unsolicited_report_interval" },
	{ IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL, AS_IS,
	  "igmpv3_unsolicited_report_interval" },
	{ IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, AS_IS, "ignore_routes_with_linkdown" },
	{ IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST, AS_IS, "drop_unicast_in_l2_multicast" },
	{ IPV4_DEVCONF_DROP_GRATUITOUS_ARP, AS_IS, "drop_gratuitous_arp" },
	{ IPV4_DEVCONF_BC_FORWARDING, AS_IS, "bc_forwarding" },
	{ IPV4_DEVCONF_ARP_EVICT_NOCARRIER, AS_IS, "arp_evict_nocarrier" },
};

static_assert(sizeof(conf4) / sizeof(conf4[0]) == 33, "conf4[] has all that there are by 6.18");

/* IFLA_INET6_CONF: an array by DEVCONF_* of linux/ipv6.h; the last two are of 6.5 and 6.17. */
static const struct setting conf6[] = {
	{ DEVCONF_FORWARDING, AS_IS, "forwarding" },
	{ DEVCONF_HOPLIMIT, AS_IS, "hop_limit" },
	{ DEVCONF_MTU6, AS_IS, "mtu" },
	{ DEVCONF_ACCEPT_RA, AS_IS, "accept_ra" },
	{ DEVCONF_ACCEPT_REDIRECTS, AS_IS, "accept_redirects" },
	{ DEVCONF_AUTOCONF, AS_IS, "autoconf" },
	{ DEVCONF_DAD_TRANSMITS, AS_IS, "dad_transmits" },
	{ DEVCONF_RTR_SOLICITS, AS_IS, "router_solicitations" },
	{ DEVCONF_RTR_SOLICIT_INTERVAL, SECONDS, "router_solicitation_interval" },
	{ DEVCONF_RTR_SOLICIT_DELAY, SECONDS, "router_solicitation_delay" },
	{ DEVCONF_USE_TEMPADDR, AS_IS, "use_tempaddr" },
	{ DEVCONF_TEMP_VALID_LFT, AS_IS, "temp_valid_lft" },
	{ DEVCONF_TEMP_PREFERED_LFT, AS_IS, "temp_prefered_lft" },
	{ DEVCONF_REGEN_MAX_RETRY, AS_IS, "regen_max_retry" },
	{ DEVCONF_MAX_DESYNC_FACTOR, AS_IS, "max_desync_factor" },
	{ DEVCONF_MAX_ADDRESSES, AS_IS, "max_addresses" },
	{ DEVCONF_FORCE_MLD_VERSION, AS_IS, "force_mld_version" },
	{ DEVCONF_ACCEPT_RA_DEFRTR, AS_IS, "accept_ra_defrtr" },
	{ DEVCONF_ACCEPT_RA_PINFO, AS_IS, "accept_ra_pinfo" },
	{ DEVCONF_ACCEPT_RA_RTR_PREF, AS_IS, "accept_ra_rtr_pref" },
	{ DEVCONF_RTR_PROBE_INTERVAL, SECONDS, "router_probe_interval" },
	{ DEVCONF_ACCEPT_RA_RT_INFO_MAX_PLEN, AS_IS, "accept_ra_rt_info_max_plen" },
	{ DEVCONF_PROXY_NDP, AS_IS, "proxy_ndp" },
	{ DEVCONF_OPTIMISTIC_DAD, AS_IS, "optimistic_dad" },
	{ DEVCONF_ACCEPT_SOURCE_ROUTE, AS_IS, "accept_source_route" },
	{ DEVCONF_MC_FORWARDING, AS_IS, "mc_forwarding" },
	{ DEVCONF_DISABLE_IPV6, AS_IS, "disable_ipv6" },
	{ DEVCONF_ACCEPT_DAD, AS_IS, "accept_dad" },
	{ DEVCONF_FORCE_TLLAO, AS_IS, "force_tllao" },
	{ DEVCONF_NDISC_NOTIFY, AS_IS, "ndisc_notify" },
	{ DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL, AS_IS, "mldv1_unsolicited_report_interval" },
	{ DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL, AS_IS, "mldv2_unsolicited_report_interval" },
	{ DEVCONF_SUPPRESS_FRAG_NDISC, AS_IS, "suppress_frag_ndisc" },
	{ DEVCONF_ACCEPT_RA_FROM_LOCAL, AS_IS, "accept_ra_from_local" },
	{ DEVCONF_USE_OPTIMISTIC, AS_IS, "use_optimistic" },
	{ DEVCONF_ACCEPT_RA_MTU, AS_IS, "accept_ra_mtu" },
	{ DEVCONF_USE_OIF_ADDRS_ONLY, AS_IS, "use_oif_addrs_only" },
	{ DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT, AS_IS, "accept_ra_min_hop_limit" },
	{ DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, AS_IS, "ignore_routes_with_linkdown" },
	{ DEVCONF_DROP_UNICAST_IN_L2_MULTICAST, AS_IS, "drop_unicast_in_l2_multicast" },
	{ DEVCONF_DROP_UNSOLICITED_NA, AS_IS, "drop_unsolicited_na" },
	{ DEVCONF_KEEP_ADDR_ON_DOWN, AS_IS, "keep_addr_on_down" },
	{ DEVCONF_RTR_SOLICIT_MAX_INTERVAL, SECONDS, "router_solicitation_max_interval" },
	{ DEVCONF_SEG6_ENABLED, AS_IS, "seg6_enabled" },
	{ DEVCONF_SEG6_REQUIRE_HMAC, AS_IS, "seg6_require_hmac" },
	{ DEVCONF_ENHANCED_DAD, AS_IS, "enhanced_dad" },
	{ DEVCONF_ADDR_GEN_MODE, AS_IS, "addr_gen_mode" },
	{ DEVCONF_DISABLE_POLICY, AS_IS, "disable_policy" },
	{ DEVCONF_ACCEPT_RA_RT_INFO_MIN_PLEN, AS_IS, "accept_ra_rt_info_min_plen" },
	{ DEVCONF_NDISC_TCLASS, AS_IS, "ndisc_tclass" },
	{ DEVCONF_RPL_SEG_ENABLED, AS_IS, "rpl_seg_enabled" },
	{ DEVCONF_RA_DEFRTR_METRIC, UNSIGNED, "ra_defrtr_metric" },
	{ DEVCONF_IOAM6_ENABLED, AS_IS, "ioam6_enabled" },
	{ DEVCONF_IOAM6_ID, UNSIGNED, "ioam6_id" },
	{ DEVCONF_IOAM6_ID_WIDE, UNSIGNED, "ioam6_id_wide" },
	{ DEVCONF_NDISC_EVICT_NOCARRIER, AS_IS, "ndisc_evict_nocarrier" },
	{ DEVCONF_ACCEPT_UNTRACKED_NA, AS_IS, "accept_untracked_na" },
	{ 58, AS_IS, "accept_ra_min_lft" },
	{ 59, AS_IS, "force_forwarding" },
};

static_assert(DEVCONF_ACCEPT_UNTRACKED_NA == 57, "58 is the one behind it");
/* DEVCONF_STABLE_SECRET is no number, and is not told. */
static_assert(sizeof(conf6) / sizeof(conf6[0]) == 60 - 1, "conf6[] has all by 6.18 but one");

/*
 * NDTPA_* of linux/neighbour.h, times in milliseconds. A length in packets, which is worked
 * out from that in bytes, comes before it. The files base_reachable_time and retrans_time are
 * others' values once more, and not told: of IPv6 in the kernel's own clock ticks.
 */
static const struct setting neigh[] = {
	{ NDTPA_ANYCAST_DELAY, TICKS, "anycast_delay" },
	{ NDTPA_APP_PROBES, UNSIGNED, "app_solicit" },
	{ NDTPA_BASE_REACHABLE_TIME, UNSIGNED, "base_reachable_time_ms" },
	{ NDTPA_DELAY_PROBE_TIME, SECONDS, "delay_first_probe_time" },
	{ NDTPA_GC_STALETIME, SECONDS, "gc_stale_time" },
	{ NDTPA_INTERVAL_PROBE_TIME_MS, UNSIGNED, "interval_probe_time_ms" },
	{ NDTPA_LOCKTIME, TICKS, "locktime" },
	{ NDTPA_MCAST_REPROBES, UNSIGNED, "mcast_resolicit" },
	{ NDTPA_MCAST_PROBES, UNSIGNED, "mcast_solicit" },
	{ NDTPA_PROXY_DELAY, TICKS, "proxy_delay" },
	{ NDTPA_PROXY_QLEN, UNSIGNED, "proxy_qlen" },
	{ NDTPA_RETRANS_TIME, UNSIGNED, "retrans_time_ms" },
	{ NDTPA_UCAST_PROBES, UNSIGNED, "ucast_solicit" },
	{ NDTPA_QUEUE_LEN, UNSIGNED, "unres_qlen" },
	{ NDTPA_QUEUE_LENBYTES, UNSIGNED, "unres_qlen_bytes" },
};

/* NDTPA_PAD, NDTPA_IFINDEX, NDTPA_REFCNT and NDTPA_REACHABLE_TIME are no settings. */
static_assert(sizeof(neigh) / sizeof(neigh[0]) == NDTPA_INTERVAL_PROBE_TIME_MS - 4,
	      "neigh[] covers NDTPA_*");

struct reader {
	const struct vn_settings_of *of;
	size_t n;
	vn_setting_fn *fn;
	void *arg;
};

static int tell(const struct reader *reader, const struct vn_settings_of *of, const char *dir,
		const struct setting *setting, int64_t value)
{
	struct vnet_sysctl told = { 0 };

	if (setting->unit == SECONDS)
		value /= 1000;
	else if (setting->unit == TICKS)
		value /= 10;
	else if (setting->unit == UNSIGNED)
		value &= UINT32_MAX;
	if (vn_copy(told.link, sizeof(told.link), of->name) < 0 ||
	    vn_copy(told.dir, sizeof(told.dir), dir) < 0 ||
	    vn_copy(told.key, sizeof(told.key), setting->key) < 0 ||
	    vn_format(told.value, sizeof(told.value), "%" PRId64, value) < 0)
		return -EMSGSIZE;
	return reader->fn(&told, reader->arg);
}

/* ---- conf ---- */

static const struct nlattr *find_nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	VN_FOR_EACH_NESTED(attr, nest)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* @base: the number of the array's first member. */
static int tell_conf(const struct reader *reader, const char *dir, const struct nlattr *array,
		     uint16_t base, const struct setting *table, size_t n)
{
	int r = 0;

	for (size_t i = 0; array && i < n && r == 0; i++) {
		size_t at = (size_t)(table[i].at - base) * sizeof(int32_t);
		int32_t value;

		if (at + sizeof(value) > mnl_attr_get_payload_len(array)) /* not of this kernel */
			continue;
		memcpy(&value, (const uint8_t *)mnl_attr_get_payload(array) + at, sizeof(value));
		r = tell(reader, reader->of, dir, &table[i], value);
	}
	return r;
}

static int on_link(const struct nlmsghdr *head, void *arg)
{
	const struct reader *reader = arg;
	const struct nlattr *spec = NULL;
	const struct nlattr *attr;
	int r;

	if (head->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(head) < sizeof(struct ifinfomsg))
		return -EBADMSG;
	VN_FOR_EACH_ATTR(attr, head, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_AF_SPEC)
			spec = attr;
	}
	r = tell_conf(reader, "ipv4/conf", find_nested(find_nested(spec, AF_INET), IFLA_INET_CONF),
		      IPV4_DEVCONF_FORWARDING, conf4, sizeof(conf4) / sizeof(conf4[0]));
	if (r < 0)
		return r;
	return tell_conf(reader, "ipv6/conf",
			 find_nested(find_nested(spec, AF_INET6), IFLA_INET6_CONF),
			 DEVCONF_FORWARDING, conf6, sizeof(conf6) / sizeof(conf6[0]));
}

/* A single link: what ends it is the acknowledgement. */
static int read_conf(struct vn_sock *sock, const struct reader *reader,
		     const struct vn_settings_of *of)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = of->index };
	struct reader one = { .of = of, .n = 1, .fn = reader->fn, .arg = reader->arg };
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETLINK, NLM_F_ACK, seq, &info, sizeof(info));
	vn_attr_u32(&msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, on_link, &one);
}

/* ---- neigh ---- */

static int tell_neigh(const struct reader *reader, const struct vn_settings_of *of, uint8_t family,
		      const struct nlattr *params)
{
	const char *dir = family == AF_INET ? "ipv4/neigh" : "ipv6/neigh";
	int r = 0;

	for (size_t i = 0; i < sizeof(neigh) / sizeof(neigh[0]) && r == 0; i++) {
		const struct nlattr *attr = find_nested(params, neigh[i].at);
		uint64_t value = 0;

		if (attr && mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
			value = mnl_attr_get_u64(attr);
		else if (attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			value = mnl_attr_get_u32(attr);
		else
			continue;
		r = tell(reader, of, dir, &neigh[i], (int64_t)value);
	}
	return r;
}

/* One message for each table with what a new link gets, and one for each link. */
static int on_table(const struct nlmsghdr *head, void *arg)
{
	const struct reader *reader = arg;
	const struct ndtmsg *info = mnl_nlmsg_get_payload(head);
	const struct nlattr *params = NULL;
	const struct nlattr *index;
	const struct nlattr *attr;
	int32_t of = 0;

	if (head->nlmsg_type != RTM_NEWNEIGHTBL || mnl_nlmsg_get_payload_len(head) < sizeof(*info))
		return -EBADMSG;
	if (info->ndtm_family != AF_INET && info->ndtm_family != AF_INET6)
		return 0;
	VN_FOR_EACH_ATTR(attr, head, sizeof(*info))
	{
		if (mnl_attr_get_type(attr) == NDTA_PARMS)
			params = attr;
	}
	index = find_nested(params, NDTPA_IFINDEX);
	if (index && mnl_attr_get_payload_len(index) == sizeof(uint32_t))
		of = (int32_t)mnl_attr_get_u32(index);
	for (size_t i = 0; params && i < reader->n; i++) {
		if (reader->of[i].index == of)
			return tell_neigh(reader, &reader->of[i], info->ndtm_family, params);
	}
	return 0;
}

static int read_neigh(struct vn_sock *sock, struct reader *reader)
{
	struct ndtmsg info = { .ndtm_family = AF_UNSPEC };
	uint32_t seq = vn_sock_seq(sock, 1);
	uint8_t buf[64];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	vn_msg_begin(&msg, RTM_GETNEIGHTBL, NLM_F_DUMP, seq, &info, sizeof(info));
	(void)vn_msg_end(&msg);
	return vn_sock_dump(sock, &msg, seq, on_table, reader);
}

int vn_read_settings(struct vn_sock *sock, const struct vn_settings_of *of, size_t n,
		     vn_setting_fn *fn, void *arg)
{
	struct reader reader = { .of = of, .n = n, .fn = fn, .arg = arg };
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (of[i].index)
			r = read_conf(sock, &reader, &of[i]);
	}
	return r ? r : read_neigh(sock, &reader);
}
