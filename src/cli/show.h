/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VN_CLI_SHOW_H
#define VN_CLI_SHOW_H

#include <jansson.h>

#include <vnet/guest.h>
#include <vnet/leases.h>
#include <vnet/net.h>

#include "base/text.h"

/*
 * How this works: show_net_read() gathers all that is to be told of a network, in its own types.
 * JSON is made of that. For people it becomes lines, once, which are a tree; the three pictures
 * (branches on a terminal, graphviz's text, SVG) are drawn from the lines alone.
 */

/* ---- what there is to tell ---- */

struct show_heard;

/*
 * One network.
 *
 * @bridge:   its link in the view; NULL: it is gone
 * @before:   the ports @ms milliseconds earlier; nothing where @ms is 0
 * @leases:   nothing where @hidden is true: only root can tell
 * @heard:    all of them, by the port on which their holder was heard, for show_lease_next()
 * @waits:    a change of it waits to be confirmed: @pending
 */
struct show_net {
	struct vnet_view view;
	const struct vnet_link *bridge;
	struct vnet_guests guests;
	struct vnet_guests before;
	int64_t at; /* when the ports were read: vn_clock_ms() */
	int64_t ms;
	struct vnet_leases leases;
	struct show_heard *heard;
	bool hidden;
	bool waits;
	struct vnet_pending pending;
};

/* Read it. @ret_net: on success alone, for show_net_done(). Returns as vnet_read() does. */
int show_net_read(struct vnet *vnet, const char *name, struct show_net *ret_net,
		  struct vnet_error *err);
void show_net_done(struct show_net *net);

/* Read the ports once more: what they count between is the rate. */
int show_net_again(struct show_net *net, struct vnet_error *err);

/* The port behind the link; NULL: none of it is known. */
const struct vnet_guest *show_guest(const struct show_net *net, int32_t index);

/* Bits a second since show_net_read(); false: they are not known. */
bool show_rate(const struct show_net *net, const struct vnet_guest *guest, uint64_t *ret_rx,
	       uint64_t *ret_tx);

/*
 * The next lease whose holder was heard on the port @index, from *@i on, which begins as 0;
 * NULL: there is no more. @index 0: those who were heard on none, or not lately.
 */
const struct vnet_lease *show_lease_next(const struct show_net *net, int32_t index, size_t *i);

/* The state of a port as STP has it: "forwarding". */
const char *show_port_state(const struct vnet_link *port);

/* DHCP: the network has it; whether it runs can't be told; it runs and its name is gone. */
bool show_served(const struct show_net *net);
bool show_dhcp_hidden(const struct show_net *net);
bool show_dhcp_lost(const struct show_net *net);

/* The root of the spanning tree that the bridge is in: priority and MAC, and its forward delay. */
enum { SHOW_ROOT_TEXT = 40 };
const char *show_root_text(const struct vnet_link *bridge, char buf[SHOW_ROOT_TEXT]);
uint32_t show_root_delay(const struct vnet_link *bridge);

/*
 * An address of the bridge.
 *
 * @word, @text: where it came from, for programs and for people
 * @left:        seconds; UINT32_MAX: for ever, or not known
 */
struct show_addr {
	struct vnet_cidr cidr;
	const char *word;
	const char *text;
	uint32_t left;
};

/* The next one of it, from *@i on, which begins as 0; false: there is no more. */
bool show_addr_next(const struct show_net *net, size_t *i, struct show_addr *ret_addr);

/* ---- as JSON ---- */

json_t *show_net_json(const struct show_net *net);
json_t *show_lease_json(const struct vnet_lease *lease);

/* ---- as lines ---- */

enum show_kind {
	SHOW_NET,    /* the first line of a network */
	SHOW_NIC,    /* of its uplink */
	SHOW_PORT,   /* of a port */
	SHOW_GUEST,  /* of whom is behind that */
	SHOW_FACT,   /* about the one before it that is none */
	SHOW_DETAIL, /* the same, which no drawing has room for */
};

/*
 * One line.
 *
 * @depth: in the tree; a network has 0
 * @over:  number of the line of another kind than FACT and DETAIL that it belongs to; its own
 *         where it is a network
 * @off:   what it tells of does not work now
 * @text:  printable ASCII, in the lines' memory
 */
struct show_line {
	enum show_kind kind;
	unsigned int depth;
	size_t over;
	bool off;
	const char *text;
};

struct show_lines {
	struct show_line *lines;
	size_t n;
	bool failed; /* no memory: some are missing */
};

/* Add those of @net. */
void show_lines_add(struct show_lines *lines, const struct show_net *net);
void show_lines_done(struct show_lines *lines);

/* True if an uplink is among the lines of the network that begins at line @net. */
bool show_has_nic(const struct show_lines *lines, size_t net);

/* ---- the lines as pictures, appended to @text ---- */

/* With the characters that the locale has. */
void show_tree(const struct show_lines *lines, struct vn_text *text);
void show_dot(const struct show_lines *lines, struct vn_text *text);
void show_svg(const struct show_lines *lines, struct vn_text *text);

#endif /* VN_CLI_SHOW_H */
