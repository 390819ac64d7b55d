/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/readers.h"

#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"
#include "wire/ask.h"
#include "wire/diag.h"
#include "wire/events.h"
#include "wire/link.h"
#include "wire/nft.h"
#include "wire/object.h"
#include "wire/read.h"
#include "wire/read_guests.h"
#include "wire/rule.h"
#include "wire/settings.h"
#include "wire/wait.h"

enum {
	BATCH = 3,
	WAIT_MS = 2,
	HOPS_MAX = 1 << 16,
	MESSAGE_MAX = 128 << 10,
};

static const struct vnet_link nic = { .index = FUZZ_NIC, .name = "eth0", .group = 7 };

/* ---- objects ---- */

static void send_again(const struct vnet_object *object)
{
	static uint8_t buf[MESSAGE_MAX];
	struct vn_msg msg;

	for (int how = VNET_OBJECT_NEW; how <= VNET_OBJECT_REPLACE; how++) {
		vn_msg_init(&msg, buf, sizeof(buf));
		(void)vn_object_add_msg(&msg, 1, object, (enum vnet_object_how)how);
	}
	vn_msg_init(&msg, buf, sizeof(buf));
	(void)vn_object_del_msg(&msg, 1, object);
}

/* What is made of one that was read can be read, too. */
static void move(const struct vnet_object *object)
{
	const struct vnet_object_edit edit = {
		.from = FUZZ_NIC,
		.to = FUZZ_BRIDGE,
		.from_name = "eth0",
		.to_name = "br0",
		.set = RTNH_F_ONLINK,
		.has_metric = true,
		.metric = 1,
		.has_lifetime = true,
		.lifetime = 60,
	};
	struct vnet_object moved;
	struct vnet_object again;

	if (vnet_object_move(object, &edit, &moved) < 0)
		return;
	must(vn_object_read(moved.message, &again) == 0);
	must(again.kind == object->kind);
	vnet_object_done(&again);
	send_again(&moved);
	vnet_object_done(&moved);
}

static void tell(const struct vnet_object *object)
{
	struct vn_text text = { 0 };
	char *string;

	vn_object_name(object, &text);
	vn_text_add(&text, "\n");
	vn_object_shell(object, "add", "eth0", &text);
	must(vn_text_take(&text, &string) == 0);
	free(string);
}

static void use_object(const struct vnet_object *object)
{
	struct vnet_object other;
	struct vnet_hop hop;
	size_t i = 0;

	tell(object);
	send_again(object);
	move(object);
	(void)vnet_object_uses(object, FUZZ_NIC);
	(void)vnet_object_is_advertised(object);
	(void)vn_object_preference(object);
	while (i < HOPS_MAX && vnet_object_hop(object, i, &hop))
		i++;
	if (object->kind == VNET_OBJECT_ADDR && object->to.ip.family == AF_INET6 &&
	    vn_object_prefix_route(object, &other) == 0) {
		tell(&other);
		vnet_object_done(&other);
	}
	if (object->kind == VNET_OBJECT_ROUTE &&
	    vnet_object_lent(object, FUZZ_BRIDGE, 1, &other) == 0) {
		tell(&other);
		vnet_object_done(&other);
	}
}

void fuzz_message(const struct nlmsghdr *head)
{
	struct vnet_object object;
	struct vnet_link link;
	struct vnet_ifaddr addr;
	struct vnet_route route;

	if (vn_object_read(head, &object) == 0) {
		use_object(&object);
		vnet_object_done(&object);
	}
	if (vn_read_link(head, &link) == 0)
		must(memchr(link.name, '\0', sizeof(link.name)) &&
		     memchr(link.alias, '\0', sizeof(link.alias)) &&
		     memchr(link.altname, '\0', sizeof(link.altname)));
	(void)vn_read_addr(head, &addr);
	(void)vn_read_route(head, &route);
}

/* ---- readers ---- */

static void read_links(void)
{
	struct vnet_snapshot snap = fuzz_host();
	struct vn_sock *sock = NULL;

	must(vn_sock_open(&sock) == 0);
	(void)vn_read_ns(sock, VNET_NS_HOST, "br0", &snap);
	vn_sock_close(sock);
	vnet_snapshot_done(&snap);
}

static void read_objects(void)
{
	struct vnet_snapshot snap = fuzz_host();
	struct vn_sock *sock = NULL;

	must(vn_sock_open(&sock) == 0);
	(void)vn_read_objects(sock, VNET_NS_HOST, FUZZ_NIC, &snap);
	for (size_t i = 0; i < snap.ns[VNET_NS_HOST].n_objects; i++)
		use_object(snap.ns[VNET_NS_HOST].objects[i]);
	vn_sock_close(sock);
	vnet_snapshot_done(&snap);
}

static void check_ties(const struct vnet_snapshot *snap)
{
	for (size_t i = 0; i < snap->n_ties; i++) {
		const struct vnet_tie *tie = &snap->ties[i];

		must(memchr(tie->name, '\0', sizeof(tie->name)) &&
		     memchr(tie->text, '\0', sizeof(tie->text)));
		for (const char *c = tie->text; *c; c++)
			must(*c >= ' ' && *c <= '~');
	}
}

static void read_firewall(void)
{
	struct vnet_snapshot snap = fuzz_host();

	(void)vn_nft_survey(&nic, "br0", VNET_TIE_FILTER, &snap);
	check_ties(&snap);
	vnet_snapshot_done(&snap);
}

static void read_rules(void)
{
	struct vnet_snapshot snap = fuzz_host();
	struct vn_sock *sock = NULL;

	must(vn_sock_open(&sock) == 0);
	(void)vn_rule_survey(sock, &nic, &snap);
	check_ties(&snap);
	vn_sock_close(sock);
	vnet_snapshot_done(&snap);
}

static int on_socket(uint64_t inode, const char *text, void *arg)
{
	char line[128];

	(void)arg;
	must(snprintf(line, sizeof(line), "%" PRIu64 " %s", inode, text) < (int)sizeof(line));
	return 0;
}

static void read_sockets(void)
{
	(void)vn_diag_survey(FUZZ_NIC, on_socket, NULL);
}

static int on_setting(const struct vnet_sysctl *setting, void *arg)
{
	(void)arg;
	must(memchr(setting->value, '\0', sizeof(setting->value)) && *setting->key);
	return 0;
}

static void read_settings(void)
{
	static const struct vn_settings_of of[] = { { 0, "default" }, { FUZZ_NIC, "eth0" } };
	struct vn_sock *sock = NULL;

	must(vn_sock_open(&sock) == 0);
	(void)vn_read_settings(sock, of, sizeof(of) / sizeof(of[0]), on_setting, NULL);
	vn_sock_close(sock);
}

/* A change that is refused, for each: by its index, by its name, and one that is in order. */
static void put_changes(struct vn_msg *msg, uint32_t seq)
{
	struct vnet_link link = nic;

	(void)vn_link_del_msg(msg, seq, INT32_MAX);
	(void)vn_altname_add_msg(msg, seq + 1, FUZZ_NIC, "eth0");
	link.mtu = 1400;
	(void)vn_link_set_msg(msg, seq + 2, &link, VNET_LINK_MTU);
}

static void read_acks(void)
{
	struct vn_ack acks[BATCH];
	struct vn_sock *sock = NULL;
	uint8_t buf[1024];
	struct vn_msg msg;
	uint32_t seq;

	must(vn_sock_open(&sock) == 0);
	seq = vn_sock_seq(sock, BATCH);
	vn_msg_init(&msg, buf, sizeof(buf));
	put_changes(&msg, seq);
	(void)vn_sock_batch(sock, &msg, seq, BATCH, acks);
	for (size_t i = 0; i < BATCH; i++) {
		must(memchr(acks[i].text, '\0', sizeof(acks[i].text)));
		for (const char *c = acks[i].text; *c; c++)
			must(*c >= ' ' && *c <= '~');
	}
	vn_sock_close(sock);
}

/* What vnet-ifup asks, and how it looks into the answers. */
static void read_answers(void)
{
	static struct vn_answer answers[BATCH];
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	uint8_t buf[1024];
	struct vn_msg msg;

	vn_msg_init(&msg, buf, sizeof(buf));
	put_changes(&msg, 1);
	if (vn_ask(sock, &msg, answers, BATCH) == 0) {
		for (size_t i = 0; i < BATCH; i++) {
			struct vn_span span = { answers[i].buf, answers[i].len };
			char name[16] = "";

			must(memchr(answers[i].explain, '\0', sizeof(answers[i].explain)));
			span = vn_span_skip(span,
					    sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg));
			vn_span_copy(span, IFLA_IFNAME, name, sizeof(name) - 1);
			span = vn_span_attr(span, IFLA_LINKINFO);
			vn_span_copy(span, IFLA_INFO_KIND, name, sizeof(name) - 1);
			must(name[15] == '\0');
		}
	}
	(void)close(sock);
}

static void wait_up(void)
{
	(void)vn_wait(FUZZ_NIC, VNET_WAIT_UP, WAIT_MS);
}

static void wait_local(void)
{
	(void)vn_wait(FUZZ_NIC, VNET_WAIT_LOCAL, WAIT_MS);
}

static int on_event(const struct nlmsghdr *head, void *arg)
{
	(void)arg;
	fuzz_message(head);
	return 0;
}

/* With a change of its own in between, which the recorder makes. */
static void read_events(void)
{
	struct vn_events *events = NULL;
	struct vn_sock *sock = NULL;

	must(vn_sock_open(&sock) == 0 && vn_events_open(&events) == 0);
	read_acks();
	(void)vn_events_take(events, sock, on_event, NULL);
	vn_events_close(events);
	vn_sock_close(sock);
}

static void read_guests(void)
{
	struct vnet_guests guests = { 0 };
	struct vn_sock *sock = NULL;
	int32_t nsid;

	must(vn_sock_open(&sock) == 0);
	(void)vn_read_ports(sock, FUZZ_BRIDGE, &guests);
	(void)vn_read_stations(sock, FUZZ_BRIDGE, &guests);
	(void)vn_read_nsid(sock, STDIN_FILENO, &nsid);
	for (size_t i = 0; i < guests.n_stations; i++)
		must(guests.stations[i].index != FUZZ_BRIDGE);
	vn_sock_close(sock);
	vnet_guests_done(&guests);
}

const struct fuzz_reader fuzz_readers[] = {
	{ "links", read_links }, { "objects", read_objects }, { "firewall", read_firewall },
	{ "rules", read_rules }, { "sockets", read_sockets }, { "settings", read_settings },
	{ "acks", read_acks },	 { "answers", read_answers }, { "up", wait_up },
	{ "local", wait_local }, { "events", read_events },   { "guests", read_guests },
};

const size_t fuzz_n_readers = sizeof(fuzz_readers) / sizeof(fuzz_readers[0]);
