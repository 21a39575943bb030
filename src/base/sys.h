/* SPDX-License-Identifier: MIT
 *
 * sys.h - system calls without libc: they neither touch errno nor TLS, can
 * not be interposed, and may be used inside malloc, in the helper (which
 * borrows another thread's TLS) and in a vfork child.
 *
 * Every call returns the kernel's result: >= 0, or -errno.
 */
#ifndef RCP_BASE_SYS_H
#define RCP_BASE_SYS_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/sys_arch.h"

#define RCP_SYS0(n) rcp_syscall6((n), 0, 0, 0, 0, 0, 0)
#define RCP_SYS1(n, a) rcp_syscall6((n), (long)(a), 0, 0, 0, 0, 0)
#define RCP_SYS2(n, a, b) rcp_syscall6((n), (long)(a), (long)(b), 0, 0, 0, 0)
#define RCP_SYS3(n, a, b, c) \
	rcp_syscall6((n), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RCP_SYS4(n, a, b, c, d) \
	rcp_syscall6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RCP_SYS6(n, a, b, c, d, e, f) \
	rcp_syscall6((n), (long)(a), (long)(b), (long)(c), (long)(d), \
		     (long)(e), (long)(f))

static inline long
rcp_sys_getpid(void)
{
	return RCP_SYS0(SYS_getpid);
}

static inline long
rcp_sys_gettid(void)
{
	return RCP_SYS0(SYS_gettid);
}

/* An address, or -errno in [-4095, -1]. */
static inline long
rcp_sys_mmap(void *addr, size_t len, int prot, int flags, int fd, long off)
{
	return RCP_SYS6(SYS_mmap, addr, len, prot, flags, fd, off);
}

static inline long
rcp_sys_mremap(void *addr, size_t old, size_t len, int flags)
{
	return RCP_SYS4(SYS_mremap, addr, old, len, flags);
}

static inline long
rcp_sys_munmap(void *addr, size_t len)
{
	return RCP_SYS2(SYS_munmap, addr, len);
}

static inline long
rcp_sys_madvise(void *addr, size_t len, int advice)
{
	return RCP_SYS3(SYS_madvise, addr, len, advice);
}

static inline long
rcp_sys_open(const char *path, int flags, int mode)
{
	return RCP_SYS4(SYS_openat, AT_FDCWD, path, flags, mode);
}

static inline long
rcp_sys_close(int fd)
{
	return RCP_SYS1(SYS_close, fd);
}

static inline long
rcp_sys_read(int fd, void *buf, size_t len)
{
	return RCP_SYS3(SYS_read, fd, buf, len);
}

static inline long
rcp_sys_pread(int fd, void *buf, size_t len, long off)
{
	return RCP_SYS4(SYS_pread64, fd, buf, len, off);
}

static inline long
rcp_sys_write(int fd, const void *buf, size_t len)
{
	return RCP_SYS3(SYS_write, fd, buf, len);
}

/* Waits while *word == expected; NULL timeout: for ever. */
static inline long
rcp_sys_futex_wait(const void *word, uint32_t expected,
		   const struct timespec *timeout)
{
	return RCP_SYS4(SYS_futex, word, 128 /* WAIT|PRIVATE */, expected,
			timeout);
}

static inline long
rcp_sys_futex_wake(const void *word, int count)
{
	long woken;

	/* A wake-up that is lost leaves its sleeper asleep: whoever stands
	 * between us and the kernel may say EINTR. */
	do {
		woken = RCP_SYS3(SYS_futex, word, 129 /* WAKE|PRIVATE */, count);
	} while (woken == -4 /* EINTR */);
	return woken;
}

#endif
