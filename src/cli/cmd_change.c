/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that change a network. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

static struct vnet_how how_of(const struct cli_args *args)
{
	return (struct vnet_how){
		.what = args->what,
		.dry_run = args->call.dry_run,
		.force = args->call.force,
		.confirm = args->call.confirm,
	};
}

/*
 * Print a plan's notes, which are cut up, to stderr, and for a dry run its commands to
 * stdout. Returns 0, or a negative errno with a sentence.
 */
static int print_plan(const struct vnet_plan *plan, const struct cli_args *args,
		      struct vnet_error *err)
{
	char *text;
	int r;

	if (plan->notes) {
		char *rest = plan->notes;
		char *line;

		while ((line = vn_line_next(&rest)))
			(void)fprintf(stderr, "vnet: %s\n", line);
	}
	if (!args->call.dry_run)
		return 0;
	r = vnet_plan_print(plan, VNET_PLAN_SHELL, &text);
	if (r < 0)
		return vnet_error_set(err, r, "printing the plan: %s", vn_strerror(r));
	printf("%s", text);
	free(text);
	return 0;
}

/* Print what a change that went well did, and let it go. */
static int tell(struct vnet_result *result, const struct cli_args *args, struct vnet_error *err)
{
	int r = print_plan(&result->plan, args, err);

	if (r == 0 && args->call.confirm && !args->call.dry_run)
		(void)fprintf(stderr,
			      "vnet: in %u s this is taken back, unless `vnet confirm` is run\n",
			      args->call.confirm);
	vnet_result_done(result);
	return r;
}

int cmd_create(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r = vnet_create(vnet, args->mode, args->arg, args->edits, args->n_edits, &how, &result,
			    err);

	return r < 0 ? r : tell(&result, args, err);
}

int cmd_set(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r;

	if (!args->n_edits)
		return vnet_error_set(err, -EINVAL, "nothing to set: want an option (see --help)");
	r = vnet_set(vnet, args->arg, args->edits, args->n_edits, &how, &result, err);
	return r < 0 ? r : tell(&result, args, err);
}

int cmd_add_port(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r = vnet_add_port(vnet, args->arg, args->dev, &how, &result, err);

	return r < 0 ? r : tell(&result, args, err);
}

int cmd_del_port(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r = vnet_del_port(vnet, args->arg, args->dev, &how, &result, err);

	return r < 0 ? r : tell(&result, args, err);
}

int cmd_delete(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r = vnet_delete(vnet, args->arg, &how, &result, err);

	return r < 0 ? r : tell(&result, args, err);
}

/* "br0: range 10.1.1.11-10.1.1.100, server 10.1.1.253/24, router 10.1.1.254, dns 192.0.2.53" */
static void print_served(const struct vnet_spec *spec)
{
	static const enum vnet_key keys[] = { VNET_KEY_DHCP_RANGE,  VNET_KEY_DHCP_SERVER,
					      VNET_KEY_DHCP_ROUTER, VNET_KEY_DHCP_DNS,
					      VNET_KEY_DHCP_DOMAIN, VNET_KEY_DHCP_PXE };
	struct vn_text text = { 0 };
	char *line;

	vn_text_add(&text, "%s:", spec->name);
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		if (!vnet_spec_has(spec, keys[k]))
			continue;
		vn_text_add(&text, "%s %s ", k ? "," : "", vn_options[keys[k]].key);
		for (size_t i = 0; i < vnet_spec_count(spec, keys[k]); i++) {
			vn_text_add(&text, "%s", i ? " " : "");
			vn_value_print(&vn_options[keys[k]], vn_spec_value(spec, keys[k], i),
				       &text);
		}
	}
	if (vn_text_take(&text, &line) == 0) {
		printf("%s\n", line);
		free(line);
	}
}

int cmd_dhcp(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	const char *net = args->call.net[0] ? args->call.net : NULL;
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r;

	args->edits[args->n_edits] =
		(struct vnet_edit){ .key = VNET_KEY_DHCP_RANGE, .how = '=', .text = args->arg };
	r = vnet_dhcp(vnet, net, args->edits, args->n_edits + 1, &how, &result, err);
	if (r < 0)
		return r;
	if (!how.dry_run)
		print_served(&result.spec);
	return tell(&result, args, err);
}

int cmd_dhcp_stop(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	const char *net = args->call.net[0] ? args->call.net : NULL;
	struct vnet_how how = how_of(args);
	struct vnet_result result;
	int r = vnet_dhcp_stop(vnet, net, &how, &result, err);

	return r < 0 ? r : tell(&result, args, err);
}

int cmd_confirm(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_pending pending;
	int r = vnet_confirm(vnet, &pending, err);

	(void)args;
	if (r == 0)
		printf("confirmed: %s\n", pending.what);
	return r;
}

int cmd_recover(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	struct vnet_how how = how_of(args);
	struct vnet_plan plan;
	char *what;
	int r = vnet_recover(vnet, &how, &what, &plan, err);

	if (r < 0)
		return r;
	r = print_plan(&plan, args, err);
	if (!what)
		printf("nothing to recover\n");
	else if (!args->call.dry_run)
		printf(plan.n_ops ? "taken back: %s\n" : "had been done: %s\n", what);
	vnet_plan_done(&plan);
	free(what);
	return r;
}
