/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/given.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"

struct vnet_how vn_given_how(const struct vnet_how *how, char ret_what[VN_GIVEN_WHAT])
{
	struct vnet_how given = how ? *how : (struct vnet_how){ 0 };

	/* It stands in the lock, in the journal and in messages, in each as one line of text. */
	(void)snprintf(ret_what, VN_GIVEN_WHAT, "%s", given.what ? given.what : "a program");
	vn_text_clean(ret_what);
	given.what = ret_what;
	return given;
}

int vn_given_names(const char *net, const char *port, struct vnet_error *err)
{
	if (!net || !port)
		return vnet_error_set(err, -EINVAL, "the name of the %s is missing",
				      net ? "port" : "network");
	return 0;
}

int vn_given_edits(const struct vnet_edit *edits, size_t n, struct vnet_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!edits || edits[i].key >= VNET_KEY_COUNT)
			return vnet_error_set(err, -EINVAL, "option %zu: there is none of that key",
					      i);
		if (edits[i].how != '0' && !edits[i].text)
			return vnet_error_set(err, -EINVAL, "option %zu: its value is missing", i);
	}
	return 0;
}
