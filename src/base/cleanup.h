/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VN_BASE_CLEANUP_H
#define VN_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* Release at the end of the scope; hand over by take_*(). Nothing else closes or frees these. */

static inline void vn_cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void vn_cleanup_free(void *p)
{
	free(*(void **)p);
}

#define auto_fd	  __attribute__((cleanup(vn_cleanup_fd))) int
#define auto_free __attribute__((cleanup(vn_cleanup_free)))

/* Hand over: returns the descriptor, and leaves -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *take_ptr_(void *p)
{
	void *taken = *(void **)p;

	*(void **)p = NULL;
	return taken;
}

/* Hand over what @p points to: returns the pointer in it, of its type, and leaves NULL. */
#define take_ptr(p) ((__typeof__(*(p)))take_ptr_(p))

#endif /* VN_BASE_CLEANUP_H */
