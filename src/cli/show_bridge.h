/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VN_CLI_SHOW_BRIDGE_H
#define VN_CLI_SHOW_BRIDGE_H

#include <jansson.h>

#include <vnet/net.h>

/* What the kernel decides on a bridge that is there: its place in a tree, its uplink's addresses. */

/* As lines for people. */
void show_bridge_print(const struct vnet_view *view, const struct vnet_link *bridge);

/* As members "stp" and "uplink" of @state; null where there is nothing to tell. */
void show_bridge_json(const struct vnet_view *view, const struct vnet_link *bridge, json_t *state);

#endif /* VN_CLI_SHOW_BRIDGE_H */
