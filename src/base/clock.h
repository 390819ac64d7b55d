/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_CLOCK_H
#define VN_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of a clock that no one sets. */
static inline int64_t vn_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Seconds since the machine started, sleep included. */
static inline uint64_t vn_clock_boot(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* Sleep for @ms, less if a signal comes. */
static inline void vn_sleep_ms(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&pause, NULL);
}

#endif /* VN_BASE_CLOCK_H */
