/* SPDX-License-Identifier: MIT
 *
 * view.c - the numbers of all sites at a moment or over a window, from the
 * states of the processes at the few snapshots that it takes.  Offline only.
 */
#include "model/view.h"

#include <stdlib.h>

#include "model/builder.h"
#include "model/memory.h"
#include "model/pass.h"
#include "model/peak.h"

struct making {
	struct rcp_set *set;
	const struct rcp_query *query;
	struct rcp_builder builder;
	struct rcp_view *view;
	struct rcp_own_peak *own; /* of each process, up to the moment */
	uint32_t *peak_snap; /* the snapshot that knows own, or RCP_NONE */
	struct rcp_error *error;
};

/* What was lost after the last snapshot stands only in END. */
static void
add_totals(struct rcp_view *view, const struct rcp_process *process,
	   uint32_t snap, const struct rcp_state *state)
{
	for (size_t i = 0; i < RCP_TOTALS; i++)
		view->totals[i] += state->totals[i];
	if (snap + 1 == process->snap_count)
		view->totals[RCP_TOTAL_SNAPSHOTS_LOST] +=
			process->totals[RCP_TOTAL_SNAPSHOTS_LOST] -
			state->totals[RCP_TOTAL_SNAPSHOTS_LOST];
}

/* Adds the state of a process at one snapshot. */
static bool
add(struct making *m, uint32_t process, uint32_t snap, enum rcp_role role)
{
	struct rcp_state room;
	const struct rcp_state *state = rcp_state_look(
		m->set->processes[process], snap, &room, m->error);

	if (!state)
		return false;
	rcp_builder_add(&m->builder, process, state, role);
	if (role == RCP_ROLE_AT || role == RCP_ROLE_AT_GONE)
		add_totals(m->view, m->set->processes[process], snap, state);
	rcp_state_free(&room);
	return true;
}

/* A process's own peak as of the moment: that of its whole life was worked
 * out when it was read. */
static bool
find_own_peak(struct making *m, uint32_t i)
{
	const struct rcp_process *process = m->set->processes[i];
	struct rcp_own_peak *own = &m->own[i];
	struct rcp_state room;
	const struct rcp_state *state;

	m->peak_snap[i] = RCP_NONE;
	if (m->query->at.kind == RCP_AT_TIME)
		m->peak_snap[i] = rcp_snap_at(m->set, i, &m->query->at);
	else if (process->snap_count)
		m->peak_snap[i] = (uint32_t)process->snap_count - 1;
	if (m->peak_snap[i] == RCP_NONE)
		return true;
	own->known = process->load->peak_known;
	own->time = process->load->peak_time;
	own->bytes = process->load->peak_bytes;
	own->variance = process->load->peak_variance;
	if (m->peak_snap[i] == process->snap_count - 1)
		return true;
	state = rcp_state_look(process, m->peak_snap[i], &room, m->error);
	if (!state)
		return false;
	rcp_state_peak(state, &own->bytes, &own->variance);
	own->known = state->totals[RCP_TOTAL_PEAK_EPOCH] != 0;
	own->time = rcp_load_clock(process->load,
				   state->totals[RCP_TOTAL_PEAK_TIME]);
	rcp_state_free(&room);
	return true;
}

/* Who had what at the highest sum in the window. */
static bool
add_peak(struct making *m)
{
	uint64_t from = 0, to = UINT64_MAX - 1;

	for (uint32_t i = 0; i < m->set->process_count; i++)
		if (!find_own_peak(m, i))
			return false;
	if (m->query->window)
		from = m->query->from.time;
	if (m->query->at.kind == RCP_AT_TIME)
		to = m->query->at.time;
	m->view->peak = rcp_peak_between(m->set, from, to, m->own);
	for (uint32_t i = 0; i < m->set->process_count; i++) {
		struct rcp_moment at = { RCP_AT_TIME, m->view->peak.time };
		uint32_t snap = rcp_snap_at(m->set, i, &at);
		enum rcp_role role = RCP_ROLE_PEAK;

		if (i == m->view->peak.process) {
			snap = m->peak_snap[i];
			role = RCP_ROLE_PEAK_OWN;
		} else if (rcp_gone_at(m->set, i, &at)) {
			continue;
		}
		if (snap != RCP_NONE && !add(m, i, snap, role))
			return false;
	}
	return true;
}

/* Counters and live at the moment. */
static bool
add_moment(struct making *m)
{
	const struct rcp_moment *at = &m->query->at;
	uint64_t first = UINT64_MAX;
	bool any = false;

	for (uint32_t i = 0; i < m->set->process_count; i++) {
		const struct rcp_process *process = m->set->processes[i];
		uint32_t snap = rcp_snap_at(m->set, i, at);
		enum rcp_role role = RCP_ROLE_AT;

		if (process->snap_count && process->snaps[0].time < first)
			first = process->snaps[0].time;
		if (snap == RCP_NONE)
			continue;
		any = true;
		if (at->kind == RCP_AT_PEAK || rcp_gone_at(m->set, i, at))
			role = RCP_ROLE_AT_GONE;
		if (process->snaps[snap].time > m->view->time)
			m->view->time = process->snaps[snap].time;
		if (!add(m, i, snap, role))
			return false;
	}
	/* A peak may lie before the first snapshot, which still tells it. */
	if (any || first == UINT64_MAX || at->kind == RCP_AT_PEAK)
		return true;
	rcp_error_set(m->error, "there is no snapshot at or before %.2f s; "
		      "the first one is at %.2f s", (double)at->time / 1e9,
		      (double)first / 1e9);
	return false;
}

static bool
add_begin(struct making *m)
{
	const struct rcp_moment *from = &m->query->from;

	for (uint32_t i = 0; i < m->set->process_count; i++) {
		const struct rcp_process *process = m->set->processes[i];
		uint32_t snap = rcp_snap_at(m->set, i, from);

		if (snap == RCP_NONE)
			continue;
		if (process->snaps[snap].time > m->view->from)
			m->view->from = process->snaps[snap].time;
		if (!add(m, i, snap,
			 rcp_gone_at(m->set, i, from) ? RCP_ROLE_FROM_GONE :
							RCP_ROLE_FROM))
			return false;
	}
	return true;
}

/* At the peak, what lives is what the peak is made of. */
static void
show_peak(struct rcp_view *view)
{
	view->time = view->peak.time;
	for (size_t i = 0; i < view->part_count; i++) {
		struct rcp_values *v = &view->parts[i].values;
		struct rcp_values more = {
			.live_bytes = v->peak_bytes,
			.live_blocks = v->peak_blocks,
			.grown_bytes = v->peak_bytes,
			.grown_blocks = v->peak_blocks,
			.var_live = v->var_peak,
			.var_live_blocks = v->var_peak_blocks,
		};

		rcp_values_add(v, &more);
	}
}

static bool
make(struct making *m)
{
	const struct rcp_query *q = m->query;

	if (q->window && q->at.kind == RCP_AT_TIME &&
	    q->from.time > q->at.time) {
		rcp_error_set(m->error, "the window begins (%.2f s) after "
			      "its end (%.2f s)", (double)q->from.time / 1e9,
			      (double)q->at.time / 1e9);
		return false;
	}
	if (!add_moment(m) || (q->window && !add_begin(m)))
		return false;
	if (!q->without_peak && !add_peak(m))
		return false;
	if (q->at.kind == RCP_AT_PEAK)
		show_peak(m->view);
	return true;
}

struct rcp_view *
rcp_view_new(struct rcp_set *set, const struct rcp_query *query,
	     struct rcp_error *error)
{
	struct making m = { .set = set, .query = query, .error = error };
	struct rcp_filter *filter = rcp_filter_new(set, query, error);
	bool good;

	if (!filter)
		return NULL;
	m.view = rcp_alloc(sizeof(*m.view));
	m.own = rcp_alloc(set->process_count * sizeof(*m.own));
	m.peak_snap = rcp_alloc(set->process_count * sizeof(*m.peak_snap));
	rcp_builder_init(&m.builder, set, m.view, filter);
	good = make(&m);
	if (good)
		rcp_builder_rows(&m.builder, query->metric);
	rcp_builder_free(&m.builder);
	rcp_filter_free(filter);
	free(m.own);
	free(m.peak_snap);
	if (good)
		return m.view;
	rcp_view_free(m.view);
	return NULL;
}

void
rcp_view_free(struct rcp_view *view)
{
	if (!view)
		return;
	free(view->rows);
	free(view->parts);
	free(view->objects);
	free(view->cycles);
	free(view);
}
