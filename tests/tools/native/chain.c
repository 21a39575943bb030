/* SPDX-License-Identifier: MIT
 *
 * chain.c - C functions that gcc inlines, clones and calls: symbols.t compares
 * what rcprof says of each call with what addr2line says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	char **items;
	size_t count;
};

static inline char *
copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *p = malloc(size);

	return p ? memcpy(p, text, size) : NULL;
}

static inline void
push(struct words *words, const char *text)
{
	words->items = realloc(words->items, (words->count + 1) *
						     sizeof(char *));
	words->items[words->count++] = copy(text);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

__attribute__((noinline)) static void
recurse(struct words *words, int depth)
{
	char text[20];

	snprintf(text, sizeof(text), "%d", depth);
	push(words, text);
	if (depth > 0)
		recurse(words, depth - 1);
}

int
main(void)
{
	struct words words = { NULL, 0 };

	recurse(&words, 20);
	qsort(words.items, words.count, sizeof(char *), compare);
	puts(words.items[0]);
	while (words.count > 0)
		free(words.items[--words.count]);
	free(words.items);
	return 0;
}
