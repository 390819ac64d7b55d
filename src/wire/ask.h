/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_WIRE_ASK_H
#define VN_WIRE_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "wire/msg.h"

/*
 * Questions about links and changes of them, on a plain socket, for programs that are done
 * with one or two sends: no library, no allocation. wire/sock.h is for all else.
 */

enum {
	VN_ANSWER_SIZE = 16 << 10, /* a link takes 2 KiB */
	VN_ANSWER_TEXT = 128,
};

/*
 * What the kernel said to a message.
 *
 * @code:    0, or the negative errno of its acknowledgement
 * @explain: the extended acknowledgement's sentence, as it came; may be empty
 * @buf:     the message itself, of @len bytes: an acknowledgement or an RTM_NEWLINK
 */
struct vn_answer {
	int code;
	char explain[VN_ANSWER_TEXT];
	size_t len;
	uint8_t buf[VN_ANSWER_SIZE];
};

/*
 * Send the messages in @msg at once, numbered from 1; each has one answer, in the same
 * order. The kernel works on them within the send: all answers lie ready then, and there
 * is nothing to wait for.
 *
 * @sock:    of NETLINK_ROUTE, on which nothing else is under way
 * @answers: @n of them, as many as messages; filled on success
 *
 * Returns 0 if there is an answer to each, well or not; -EPROTO or another negative errno.
 */
int vn_ask(int sock, const struct vn_msg *msg, struct vn_answer *answers, uint32_t n);

/* A part of an answer, or the payload of an attribute; of length 0 if it is absent. */
struct vn_span {
	const uint8_t *at;
	size_t len;
};

/* What is left of @in after @len bytes; nothing, if it has less. */
struct vn_span vn_span_skip(struct vn_span in, size_t len);

/* The payload of the first attribute of @type in @in, which begins with one. */
struct vn_span vn_span_attr(struct vn_span in, uint16_t type);

/* Copy it to @to, if it has at most @size bytes; what it does not fill stays as it is. */
void vn_span_copy(struct vn_span in, uint16_t type, void *to, size_t size);

#endif /* VN_WIRE_ASK_H */
