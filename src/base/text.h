/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_TEXT_H
#define VN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string that grows, ended by a NUL. A failed allocation sticks: look once, at the end. */
struct vn_text {
	char *buf;
	size_t len;
	size_t size;
	bool failed;
};

/* Append, as printf would; all of it or, when memory is short, nothing from then on. */
void vn_text_add(struct vn_text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for @len bytes as they are, and in hexadecimal: quick, for texts of megabytes. */
void vn_text_put(struct vn_text *text, const char *s, size_t len);
void vn_text_hex(struct vn_text *text, const void *bytes, size_t len);

/* Free it; it is empty then. */
void vn_text_done(struct vn_text *text);

/*
 * Hand the string over, for the caller to free; it is never NULL on success. @text is
 * empty then, also after a failure. Returns 0 or -ENOMEM.
 */
int vn_text_take(struct vn_text *text, char **ret_string);

/*
 * Cut the next line out of *@text (at '\n' or the end), in place.
 * Returns NULL when there is none.
 */
char *vn_line_next(char **text);

/*
 * The whole of @s as a number of the given base. Returns 0, -EINVAL if it is
 * none, or -ERANGE if it is not in @min..@max.
 */
int vn_number(const char *s, int base, uint64_t min, uint64_t max, uint64_t *ret_number);

/*
 * Replace by '?' what a terminal could take for a command. The first one leaves printable
 * ASCII alone: for what others wrote. The second one lets through what may be UTF-8: for
 * messages that repeat what the user typed.
 */
void vn_text_clean(char *s);
void vn_text_clean_typed(char *s);

/* Copy @from into @to of @size, or return -ENAMETOOLONG; never truncates. */
int vn_copy(char *to, size_t size, const char *from);

/* printf into @to of @size; returns -ENAMETOOLONG rather than truncate. */
int vn_format(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The kernel's text for a negative errno. */
const char *vn_strerror(int code);

/* FNV-1a over @s, going on from @seed (0: start). */
uint64_t vn_hash(uint64_t seed, const char *s);

#endif /* VN_BASE_TEXT_H */
