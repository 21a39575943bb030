/* SPDX-License-Identifier: MIT
 *
 * helper_arch.h - raw clone() into a function, for each architecture.  The
 * new thread has nothing but its stack: no return address, no TLS of its own.
 */
#ifndef RCP_EMIT_HELPER_ARCH_H
#define RCP_EMIT_HELPER_ARCH_H

#include <stdint.h>
#include <sys/syscall.h>

/* FLAGS as for clone(2), TOP a 16-aligned end of a stack, TID the word for
 * CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID.  The thread runs START and
 * exits with its result.  The id of the thread, or -errno. */
#if defined(__x86_64__)
static inline long
rcp_helper_clone(unsigned long flags, void *top, void *tid,
		 int (*start)(void))
{
	register void *ctid __asm__("r10") = tid;
	register unsigned long tls __asm__("r8") = 0;
	register int (*fn)(void) __asm__("r9") = start;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 ".cfi_remember_state\n\t"
			 ".cfi_undefined rip\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%%r9\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n\t"
			 ".cfi_restore_state\n"
			 "1:"
			 : "=a"(ret)
			 : "a"((long)SYS_clone), "D"(flags), "S"(top),
			   "d"(tid), "r"(ctid), "r"(tls), "r"(fn),
			   [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}
#elif defined(__aarch64__)
static inline long
rcp_helper_clone(unsigned long flags, void *top, void *tid,
		 int (*start)(void))
{
	register long x8 __asm__("x8") = SYS_clone;
	register unsigned long x0 __asm__("x0") = flags;
	register void *x1 __asm__("x1") = top;
	register void *x2 __asm__("x2") = tid;
	register unsigned long x3 __asm__("x3") = 0;
	register void *x4 __asm__("x4") = tid;
	register int (*x5)(void) __asm__("x5") = start;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 ".cfi_remember_state\n\t"
			 ".cfi_undefined x30\n\t"
			 "mov x29, xzr\n\t"
			 "mov x30, xzr\n\t"
			 "blr x5\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc 0\n\t"
			 "brk 1\n\t"
			 ".cfi_restore_state\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4),
			   "r"(x5), [exit] "i"(SYS_exit)
			 : "memory", "cc");
	return (long)x0;
}
#else
#error "rcprof: the helper's start is not known for this architecture"
#endif

#endif
