/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Part of snap.c, included once: a netlink message becomes a line of text.
 *
 * How this works: a kind of object says how long the fixed header of its messages is and lists
 * paths of attributes that need care; a path is the numbers from the outside in, as 18.2:bridge.16
 * (after the colon: what the attribute before it calls this one's contents). All other attributes
 * are shown as the bytes they are, so that one that nobody thought of shows up as well.
 */
#ifndef TESTS_LIB_SNAP_ATTRS_H
#define TESTS_LIB_SNAP_ATTRS_H

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	LABEL = 128, /* an attribute's path */
};

struct text {
	char *p;
	size_t len, cap;
};

/* What has been read. */
struct snap {
	bool by_name;
	const char *label; /* the namespace that is being read */
	struct text links; /* its RTM_NEWLINK messages, for the names */
	char **lines;
	size_t n_lines;
};

struct attr {
	unsigned int type;
	bool nested;
	const uint8_t *p;
	size_t len;
};

/* A message on its way into a line. */
struct view {
	const struct snap *snap;
	const struct kind *kind;
	struct text *t;
	const struct nlmsghdr *prev; /* the message before it, NULL for a dump's first */
	unsigned int order;	     /* place among its like */
	bool foreign;		     /* IFLA_LINK is an index of another namespace */
};

/* One kind of object. The lists hold attribute paths, with * and ? as in a shell. */
struct kind {
	const char *name;
	int bus;
	unsigned int type;
	uint8_t families[2];
	uint8_t ndm_flags;
	uint32_t ext_mask;
	size_t body;
	/* prints the fixed header; false: this one is not to be shown */
	bool (*head)(struct view *v, const struct nlmsghdr *n);
	bool optional;	     /* a kernel may come without it */
	bool has_elems;	     /* sets, whose elements are asked for one set at a time */
	const char *drop;    /* volatile */
	const char *nest;    /* nested, though the kernel does not flag it */
	const char *typed;   /* nested; the attribute before it tells what is inside */
	const char *index;   /* interface indexes */
	const char *address; /* shown as an address too */
	const char *mask;    /* a u32 with volatile bits: */
	uint32_t volatile_bits;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("snap: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* Not realloc(), which static analyzers lose track of. */
static void *grow(void *p, size_t used, size_t size)
{
	void *q = malloc(size);

	if (!q)
		die("out of memory");
	if (used)
		memcpy(q, p, used);
	free(p);
	return q;
}

/* Where so much more can be written. */
static char *text_reserve(struct text *t, size_t more)
{
	if (!t->p || t->len + more + 1 > t->cap) {
		t->cap = (t->len + more + 1) * 2;
		t->p = grow(t->p, t->len, t->cap);
	}
	return t->p + t->len;
}

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = 256;

	for (;;) {
		char *end = text_reserve(t, room);
		va_list ap;

		va_start(ap, fmt);
		int n = vsnprintf(end, room + 1, fmt, ap);

		va_end(ap);
		if (n < 0)
			die("text does not print");
		if ((size_t)n <= room) {
			t->len += (size_t)n;
			return;
		}
		room = (size_t)n;
	}
}

static void text_hex(struct text *t, const uint8_t *p, size_t len)
{
	static const char digit[] = "0123456789abcdef";

	char *end = text_reserve(t, len * 2);

	for (size_t i = 0; i < len; i++) {
		*end++ = digit[p[i] >> 4];
		*end++ = digit[p[i] & 15];
	}
	*end = '\0';
	t->len += len * 2;
}

/* The text becomes a line of the snapshot, which owns it from now on. */
static void add_line(struct snap *s, struct text *t)
{
	if (s->n_lines % 1024 == 0)
		s->lines = grow(s->lines, s->n_lines * sizeof(*s->lines),
				(s->n_lines + 1024) * sizeof(*s->lines));
	for (char *c = t->p; *c; c++)
		if (*c == '\n')
			*c = ' ';
	s->lines[s->n_lines++] = t->p;
	*t = (struct text){ 0 };
}

static bool next_attr(const uint8_t **p, size_t *len, struct attr *a)
{
	struct nlattr h;
	size_t step;

	if (*len < sizeof(h))
		return false;
	memcpy(&h, *p, sizeof(h));
	if (h.nla_len < sizeof(h) || h.nla_len > *len)
		return false;
	*a = (struct attr){ .type = h.nla_type & NLA_TYPE_MASK,
			    .nested = h.nla_type & NLA_F_NESTED,
			    .p = *p + sizeof(h),
			    .len = h.nla_len - sizeof(h) };
	step = NLA_ALIGN(h.nla_len);
	if (step > *len)
		step = *len;
	*p += step;
	*len -= step;
	return true;
}

static bool find_attr(const uint8_t *p, size_t len, unsigned int type, struct attr *a)
{
	while (next_attr(&p, &len, a))
		if (a->type == type)
			return true;
	return false;
}

static bool is_attrs(const uint8_t *p, size_t len)
{
	struct attr a;

	while (next_attr(&p, &len, &a))
		;
	return len == 0;
}

static const uint8_t *body_of(const struct nlmsghdr *n)
{
	return (const uint8_t *)n + NLMSG_HDRLEN;
}

/* In a message whose fixed header has this size. */
static bool find_in(const struct nlmsghdr *n, size_t header, unsigned int type, struct attr *a)
{
	size_t skip = NLMSG_ALIGN(header);

	if (n->nlmsg_len < NLMSG_HDRLEN + skip)
		return false;
	return find_attr(body_of(n) + skip, n->nlmsg_len - NLMSG_HDRLEN - skip, type, a);
}

static const struct nlmsghdr *next_message(const struct text *t, const struct nlmsghdr *n)
{
	const char *p = n ? (const char *)n + NLMSG_ALIGN(n->nlmsg_len) : t->p;

	return p && p < t->p + t->len ? (const struct nlmsghdr *)(const void *)p : NULL;
}

static void show_index(const struct view *v, uint32_t index)
{
	const struct nlmsghdr *n = NULL;
	struct ifinfomsg ifi;
	struct attr a;

	while ((n = next_message(&v->snap->links, n))) {
		memcpy(&ifi, body_of(n), sizeof(ifi));
		if ((uint32_t)ifi.ifi_index == index && find_in(n, sizeof(ifi), IFLA_IFNAME, &a)) {
			text_add(v->t, "%.*s", (int)a.len, (const char *)a.p);
			break;
		}
	}
	if (!v->snap->by_name)
		text_add(v->t, "#%u", index);
	else if (!n)
		text_add(v->t, index ? "#unknown" : "#0");
}

static bool glob(const char *p, const char *end, const char *s)
{
	for (; p < end; p++, s++) {
		while (*p == '*') {
			if (glob(p + 1, end, s))
				return true;
			if (!*s++)
				return false;
		}
		if (!*s || (*p != '?' && *p != *s))
			return false;
	}
	return !*s;
}

static bool listed(const char *list, const char *path)
{
	while (list && *list) {
		const char *end = list + strcspn(list, " ");

		if (glob(list, end, path))
			return true;
		list = end + strspn(end, " ");
	}
	return false;
}

static bool is_string(const uint8_t *p, size_t len)
{
	if (len < 3 || p[len - 1])
		return false;
	for (size_t i = 0; i < len - 1; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

static void show_value(const struct view *v, const char *path, const struct attr *a)
{
	char ip[INET6_ADDRSTRLEN];
	uint32_t u = 0;

	if (a->len == sizeof(u))
		memcpy(&u, a->p, sizeof(u));
	text_add(v->t, " %s=", path);
	if (listed(v->kind->index, path) && a->len == sizeof(u)) {
		if (!v->foreign || strcmp(path, "5") != 0) /* IFLA_LINK */
			show_index(v, u);
		else if (v->snap->by_name)
			text_add(v->t, "elsewhere");
		else
			text_add(v->t, "#%u", u);
		return;
	}
	if (listed(v->kind->mask, path) && a->len == sizeof(u)) {
		text_add(v->t, "%x", u & ~v->kind->volatile_bits);
		return;
	}
	text_hex(v->t, a->p, a->len);
	if (is_string(a->p, a->len))
		text_add(v->t, "\"%s\"", (const char *)a->p);
	else if (listed(v->kind->address, path) && (a->len == 4 || a->len == 16))
		text_add(v->t, "\"%s\"",
			 inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->p, ip, sizeof(ip)));
}

static void show_attrs(const struct view *v, const char *path, const uint8_t *p, size_t len);

/* struct rtnexthop[], each with attributes of its own */
static void show_nexthops(const struct view *v, const char *path, const uint8_t *p, size_t len)
{
	struct rtnexthop nh;

	while (len >= sizeof(nh)) {
		memcpy(&nh, p, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > len)
			return;
		text_add(v->t, " %s=flags=%x,hops=%u,", path, nh.rtnh_flags, nh.rtnh_hops);
		show_index(v, (uint32_t)nh.rtnh_ifindex);
		show_attrs(v, path, p + sizeof(nh), nh.rtnh_len - sizeof(nh));
		size_t step = RTNH_ALIGN((size_t)nh.rtnh_len);

		if (step >= len)
			return;
		p += step;
		len -= step;
	}
}

/* path becomes path:SENSE, where the attribute before a tells the sense as a string or number. */
static void add_sense(char *path, const uint8_t *list, size_t len, const struct attr *a)
{
	size_t used = strlen(path);
	struct attr sense;
	uint32_t u;

	if (!find_attr(list, len, a->type - 1, &sense))
		return;
	if (is_string(sense.p, sense.len)) {
		snprintf(path + used, LABEL - used, ":%s", (const char *)sense.p);
	} else if (sense.len == sizeof(u)) {
		memcpy(&u, sense.p, sizeof(u));
		snprintf(path + used, LABEL - used, ":%u", ntohl(u));
	}
}

static void show_attrs(const struct view *v, const char *path, const uint8_t *p, size_t len)
{
	const struct kind *k = v->kind;
	const uint8_t *list = p;
	size_t list_len = len;
	struct attr a;

	while (next_attr(&p, &len, &a)) {
		char sub[LABEL];
		bool typed;

		snprintf(sub, sizeof(sub), "%s%s%u", path, *path ? "." : "", a.type);
		if (listed(k->drop, sub))
			continue;
		typed = listed(k->typed, sub);
		if (typed)
			add_sense(sub, list, list_len, &a);
		if (k->type == RTM_GETROUTE && k->bus == NETLINK_ROUTE && a.type == RTA_MULTIPATH)
			show_nexthops(v, sub, a.p, a.len);
		else if (!(typed || a.nested || listed(k->nest, sub)) || !is_attrs(a.p, a.len))
			show_value(v, sub, &a);
		else if (!a.len)
			text_add(v->t, " %s={}", sub);
		else
			show_attrs(v, sub, a.p, a.len);
	}
}

#endif
