/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/show.h"

/* In quotes, graphviz minds a quote and a backslash: "\l" ends a line, to the left. */
static void add_label(struct vn_text *text, const char *s)
{
	for (; *s; s++)
		vn_text_add(text, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
	vn_text_add(text, "\\l");
}

/* The line @i with the facts that belong to it. */
static void add_node(const struct show_lines *lines, size_t i, struct vn_text *text)
{
	const struct show_line *line = &lines->lines[i];

	vn_text_add(text, "\tn%zu [label=\"", i);
	add_label(text, line->text);
	for (size_t k = i + 1; k < lines->n && lines->lines[k].depth > line->depth; k++) {
		if (lines->lines[k].kind == SHOW_FACT && lines->lines[k].over == i)
			add_label(text, lines->lines[k].text);
	}
	vn_text_add(text, "\"%s];\n", line->off ? ", style=dashed" : "");
}

/* The host is on the left, and reaches a bridge through the uplink, where there is one. */
void show_dot(const struct show_lines *lines, struct vn_text *text)
{
	vn_text_add(text, "graph vnet {\n\trankdir=LR;\n"
			  "\tnode [shape=box, fontname=\"monospace\", fontsize=10];\n"
			  "\thost [label=\"host\"];\n");
	for (size_t i = 0; i < lines->n; i++) {
		const struct show_line *line = &lines->lines[i];

		if (line->kind == SHOW_FACT || line->kind == SHOW_DETAIL)
			continue;
		add_node(lines, i, text);
		if (line->kind == SHOW_NIC || (line->kind == SHOW_NET && !show_has_nic(lines, i)))
			vn_text_add(text, "\thost -- n%zu;\n", i);
		if (line->kind == SHOW_NIC)
			vn_text_add(text, "\tn%zu -- n%zu;\n", i, line->over);
		else if (line->kind != SHOW_NET)
			vn_text_add(text, "\tn%zu -- n%zu;\n", line->over, i);
	}
	vn_text_add(text, "}\n");
}
