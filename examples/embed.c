/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that gives a guest a network by libvnet:
 *
 *	demo-guest ── eth0 ── demo-port ── demo0 on the host, 10.77.0.1
 *	  10.77.0.2
 *
 *	gcc -o embed embed.c $(pkg-config --cflags --libs libvnet)
 *	sudo ./embed
 *
 * The guest is a network namespace that ip(8) makes; of a virtual machine it would be a tap
 * device. At the end all of it is taken away again.
 */
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <vnet/vnet.h>

#define NET   "demo0"
#define PORT  "demo-port"
#define GUEST "demo-guest"

/* What went wrong is one sentence, in err->msg. */
static bool told(int r, const char *what, const struct vnet_error *err)
{
	if (r < 0)
		(void)fprintf(stderr, "embed: %s: %s\n", what, err->msg);
	return r == 0;
}

/* Run a command of a few words; true if it succeeds. */
static bool command(const char *const argv[])
{
	char *const environment[] = { NULL };
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environment) ||
	    waitpid(pid, &status, 0) < 0)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#define RUN(...) command((const char *const[]){ __VA_ARGS__, NULL })

/* What has been made, and so is to be taken away. */
struct made {
	bool network;
	bool guest;
	bool veth;
	bool port;
};

static bool guest_make(struct made *made)
{
	made->guest = RUN("ip", "netns", "add", GUEST);
	made->veth = made->guest &&
		     RUN("ip", "link", "add", PORT, "type", "veth", "peer", "eth0", "netns", GUEST);
	return made->veth && RUN("ip", "-n", GUEST, "addr", "add", "10.77.0.2/24", "dev", "eth0") &&
	       RUN("ip", "-n", GUEST, "link", "set", "eth0", "up");
}

static bool network_make(struct vnet *vnet)
{
	const struct vnet_edit edits[] = {
		{ VNET_KEY_ADDRESS, '=', "10.77.0.1/24" },
		{ VNET_KEY_MTU, '=', "1400" },
	};
	const struct vnet_how how = { .what = "embed: make " NET };
	struct vnet_error err = { 0 };

	return told(vnet_create(vnet, VNET_MODE_BRIDGE, NET, edits,
				sizeof(edits) / sizeof(edits[0]), &how, NULL, &err),
		    how.what, &err);
}

static bool port_add(struct vnet *vnet)
{
	struct vnet_error err = { 0 };

	return told(vnet_add_port(vnet, NET, PORT, NULL, NULL, &err), "add " PORT, &err);
}

/* The network's options as text, and its ports as the kernel has them. */
static bool network_show(struct vnet *vnet)
{
	struct vnet_error err = { 0 };
	const struct vnet_link *bridge;
	const struct vnet_ns *host;
	struct vnet_view view;
	char *record = NULL;

	if (!told(vnet_read(vnet, NET, &view, &err), "read " NET, &err))
		return false;
	if (vnet_spec_print(&view.record, &record) == 0)
		printf("%s", record);
	free(record);
	host = &view.snap.ns[VNET_NS_HOST];
	bridge = vnet_link_by_name(&view.snap, VNET_NS_HOST, NET);
	for (size_t i = 0; bridge && i < host->n_links; i++) {
		char mac[VNET_MAC_TEXT];

		if (host->links[i].master == bridge->index)
			printf("%s is a port of %s, its MAC %s\n", host->links[i].name, NET,
			       vnet_mac_text(&host->links[i].mac, mac));
	}
	vnet_view_done(&view);
	return bridge != NULL;
}

/* What fails keeps nothing else from being taken away. */
static bool take_away(struct vnet *vnet, const struct made *made)
{
	struct vnet_error port = { 0 };
	struct vnet_error network = { 0 };
	bool ok = true;

	if (made->port)
		ok &= told(vnet_del_port(vnet, NET, PORT, NULL, NULL, &port), "take " PORT " off",
			   &port);
	if (made->network)
		ok &= told(vnet_delete(vnet, NET, NULL, NULL, &network), "delete " NET, &network);
	if (made->veth)
		ok &= RUN("ip", "link", "del", PORT);
	if (made->guest)
		ok &= RUN("ip", "netns", "del", GUEST);
	return ok;
}

int main(void)
{
	struct vnet_error err = { 0 };
	struct made made = { 0 };
	struct vnet *vnet;
	bool ok;

	if (!told(vnet_open(&vnet, &err), "open", &err))
		return EXIT_FAILURE;
	made.network = network_make(vnet);
	ok = made.network && guest_make(&made);
	made.port = ok && port_add(vnet);
	ok = made.port && network_show(vnet);
	(void)fflush(stdout);
	ok = ok && RUN("ip", "netns", "exec", GUEST, "ping", "-c", "1", "-W", "2", "10.77.0.1");
	ok &= take_away(vnet, &made);
	vnet_close(vnet);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
