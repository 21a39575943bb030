/* SPDX-License-Identifier: MIT
 *
 * tree.c - the call tree: the same path is the same node, from any thread,
 * and past the memory limit everything folds into one.
 */
#include <pthread.h>

#include "base/mem.h"
#include "capture/tree.h"

#include "tap/tap.h"

#define PATHS 20000
#define DEPTH 8

static uint32_t found[4][PATHS];

static uint32_t
path_node(unsigned path)
{
	uint32_t node = 0;

	/* Paths share prefixes, as stacks do. */
	for (unsigned i = 0; i < DEPTH; i++)
		node = rcp_tree_intern(node, RCP_FRAME_PYTHON,
				       path >> (2 * (DEPTH - 1 - i)), i);
	return node;
}

static void *
intern_all(void *arg)
{
	uint32_t *out = arg;

	for (unsigned i = 0; i < PATHS; i++)
		out[i] = path_node(i);
	return NULL;
}

int
main(void)
{
	pthread_t threads[4];
	uint32_t leaf;
	int wrong = 0;

	rcp_tree_setup(8u << 20);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, intern_all, found[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < 4; i++)
		wrong += memcmp(found[0], found[i], sizeof(found[0])) != 0;
	is_int(wrong, 0, "four threads agree on 20,000 paths");
	for (unsigned p = 0; p < PATHS; p += 97) {
		uint32_t node = found[0][p];

		for (int i = DEPTH - 1; i >= 0; i--) {
			const struct rcp_node *n = rcp_tree_node(node);

			wrong += n->ref != p >> (2 * (DEPTH - 1 - i));
			node = n->parent;
		}
		wrong += node != 0;
	}
	is_int(wrong, 0, "and each leads back to its root");
	is_int(rcp_tree_truncated(), 0, "nothing is folded below the limit");
	for (unsigned i = 0; i < 4000000 && !rcp_tree_truncated(); i++)
		rcp_tree_intern(0, RCP_FRAME_PYTHON, i, 1000);
	ok(rcp_tree_truncated() > 0, "past the limit stacks are folded");
	ok(rcp_arena_used() < 8u << 20, "there is room left: %lu bytes",
	   (unsigned long)rcp_arena_used());
	is_int(rcp_tree_intern(0, RCP_FRAME_NATIVE, 1, 1), RCP_TREE_TRUNCATED,
	       "into the marker");
	leaf = rcp_tree_intern(RCP_TREE_TRUNCATED, RCP_FRAME_NATIVE, 1, 1);
	ok(leaf > RCP_TREE_TRUNCATED, "which keeps their leaves");
	is_int(rcp_tree_node(leaf)->parent, RCP_TREE_TRUNCATED, "as children");
	is_int(rcp_tree_intern(leaf, RCP_FRAME_NATIVE, 1, 2),
	       RCP_TREE_TRUNCATED, "that have none");
	for (unsigned i = 0; i < 4000000 && leaf != RCP_TREE_TRUNCATED; i++)
		leaf = rcp_tree_intern(RCP_TREE_TRUNCATED, RCP_FRAME_PYTHON,
				       i, 1000);
	is_int(leaf, RCP_TREE_TRUNCATED, "until there is no room for those");
	ok(rcp_arena_used() < 9u << 20, "the limit holds: %lu bytes",
	   (unsigned long)rcp_arena_used());
	is_int(path_node(5), found[0][5], "what is known stays known");
	return done_testing();
}
