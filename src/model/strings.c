/* SPDX-License-Identifier: MIT
 *
 * strings.c - the string pool of a set: blocks of text that never move and a
 * hash table over them.  Offline only.
 */
#include "model/strings.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/set.h"

#define BLOCK_SIZE 65536u

struct rcp_block_list {
	struct rcp_block_list *next;
	size_t used, size;
	char bytes[];
};

static char *
room_for(struct rcp_strings *strings, size_t size)
{
	struct rcp_block_list *block = strings->blocks;
	char *place;

	if (!block || size > block->size - block->used) {
		size_t want = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = rcp_alloc(sizeof(*block) + want);
		block->size = want;
		block->next = strings->blocks;
		strings->blocks = block;
	}
	place = block->bytes + block->used;
	block->used += size;
	return place;
}

const char *
rcp_strings_bytes(struct rcp_strings *strings, const char *bytes, size_t len)
{
	char *place = room_for(strings, len + 1);

	if (len)
		memcpy(place, bytes, len);
	place[len] = '\0';
	return place;
}

static uint64_t
hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return h ^ h >> 31;
}

static size_t
find(const struct rcp_strings *strings, const char *bytes, size_t len)
{
	size_t slot = hash(bytes, len) & (strings->cap - 1);

	for (;; slot = (slot + 1) & (strings->cap - 1)) {
		uint32_t index = strings->slots[slot];
		const char *text;

		if (index == RCP_NONE)
			return slot;
		text = strings->texts[index];
		if (strncmp(text, bytes, len) == 0 && text[len] == '\0')
			return slot;
	}
}

static void
grow(struct rcp_strings *strings)
{
	free(strings->slots);
	strings->cap = strings->cap ? strings->cap * 2 : 1024;
	strings->slots =
		rcp_resize(NULL, strings->cap * sizeof(*strings->slots));
	memset(strings->slots, 0xff, strings->cap * sizeof(*strings->slots));
	for (size_t i = 0; i < strings->count; i++) {
		const char *text = strings->texts[i];

		strings->slots[find(strings, text, strlen(text))] =
			(uint32_t)i;
	}
}

static uint32_t
add_text(struct rcp_strings *strings, const char *text, size_t len)
{
	size_t slot;

	if (strings->count * 3 >= strings->cap * 2)
		grow(strings);
	slot = find(strings, text, len);
	if (strings->slots[slot] != RCP_NONE)
		return strings->slots[slot];
	strings->texts = rcp_room(strings->texts, strings->count,
				  &strings->room, sizeof(*strings->texts));
	strings->texts[strings->count] = rcp_strings_bytes(strings, text, len);
	strings->slots[slot] = (uint32_t)strings->count;
	return (uint32_t)strings->count++;
}

/* The same bytes with U+FFFD for each zero byte; free() it. */
static char *
without_zeros(const char *bytes, size_t *len)
{
	char *text = rcp_alloc(*len * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		if (bytes[i]) {
			text[n++] = bytes[i];
		} else {
			memcpy(text + n, "\xef\xbf\xbd", 3);
			n += 3;
		}
	}
	*len = n;
	return text;
}

uint32_t
rcp_strings_add(struct rcp_strings *strings, const char *bytes, size_t len)
{
	char *clean;
	uint32_t index;

	if (!strings->count)
		add_text(strings, "", 0);
	if (len == 0)
		return 0;
	if (!memchr(bytes, '\0', len))
		return add_text(strings, bytes, len);
	clean = without_zeros(bytes, &len);
	index = add_text(strings, clean, len);
	free(clean);
	return index;
}

const char *
rcp_strings_text(struct rcp_strings *strings, const char *bytes, size_t len)
{
	uint32_t index = rcp_strings_add(strings, bytes, len);

	return strings->texts[index];
}

const char *
rcp_strings_keep(struct rcp_strings *strings, const char *text)
{
	return rcp_strings_text(strings, text, strlen(text));
}

void
rcp_strings_free(struct rcp_strings *strings)
{
	while (strings->blocks) {
		struct rcp_block_list *next = strings->blocks->next;

		free(strings->blocks);
		strings->blocks = next;
	}
	free(strings->texts);
	free(strings->slots);
}
