/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that read. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vnet/leases.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/show.h"

static int print_json(json_t *json, struct vnet_error *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;

	json_decref(json);
	if (!text)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	printf("%s\n", text);
	free(text);
	return 0;
}

/* ---- all of them ---- */

/* One network that can't be told of keeps no other from it; the status tells at the end. */
static int go_on(int r, int status, struct vnet_error *err)
{
	if (r < 0 && r != -ENOENT) { /* ENOENT: deleted meanwhile */
		vn_text_clean_typed(err->msg);
		(void)fprintf(stderr, "vnet: %s\n", err->code ? err->msg : vn_strerror(r));
		status = err->code ? (int)err->outcome : VNET_OUTCOME_FAILED;
	}
	if (r < 0)
		*err = (struct vnet_error){ 0 };
	return status;
}

/* Print the array, if there is one. */
static int finish(int r, int status, json_t *array, struct vnet_error *err)
{
	if (r == 0 && array)
		r = print_json(array, err);
	else
		json_decref(array);
	return r < 0 ? r : status;
}

/* ---- show ---- */

enum { RATE_MS = 1000 };

/* All networks that are to be shown. */
struct nets {
	struct show_net *nets;
	size_t n;
};

/* Read those of @names. Returns the status. */
static int read_nets(struct vnet *vnet, char *const *names, struct nets *nets,
		     struct vnet_error *err)
{
	int status = 0;
	size_t n = 0;
	int r;

	while (names[n])
		n++;
	nets->nets = calloc(n + 1, sizeof(*nets->nets));
	if (!nets->nets)
		return vnet_error_set(err, -ENOMEM, "out of memory");
	for (; *names; names++) {
		r = show_net_read(vnet, *names, &nets->nets[nets->n], err);
		if (r == 0)
			nets->n++;
		status = go_on(r, status, err);
	}
	return status;
}

/* The one that was named, or all. Returns the status, or a negative errno with a sentence. */
static int read_all(struct vnet *vnet, const struct cli_args *args, struct nets *nets,
		    struct vnet_error *err)
{
	char **names;
	int r;

	if (args->arg) {
		nets->nets = calloc(1, sizeof(*nets->nets));
		if (!nets->nets)
			return vnet_error_set(err, -ENOMEM, "out of memory");
		r = show_net_read(vnet, args->arg, &nets->nets[0], err);
		nets->n = r == 0;
		return r;
	}
	r = vnet_list(vnet, &names, err);
	if (r < 0)
		return r;
	r = read_nets(vnet, names, nets, err);
	free(names);
	return r;
}

/* A second later once more; the bridge of one that went meanwhile has no rates. */
static int measure(struct nets *nets, struct vnet_error *err)
{
	int r = 0;

	if (nets->n)
		vn_sleep_ms(RATE_MS);
	for (size_t i = 0; i < nets->n && r == 0; i++)
		r = show_net_again(&nets->nets[i], err);
	return r;
}

static int print_nets(const struct nets *nets, const struct vn_call *call, struct vnet_error *err)
{
	json_t *array = call->json ? json_array() : NULL;
	struct show_lines lines = { 0 };
	struct vn_text text = { 0 };
	int r = 0;

	for (size_t i = 0; i < nets->n; i++) {
		if (array)
			(void)json_array_append_new(array, show_net_json(&nets->nets[i]));
		else
			show_lines_add(&lines, &nets->nets[i]);
	}
	if (array)
		return print_json(array, err);
	if (call->dot)
		show_dot(&lines, &text);
	else if (call->svg)
		show_svg(&lines, &text);
	else
		show_tree(&lines, &text);
	if (lines.failed || text.failed)
		r = vnet_error_set(err, -ENOMEM, "out of memory");
	else if (text.len)
		(void)fputs(text.buf, stdout);
	vn_text_done(&text);
	show_lines_done(&lines);
	return r;
}

int cmd_show(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	const struct vn_call *call = &args->call;
	struct nets nets = { 0 };
	int status;
	int r = 0;

	if (call->json + call->dot + call->svg > 1)
		return vnet_error_set(err, -EINVAL, "want one of --json, --dot and --svg");
	status = read_all(vnet, args, &nets, err);
	if (status >= 0 && call->rate)
		r = measure(&nets, err);
	if (status >= 0 && r == 0)
		r = print_nets(&nets, call, err);
	for (size_t i = 0; i < nets.n; i++)
		show_net_done(&nets.nets[i]);
	free(nets.nets);
	return r < 0 ? r : status;
}

/* ---- leases ---- */

static void print_lease(const struct vnet_lease *lease)
{
	char mac[VNET_MAC_TEXT];
	char ip[VNET_IP_TEXT];
	char until[32] = "never ends";
	time_t expires = (time_t)lease->expires;
	struct tm tm;

	if (lease->expires && localtime_r(&expires, &tm))
		(void)strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%-15s  %s  %s%s%s\n", vnet_ip_text(&lease->ip, ip), vnet_mac_text(&lease->mac, mac),
	       until, lease->name[0] ? "  " : "", lease->name);
}

/* Print the leases of one network; into @array if that is wanted. */
static int leases_of(struct vnet *vnet, const char *name, json_t *array, struct vnet_error *err)
{
	struct vnet_leases leases = { 0 };
	struct vnet_view view;
	int r = vnet_read(vnet, name, &view, err);

	if (r < 0)
		return r;
	r = vnet_leases_read(&view, &leases, err);
	for (size_t i = 0; i < leases.n; i++) {
		if (array)
			(void)json_array_append_new(array, show_lease_json(&leases.items[i]));
		else
			print_lease(&leases.items[i]);
	}
	if (leases.bad_lines)
		(void)fprintf(stderr, "vnet: %s: %zu lines make no sense\n", view.service.leases,
			      leases.bad_lines);
	if (leases.truncated)
		(void)fprintf(stderr, "vnet: %s is too large: the rest of it was not read\n",
			      view.service.leases);
	vnet_leases_done(&leases);
	vnet_view_done(&view);
	return r;
}

int cmd_leases(struct vnet *vnet, const struct cli_args *args, struct vnet_error *err)
{
	json_t *array = args->call.json ? json_array() : NULL;
	char **names = NULL;
	int status = 0;
	int r;

	if (args->call.net[0])
		r = leases_of(vnet, args->call.net, array, err);
	else
		r = vnet_list(vnet, &names, err);
	for (char **name = names; r == 0 && name && *name; name++)
		status = go_on(leases_of(vnet, *name, array, err), status, err);
	free(names);
	return finish(r, status, array, err);
}
