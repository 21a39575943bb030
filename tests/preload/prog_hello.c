/* SPDX-License-Identifier: MIT
 *
 * prog_hello.c - a program of another kind, built by foreign.t: static, of
 * another libc, setuid.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	void *p = NULL;

	for (int i = 0; i < 1000; i++)
		p = realloc(p, (size_t)i * 10 + 1);
	printf("hello %s of %d, %d\n", argc > 1 ? argv[1] : "nobody",
	       (int)(geteuid() != getuid()), p != NULL);
	free(p);
	return 5;
}
