/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Part of snap.c, included once: dumps, repeated until one of them is not torn.
 */
#ifndef TESTS_LIB_SNAP_NETLINK_H
#define TESTS_LIB_SNAP_NETLINK_H

#include "snap_attrs.h"
#include "snap_kinds.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	DUMP_TRIES = 100,   /* under link churn about one dump in three is torn */
	RECV_BUF = 1 << 18, /* one message, at most: a link with hundreds of VLANs or VFs */
	ANSWER_S = 10,	    /* no answer for so long: give up */
};

struct request {
	struct nlmsghdr n;
	uint8_t rest[1024];
};

static void put_attr(struct request *r, unsigned int type, const void *p, size_t len)
{
	struct nlattr h = { .nla_len = (uint16_t)(sizeof(h) + len), .nla_type = (uint16_t)type };
	uint8_t *end = (uint8_t *)r + NLMSG_ALIGN(r->n.nlmsg_len);

	if (NLMSG_ALIGN(r->n.nlmsg_len) + sizeof(h) + len > sizeof(*r))
		die("a request that is too long");
	memcpy(end, &h, sizeof(h));
	memcpy(end + sizeof(h), p, len);
	r->n.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->n.nlmsg_len) + NLA_ALIGN(h.nla_len));
}

/* The family is the first byte of all these headers, and all of them may else be zero. */
static void fill_request(struct request *r, const struct kind *k, uint8_t family)
{
	struct ndmsg nd = { .ndm_family = family, .ndm_flags = k->ndm_flags };

	*r = (struct request){ .n = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(k->body)),
				      .nlmsg_type = (uint16_t)k->type,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	r->rest[0] = family;
	if (k->ndm_flags)
		memcpy(r->rest, &nd, sizeof(nd));
	if (k->ext_mask)
		put_attr(r, IFLA_EXT_MASK, &k->ext_mask, sizeof(k->ext_mask));
}

/* Sort one datagram into ret: 0 more to come, 1 the end, or -errno. A torn dump sets *torn. */
static int take_datagram(const struct text *in, struct text *ret, bool *torn)
{
	const struct nlmsghdr *n = NULL;
	int code = 0;

	while ((n = next_message(in, n))) {
		if (n->nlmsg_len < NLMSG_HDRLEN ||
		    n->nlmsg_len > in->len - (size_t)((const char *)n - in->p))
			die("a netlink message of bad length");
		if (n->nlmsg_flags & NLM_F_DUMP_INTR)
			*torn = true;
		if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR) {
			if (n->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
				memcpy(&code, body_of(n), sizeof(code));
			return code < 0 ? code : 1;
		}
		memcpy(text_reserve(ret, NLMSG_ALIGN(n->nlmsg_len)), n, n->nlmsg_len);
		ret->len += NLMSG_ALIGN(n->nlmsg_len);
	}
	return 0;
}

static int dump_once(int fd, const struct kind *k, const struct request *r, struct text *ret,
		     bool *torn)
{
	struct text in = { .p = grow(NULL, 0, RECV_BUF), .cap = RECV_BUF };
	int done = 0;

	if (send(fd, r, r->n.nlmsg_len, 0) < 0)
		die("%s: send: %s", k->name, strerror(errno));
	while (!done) {
		ssize_t len = recv(fd, in.p, in.cap, MSG_TRUNC);

		if (len < 0 || (size_t)len > in.cap)
			die("%s: receive: %s", k->name, strerror(len < 0 ? errno : EMSGSIZE));
		in.len = (size_t)len;
		done = take_datagram(&in, ret, torn);
	}
	free(in.p);
	return done < 0 ? done : 0;
}

static int open_bus(int bus)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	const int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, bus);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) < 0)
		die("netlink socket: %s", strerror(errno));
	return fd;
}

/* All messages of a dump that was not torn. 0, or -errno from the kernel. */
static int dump(const struct kind *k, const struct request *r, struct text *ret)
{
	int fd = open_bus(k->bus);
	bool torn = true;
	int code = 0;

	if (fd < 0)
		return fd;
	for (int i = 0; torn && i < DUMP_TRIES; i++) {
		torn = false;
		ret->len = 0;
		code = dump_once(fd, k, r, ret, &torn);
	}
	if (torn)
		die("%s: torn in each of %d tries", k->name, DUMP_TRIES);
	(void)close(fd);
	return code;
}

static void show_messages(struct snap *s, const struct kind *k, const struct text *messages)
{
	struct view v = { .snap = s, .kind = k };
	const struct nlmsghdr *n = NULL;

	while ((n = next_message(messages, n))) {
		size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(k->body);
		struct text t = { 0 };

		if (n->nlmsg_len < skip)
			die("%s: a message that is too short", k->name);
		v.t = &t;
		text_add(&t, "%s %s", s->label, k->name);
		if (k->head(&v, n)) {
			show_attrs(&v, "", (const uint8_t *)n + skip, n->nlmsg_len - skip);
			add_line(s, &t);
		}
		free(t.p);
		v.prev = n;
	}
}

/* Messages of elements: table, set, a list of elements each of which gets a line. */
static void show_elems(struct snap *s, const struct nlmsghdr *n, const char *set)
{
	struct view v = { .snap = s, .kind = &elem_kind };
	struct attr list, a;

	if (!find_in(n, elem_kind.body, NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return;
	while (next_attr(&list.p, &list.len, &a)) {
		struct text t = { 0 };

		v.t = &t;
		text_add(&t, "%s %s %s", s->label, elem_kind.name, set);
		show_attrs(&v, "", a.p, a.len);
		add_line(s, &t);
	}
}

/* A dynamic set's elements come and go with the packets. */
static bool is_dynamic(const struct nlmsghdr *set)
{
	uint32_t flags = 0;
	struct attr a;

	if (find_in(set, elem_kind.body, NFTA_SET_FLAGS, &a) && a.len == sizeof(flags))
		memcpy(&flags, a.p, sizeof(flags));
	return ntohl(flags) & NFT_SET_EVAL;
}

static void take_elems(struct snap *s, const struct nlmsghdr *set)
{
	struct text messages = { 0 }, name = { 0 };
	const struct nlmsghdr *n = NULL;
	struct attr table, id;
	struct request r;

	if (!find_in(set, elem_kind.body, NFTA_SET_TABLE, &table) ||
	    !find_in(set, elem_kind.body, NFTA_SET_NAME, &id))
		die("an nftables set without table or name");
	fill_request(&r, &elem_kind, *body_of(set));
	put_attr(&r, NFTA_SET_ELEM_LIST_TABLE, table.p, table.len);
	put_attr(&r, NFTA_SET_ELEM_LIST_SET, id.p, id.len);
	text_add(&name, "family=%u %s %s", *body_of(set), (const char *)table.p,
		 (const char *)id.p);
	int code = dump(&elem_kind, &r, &messages);

	if (code < 0)
		die("elements of set %s: %s", name.p, strerror(-code));
	while ((n = next_message(&messages, n)))
		show_elems(s, n, name.p);
	free(messages.p);
	free(name.p);
}

static void take_kind(struct snap *s, const struct kind *k, uint8_t family)
{
	struct text messages = { 0 }, t = { 0 };
	const struct nlmsghdr *n = NULL;
	struct request r;

	fill_request(&r, k, family);
	int code = dump(k, &r, &messages);

	if (code < 0 && !k->optional)
		die("%s: %s", k->name, strerror(-code));
	if (code < 0) {
		text_add(&t, "%s %s: %s", s->label, k->name, strerror(-code));
		add_line(s, &t);
	}
	show_messages(s, k, &messages);
	while (k->has_elems && (n = next_message(&messages, n)))
		if (!is_dynamic(n))
			take_elems(s, n);
	free(messages.p);
}

/* The names of the links, for all that is shown by index. */
static void take_names(struct snap *s)
{
	struct request r;

	fill_request(&r, &kinds[KIND_LINK], AF_UNSPEC);
	int code = dump(&kinds[KIND_LINK], &r, &s->links);

	if (code < 0)
		die("links: %s", strerror(-code));
}

/* Every object of the network namespace that the caller is in. */
static void take_netlink(struct snap *s)
{
	take_names(s);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		take_kind(s, &kinds[i], kinds[i].families[0]);
		if (kinds[i].families[1])
			take_kind(s, &kinds[i], kinds[i].families[1]);
	}
}

#endif
