/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_NETNS_INSIDE_H
#define TESTS_NETNS_INSIDE_H

/* For tests that start processes in namespaces and look at them. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "sys/process.h"

enum { TEXT = 512, ALL_CAPS = -1 };

/* Run a command of ours; returns its exit status. */
static inline int shell(const char *command)
{
	int status = system(command); /* NOLINT(cert-env33-c): text of this file alone */

	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* A line of /proc/PID/status, behind its name. */
static inline void status_line(pid_t pid, const char *name, char ret_value[TEXT])
{
	auto_free char *text = NULL;
	char path[64];
	char *line;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(vn_file_read(path, &text, NULL), 0);
	line = strstr(text, name);
	assert_non_null(line);
	line += strlen(name);
	line[strcspn(line, "\n")] = '\0';
	assert_int_equal(vn_copy(ret_value, TEXT, line), 0);
}

static inline uint64_t status_caps(pid_t pid, const char *name)
{
	char value[TEXT];
	uint64_t caps;

	status_line(pid, name, value);
	assert_int_equal(vn_number(value, 16, 0, UINT64_MAX, &caps), 0);
	return caps;
}

/* Alive, and no zombie. */
static inline bool lives(pid_t pid)
{
	char state[TEXT];

	if (kill(pid, 0) < 0)
		return false;
	status_line(pid, "State:\t", state);
	return *state != 'Z';
}

/* ---- a process in a namespace ---- */

struct spawned {
	const char *const *argv;
	int stderr_fd;
};

static inline int spawn(void *arg)
{
	struct spawned *spawned = arg;

	return vn_process_spawn(spawned->argv, (unsigned long long)ALL_CAPS, &spawned->stderr_fd);
}

static inline pid_t spawn_in(int netns_fd, const char *const argv[])
{
	struct spawned spawned = { .argv = argv };
	pid_t pid = vn_netns_run(netns_fd, spawn, &spawned);

	assert_true(pid > 0);
	assert_int_equal(close(spawned.stderr_fd), 0);
	/* Its command line can be read a moment after execve() has let go of the old one. */
	for (int i = 0; vn_process_find(netns_fd, argv[0], pid) != pid; i++) {
		assert_true(i < 1000);
		vn_sleep_ms(1);
	}
	return pid;
}

static inline pid_t sleep_in(int netns_fd)
{
	static const char *const argv[] = { "/bin/sleep", "1000", NULL };

	return spawn_in(netns_fd, argv);
}

#endif /* TESTS_NETNS_INSIDE_H */
