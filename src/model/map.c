/* SPDX-License-Identifier: MIT
 *
 * map.c - open addressing with linear probing, at most two thirds full.
 * Nothing is ever taken out.  Offline only.
 */
#include "model/map.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/set.h"

/* A multiply and a fold per word: ids from files are dense or chosen badly on
 * purpose, both must spread. */
static size_t
hash(const uint64_t *key, unsigned words)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (unsigned i = 0; i < words; i++) {
		h = (h ^ key[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53u;
	return (size_t)(h ^ h >> 29);
}

/* The slot of a key, or the free one where it belongs.  cap > 0. */
static size_t
find(const struct rcp_map *map, const uint64_t *key)
{
	size_t mask = map->cap - 1;
	size_t slot = hash(key, map->words) & mask;

	while (map->values[slot] != RCP_NONE &&
	       memcmp(map->keys + slot * map->words, key,
		      map->words * sizeof(*key)) != 0)
		slot = (slot + 1) & mask;
	return slot;
}

static void
grow(struct rcp_map *map)
{
	struct rcp_map old = *map;

	map->cap = old.cap ? old.cap * 2 : 64;
	map->keys = rcp_alloc(map->cap * map->words * sizeof(*map->keys));
	map->values = rcp_resize(NULL, map->cap * sizeof(*map->values));
	memset(map->values, 0xff, map->cap * sizeof(*map->values));
	for (size_t i = 0; i < old.cap; i++) {
		size_t slot;

		if (old.values[i] == RCP_NONE)
			continue;
		slot = find(map, old.keys + i * map->words);
		memcpy(map->keys + slot * map->words,
		       old.keys + i * map->words,
		       map->words * sizeof(*map->keys));
		map->values[slot] = old.values[i];
	}
	free(old.keys);
	free(old.values);
}

uint32_t
rcp_map_get(const struct rcp_map *map, const uint64_t *key)
{
	return map->cap ? map->values[find(map, key)] : RCP_NONE;
}

void
rcp_map_put(struct rcp_map *map, const uint64_t *key, uint32_t value)
{
	size_t slot;

	if (map->count * 3 >= map->cap * 2)
		grow(map);
	slot = find(map, key);
	if (map->values[slot] == RCP_NONE) {
		map->count++;
		memcpy(map->keys + slot * map->words, key,
		       map->words * sizeof(*key));
	}
	map->values[slot] = value;
}

uint32_t
rcp_map_get1(const struct rcp_map *map, uint64_t key)
{
	return rcp_map_get(map, &key);
}

void
rcp_map_put1(struct rcp_map *map, uint64_t key, uint32_t value)
{
	rcp_map_put(map, &key, value);
}

void
rcp_map_clear(struct rcp_map *map)
{
	map->count = 0;
	if (map->cap)
		memset(map->values, 0xff, map->cap * sizeof(*map->values));
}

void
rcp_map_free(struct rcp_map *map)
{
	free(map->keys);
	free(map->values);
	map->keys = NULL;
	map->values = NULL;
	map->cap = map->count = 0;
}
