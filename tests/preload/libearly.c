/* SPDX-License-Identifier: MIT
 *
 * libearly.c - a library of prog_moments: its constructor runs before
 * rcprof's, its destructor after.
 */
#include <stdlib.h>
#include <string.h>

int early_blocks(void);

static void *blocks[201];

__attribute__((constructor)) static void
early(void)
{
	for (int i = 0; i < 200; i++)
		blocks[i] = malloc(4447);
	for (int i = 0; i < 50; i++)
		free(blocks[i]);
	blocks[200] = calloc(3, 1483);
	blocks[60] = realloc(blocks[60], 9001);
}

int
early_blocks(void)
{
	return blocks[0] && blocks[200] && strlen(blocks[200]) == 0;
}

__attribute__((destructor)) static void
late(void)
{
	for (int i = 50; i < 201; i++)
		free(blocks[i]);
	for (int i = 0; i < 1000; i++)
		blocks[0] = realloc(i ? blocks[0] : NULL, (size_t)i + 1);
	free(blocks[0]);
}
