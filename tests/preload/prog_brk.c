/* SPDX-License-Identifier: MIT
 *
 * prog_brk.c - memory that no hook sees: sbrk, in a program that allocates
 * nothing.  It shows in the resident set, not in live.
 */
#include "preload/prog.h"

#define SIZE (48l << 20)

int
main(void)
{
	char *p;

	start();
	p = sbrk(SIZE);
	NEED(p != (void *)-1);
	memset(p, 1, SIZE);
	RCPROF_MARK("grown");
	NEED(sbrk(-SIZE) == p + SIZE);
	RCPROF_MARK("shrunk");
	return 0;
}
