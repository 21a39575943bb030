/* SPDX-License-Identifier: MIT
 *
 * main.c - the rcprof command.
 */
#include <stdio.h>

int
main(void)
{
	fprintf(stderr, "rcprof: no commands yet\n");
	return 2;
}
