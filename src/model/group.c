/* SPDX-License-Identifier: MIT
 *
 * group.c - the rows of a view in groups.  Offline only.
 */
#include <stdlib.h>

#include "model/keys.h"
#include "model/memory.h"

struct growing {
	struct rcp_group group;
	size_t row_room;
};

struct ranked {
	int64_t key;
	size_t index; /* order in which they were met, for equal keys */
};

static void
add_row(struct growing *g, uint32_t row)
{
	g->group.rows = rcp_room(g->group.rows, g->group.row_count,
				 &g->row_room, sizeof(*g->group.rows));
	g->group.rows[g->group.row_count++] = row;
}

static struct growing *
at(struct growing **all, size_t *count, size_t *room,
   const struct rcp_keys *keys, uint32_t index)
{
	while (*count <= index) {
		*all = rcp_room(*all, *count, room, sizeof(**all));
		(*all)[*count] = (struct growing){
			.group = { .name = keys->keys[*count].name,
				   .frame = keys->keys[*count].frame },
		};
		(*count)++;
	}
	return &(*all)[index];
}

static int
by_key(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

struct rcp_groups *
rcp_groups_new(const struct rcp_set *set, const struct rcp_view *view,
	       enum rcp_by by, enum rcp_metric metric)
{
	struct rcp_groups *groups = rcp_alloc(sizeof(*groups));
	struct rcp_keys *keys = rcp_keys_new(set, by);
	struct growing *all = NULL, *g;
	struct ranked *ranked;
	size_t count = 0, room = 0;

	for (uint32_t i = 0; i < view->row_count; i++) {
		const struct rcp_row *row = &view->rows[i];

		for (uint32_t j = 0; j < row->part_count; j++) {
			const struct rcp_part *part =
				&view->parts[row->part + j];
			uint32_t key = rcp_keys_of(keys, part->process,
						   part->thread, row->site);

			g = at(&all, &count, &room, keys, key);
			rcp_values_add(&g->group.values, &part->values);
			if (j == 0 && !rcp_keys_split(keys))
				add_row(g, i);
		}
	}
	ranked = rcp_alloc(count * sizeof(*ranked));
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){
			rcp_values_metric(&all[i].group.values, metric), i
		};
	qsort(ranked, count, sizeof(*ranked), by_key);
	groups->count = count;
	groups->groups = rcp_alloc(count * sizeof(*groups->groups));
	for (size_t i = 0; i < count; i++)
		groups->groups[i] = all[ranked[i].index].group;
	free(ranked);
	free(all);
	rcp_keys_free(keys);
	return groups;
}

void
rcp_groups_free(struct rcp_groups *groups)
{
	if (!groups)
		return;
	for (size_t i = 0; i < groups->count; i++)
		free(groups->groups[i].rows);
	free(groups->groups);
	free(groups);
}
