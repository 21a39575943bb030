/* analyze.h - for scripts/analyze only: an analyser does not know what the
 * instruction of base/sys_arch.h reads and writes, so it stands as a function
 * whose body is elsewhere. */
#define RCP_BASE_SYS_ARCH_H
long rcp_syscall6(long n, long a, long b, long c, long d, long e, long f);
