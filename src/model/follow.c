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

/* Differences of one cell between two states of it. */
static void
tell(struct following *f, const struct rcp_step *step,
     const struct rcp_cell *cell, int64_t old_bytes, int64_t old_blocks,
     int64_t bytes, int64_t blocks)
{
	struct rcp_delta delta = {
		.process = step->process,
		.thread = cell->thread,
		.site = step->state->load->sites[cell->site],
		.bytes = (int64_t)((uint64_t)bytes - (uint64_t)old_bytes),
		.blocks = (int64_t)((uint64_t)blocks - (uint64_t)old_blocks),
	};

	if ((delta.bytes || delta.blocks) &&
	    rcp_filter_site(f->filter, delta.site) &&
	    rcp_filter_thread(f->filter, delta.process, delta.thread))
		f->follower->delta(f->follower->context, &delta);
}

static void
tell_step(struct following *f, const struct rcp_step *step)
{
	const struct rcp_state *state = step->state;

	if (step->snap == RCP_NONE) {
		for (size_t i = 0; i < state->cell_count; i++) {
			const struct rcp_cell *cell = &state->cells[i];

			tell(f, step, cell, rcp_cell_live(cell),
			     rcp_cell_blocks(cell), 0, 0);
		}
		return;
	}
	for (size_t i = 0; i < state->touched_count; i++) {
		const struct rcp_cell *cell = &state->cells[state->touched[i]];

		tell(f, step, cell, cell->old_bytes, cell->old_blocks,
		     rcp_cell_live(cell), rcp_cell_blocks(cell));
	}
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
