/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_FIRST = 256 };

static bool text_room(struct vn_text *text, size_t more)
{
	size_t size = text->size ? text->size : TEXT_FIRST;
	char *buf;

	if (text->failed)
		return false;
	while (size - text->len <= more)
		size *= 2;
	if (size == text->size)
		return true;
	buf = realloc(text->buf, size);
	if (!buf) {
		text->failed = true;
		return false;
	}
	text->buf = buf;
	text->size = size;
	return true;
}

void vn_text_add(struct vn_text *text, const char *fmt, ...)
{
	va_list ap;
	va_list again;
	size_t room = text->failed ? 0 : text->size - text->len;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(room ? text->buf + text->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && text_room(text, (size_t)n)) {
		if ((size_t)n >= room)
			(void)vsnprintf(text->buf + text->len, text->size - text->len, fmt, again);
		text->len += (size_t)n;
	}
	va_end(again);
}

void vn_text_put(struct vn_text *text, const char *s, size_t len)
{
	if (!text_room(text, len))
		return;
	memcpy(text->buf + text->len, s, len);
	text->len += len;
	text->buf[text->len] = '\0';
}

void vn_text_hex(struct vn_text *text, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	if (!text_room(text, 2 * len))
		return;
	for (size_t i = 0; i < len; i++) {
		text->buf[text->len++] = digits[from[i] >> 4];
		text->buf[text->len++] = digits[from[i] & 15];
	}
	text->buf[text->len] = '\0';
}

void vn_text_done(struct vn_text *text)
{
	free(text->buf);
	*text = (struct vn_text){ 0 };
}

int vn_text_take(struct vn_text *text, char **ret_string)
{
	if (!text_room(text, 0)) {
		vn_text_done(text);
		return -ENOMEM;
	}
	text->buf[text->len] = '\0';
	*ret_string = text->buf;
	*text = (struct vn_text){ 0 };
	return 0;
}

char *vn_line_next(char **text)
{
	return *text && **text ? strsep(text, "\n") : NULL;
}

int vn_number(const char *s, int base, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	unsigned long long v;
	char *end;

	/* strtoull() takes signs and leading space; a number here begins with a digit. */
	if (!((*s >= '0' && *s <= '9') || (base == 16 && strspn(s, "abcdefABCDEF"))))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, base);
	if (*end)
		return -EINVAL;
	if (errno || v < min || v > max)
		return -ERANGE;
	*ret_number = v;
	return 0;
}

void vn_text_clean(char *s)
{
	for (; *s; s++) {
		if (*s < ' ' || *s > '~')
			*s = '?';
	}
}

void vn_text_clean_typed(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	}
}

int vn_copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(to, from, len + 1);
	return 0;
}

int vn_format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(to, size, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

const char *vn_strerror(int code)
{
	const char *text = strerrordesc_np(-code); /* strerror() is not for threads */

	return text ? text : "unknown error";
}

uint64_t vn_hash(uint64_t seed, const char *s)
{
	/* http://www.isthe.com/chongo/tech/comp/fnv/: offset basis and prime of 64 bits */
	uint64_t h = seed ? seed : 14695981039346656037ULL;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 1099511628211ULL;
	return h;
}
