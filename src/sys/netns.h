/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_NETNS_H
#define VN_SYS_NETNS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Network namespaces: made, named and visited as `ip netns` does it.
 *
 * A namespace is visited by a thread of its own that ends after the visit, so
 * that the caller never finds itself in the wrong one (setns(2), pthreads(7)).
 */

#define VN_NETNS_DIR "/run/netns"

/*
 * Run @fn in the namespace of the descriptor @netns and return what it returns.
 * What it opens stays in that namespace; what it spawns lives there.
 */
int vn_netns_run(int netns, int (*fn)(void *arg), void *arg);

/*
 * Make a namespace and name it: /run/netns/NAME, on the shared mount that
 * `ip netns` makes and expects. Returns 0, -EEXIST or another negative errno;
 * nothing is left behind after a failure but the mount on /run/netns itself.
 * A process killed in here may leave the name without a namespace: still -EEXIST,
 * until vn_netns_del() takes it away.
 */
int vn_netns_add(const char *name);

/*
 * Take the name away, be there a namespace behind it or not; processes in it keep
 * it alive. Returns 0, -ENOENT or another negative errno.
 */
int vn_netns_del(const char *name);

/*
 * Open /run/netns/NAME. Returns a descriptor, -ENOENT, or -EINVAL if it is no
 * network namespace.
 */
int vn_netns_open(const char *name);

/*
 * Move the calling thread into the namespace /run/netns/NAME, for good. Returns 0, what
 * vn_netns_open() returns, or -EPERM.
 */
int vn_netns_enter(const char *name);

/* True if a file in /run/netns can have this name. */
bool vn_netns_name_valid(const char *name);

/*
 * The number of the caller's namespace: its cookie (SO_NETNS_COOKIE, Linux 5.14), or made
 * from device and inode where the kernel has none. The second function asks by a socket
 * of that namespace, of any kind. Returns 0 or a negative errno.
 */
int vn_netns_id(uint64_t *ret_id);
int vn_netns_id_of(int sock, uint64_t *ret_id);

/* True if the caller's namespace is that of process 1. */
bool vn_netns_is_initial(void);

#endif /* VN_SYS_NETNS_H */
