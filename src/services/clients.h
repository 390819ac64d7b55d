/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SERVICES_CLIENTS_H
#define VN_SERVICES_CLIENTS_H

#include <vnet/error.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>

#include "sys/process.h"

/*
 * DHCP clients of others: dhclient (ISC), dhcpcd, and udhcpc of busybox. They are found by
 * their processes, ended without giving up their lease or taking their addresses away, and
 * started again, on the same link or on another.
 */

/* The names of their processes; they are static. */
enum { VN_CLIENT_NAMES = 4 };
void vn_client_names(const char *ret_names[VN_CLIENT_NAMES]);

/*
 * If @process is a DHCP client at work on the NIC @uplink or on the bridge @net ("": none),
 * add it to snap->clients. Returns 0 or -ENOMEM.
 */
int vn_client_look(const struct vn_process *process, const char *uplink, const char *net,
		   struct vnet_snapshot *snap);

/*
 * Start the client and do not wait for its lease. One that is to go on with the lease of
 * another link gets files of its own, made from those of that one.
 *
 * @netns: descriptor of its namespace, in which the caller must be
 *
 * Returns 0; -EEXIST if such a client is at work on that link; another negative errno, with
 * a sentence.
 */
int vn_client_start(const struct vnet_handover *client, int netns, struct vnet_error *err);

/*
 * Stop it (SIGTERM, which none of them takes for a reason to give up its lease; after 2 s
 * SIGKILL), and delete the files that were made for it. None there: 0.
 */
int vn_client_stop(const struct vnet_handover *client, int netns, struct vnet_error *err);

#endif /* VN_SERVICES_CLIENTS_H */
