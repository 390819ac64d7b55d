/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls for killat: their names, and which of them change something. */
#ifndef TESTS_LIB_KILLAT_CALLS_H
#define TESTS_LIB_KILLAT_CALLS_H

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* One a line they would be two screens. A call that is not here is called call_NUMBER. */
/* clang-format off */
static const struct {
	uint64_t nr;
	const char *name;
} calls[] = {
#define CALL(name) { __NR_##name, #name }
	CALL(accept4), CALL(bind), CALL(brk), CALL(capget), CALL(capset), CALL(chdir),
	CALL(clock_gettime), CALL(clock_nanosleep), CALL(clone), CALL(clone3), CALL(close),
	CALL(close_range), CALL(connect), CALL(copy_file_range), CALL(dup), CALL(dup3),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(eventfd2), CALL(execve),
	CALL(execveat), CALL(exit), CALL(exit_group), CALL(faccessat), CALL(faccessat2),
	CALL(fallocate), CALL(fchdir), CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(fchownat),
	CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fstat), CALL(fstatfs), CALL(fsync),
	CALL(ftruncate), CALL(futex), CALL(getcwd), CALL(getdents64), CALL(getegid),
	CALL(geteuid), CALL(getgid), CALL(getgroups), CALL(getpeername), CALL(getpgid),
	CALL(getpid), CALL(getppid), CALL(getrandom), CALL(getsid), CALL(getsockname),
	CALL(getsockopt), CALL(gettid), CALL(getuid), CALL(getxattr), CALL(inotify_add_watch),
	CALL(inotify_init1), CALL(ioctl), CALL(kill), CALL(linkat), CALL(listen), CALL(lseek),
	CALL(madvise), CALL(memfd_create), CALL(mkdirat), CALL(mknodat), CALL(mlockall),
	CALL(mmap), CALL(mount), CALL(mprotect), CALL(mremap), CALL(munmap), CALL(nanosleep),
	CALL(newfstatat), CALL(openat), CALL(openat2), CALL(pidfd_open), CALL(pidfd_send_signal),
	CALL(pipe2), CALL(ppoll), CALL(prctl), CALL(pread64), CALL(prlimit64), CALL(pselect6),
	CALL(pwrite64), CALL(read), CALL(readlinkat), CALL(readv), CALL(recvfrom), CALL(recvmmsg),
	CALL(recvmsg), CALL(renameat2), CALL(restart_syscall), CALL(rseq), CALL(rt_sigaction),
	CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait), CALL(sched_getaffinity),
	CALL(sched_yield), CALL(sendfile), CALL(sendmmsg), CALL(sendmsg), CALL(sendto),
	CALL(set_robust_list), CALL(set_tid_address), CALL(setgid), CALL(setgroups), CALL(setns),
	CALL(setpgid), CALL(setresgid), CALL(setresuid), CALL(setsid), CALL(setsockopt),
	CALL(setuid), CALL(shutdown), CALL(signalfd4), CALL(socket), CALL(socketpair),
	CALL(statfs), CALL(statx), CALL(symlinkat), CALL(tgkill), CALL(timerfd_create),
	CALL(timerfd_settime), CALL(umask), CALL(umount2), CALL(uname), CALL(unlinkat),
	CALL(unshare), CALL(utimensat), CALL(wait4), CALL(waitid), CALL(write), CALL(writev),
#ifdef __NR_open /* what newer architectures have left behind */
	CALL(access), CALL(arch_prctl), CALL(chmod), CALL(chown), CALL(dup2), CALL(epoll_wait),
	CALL(fork), CALL(getdents), CALL(link), CALL(lstat), CALL(mkdir), CALL(open), CALL(pipe),
	CALL(poll), CALL(readlink), CALL(rename), CALL(rmdir), CALL(select), CALL(stat),
	CALL(symlink), CALL(unlink), CALL(vfork),
#endif
#undef CALL
};
/* clang-format on */

static const char *name_of(uint64_t nr, char *buf, size_t size)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return calls[i].name;
	snprintf(buf, size, "call_%llu", (unsigned long long)nr);
	return buf;
}

/* What is no netlink message at all says something to someone. */
static bool asks(pid_t tid, const struct __ptrace_syscall_info *info, const char *name)
{
	struct nlmsghdr head;
	struct iovec here = { &head, sizeof(head) };
	struct iovec there = { (void *)(uintptr_t)info->entry.args[1], sizeof(head) };

	if (strcmp(name, "sendto") != 0 || info->entry.args[2] < sizeof(head) ||
	    process_vm_readv(tid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(head))
		return false;
	return head.nlmsg_len >= sizeof(head) && head.nlmsg_len <= info->entry.args[2] &&
	       ((head.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP ||
		(head.nlmsg_type >= RTM_BASE && head.nlmsg_type < RTM_MAX &&
		 head.nlmsg_type % 4 == RTM_GETLINK % 4));
}

static bool of_netlink(pid_t tid, const struct __ptrace_syscall_info *info)
{
	sa_family_t family = AF_UNSPEC;
	struct iovec here = { &family, sizeof(family) };
	struct iovec there = { (void *)(uintptr_t)info->entry.args[1], sizeof(family) };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)sizeof(family) &&
	       family == AF_NETLINK;
}

/* Something outside of the process is another afterwards: the kernel's state, a file, a process. */
static bool changes(pid_t tid, const struct __ptrace_syscall_info *info, const char *name)
{
	static const char *const changing[] = {
		"bind",	    "chmod",	  "clone",     "clone3",   "connect",
		"execve",   "exit_group", "fchmod",    "fork",	   "ftruncate",
		"kill",	    "mkdir",	  "mkdirat",   "mount",	   "pidfd_send_signal",
		"pwrite64", "rename",	  "renameat2", "rmdir",	   "sendmsg",
		"sendto",   "setns",	  "setsid",    "shutdown", "umount2",
		"unlink",   "unlinkat",	  "unshare",   "vfork",	   "write",
	};

	if (!strcmp(name, "bind")) /* one to hear the kernel is nobody else's matter */
		return !of_netlink(tid, info);
	if (!strcmp(name, "openat"))
		return info->entry.args[2] & (O_CREAT | O_TRUNC);
	if (!strcmp(name, "fcntl"))
		return info->entry.args[1] == F_OFD_SETLK;
	if (!strcmp(name, "ioctl"))
		return info->entry.args[1] == SIOCADDRT;
	for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++)
		if (!strcmp(name, changing[i]))
			return !asks(tid, info, name);
	return false;
}

#endif
