/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/ask.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct vn_span vn_span_skip(struct vn_span in, size_t len)
{
	len = len < in.len ? len : in.len;
	return (struct vn_span){ in.at + len, in.len - len };
}

struct vn_span vn_span_attr(struct vn_span in, uint16_t type)
{
	struct nlattr head;

	for (; in.len >= sizeof(head); in = vn_span_skip(in, NLA_ALIGN(head.nla_len))) {
		memcpy(&head, in.at, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > in.len)
			break;
		if ((head.nla_type & NLA_TYPE_MASK) == type)
			return (struct vn_span){ in.at + sizeof(head),
						 head.nla_len - sizeof(head) };
	}
	return (struct vn_span){ in.at, 0 };
}

void vn_span_copy(struct vn_span in, uint16_t type, void *to, size_t size)
{
	in = vn_span_attr(in, type);
	if (in.len <= size)
		memcpy(to, in.at, in.len);
}

/* Take in the message numbered @seq: an acknowledgement, or a link. */
static int answer_parse(struct vn_answer *answer, uint32_t seq)
{
	struct vn_span in = { answer->buf, answer->len };
	struct nlmsghdr head = { .nlmsg_len = 0 };
	struct nlmsgerr ack;

	memcpy(&head, in.at, in.len < sizeof(head) ? 0 : sizeof(head));
	if (head.nlmsg_len != in.len || head.nlmsg_seq != seq)
		return -EPROTO;
	answer->code = 0;
	memset(answer->explain, 0, sizeof(answer->explain));
	if (head.nlmsg_type != NLMSG_ERROR)
		return head.nlmsg_type == RTM_NEWLINK ? 0 : -EPROTO;
	if (in.len < sizeof(head) + sizeof(ack))
		return -EPROTO;
	memcpy(&ack, in.at + sizeof(head), sizeof(ack));
	answer->code = ack.error;
	/* After an error, the message that it is about stands before the sentence. */
	in = vn_span_skip(in, sizeof(head) + sizeof(ack.error) + NLMSG_ALIGN(ack.msg.nlmsg_len));
	if (ack.error && head.nlmsg_flags & NLM_F_ACK_TLVS)
		vn_span_copy(in, NLMSGERR_ATTR_MSG, answer->explain, sizeof(answer->explain) - 1);
	return 0;
}

int vn_ask(int sock, const struct vn_msg *msg, struct vn_answer *answers, uint32_t n)
{
	struct iovec out = { .iov_base = msg->buf, .iov_len = msg->len };
	struct msghdr request = { .msg_iov = &out, .msg_iovlen = 1 };
	int r = 0;

	if (sendmsg(sock, &request, 0) < 0)
		return -errno;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		ssize_t len = recv(sock, answers[i].buf, sizeof(answers[i].buf), MSG_DONTWAIT);

		if (len < 0)
			return -errno;
		answers[i].len = (size_t)len;
		r = answer_parse(&answers[i], i + 1);
	}
	return r;
}
