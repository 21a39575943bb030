/* SPDX-License-Identifier: MIT
 *
 * follow.c - goes through the snapshots of a window once, in the order of
 * time, and tells what changed.  Offline only.
 */
#include "model/follow.h"

#include <stdlib.h>

#include "model/filter.h"
#include "model/memory.h"
#include "model/pass.h"

struct following {
	struct rcp_set *set;
	const struct rcp_query *query;
	const struct rcp_follower *follower;
	struct rcp_filter *filter;
	uint32_t *last_snap; /* of each process: what comes after does not
				count (the interpreter's tear-down) */
	uint64_t from, to;
	bool begun;
	bool waiting; /* a point that has yet to be told */
	struct rcp_step last;
};

uint64_t
rcp_query_end(const struct rcp_set *set, const struct rcp_query *query)
{
	switch (query->at.kind) {
	case RCP_AT_TIME:
		return query->at.time;
	case RCP_AT_PEAK:
		return rcp_set_peak(set).time;
	case RCP_AT_END:
		break;
	}
	return set->end_time;
}

/* What a cell has gained since `old`. */
static int64_t
gained(int64_t now, int64_t old)
{
	return (int64_t)((uint64_t)now - (uint64_t)old);
}

/* The difference of one cell: since the last snapshot, or, as its process is
 * gone, to nothing. */
static void
tell(struct following *f, const struct rcp_step *step,
     const struct rcp_cell *cell)
{
	struct rcp_delta delta = {
		.process = step->process,
		.thread = cell->thread,
		.site = step->state->load->sites[cell->site],
	};

	if (step->snap == RCP_NONE) {
		delta.bytes = gained(0, rcp_cell_live(cell));
		delta.blocks = gained(0, rcp_cell_blocks(cell));
		delta.var_live = -rcp_cell_variance(cell);
	} else {
		const uint64_t *v = cell->values;

		delta.bytes = gained(rcp_cell_live(cell), cell->old_bytes);
		delta.blocks = gained(rcp_cell_blocks(cell),
				      cell->old_blocks);
		delta.var_live =
			RCP_VAR_UNIT *
			(double)(int64_t)(v[RCP_CELL_VAR_LIVE_BYTES] -
					  cell->old_var_live);
		delta.var_allocated =
			RCP_VAR_UNIT *
			(double)(int64_t)(v[RCP_CELL_VAR_ALLOC_BYTES] -
					  cell->old_var_alloc);
	}
	if ((delta.bytes || delta.blocks || delta.var_live != 0 ||
	     delta.var_allocated != 0) &&
	    rcp_filter_site(f->filter, delta.site) &&
	    rcp_filter_thread(f->filter, delta.process, delta.thread))
		f->follower->delta(f->follower->context, &delta);
}

static void
tell_step(struct following *f, const struct rcp_step *step)
{
	const struct rcp_state *state = step->state;

	if (step->snap == RCP_NONE) {
		for (size_t i = 0; i < state->cell_count; i++)
			tell(f, step, &state->cells[i]);
		return;
	}
	for (size_t i = 0; i < state->touched_count; i++)
		tell(f, step, &state->cells[state->touched[i]]);
}

/* The state at the begin is whole once a later step is met. */
static void
begin(struct following *f)
{
	if (f->begun)
		return;
	f->begun = true;
	if (f->query->window)
		f->follower->point(f->follower->context, f->from, RCP_NONE);
}

/* Steps at the same time are one point. */
static void
point(struct following *f, const struct rcp_step *next)
{
	if (f->waiting && (!next || next->time != f->last.time))
		f->follower->point(f->follower->context, f->last.time,
				   f->last.process);
	f->waiting = next != NULL;
	if (next)
		f->last = *next;
}

static bool
run(struct following *f, struct rcp_error *error)
{
	struct rcp_pass *pass = rcp_pass_new(f->set, f->from);
	struct rcp_step step;
	int more;

	while ((more = rcp_pass_next(pass, &step, error)) > 0) {
		if (step.time > f->to)
			break;
		if (step.snap != RCP_NONE &&
		    (f->last_snap[step.process] == RCP_NONE ||
		     step.snap > f->last_snap[step.process]))
			continue;
		if (f->query->window && step.time <= f->from) {
			tell_step(f, &step);
			continue;
		}
		begin(f);
		point(f, &step);
		tell_step(f, &step);
	}
	if (more >= 0) {
		begin(f);
		point(f, NULL);
	}
	rcp_pass_free(pass);
	return more >= 0;
}

/* The end of a process that lasts as long as the set is before its tear-down;
 * another one's tear-down is seen by those that go on. */
static uint32_t
last_snap(const struct rcp_set *set, const struct rcp_query *query,
	  uint32_t index)
{
	const struct rcp_process *process = set->processes[index];

	if (query->at.kind == RCP_AT_END &&
	    (process->end.reason == RCP_ENDED_RUNNING ||
	     process->end.time >= set->end_time))
		return rcp_snap_at(set, index, &query->at);
	return process->snap_count ? (uint32_t)process->snap_count - 1 :
				     RCP_NONE;
}

static int
by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t *
rcp_follow_times(const struct rcp_set *set, const struct rcp_query *query,
		 size_t *count)
{
	uint64_t from = query->window ? query->from.time : 0;
	uint64_t to = rcp_query_end(set, query);
	size_t most = 1, n = 0, kept = 0;
	uint64_t *times;

	for (size_t i = 0; i < set->process_count; i++)
		most += set->processes[i]->snap_count + 1;
	times = rcp_alloc(most * sizeof(*times));
	if (query->window)
		times[n++] = from;
	for (uint32_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];
		uint32_t last = last_snap(set, query, i);

		for (uint32_t k = 0; last != RCP_NONE && k <= last; k++)
			if (!query->window || process->snaps[k].time > from)
				times[n++] = process->snaps[k].time;
		if (process->snap_count && rcp_pass_leaves(set, process) &&
		    (!query->window || process->end.time > from))
			times[n++] = process->end.time;
	}
	qsort(times, n, sizeof(*times), by_time);
	for (size_t i = 0; i < n && times[i] <= to; i++)
		if (kept == 0 || times[i] != times[kept - 1])
			times[kept++] = times[i];
	*count = kept;
	return times;
}

bool
rcp_follow(struct rcp_set *set, const struct rcp_query *query,
	   const struct rcp_follower *follower, struct rcp_error *error)
{
	struct following f = { .set = set, .query = query,
			       .follower = follower };
	bool good;

	f.filter = rcp_filter_new(set, query, error);
	if (!f.filter)
		return false;
	f.from = query->window ? query->from.time : 0;
	f.to = rcp_query_end(set, query);
	f.last_snap = rcp_alloc(set->process_count * sizeof(*f.last_snap));
	for (uint32_t i = 0; i < set->process_count; i++)
		f.last_snap[i] = last_snap(set, query, i);
	good = run(&f, error);
	free(f.last_snap);
	rcp_filter_free(f.filter);
	return good;
}

/* --- the same by site, for whoever wants it --- */

struct by_site {
	rcp_change_fn *fn;
	void *context;
	int64_t *bytes, *blocks; /* of each site */
	int64_t total_bytes, total_blocks;
	uint32_t *changed; /* sites since the last point */
	size_t changed_count, changed_room;
	bool *is_changed;
};

static void
add(int64_t *sum, int64_t more)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)more);
}

static void
site_delta(void *context, const struct rcp_delta *delta)
{
	struct by_site *b = context;

	add(&b->bytes[delta->site], delta->bytes);
	add(&b->blocks[delta->site], delta->blocks);
	add(&b->total_bytes, delta->bytes);
	add(&b->total_blocks, delta->blocks);
	if (b->is_changed[delta->site])
		return;
	b->is_changed[delta->site] = true;
	b->changed = rcp_room(b->changed, b->changed_count, &b->changed_room,
			      sizeof(*b->changed));
	b->changed[b->changed_count++] = delta->site;
}

static void
site_point(void *context, uint64_t time, uint32_t process)
{
	struct by_site *b = context;
	struct rcp_change change = { .time = time, .process = process };

	for (size_t i = 0; i < b->changed_count; i++) {
		change.site = b->changed[i];
		change.bytes = b->bytes[change.site];
		change.blocks = b->blocks[change.site];
		b->is_changed[change.site] = false;
		b->fn(b->context, &change);
	}
	b->changed_count = 0;
	change.site = RCP_NONE;
	change.bytes = b->total_bytes;
	change.blocks = b->total_blocks;
	b->fn(b->context, &change);
}

bool
rcp_changes_each(struct rcp_set *set, const struct rcp_query *query,
		 rcp_change_fn *fn, void *context, struct rcp_error *error)
{
	struct by_site b = { .fn = fn, .context = context };
	struct rcp_follower follower = { site_delta, site_point, &b };
	bool good;

	b.bytes = rcp_alloc(set->site_count * sizeof(*b.bytes));
	b.blocks = rcp_alloc(set->site_count * sizeof(*b.blocks));
	b.is_changed = rcp_alloc(set->site_count * sizeof(*b.is_changed));
	good = rcp_follow(set, query, &follower, error);
	free(b.bytes);
	free(b.blocks);
	free(b.is_changed);
	free(b.changed);
	return good;
}
