/* SPDX-License-Identifier: MIT
 *
 * map.c - open addressing with linear probing, at most two thirds full, and
 * before it a plain array for small keys.  Nothing is ever taken out.
 * Offline only.
 */
#include "model/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/set.h"

#define DENSE_LEAST 1024
#define DENSE_MOST (SIZE_MAX / 16)

/* A multiply and a fold per word: ids from files are dense or chosen badly on
 * purpose, both must spread. */
static inline size_t
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

static inline bool
equal(const uint64_t *a, const uint64_t *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The slot of a key, or the free one where it belongs.  cap > 0. */
static inline uint64_t *
find(const struct rcp_map *map, const uint64_t *key, unsigned words)
{
	size_t mask = map->cap - 1;
	size_t i = hash(key, words) & mask;
	uint64_t *slot;

	for (;; i = (i + 1) & mask) {
		slot = map->slots + i * (words + 1);
		if (slot[words] == RCP_NONE || equal(slot, key, words))
			return slot;
	}
}

static void
grow(struct rcp_map *map)
{
	struct rcp_map old = *map;
	size_t stride = map->words + 1;

	map->cap = old.cap ? old.cap * 2 : 64;
	map->slots = rcp_resize(NULL, map->cap * stride * sizeof(uint64_t));
	for (size_t i = 0; i < map->cap; i++)
		map->slots[i * stride + map->words] = RCP_NONE;
	for (size_t i = 0; i < old.cap; i++) {
		const uint64_t *slot = old.slots + i * stride;

		if (slot[map->words] != RCP_NONE)
			memcpy(find(map, slot, map->words), slot,
			       stride * sizeof(*slot));
	}
	free(old.slots);
}

/* --- small keys ------------------------------------------------------------ */

/* Makes the array reach `key`; what it takes over from the slots stays there,
 * where nobody looks for it any more. */
static void
reach(struct rcp_map *map, uint64_t key)
{
	size_t old = map->dense_cap;

	while (map->dense_cap <= key)
		map->dense_cap = map->dense_cap ? map->dense_cap * 2
						: DENSE_LEAST;
	map->dense = rcp_resize(map->dense,
				map->dense_cap * sizeof(*map->dense));
	memset(map->dense + old, 0xff,
	       (map->dense_cap - old) * sizeof(*map->dense));
	for (size_t i = 0; i < map->cap; i++) {
		const uint64_t *slot = map->slots + 2 * i;

		if (slot[1] == RCP_NONE || slot[0] >= map->dense_cap ||
		    slot[0] < old)
			continue;
		map->dense[slot[0]] = (uint32_t)slot[1];
		map->dense_count++;
	}
}

/* Is the array worth its room, if it reaches the key?  A quarter of it is
 * filled by then, or it is small. */
static bool
is_dense(const struct rcp_map *map, uint64_t key)
{
	return key < DENSE_LEAST ||
	       (key < DENSE_MOST &&
		key / 4 < map->dense_count + map->count);
}

uint32_t
rcp_map_get1(const struct rcp_map *map, uint64_t key)
{
	if (key < map->dense_cap)
		return map->dense[key];
	return map->cap ? (uint32_t)find(map, &key, 1)[1] : RCP_NONE;
}

void
rcp_map_put1(struct rcp_map *map, uint64_t key, uint32_t value)
{
	uint64_t *slot;

	if (key >= map->dense_cap && is_dense(map, key))
		reach(map, key);
	if (key < map->dense_cap) {
		map->dense_count += map->dense[key] == RCP_NONE;
		map->dense[key] = value;
		return;
	}
	if (map->count * 3 >= map->cap * 2)
		grow(map);
	slot = find(map, &key, 1);
	map->count += slot[1] == RCP_NONE;
	slot[0] = key;
	slot[1] = value;
}

/* --- any ------------------------------------------------------------------- */

uint32_t
rcp_map_get(const struct rcp_map *map, const uint64_t *key)
{
	if (map->words == 1)
		return rcp_map_get1(map, *key);
	return map->cap ? (uint32_t)find(map, key, map->words)[map->words]
			: RCP_NONE;
}

void
rcp_map_put(struct rcp_map *map, const uint64_t *key, uint32_t value)
{
	uint64_t *slot;

	if (map->words == 1) {
		rcp_map_put1(map, *key, value);
		return;
	}
	if (map->count * 3 >= map->cap * 2)
		grow(map);
	slot = find(map, key, map->words);
	map->count += slot[map->words] == RCP_NONE;
	memcpy(slot, key, map->words * sizeof(*key));
	slot[map->words] = value;
}

void
rcp_map_clear(struct rcp_map *map)
{
	size_t stride = map->words + 1;

	map->count = map->dense_count = 0;
	for (size_t i = 0; i < map->cap; i++)
		map->slots[i * stride + map->words] = RCP_NONE;
	if (map->dense_cap)
		memset(map->dense, 0xff,
		       map->dense_cap * sizeof(*map->dense));
}

void
rcp_map_free(struct rcp_map *map)
{
	free(map->slots);
	free(map->dense);
	map->slots = NULL;
	map->dense = NULL;
	map->cap = map->count = map->dense_cap = map->dense_count = 0;
}
