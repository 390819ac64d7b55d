/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_SYS_FDS_H
#define VN_SYS_FDS_H

#include <sys/types.h>

enum { VN_PROGRAM = 16 }; /* TASK_COMM_LEN of linux/sched.h */

/*
 * An open descriptor of a process: its number, and what it is, as the links in /proc/PID/fd
 * say. A non-zero return ends the search.
 */
typedef int vn_fd_fn(pid_t pid, int fd, const char *what, void *arg);

/* Hand all of all processes that the caller may look into to @fn, by pid. Returns 0, what @fn
 * returned, or a negative errno. */
int vn_fd_each(vn_fd_fn *fn, void *arg);

/* The name of the program that @pid runs, printable ASCII; empty if it is gone. */
void vn_program_name(pid_t pid, char ret_name[VN_PROGRAM]);

#endif /* VN_SYS_FDS_H */
