/* SPDX-License-Identifier: MIT
 *
 * prog_sites.c - which site an allocation, a realloc and a free count at.
 * Each site has a number of blocks of its own; prints function and line.
 */
#include "preload/prog.h"

#define FIRST 37
#define FIRST_SIZE 1009
#define SECOND 23
#define SECOND_SIZE 2003
#define FREED 11

static void *blocks[FIRST];

NOINLINE static void *
first_site(void)
{
	void *p = malloc(FIRST_SIZE); /* @first */

	NEED(p);
	return p;
}

NOINLINE static void *
second_site(void *p)
{
	void *q = realloc(p, SECOND_SIZE); /* @second */

	NEED(q);
	return q;
}

/* Does not allocate, so it is no site. */
NOINLINE static void
freeing(void *p)
{
	free(p);
	__asm__ volatile("");
}

/* Two calls on one line are one site of the report. */
NOINLINE static void
third_site(void)
{
	void *p = malloc(501), *q = malloc(502); /* @third */

	NEED(p && q);
}

int
main(void)
{
	start();
	for (int i = 0; i < FIRST; i++)
		blocks[i] = first_site();
	for (int i = 0; i < SECOND; i++)
		blocks[i] = second_site(blocks[i]);
	for (int i = 0; i < FREED; i++)
		freeing(blocks[FIRST - 1 - i]);
	third_site();
	RCPROF_MARK("end");
	return 0;
}
