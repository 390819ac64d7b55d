/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ops/ops.h"
#include "sys/file.h"

static const char magic[] = "vnet-journal 1";

static void put_plan(struct vn_text *text, const char *word, const struct vnet_plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++) {
		vn_text_add(text, "%s ", word);
		vn_op_write(&plan->ops[i], text);
		vn_text_add(text, "\n");
	}
}

int vn_journal_print(const struct vn_journal *journal, char **ret_text)
{
	struct vn_text text = { 0 };

	vn_text_add(&text, "%s\nwhat %s\nnet %s\n", magic, journal->what, journal->net);
	if (journal->uplink)
		vn_text_add(&text, "uplink %s\nnic %" PRId32 "\n", journal->uplink, journal->nic);
	put_plan(&text, "do", &journal->plan);
	put_plan(&text, "on", &journal->onward);
	put_plan(&text, "undo", &journal->undo);
	return vn_text_take(&text, ret_text);
}

int vn_journal_write(const char *path, const struct vn_journal *journal)
{
	auto_free char *text = NULL;
	int r = vn_journal_print(journal, &text);

	return r < 0 ? r : vn_file_write(path, text, 0600);
}

static int add_op(struct vnet_plan *plan, char *line)
{
	auto_free char *content = NULL;
	struct vnet_op op;
	int r = vn_op_read(line, &op, &content);

	if (r < 0)
		return r;
	(void)vnet_plan_add(plan, &op);
	return plan->failed;
}

static int read_nic(const char *text, int32_t *ret_nic)
{
	uint64_t nic;

	if (*ret_nic || vn_number(text, 10, 0, INT32_MAX, &nic) < 0)
		return -EBADMSG;
	*ret_nic = (int32_t)nic;
	return 0;
}

static int add_line(struct vn_journal *journal, char *line)
{
	char *rest = strchr(line, ' ');
	char **string;

	if (!rest)
		return -EBADMSG;
	*rest++ = '\0';
	if (!strcmp(line, "do"))
		return add_op(&journal->plan, rest);
	if (!strcmp(line, "on"))
		return add_op(&journal->onward, rest);
	if (!strcmp(line, "undo"))
		return add_op(&journal->undo, rest);
	if (!strcmp(line, "nic"))
		return read_nic(rest, &journal->nic);
	if (!strcmp(line, "what"))
		string = &journal->what;
	else if (!strcmp(line, "net"))
		string = &journal->net;
	else if (!strcmp(line, "uplink"))
		string = &journal->uplink;
	else
		return -EBADMSG;
	if (*string)
		return -EBADMSG;
	*string = strdup(rest);
	return *string ? 0 : -ENOMEM;
}

int vn_journal_parse(char *text, struct vn_journal *ret_journal)
{
	struct vn_journal journal = { 0 };
	char name[VNET_NAME_SIZE];
	char *line = vn_line_next(&text);
	int r = line && !strcmp(line, magic) ? 0 : -EBADMSG;

	while (r == 0 && (line = vn_line_next(&text)))
		r = add_line(&journal, line);
	if (r == 0 && (!journal.what || !journal.net || vnet_name_parse(journal.net, name, NULL) ||
		       (journal.uplink && vnet_name_parse(journal.uplink, name, NULL))))
		r = -EBADMSG;
	if (r < 0) {
		vn_journal_done(&journal);
		return r;
	}
	*ret_journal = journal;
	return 0;
}

int vn_journal_read(const char *path, struct vn_journal *ret_journal)
{
	auto_free char *text = NULL;
	int r = vn_file_read(path, &text, NULL);

	return r < 0 ? r : vn_journal_parse(text, ret_journal);
}

void vn_journal_done(struct vn_journal *journal)
{
	free(journal->what);
	free(journal->net);
	free(journal->uplink);
	vnet_plan_done(&journal->plan);
	vnet_plan_done(&journal->onward);
	vnet_plan_done(&journal->undo);
	*journal = (struct vn_journal){ 0 };
}
