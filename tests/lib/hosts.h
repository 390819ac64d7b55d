/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_LIB_HOSTS_H
#define TESTS_LIB_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Hosts as an administrator might have set them up, at random from a seed: a NIC eth0
 * with much on it, whose other end far0 lies in the same namespace and answers nothing;
 * and now and then a second one, eth1.
 *
 * @build:   what makes the host, for `sh -e`, in a namespace of its own
 * @admin:   changes made later, for `sh`, where $DEV is the link that holds the
 *           addresses by then; what fails there does so on any link
 * @force:   it has an address on lease
 * @stp, @address: options of the bridge
 * @xdp:     a program hangs on the NIC besides
 */
struct host {
	char *build;
	char *admin;
	bool force;
	bool stp;
	bool address;
	bool xdp;
};

void host_make(uint64_t seed, struct host *ret_host);
void host_done(struct host *host);

#endif /* TESTS_LIB_HOSTS_H */
