/* SPDX-License-Identifier: MIT
 *
 * map.h - hash map from a few 64-bit words to an index.  Offline only.
 */
#ifndef RCP_MODEL_MAP_H
#define RCP_MODEL_MAP_H

#include <stddef.h>
#include <stdint.h>

/* {.words = N} is an empty map with keys of N words, 1 <= N <= 5. */
struct rcp_map {
	unsigned words;
	size_t count;     /* in the slots */
	size_t cap;       /* a power of two, or 0 */
	uint64_t *slots;  /* cap * (words + 1): key, value; RCP_NONE: free */
	/* Keys of one word below dense_cap, which most ids of a file are,
	 * have their values here. */
	uint32_t *dense;
	size_t dense_cap, dense_count;
};

/* The value of a key, or RCP_NONE. */
uint32_t rcp_map_get(const struct rcp_map *map, const uint64_t *key);

/* Sets a key's value, which is not RCP_NONE. */
void rcp_map_put(struct rcp_map *map, const uint64_t *key, uint32_t value);

/* One-word keys. */
uint32_t rcp_map_get1(const struct rcp_map *map, uint64_t key);
void rcp_map_put1(struct rcp_map *map, uint64_t key, uint32_t value);

void rcp_map_clear(struct rcp_map *map); /* keeps the room */
void rcp_map_free(struct rcp_map *map);

#endif
