/* SPDX-License-Identifier: MIT
 *
 * pauses.c - see pauses.h.
 */
#include "tools/pauses.h"

#include <stdlib.h>

#include "model/memory.h"
#include "tools/sites.h"

static bool
is_within(const struct rcp_query *query, uint64_t time)
{
	return (!query->window || time >= query->from.time) &&
	       (query->at.kind == RCP_AT_END || time <= query->at.time);
}

static void
add_collections(struct rcp_pauses *p, const struct rcp_set *set,
		const struct rcp_query *query, uint32_t process)
{
	const struct rcp_process *of = set->processes[process];

	for (size_t i = 0; i < of->gc_count; i++) {
		const struct rcp_gc_info *gc = &of->gcs[i];

		if (!is_within(query, gc->time))
			continue;
		p->pauses[p->count++] = (struct rcp_pause){
			.time = gc->time,
			.pause = gc->pause,
			.objects = gc->collected,
			.process = process,
			.node = gc->node,
			.generation = gc->generation,
		};
		p->runs++;
		p->total += gc->pause;
		p->found += gc->collected;
		p->uncollectable += gc->uncollectable;
	}
}

static void
add_releases(struct rcp_pauses *p, const struct rcp_set *set,
	     const struct rcp_query *query, uint32_t process)
{
	const struct rcp_process *of = set->processes[process];

	for (size_t i = 0; i < of->cascade_count; i++) {
		const struct rcp_cascade_info *cascade = &of->cascades[i];

		if (!is_within(query, cascade->time))
			continue;
		p->pauses[p->count++] = (struct rcp_pause){
			.time = cascade->time,
			.pause = cascade->pause,
			.objects = cascade->objects,
			.bytes = cascade->bytes,
			.process = process,
			.node = cascade->node,
			.generation = -1,
		};
		p->releases++;
		p->release_total += cascade->pause;
	}
}

static int
by_length(const void *a, const void *b)
{
	const struct rcp_pause *x = a, *y = b;

	if (x->pause != y->pause)
		return x->pause > y->pause ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

struct rcp_pauses *
rcp_pauses_new(const struct rcp_set *set, const struct rcp_query *query)
{
	struct rcp_pauses *p = rcp_alloc(sizeof(*p));
	size_t most = 1;

	for (size_t i = 0; i < set->process_count; i++)
		most += set->processes[i]->gc_count +
			set->processes[i]->cascade_count;
	p->pauses = rcp_alloc(most * sizeof(*p->pauses));
	for (uint32_t i = 0; i < set->process_count; i++) {
		add_collections(p, set, query, i);
		add_releases(p, set, query, i);
	}
	qsort(p->pauses, p->count, sizeof(*p->pauses), by_length);
	for (size_t i = p->count; i-- > 0;) {
		if (p->pauses[i].generation < 0)
			p->release = &p->pauses[i];
		else
			p->collection = &p->pauses[i];
	}
	return p;
}

void
rcp_pauses_free(struct rcp_pauses *p)
{
	if (!p)
		return;
	free(p->pauses);
	free(p);
}

void
rcp_pause_place(const struct rcp_look *look, struct rcp_text *t,
		const struct rcp_pause *pause, bool source)
{
	struct rcp_group group = {
		.name = "[unknown]",
		.frame = rcp_node_own_frame(look->set, pause->node),
	};
	struct rcp_text line = { 0 };

	rcp_group_place(look, t, &group, RCP_BY_OWN);
	if (source && rcp_group_source(look, &line, &group, RCP_BY_OWN))
		rcp_text_format(t, "  %s", line.s);
	rcp_text_free(&line);
}
