/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How this works
 *
 * An operation is a line: its kind, its namespace, then key=value for each
 * member that is not zero. What members a kind has stands in one table, which
 * writing and reading share. Strings are percent-encoded, so that a space or a
 * newline never cuts a line.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ops/ops.h"
#include "wire/object.h"

enum member_type {
	MEMBER_I32,
	MEMBER_U32,
	MEMBER_U8,
	MEMBER_STRING,	/* char[] */
	MEMBER_BYTES,	/* in hexadecimal */
	MEMBER_CONTENT, /* const char * */
	MEMBER_OBJECT,	/* struct vnet_object: its message, in hexadecimal */
};

struct member {
	const char *key;
	enum member_type type;
	size_t offset;
	size_t size;
};

#define M(key, type, path)                                                                     \
	{                                                                                      \
		key, type, offsetof(struct vnet_op, path), sizeof(((struct vnet_op *)0)->path) \
	}
#define END                            \
	{                              \
		NULL, MEMBER_I32, 0, 0 \
	}

/* Of every kind. */
static const struct member common_members[] = { M("marks", MEMBER_U32, marks), END };

static const struct member link_members[] = {
	M("set", MEMBER_U32, u.link.set),
	M("index", MEMBER_I32, u.link.link.index),
	M("master", MEMBER_I32, u.link.link.master),
	M("peer", MEMBER_I32, u.link.link.peer),
	M("flags", MEMBER_U32, u.link.link.flags),
	M("mtu", MEMBER_U32, u.link.link.mtu),
	M("group", MEMBER_U32, u.link.link.group),
	M("mac", MEMBER_BYTES, u.link.link.mac),
	M("genmode", MEMBER_U8, u.link.link.addr_gen_mode),
	M("name", MEMBER_STRING, u.link.link.name),
	M("mastername", MEMBER_STRING, u.link.link.master_name),
	M("kind", MEMBER_STRING, u.link.link.kind),
	M("alias", MEMBER_STRING, u.link.link.alias),
	M("bridge", MEMBER_BYTES, u.link.link.bridge),
	M("isolated", MEMBER_U8, u.link.link.port.isolated),
	M("pindex", MEMBER_I32, u.link.peer.index),
	M("pns", MEMBER_U8, u.link.peer.ns),
	M("pgroup", MEMBER_U32, u.link.peer.group),
	M("pmac", MEMBER_BYTES, u.link.peer.mac),
	M("pname", MEMBER_STRING, u.link.peer.name),
	END,
};

static const struct member altname_members[] = {
	M("index", MEMBER_I32, u.altname.index),
	M("link", MEMBER_STRING, u.altname.link),
	M("name", MEMBER_STRING, u.altname.name),
	END,
};

static const struct member addr_members[] = {
	M("link", MEMBER_STRING, u.addr.link),
	M("index", MEMBER_I32, u.addr.ifaddr.index),
	M("flags", MEMBER_U32, u.addr.ifaddr.flags),
	M("addr", MEMBER_BYTES, u.addr.ifaddr.addr),
	END,
};

static const struct member sysctl_members[] = {
	M("link", MEMBER_STRING, u.sysctl.link),
	M("dir", MEMBER_STRING, u.sysctl.dir),
	M("key", MEMBER_STRING, u.sysctl.key),
	M("value", MEMBER_STRING, u.sysctl.value),
	END,
};

static const struct member object_members[] = {
	M("how", MEMBER_U32, u.object.how),
	M("link", MEMBER_STRING, u.object.link),
	M("message", MEMBER_OBJECT, u.object.object),
	END,
};

static const struct member wait_members[] = {
	M("what", MEMBER_U32, u.wait.what),
	M("index", MEMBER_I32, u.wait.index),
	M("link", MEMBER_STRING, u.wait.link),
	END,
};

static const struct member probe_members[] = {
	M("index", MEMBER_I32, u.probe.index),	   M("link", MEMBER_STRING, u.probe.link),
	M("mac", MEMBER_BYTES, u.probe.mac),	   M("ip", MEMBER_BYTES, u.probe.ip),
	M("source", MEMBER_BYTES, u.probe.source), END,
};

static const struct member announce_members[] = {
	M("index", MEMBER_I32, u.announce.index),     M("link", MEMBER_STRING, u.announce.link),
	M("mac", MEMBER_BYTES, u.announce.mac),	      M("ip", MEMBER_BYTES, u.announce.ip),
	M("solicit", MEMBER_U32, u.announce.solicit), END,
};

static const struct member netns_members[] = { M("name", MEMBER_STRING, u.netns.name), END };

static const struct member csum_members[] = { M("link", MEMBER_STRING, u.csum.link), END };

static const struct member file_members[] = {
	M("path", MEMBER_STRING, u.file.path),
	M("mode", MEMBER_U32, u.file.mode),
	M("content", MEMBER_CONTENT, u.file.content),
	END,
};

/* No content: a plan owns that of a FILE_WRITE alone. */
static const struct member file_del_members[] = { M("path", MEMBER_STRING, u.file.path), END };

static const struct member service_members[] = {
	M("netns", MEMBER_STRING, u.service.netns),
	M("conf", MEMBER_STRING, u.service.conf),
	M("pid", MEMBER_STRING, u.service.pid_file),
	M("leases", MEMBER_STRING, u.service.leases),
	END,
};

static const struct member client_members[] = {
	M("program", MEMBER_STRING, u.client.program),	M("link", MEMBER_STRING, u.client.link),
	M("own", MEMBER_STRING, u.client.own),		M("from", MEMBER_STRING, u.client.from),
	M("leases", MEMBER_STRING, u.client.leases),	M("pid", MEMBER_I32, u.client.pid),
	M("command", MEMBER_CONTENT, u.client.command), END,
};

static const struct {
	const char *word;
	const struct member *members;
} kinds[] = {
	[VNET_OP_LINK_ADD] = { "link-add", link_members },
	[VNET_OP_LINK_SET] = { "link-set", link_members },
	[VNET_OP_LINK_DEL] = { "link-del", link_members },
	[VNET_OP_ALTNAME_ADD] = { "altname-add", altname_members },
	[VNET_OP_ADDR_ADD] = { "addr-add", addr_members },
	[VNET_OP_ADDR_DEL] = { "addr-del", addr_members },
	[VNET_OP_OBJECT_ADD] = { "object-add", object_members },
	[VNET_OP_OBJECT_DEL] = { "object-del", object_members },
	[VNET_OP_ROUTE_LEND] = { "route-lend", object_members },
	[VNET_OP_SYSCTL_SET] = { "sysctl-set", sysctl_members },
	[VNET_OP_WAIT] = { "wait", wait_members },
	[VNET_OP_PROBE] = { "probe", probe_members },
	[VNET_OP_ANNOUNCE] = { "announce", announce_members },
	[VNET_OP_UNCHANGED] = { "unchanged", wait_members },
	[VNET_OP_NETNS_ADD] = { "netns-add", netns_members },
	[VNET_OP_NETNS_DEL] = { "netns-del", netns_members },
	[VNET_OP_CSUM_OFF] = { "csum-off", csum_members },
	[VNET_OP_FILE_WRITE] = { "file-write", file_members },
	[VNET_OP_FILE_DEL] = { "file-del", file_del_members },
	[VNET_OP_SERVICE_START] = { "service-start", service_members },
	[VNET_OP_SERVICE_STOP] = { "service-stop", service_members },
	[VNET_OP_SERVICE_RELOAD] = { "service-reload", service_members },
	[VNET_OP_CLIENT_START] = { "client-start", client_members },
	[VNET_OP_CLIENT_STOP] = { "client-stop", client_members },
};

static_assert(sizeof(kinds) / sizeof(kinds[0]) == VNET_OP_KIND_COUNT,
	      "kinds[] covers vnet_op_kind");

static void put_encoded(struct vn_text *text, const char *s)
{
	while (*s) {
		size_t plain = 0;

		while (s[plain] > ' ' && s[plain] != '%' && s[plain] <= '~')
			plain++;
		vn_text_put(text, s, plain);
		s += plain;
		if (*s)
			vn_text_add(text, "%%%02x", (uint8_t)*s++);
	}
}

static bool is_zero(const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < size; i++) {
		if (b[i])
			return false;
	}
	return true;
}

static void write_member(const struct vnet_op *op, const struct member *m, struct vn_text *text)
{
	const void *at = (const char *)op + m->offset;

	if (m->type == MEMBER_STRING ? !*(const char *)at : is_zero(at, m->size))
		return;
	vn_text_put(text, " ", 1);
	vn_text_put(text, m->key, strlen(m->key));
	vn_text_put(text, "=", 1);
	switch (m->type) {
	case MEMBER_I32:
		vn_text_add(text, "%" PRId32, *(const int32_t *)at);
		break;
	case MEMBER_U32:
		vn_text_add(text, "%" PRIu32, *(const uint32_t *)at);
		break;
	case MEMBER_U8:
		vn_text_add(text, "%u", *(const uint8_t *)at);
		break;
	case MEMBER_STRING:
		put_encoded(text, at);
		break;
	case MEMBER_BYTES:
		vn_text_hex(text, at, m->size);
		break;
	case MEMBER_CONTENT:
		put_encoded(text, *(const char *const *)at);
		break;
	case MEMBER_OBJECT:
		vn_text_hex(text, ((const struct vnet_object *)at)->message,
			    ((const struct vnet_object *)at)->size);
		break;
	}
}

void vn_op_write(const struct vnet_op *op, struct vn_text *text)
{
	vn_text_add(text, "%s %d", kinds[op->kind].word, op->ns);
	for (const struct member *m = common_members; m->key; m++)
		write_member(op, m, text);
	for (const struct member *m = kinds[op->kind].members; m->key; m++)
		write_member(op, m, text);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; the text only gets shorter. */
static int decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '%') {
			if (nibble(s[1]) < 0 || nibble(s[2]) < 0)
				return -EBADMSG;
			*to++ = (char)(nibble(s[1]) << 4 | nibble(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return 0;
}

static int read_bytes(const char *s, uint8_t *to, size_t size)
{
	if (strlen(s) != 2 * size)
		return -EBADMSG;
	for (size_t i = 0; i < size; i++) {
		int high = nibble(s[2 * i]);
		int low = nibble(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* A message that says it is as long as it is. */
static int read_object(const char *s, struct vnet_object *ret_object, char **ret_content)
{
	size_t size = strlen(s) / 2;
	uint8_t *bytes = malloc(size + 1);
	const struct nlmsghdr *head = (const struct nlmsghdr *)bytes;
	int r = bytes ? read_bytes(s, bytes, size) : -ENOMEM;

	if (r == 0 && (size < sizeof(*head) || head->nlmsg_len != size || *ret_content))
		r = -EBADMSG;
	if (r == 0)
		r = vn_object_read(head, ret_object);
	if (r == 0)
		*ret_content = ret_object->message;
	free(bytes);
	return r;
}

static int read_number(const char *s, enum member_type type, void *at)
{
	bool negative = type == MEMBER_I32 && *s == '-';
	uint64_t max = type == MEMBER_U8 ? UINT8_MAX : type == MEMBER_U32 ? UINT32_MAX : INT32_MAX;
	uint64_t v;

	if (vn_number(s + negative, 10, 0, max, &v) < 0)
		return -EBADMSG;
	if (type == MEMBER_U8)
		*(uint8_t *)at = (uint8_t)v;
	else if (type == MEMBER_U32)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(int32_t *)at = negative ? -(int32_t)v : (int32_t)v;
	return 0;
}

static int read_member(struct vnet_op *op, const struct member *m, char *value, char **ret_content)
{
	void *at = (char *)op + m->offset;

	switch (m->type) {
	case MEMBER_I32:
	case MEMBER_U32:
	case MEMBER_U8:
		return read_number(value, m->type, at);
	case MEMBER_BYTES:
		return read_bytes(value, at, m->size);
	case MEMBER_STRING:
		return decode(value) < 0 || vn_copy(at, m->size, value) < 0 ? -EBADMSG : 0;
	case MEMBER_CONTENT:
		if (decode(value) < 0 || *ret_content)
			return -EBADMSG;
		*ret_content = strdup(value);
		memcpy(at, ret_content, sizeof(*ret_content));
		return *ret_content ? 0 : -ENOMEM;
	case MEMBER_OBJECT:
		return read_object(value, at, ret_content);
	}
	return -EINVAL;
}

static int read_pair(struct vnet_op *op, char *pair, char **content)
{
	char *value = strchr(pair, '=');

	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	for (const struct member *m = common_members; m->key; m++) {
		if (!strcmp(m->key, pair))
			return read_member(op, m, value, content);
	}
	for (const struct member *m = kinds[op->kind].members; m->key; m++) {
		if (!strcmp(m->key, pair))
			return read_member(op, m, value, content);
	}
	return -EBADMSG;
}

static int read_kind(const char *word, enum vnet_op_kind *ret_kind)
{
	for (int kind = 0; word && kind < VNET_OP_KIND_COUNT; kind++) {
		if (!strcmp(kinds[kind].word, word)) {
			*ret_kind = (enum vnet_op_kind)kind;
			return 0;
		}
	}
	return -EBADMSG;
}

int vn_op_read(char *line, struct vnet_op *ret_op, char **ret_content)
{
	auto_free char *content = NULL;
	struct vnet_op op = { 0 };
	char *save = NULL;
	char *word = strtok_r(line, " ", &save);
	uint64_t ns;
	int r = read_kind(word, &op.kind);

	word = r < 0 ? NULL : strtok_r(NULL, " ", &save);
	if (!word || vn_number(word, 10, 0, VNET_NS_COUNT - 1, &ns) < 0)
		return -EBADMSG;
	op.ns = (enum vnet_ns_id)ns;
	while (r == 0 && (word = strtok_r(NULL, " ", &save)))
		r = read_pair(&op, word, &content);
	if (r == 0 && op.kind == VNET_OP_FILE_WRITE && !content) { /* an empty file */
		content = strdup("");
		op.u.file.content = content;
		r = content ? 0 : -ENOMEM;
	}
	if (r == 0 && !content &&
	    (kinds[op.kind].members == object_members || kinds[op.kind].members == client_members))
		r = -EBADMSG;
	if (r < 0)
		return r;
	if (op.u.link.peer.ns >= VNET_NS_COUNT && kinds[op.kind].members == link_members)
		return -EBADMSG;
	if (op.u.object.how > VNET_OBJECT_REPLACE && kinds[op.kind].members == object_members)
		return -EBADMSG;
	if (op.u.wait.what > VNET_WAIT_LOCAL && kinds[op.kind].members == wait_members)
		return -EBADMSG;
	*ret_op = op;
	*ret_content = take_ptr(&content);
	return 0;
}
