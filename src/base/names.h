/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_NAMES_H
#define VN_BASE_NAMES_H

#include <stdbool.h>

#include <vnet/snapshot.h>

/*
 * Where vnet keeps things: below RUN_DIR, in a directory for each network namespace, the
 * files of its networks; the leases of the machine's own namespace where they outlive a
 * restart.
 */
#define VN_RUN_DIR   "/run/vnet"
#define VN_LEASE_DIR "/var/lib/vnet/leases"

/* In the directory of a namespace: where the watchdog of a change is spoken to. */
#define VN_WATCHDOG_SOCKET "watchdog"

/* The files of a network in the directory of its namespace. */
enum vn_name {
	VN_NAME_RECORD,
	VN_NAME_CONF,  /* and on: of its DHCP server */
	VN_NAME_HOSTS, /* the addresses that it keeps for one client each */
	VN_NAME_PID,
	VN_NAME_LEASES, /* in VN_LEASE_DIR instead, where the namespace is the machine's own */
	VN_NAME_CLIENT, /* how the DHCP client of the uplink was started */
	VN_NAME_COUNT,
};

/* The path of a file of the network @net. Returns 0 or -ENAMETOOLONG. */
int vn_name_path(const char *run_dir, const char *net, enum vn_name name,
		 char ret_path[VNET_PATH_SIZE]);

/* True if @path is that of a record; @ret_net: the name of its network. */
bool vn_name_of_record(const char *path, char ret_net[VNET_NAME_SIZE]);

/* True if vnet_link_alias() gives this alias to a link of that role, of whichever network. */
bool vn_alias_has_role(const char *alias, const char *role);

#endif /* VN_BASE_NAMES_H */
