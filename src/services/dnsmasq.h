/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SERVICES_DNSMASQ_H
#define VN_SERVICES_DNSMASQ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <vnet/error.h>
#include <vnet/plan.h>

/*
 * dnsmasq as the DHCP server of one network, in a network namespace of its own.
 *
 * A process is the server of a service exactly when it lives in the service's
 * namespace and its command line names the service's configuration file; never
 * by its pid alone (pids are used again, files grow stale).
 */

enum {
	/*
	 * For its start. dnsmasq 2.90 compares each lease that it reads with all before: it
	 * took 7 ms without leases, 20 ms with 1,000, 0.8 s with 10,000.
	 */
	VN_DNSMASQ_TIMEOUT_MS = 5000,
	VN_DNSMASQ_GRACE_MS = 2000, /* from SIGTERM to SIGKILL */
	VN_GROUP_SIZE = VNET_ACCOUNT_SIZE,
};

/*
 * Start it and wait until it is ready: its parent's exit says so.
 *
 * @service: where its namespace, configuration, pid file and leases are
 * @netns:   descriptor of the namespace (nsfs)
 *
 * The lease file's directory is made if it is missing. Returns 0; -ENOENT if the
 * program is not installed; -EEXIST if it runs already; -ELOOP or -EINVAL if the
 * lease file is a symbolic link or no regular file; -ETIMEDOUT if it hung (it is
 * killed then); -ECHILD if it ended, its last line in @err.
 */
int vn_dnsmasq_start(const struct vnet_service *service, int netns, struct vnet_error *err);

/*
 * Stop it (SIGTERM, after 2 s SIGKILL) and wait for its end. None there: 0.
 * The pid file is removed.
 */
int vn_dnsmasq_stop(const struct vnet_service *service, int netns, struct vnet_error *err);

/* Have it read its hosts file again (SIGHUP). Returns 0, or -ESRCH if it does not run. */
int vn_dnsmasq_reload(const struct vnet_service *service, int netns, struct vnet_error *err);

/* Its pid, or 0 if it does not run, or a negative errno. */
pid_t vn_dnsmasq_pid(const struct vnet_service *service, int netns);

/*
 * The server's namespace, where it has lost its name: a descriptor, or -ENOENT if the
 * pid file names no process with the server's command line that lives elsewhere than
 * in @host, the namespace of the bridge.
 */
int vn_dnsmasq_lost(const struct vnet_service *service, int host);

/* Full path of the program, or NULL if it is not installed. */
const char *vn_dnsmasq_program(void);

/* The unprivileged user it runs as ("dnsmasq", else "nobody"); NULL if neither is there. */
const char *vn_dnsmasq_user(void);

/* That user's group: without one, dnsmasq takes "dip" where it exists. Returns 0 or -ENOENT. */
int vn_dnsmasq_group(char ret_name[VN_GROUP_SIZE]);

#endif /* VN_SERVICES_DNSMASQ_H */
