/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

enum {
	PAUSE_MIN_MS = 1,
	PAUSE_MAX_MS = 20,
	HOLDER_MAX = 256, /* of the line that the holder writes */
};

/*
 * How this works: the lock belongs to the open file description (fcntl_locking(2)),
 * so that it also holds between threads and is gone with the last descriptor. What
 * the file says is for people; only the lock counts.
 *
 * It is two bytes. Who wants the lock takes the gate, waits there for the lock, and opens the
 * gate when it has it: so whoever lets the lock go and wants it back at once comes after the
 * one at the gate, and can't keep it out for ever. Half of the time is for the gate.
 */
enum { BYTE_LOCK, BYTE_GATE };

/* The file of the lock: opened, made if missing. */
static int lock_open(const char *path)
{
	auto_fd fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* Whoever may read it could take a read lock, and so keep all others out for ever. */
	if ((st.st_mode & 077) && fchmod(fd, 0600) < 0)
		return -errno;
	return take_fd(&fd);
}

static int byte_set(int fd, off_t byte, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Try until it is @end. Returns 0, -EBUSY or another negative errno. */
static int byte_wait(int fd, off_t byte, int64_t end)
{
	int64_t pause = PAUSE_MIN_MS;

	for (;;) {
		int64_t left;

		if (!byte_set(fd, byte, F_WRLCK))
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -errno;
		left = end - vn_clock_ms();
		if (left <= 0)
			return -EBUSY;
		vn_sleep_ms(pause < left ? pause : left);
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
}

static int lock_wait(int fd, int timeout_ms)
{
	int64_t start = vn_clock_ms();
	int64_t end = start + timeout_ms;
	int r = byte_wait(fd, BYTE_GATE, start + timeout_ms / 2);

	/* One that is stopped at the gate is passed by: it would keep all out for ever. */
	if (r < 0 && (r != -EBUSY || !timeout_ms))
		return r;
	r = byte_wait(fd, BYTE_LOCK, end);
	(void)byte_set(fd, BYTE_GATE, F_UNLCK);
	return r;
}

/* Who holds it: written before the rest is cut off, so that the file is never empty. */
static void holder_write(int fd, const char *who)
{
	char line[HOLDER_MAX];
	size_t len = strnlen(who, sizeof(line) - 1);

	memcpy(line, who, len);
	line[len++] = '\n';
	/* On a full disk the lock is as good without it. */
	if (pwrite(fd, line, len, 0) == (ssize_t)len)
		(void)!ftruncate(fd, (off_t)len);
}

/* The first line, as far as it fits, nothing in it that a terminal obeys. */
static void holder_read(int fd, char *ret_holder, size_t size)
{
	ssize_t n;

	if (!size)
		return;
	n = pread(fd, ret_holder, size - 1, 0);
	ret_holder[n > 0 ? n : 0] = '\0';
	ret_holder[strcspn(ret_holder, "\n")] = '\0';
	vn_text_clean(ret_holder);
}

int vn_lock_take(const char *path, const char *who, int timeout_ms, char *ret_holder, size_t size)
{
	auto_fd fd = lock_open(path);
	int r;

	if (fd < 0)
		return fd;
	r = lock_wait(fd, timeout_ms);
	if (r == -EBUSY)
		holder_read(fd, ret_holder, size);
	if (r < 0)
		return r;
	holder_write(fd, who);
	return take_fd(&fd);
}
