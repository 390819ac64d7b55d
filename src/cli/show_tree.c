/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "cli/show.h"

/* What a branch is drawn with. */
struct strokes {
	const char *fork; /* to one of several */
	const char *last;
	const char *pass; /* beside it, to others below */
	const char *none;
};

static const struct strokes ascii = { "|- ", "`- ", "|  ", "   " };
static const struct strokes utf8 = { "├─ ", "└─ ", "│  ", "   " };

/* The tool has one thread yet. */
static bool is_utf8(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	return setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* True if below line @i another one follows at @depth, before the branch ends. */
static bool goes_on(const struct show_lines *lines, size_t i, unsigned int depth)
{
	while (++i < lines->n && lines->lines[i].depth > depth)
		;
	return i < lines->n && lines->lines[i].depth == depth;
}

/* @on: the depths that go on, a bit each, at the line before; of what is above, they still do. */
static void draw(const struct show_lines *lines, size_t i, const struct strokes *strokes,
		 uint32_t *on, struct vn_text *text)
{
	unsigned int depth = lines->lines[i].depth;
	unsigned int known = i ? lines->lines[i - 1].depth : 0;

	for (unsigned int d = known < depth ? known + 1 : depth; d <= depth; d++)
		*on = goes_on(lines, i, d) ? *on | 1U << d : *on & ~(1U << d);
	for (unsigned int d = 1; d < depth; d++)
		vn_text_add(text, "%s", *on >> d & 1 ? strokes->pass : strokes->none);
	if (depth)
		vn_text_add(text, "%s", *on >> depth & 1 ? strokes->fork : strokes->last);
	vn_text_add(text, "%s\n", lines->lines[i].text);
}

void show_tree(const struct show_lines *lines, struct vn_text *text)
{
	const struct strokes *strokes = is_utf8() ? &utf8 : &ascii;
	uint32_t on = 0;

	for (size_t i = 0; i < lines->n; i++)
		draw(lines, i, strokes, &on, text);
}
