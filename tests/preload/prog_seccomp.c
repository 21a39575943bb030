/* SPDX-License-Identifier: MIT
 *
 * prog_seccomp.c - a program that locks itself in: system calls but for a few
 * are refused from then on, to all of its threads.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "preload/prog.h"

#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void
lock_in(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		ALLOW(read),
		ALLOW(write),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mprotect),
		ALLOW(madvise),
		ALLOW(mremap),
		ALLOW(futex),
		ALLOW(rt_sigprocmask),
		ALLOW(rt_sigreturn),
		ALLOW(clock_nanosleep),
		ALLOW(exit),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {
		.len = sizeof(rules) / sizeof(rules[0]),
		.filter = rules,
	};

	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	NEED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
}

int
main(void)
{
	start();
	for (int i = 0; i < 1000; i++)
		NEED(got(malloc(2111), 2111));
	RCPROF_MARK("free");
	lock_in();
	for (int i = 0; i < 20000; i++) {
		NEED(got(malloc(2111), 2111));
		if (i % 5000 == 0)
			usleep(20000);
	}
	printf("open: %s\n", open("/dev/null", O_RDONLY) < 0 ? strerror(errno)
							     : "opened");
	RCPROF_MARK("locked in");
	printf("%lld blocks\n", truth.malloc.allocs);
	return 4;
}
