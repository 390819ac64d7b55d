/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/msg.h"

#include <errno.h>
#include <string.h>

void vn_msg_init(struct vn_msg *msg, void *buf, size_t size)
{
	*msg = (struct vn_msg){ .buf = buf, .size = size };
}

void vn_msg_raw(struct vn_msg *msg, const void *data, size_t len)
{
	size_t room = NLMSG_ALIGN(len);

	if (msg->overflow || msg->size - msg->len < room) {
		msg->overflow = true;
		return;
	}
	if (len)
		memcpy(msg->buf + msg->len, data, len);
	memset(msg->buf + msg->len + len, 0, room - len);
	msg->len += room;
}

void vn_msg_begin(struct vn_msg *msg, uint16_t type, uint16_t flags, uint32_t seq, const void *body,
		  size_t len)
{
	struct nlmsghdr head = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST),
		.nlmsg_seq = seq,
	};

	msg->at = msg->len;
	msg->overflow = false;
	vn_msg_raw(msg, &head, sizeof(head));
	vn_msg_raw(msg, body, len);
}

int vn_msg_end(struct vn_msg *msg)
{
	uint32_t len = (uint32_t)(msg->len - msg->at);

	if (msg->overflow) {
		msg->len = msg->at;
		return -EMSGSIZE;
	}
	memcpy(msg->buf + msg->at + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
	return 0;
}

void vn_attr(struct vn_msg *msg, uint16_t type, const void *data, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	if (len > UINT16_MAX - NLA_HDRLEN) {
		msg->overflow = true;
		return;
	}
	vn_msg_raw(msg, &head, sizeof(head));
	vn_msg_raw(msg, data, len);
}

void vn_attr_u8(struct vn_msg *msg, uint16_t type, uint8_t value)
{
	vn_attr(msg, type, &value, sizeof(value));
}

void vn_attr_u16(struct vn_msg *msg, uint16_t type, uint16_t value)
{
	vn_attr(msg, type, &value, sizeof(value));
}

void vn_attr_u32(struct vn_msg *msg, uint16_t type, uint32_t value)
{
	vn_attr(msg, type, &value, sizeof(value));
}

void vn_attr_str(struct vn_msg *msg, uint16_t type, const char *value)
{
	vn_attr(msg, type, value, strlen(value) + 1);
}

size_t vn_nest(struct vn_msg *msg, uint16_t type)
{
	size_t nest = msg->len;

	vn_attr(msg, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
	return nest;
}

void vn_nest_end(struct vn_msg *msg, size_t nest)
{
	size_t len = msg->len - nest;
	uint16_t short_len = (uint16_t)len;

	if (msg->overflow || len > UINT16_MAX) {
		msg->overflow = true;
		return;
	}
	memcpy(msg->buf + nest + offsetof(struct nlattr, nla_len), &short_len, sizeof(short_len));
}
