/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

/*
 * How this works: a line that is no fact is a box, with the facts that belong to it as further
 * lines of text. Boxes of a kind stand in a column, as wide as its longest text: host, uplink,
 * bridge, ports, guests. A bridge is as high as its ports together. How wide text is nobody knows
 * before it is drawn: the font is of fixed width, and six tenths of its size are near enough.
 */

enum {
	FONT = 12,
	CHAR_TENTHS = 73, /* a character's width; with some room, as fonts differ */
	ROW = 16,	  /* a line's height */
	PAD = 8,
	GAP = 10,  /* between two ports */
	WIRE = 48, /* between two columns */
	MARGIN = 16,
};

enum column {
	COLUMN_HOST,
	COLUMN_NIC,
	COLUMN_NET,
	COLUMN_PORT,
	COLUMN_GUEST,
	COLUMN_COUNT,
};

static const char *const colours[] = {
	[COLUMN_HOST] = "#e8e8e8", [COLUMN_NIC] = "#fde7c8",   [COLUMN_NET] = "#d6e6f7",
	[COLUMN_PORT] = "#eef4fb", [COLUMN_GUEST] = "#dff0d8",
};

static_assert(sizeof(colours) / sizeof(colours[0]) == COLUMN_COUNT, "covers enum column");

struct box {
	size_t rows; /* 0: the line is no box */
	size_t y;
	size_t height;
};

struct drawing {
	const struct show_lines *lines;
	struct box *boxes; /* by line */
	size_t chars[COLUMN_COUNT];
	size_t x[COLUMN_COUNT];
	size_t width;
	size_t height;
	struct vn_text *text;
};

static enum column column_of(enum show_kind kind)
{
	switch (kind) {
	case SHOW_NIC:
		return COLUMN_NIC;
	case SHOW_NET:
		return COLUMN_NET;
	case SHOW_PORT:
		return COLUMN_PORT;
	case SHOW_GUEST:
		return COLUMN_GUEST;
	case SHOW_FACT:
	case SHOW_DETAIL:
		break;
	}
	return COLUMN_COUNT;
}

/* ---- how large, and where ---- */

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t width_of(const struct drawing *d, enum column column)
{
	return d->chars[column] ? d->chars[column] * CHAR_TENTHS / 10 + PAD + PAD : 0;
}

static void measure(struct drawing *d)
{
	size_t x = MARGIN;

	d->chars[COLUMN_HOST] = strlen("host");
	for (size_t i = 0; i < d->lines->n; i++) {
		const struct show_line *line = &d->lines->lines[i];
		size_t box = line->kind == SHOW_FACT ? line->over : i;
		enum column column = column_of(d->lines->lines[box].kind);

		if (column == COLUMN_COUNT) /* a detail */
			continue;
		d->boxes[box].rows++;
		d->boxes[box].height = d->boxes[box].rows * ROW + PAD;
		d->chars[column] = max(d->chars[column], strlen(line->text));
	}
	for (int i = 0; i < COLUMN_COUNT; i++) {
		d->x[i] = x;
		x += d->chars[i] ? width_of(d, (enum column)i) + WIRE : 0;
	}
	d->width = x - WIRE + MARGIN;
}

/* The boxes of the network at line @net, from the height @y on. Returns where they end. */
static size_t place_net(struct drawing *d, size_t net, size_t y)
{
	size_t end = y + d->boxes[net].height;
	size_t at = y;

	d->boxes[net].y = y;
	for (size_t i = net + 1; i < d->lines->n && d->lines->lines[i].kind != SHOW_NET; i++) {
		const struct show_line *line = &d->lines->lines[i];
		struct box *box = &d->boxes[i];

		if (!box->rows)
			continue;
		/* A guest stands beside its port, an uplink at the top, ports below each other. */
		box->y = line->kind == SHOW_GUEST ? d->boxes[line->over].y :
			 line->kind == SHOW_NIC	  ? y :
						    at;
		end = max(end, box->y + box->height);
		if (line->kind != SHOW_NIC)
			at = max(at, box->y + box->height + GAP);
	}
	d->boxes[net].height = end - y;
	return end;
}

static void place(struct drawing *d)
{
	size_t y = MARGIN;

	for (size_t i = 0; i < d->lines->n; i++) {
		if (d->lines->lines[i].kind == SHOW_NET)
			y = place_net(d, i, y) + (GAP + GAP);
	}
	d->height = (y > MARGIN ? y - (GAP + GAP) : y + ROW + PAD) + MARGIN;
}

/* ---- drawn ---- */

/* XML minds these; all else is printable ASCII. */
static void add_escaped(struct vn_text *text, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			vn_text_add(text, "&amp;");
		else if (*s == '<')
			vn_text_add(text, "&lt;");
		else if (*s == '>')
			vn_text_add(text, "&gt;");
		else
			vn_text_add(text, "%c", *s);
	}
}

static void add_rect(const struct drawing *d, enum column column, size_t y, size_t height, bool off)
{
	vn_text_add(d->text,
		    "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" rx=\"4\" fill=\"%s\" "
		    "stroke=\"#567\"%s/>\n",
		    d->x[column], y, width_of(d, column), height, colours[column],
		    off ? " stroke-dasharray=\"4 3\"" : "");
}

static void add_text(const struct drawing *d, enum column column, size_t y, size_t row, bool first,
		     const char *s)
{
	vn_text_add(d->text, "<text x=\"%zu\" y=\"%zu\"%s>", d->x[column] + PAD,
		    y + PAD / 2 + row * ROW + FONT, first ? " font-weight=\"bold\"" : "");
	add_escaped(d->text, s);
	vn_text_add(d->text, "</text>\n");
}

/* From the right of one column to the left of another. */
static void add_wire(const struct drawing *d, enum column from, enum column to, size_t y, bool off)
{
	vn_text_add(d->text,
		    "<line x1=\"%zu\" y1=\"%zu\" x2=\"%zu\" y2=\"%zu\" stroke=\"#567\"%s/>\n",
		    d->x[from] + width_of(d, from), y, d->x[to], y,
		    off ? " stroke-dasharray=\"4 3\"" : "");
}

/* A line's box with its text, and what connects it to the one on its left; of a fact nothing. */
static void add_box(const struct drawing *d, size_t i)
{
	const struct show_line *line = &d->lines->lines[i];
	const struct box *box = &d->boxes[i];
	enum column column = column_of(line->kind);
	size_t middle = box->y + (ROW + PAD) / 2;
	size_t row = 0;

	if (column == COLUMN_COUNT)
		return;
	add_rect(d, column, box->y, box->height, line->off);
	add_text(d, column, box->y, row++, true, line->text);
	for (size_t k = i + 1; k < d->lines->n && d->lines->lines[k].depth > line->depth; k++) {
		const struct show_line *fact = &d->lines->lines[k];

		if (fact->kind == SHOW_FACT && fact->over == i)
			add_text(d, column, box->y, row++, false, fact->text);
	}
	if (line->kind == SHOW_NIC)
		add_wire(d, COLUMN_NIC, COLUMN_NET, middle, line->off);
	else if (line->kind == SHOW_PORT)
		add_wire(d, COLUMN_NET, COLUMN_PORT, middle, line->off);
	else if (line->kind == SHOW_GUEST)
		add_wire(d, COLUMN_PORT, COLUMN_GUEST, middle, d->lines->lines[line->over].off);
}

static void draw(const struct drawing *d)
{
	vn_text_add(d->text,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
		    "viewBox=\"0 0 %zu %zu\" font-family=\"monospace\" font-size=\"%d\">\n"
		    "<title>vnet show</title>\n"
		    "<rect width=\"%zu\" height=\"%zu\" fill=\"white\"/>\n",
		    d->width, d->height, d->width, d->height, FONT, d->width, d->height);
	add_rect(d, COLUMN_HOST, MARGIN, d->height - (MARGIN + MARGIN), false);
	add_text(d, COLUMN_HOST, MARGIN, 0, true, "host");
	for (size_t i = 0; i < d->lines->n; i++) {
		const struct show_line *line = &d->lines->lines[i];

		if (line->kind == SHOW_NET)
			add_wire(d, COLUMN_HOST,
				 show_has_nic(d->lines, i) ? COLUMN_NIC : COLUMN_NET,
				 d->boxes[i].y + (ROW + PAD) / 2, line->off);
		add_box(d, i);
	}
	vn_text_add(d->text, "</svg>\n");
}

void show_svg(const struct show_lines *lines, struct vn_text *text)
{
	struct drawing d = { .lines = lines, .text = text };

	d.boxes = calloc(lines->n + 1, sizeof(*d.boxes));
	if (!d.boxes) {
		text->failed = true;
		return;
	}
	measure(&d);
	place(&d);
	draw(&d);
	free(d.boxes);
}
