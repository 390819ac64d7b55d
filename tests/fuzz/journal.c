/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal: what is read is printed so that it is read again, and can be told and modelled. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/journal.h"
#include "fuzz/fuzz.h"
#include "lib/must.h"

static void round_trip(const struct vn_journal *journal)
{
	struct vn_journal again;
	char *second;
	char *first;
	char *copy;

	must(vn_journal_print(journal, &first) == 0);
	copy = strdup(first);
	must(copy && vn_journal_parse(copy, &again) == 0);
	must(vn_journal_print(&again, &second) == 0);
	must(!strcmp(first, second));
	vn_journal_done(&again);
	free(second);
	free(first);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct vn_journal journal;
	int r = vn_journal_parse(text, &journal);

	if (r == 0) {
		round_trip(&journal);
		fuzz_plan(&journal.plan);
		fuzz_plan(&journal.onward);
		fuzz_plan(&journal.undo);
		vn_journal_done(&journal);
	} else {
		must(r == -EBADMSG || r == -ENOMEM);
	}
	free(text);
	return 0;
}
