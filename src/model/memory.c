/* SPDX-License-Identifier: MIT
 *
 * memory.c - allocation for offline code, and the one place in it that prints
 * and exits.
 */
#include "model/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
rcp_die_of_memory(void)
{
	fputs("rcprof: out of memory\n", stderr);
	exit(1);
}

void *
rcp_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		rcp_die_of_memory();
	return p;
}

void *
rcp_resize(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		rcp_die_of_memory();
	return p;
}

char *
rcp_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		rcp_die_of_memory();
	return copy;
}

void *
rcp_room(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	if (*room > SIZE_MAX / 2 / size)
		rcp_die_of_memory();
	*room = *room ? *room * 2 : 16;
	return rcp_resize(array, *room * size);
}
