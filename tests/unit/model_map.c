/* SPDX-License-Identifier: MIT
 *
 * model_map.c - the map against a plain list: dense ids, ids far apart, ids
 * that become dense, keys of several words.
 */
#include <stdlib.h>

#include "model/map.h"
#include "model/set.h"
#include "tap/random.h"
#include "tap/tap.h"

#define MOST 20000

static uint64_t state = 5;

static uint64_t
any(uint64_t below)
{
	return tap_random(&state) % below;
}

static uint64_t keys[MOST];
static uint32_t values[MOST];
static size_t count;

/* The value of a key in the list. */
static uint32_t
listed(uint64_t key)
{
	for (size_t i = count; i-- > 0;)
		if (keys[i] == key)
			return values[i];
	return RCP_NONE;
}

static bool
agrees(const struct rcp_map *map)
{
	for (size_t i = 0; i < count; i += 1 + count / 997)
		if (rcp_map_get1(map, keys[i]) != listed(keys[i]))
			return false;
	for (size_t i = 0; i < 500; i++) {
		uint64_t key = any(2) ? any(100000) : any(UINT64_MAX);

		if (rcp_map_get1(map, key) != listed(key))
			return false;
	}
	return true;
}

static void
put(struct rcp_map *map, uint64_t key)
{
	keys[count] = key;
	values[count] = (uint32_t)any(1u << 30);
	rcp_map_put1(map, key, values[count]);
	count++;
}

/* `key` gives the i-th key. */
static void
try(const char *what, uint64_t (*key)(size_t i), size_t n, bool dense)
{
	struct rcp_map map = { .words = 1 };

	count = 0;
	is_int(rcp_map_get1(&map, 7), RCP_NONE, "%s: empty", what);
	for (size_t i = 0; i < n; i++)
		put(&map, key(i));
	ok(agrees(&map), "%s: all there, nothing else", what);
	ok((map.count < n / 2) == dense, "%s: %s", what,
	   dense ? "most in the array" : "most in the slots");
	for (size_t i = 0; i < 50; i++)
		put(&map, keys[any(n)]);
	ok(agrees(&map), "%s: a second value replaces the first", what);
	ok(map.dense_cap <= 16 * (n + 1024), "%s: the array is no bigger than "
	   "it has to be", what);
	rcp_map_clear(&map);
	count = 0;
	ok(agrees(&map), "%s: cleared", what);
	put(&map, key(0));
	ok(agrees(&map), "%s: and used again", what);
	rcp_map_free(&map);
}

static uint64_t
ascending(size_t i)
{
	return i + 1;
}

static uint64_t
spread(size_t i)
{
	return (i + 1) * 7919;
}

static uint64_t
wide(size_t i)
{
	return (uint64_t)(i % 3 + 1) << 32 | i / 3;
}

static uint64_t
mixed(size_t i)
{
	return i % 2 ? i : UINT64_MAX - i;
}

/* From the top down: far too high for the array at first. */
static uint64_t
descending(size_t i)
{
	return 5000 - i;
}

static void
words(void)
{
	struct rcp_map map = { .words = 3 };
	bool good = true;

	for (uint32_t i = 0; i < 5000; i++) {
		uint64_t key[3] = { i % 10, i / 10 % 10, i / 100 };

		good = good && rcp_map_get(&map, key) == RCP_NONE;
		rcp_map_put(&map, key, i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		uint64_t key[3] = { i % 10, i / 10 % 10, i / 100 };

		good = good && rcp_map_get(&map, key) == i;
	}
	ok(good && map.count == 5000, "keys of three words");
	rcp_map_free(&map);
}

int
main(void)
{
	try("dense ids", ascending, 5000, true);
	try("ids far apart", spread, 3000, false);
	try("two numbers in one", wide, 3000, false);
	try("half and half", mixed, 3000, false);
	try("from the top", descending, 4900, true);
	words();
	return done_testing();
}
