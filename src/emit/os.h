/* SPDX-License-Identifier: MIT
 *
 * os.h - the system calls that only emit makes, raw: no errno, no TLS.
 * Results are the kernel's: >= 0, or -errno.
 */
#ifndef RCP_EMIT_OS_H
#define RCP_EMIT_OS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/sys.h"

static inline long
rcp_os_pwrite(int fd, const void *data, size_t len, uint64_t offset)
{
	return RCP_SYS4(SYS_pwrite64, fd, data, len, offset);
}

static inline long
rcp_os_truncate(int fd, uint64_t size)
{
	return RCP_SYS2(SYS_ftruncate, fd, size);
}

/* struct stat is the kernel's on all 64-bit architectures we know. */
static inline long
rcp_os_fstat(int fd, struct stat *st)
{
	return RCP_SYS2(SYS_fstat, fd, st);
}

static inline long
rcp_os_lstat(const char *path, struct stat *st)
{
	return RCP_SYS4(SYS_newfstatat, AT_FDCWD, path, st,
			AT_SYMLINK_NOFOLLOW);
}

static inline long
rcp_os_unlink(const char *path)
{
	return RCP_SYS3(SYS_unlinkat, AT_FDCWD, path, 0);
}

static inline long
rcp_os_rename(const char *from, const char *to)
{
	return RCP_SYS6(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0, 0);
}

static inline long
rcp_os_link(const char *from, const char *to, int flags)
{
	return RCP_SYS6(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, flags, 0);
}

static inline long
rcp_os_chmod(int fd, unsigned mode)
{
	return RCP_SYS2(SYS_fchmod, fd, mode);
}

static inline long
rcp_os_mkdir(const char *path, int mode)
{
	return RCP_SYS3(SYS_mkdirat, AT_FDCWD, path, mode);
}

static inline long
rcp_os_readlink(const char *path, char *buf, size_t len)
{
	return RCP_SYS4(SYS_readlinkat, AT_FDCWD, path, buf, len);
}

/* Is FD open? */
static inline bool
rcp_os_is_open(int fd)
{
	return RCP_SYS3(SYS_fcntl, fd, F_GETFD, 0) >= 0;
}

/* Signal sets are the kernel's: 64 bits, bit (number - 1). */
#define RCP_OS_SIGNAL(number) (1ull << ((number) - 1))
#define RCP_OS_ALL_SIGNALS (~0ull)

/* Those that a fault in our own code raises: blocking them would turn a
 * crash that someone may handle into a certain death. */
#define RCP_OS_FAULTS                                         \
	(RCP_OS_SIGNAL(SIGSEGV) | RCP_OS_SIGNAL(SIGBUS) |     \
	 RCP_OS_SIGNAL(SIGILL) | RCP_OS_SIGNAL(SIGFPE) |      \
	 RCP_OS_SIGNAL(SIGTRAP))

static inline long
rcp_os_signals_block(uint64_t set, uint64_t *old)
{
	return RCP_SYS4(SYS_rt_sigprocmask, SIG_BLOCK, &set, old, 8);
}

static inline long
rcp_os_signals_restore(const uint64_t *old)
{
	return RCP_SYS4(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, 8);
}

/* Takes away one pending, blocked signal of SET that a call of ours has
 * raised (SIGXFSZ, SIGPIPE). */
static inline long
rcp_os_signal_eat(uint64_t set)
{
	static const struct timespec now = { 0, 0 };

	return RCP_SYS4(SYS_rt_sigtimedwait, &set, NULL, &now, 8);
}

static inline uint64_t
rcp_os_signals_pending(void)
{
	uint64_t set = 0;

	RCP_SYS2(SYS_rt_sigpending, &set, 8);
	return set;
}

#endif
