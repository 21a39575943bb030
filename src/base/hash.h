/* SPDX-License-Identifier: MIT
 *
 * hash.h - uthash on the arena, for cold tables of the preload.  Nothing is
 * ever removed from them, so what a resize gives up is left to the arena (it
 * doubles: at most as much again).
 */
#ifndef RCP_BASE_HASH_H
#define RCP_BASE_HASH_H

#include "base/mem.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) rcp_arena_new(size)
#define uthash_free(p, size) ((void)(p), (void)(size))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <uthash.h>
#pragma GCC diagnostic pop

/* Entries in one bucket until there are more buckets.  Each that a search passes
 * is a cache miss, and uthash's 10 leave four in the mean. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 5u

#endif
