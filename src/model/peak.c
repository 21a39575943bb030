/* SPDX-License-Identifier: MIT
 *
 * peak.c - snapshots that stand for a moment, and the highest sum of live
 * bytes over several processes on one clock.  Offline only.
 */
#include "model/peak.h"

#include <stdlib.h>

#include "model/load.h"
#include "model/memory.h"

/* The last snapshot at or before `time`. */
static uint32_t
last_before(const struct rcp_process *process, uint64_t time)
{
	size_t low = 0, high = process->snap_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (process->snaps[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? (uint32_t)(low - 1) : RCP_NONE;
}

uint32_t
rcp_snap_at(const struct rcp_set *set, size_t index,
	    const struct rcp_moment *moment)
{
	const struct rcp_process *process = set->processes[index];
	size_t last = process->snap_count;

	if (last == 0)
		return RCP_NONE;
	if (moment->kind == RCP_AT_TIME)
		return last_before(process, moment->time);
	if (moment->kind == RCP_AT_PEAK)
		return last_before(process, rcp_set_peak(set).time);
	while (last-- > 0)
		if (process->snaps[last].reason == RCP_SNAP_END_PYTHON)
			return (uint32_t)last;
	return (uint32_t)process->snap_count - 1;
}

static bool
gone(const struct rcp_set *set, const struct rcp_process *process,
     uint64_t time)
{
	return process->end.reason != RCP_ENDED_RUNNING &&
	       process->end.time < set->end_time && process->end.time < time;
}

bool
rcp_gone_at(const struct rcp_set *set, size_t process,
	    const struct rcp_moment *moment)
{
	uint64_t time = moment->time;

	if (moment->kind == RCP_AT_END)
		return false;
	if (moment->kind == RCP_AT_PEAK)
		time = rcp_set_peak(set).time;
	return gone(set, set->processes[process], time);
}

/* Adds the live bytes of a process by its last snapshot at or before `time`
 * to a peak. */
static void
add_live_at(const struct rcp_set *set, size_t index, uint64_t time,
	    struct rcp_peak *sum)
{
	const struct rcp_process *process = set->processes[index];
	uint32_t snap = last_before(process, time);

	if (snap == RCP_NONE || gone(set, process, time))
		return;
	sum->bytes = (int64_t)((uint64_t)sum->bytes +
			       (uint64_t)process->snaps[snap].live_bytes);
	sum->variance += process->snaps[snap].live_variance;
}

/* One process's next point in the order of time. */
struct cursor {
	uint32_t process;
	size_t next;
	int64_t live;
	double variance;
};

static uint64_t
cursor_time(const struct rcp_set *set, const struct cursor *cursor)
{
	const struct rcp_process *process = set->processes[cursor->process];

	if (cursor->next < process->snap_count)
		return process->snaps[cursor->next].time;
	if (cursor->next > process->snap_count ||
	    process->end.reason == RCP_ENDED_RUNNING ||
	    process->end.time >= set->end_time)
		return UINT64_MAX;
	return process->end.time;
}

static void
sift(const struct rcp_set *set, struct cursor *heap, size_t count, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1;
		struct cursor swap = heap[i];

		for (size_t c = left; c <= left + 1 && c < count; c++)
			if (cursor_time(set, &heap[c]) <
			    cursor_time(set, &heap[least]))
				least = c;
		if (least == i)
			return;
		heap[i] = heap[least];
		heap[least] = swap;
		i = least;
	}
}

/* To the next point. */
static void
step(const struct rcp_set *set, struct cursor *c)
{
	const struct rcp_process *process = set->processes[c->process];
	bool over = c->next >= process->snap_count;

	c->live = over ? 0 : process->snaps[c->next].live_bytes;
	c->variance = over ? 0 : process->snaps[c->next].live_variance;
	c->next++;
}

/* The highest sum at a snapshot in the window. */
static struct rcp_peak
peak_of_snapshots(const struct rcp_set *set, uint64_t from, uint64_t to)
{
	struct rcp_peak peak = { from, 0, 0, RCP_NONE };
	struct cursor *heap = rcp_alloc(set->process_count * sizeof(*heap));
	size_t n = set->process_count;
	bool any = false;
	uint64_t sum = 0;
	double variance = 0;

	for (size_t i = 0; i < n; i++)
		heap[i].process = (uint32_t)i;
	for (size_t i = n; i-- > 0;)
		sift(set, heap, n, i);
	for (;;) {
		struct cursor *c = &heap[0];
		uint64_t time = cursor_time(set, c);

		if (time == UINT64_MAX || time > to)
			break;
		sum -= (uint64_t)c->live;
		variance -= c->variance;
		step(set, c);
		sum += (uint64_t)c->live;
		variance += c->variance;
		sift(set, heap, n, 0);
		/* What happens at one time is one moment. */
		if (cursor_time(set, &heap[0]) == time)
			continue;
		if (time >= from && (!any || (int64_t)sum > peak.bytes)) {
			peak.time = time;
			peak.bytes = (int64_t)sum;
			peak.variance = variance;
			any = true;
		}
	}
	free(heap);
	return peak;
}

struct rcp_peak
rcp_peak_between(const struct rcp_set *set, uint64_t from, uint64_t to,
		 const struct rcp_own_peak *own)
{
	struct rcp_peak peak;

	/* Of one process the recorded peak is right; a snapshot of a process
	 * with busy threads is a little blurred and must not outdo it. */
	if (set->process_count == 1 && own[0].known && own[0].time >= from &&
	    own[0].time <= to)
		return (struct rcp_peak){ own[0].time, own[0].bytes,
					  own[0].variance, 0 };
	peak = peak_of_snapshots(set, from, to);
	for (size_t i = 0; i < set->process_count; i++) {
		struct rcp_peak sum = { own[i].time, own[i].bytes,
					own[i].variance, (uint32_t)i };

		if (!own[i].known || own[i].time < from || own[i].time > to)
			continue;
		for (size_t j = 0; j < set->process_count; j++)
			if (j != i)
				add_live_at(set, j, own[i].time, &sum);
		if (sum.bytes >= peak.bytes)
			peak = sum;
	}
	return peak;
}

void
rcp_peak_settle(struct rcp_set *set)
{
	struct rcp_own_peak *own =
		rcp_alloc(set->process_count * sizeof(*own));

	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_load *load = set->processes[i]->load;

		own[i].known = load->peak_known;
		own[i].time = load->peak_time;
		own[i].bytes = load->peak_bytes;
		own[i].variance = load->peak_variance;
	}
	set->tables->peak = rcp_peak_between(set, 0, UINT64_MAX - 1, own);
	free(own);
}

struct rcp_peak
rcp_set_peak(const struct rcp_set *set)
{
	return set->tables->peak;
}
