/* SPDX-License-Identifier: MIT
 *
 * note.c - what a file tells besides cells and definitions: INFO, COVERAGE,
 * the RSS curve, events, collections, the end.  Offline only.
 */
#include <stdlib.h>
#include <string.h>

#include "model/load.h"
#include "model/memory.h"

#define RSS_POINTS 262144u /* the curve is halved when it has so many */
#define PAIRS_MAX 1024u   /* keys; they are searched one by one */
#define TIME_MAX (UINT64_MAX / 4) /* sums of times must not wrap */

uint64_t
rcp_load_clock(const struct rcp_load *load, uint64_t time)
{
	return (time > TIME_MAX ? TIME_MAX : time) + load->shift;
}

uint64_t
rcp_load_time(struct rcp_load *load, uint64_t time)
{
	time = rcp_load_clock(load, time);
	if (time > load->last_time)
		load->last_time = time;
	if (time < load->first_time)
		load->first_time = time;
	return time;
}

/* --- key and value --- */

static void
set_pair(struct rcp_load *load, struct rcp_pair **pairs, size_t *count,
	 size_t *room, const struct rcp_record *record)
{
	struct rcp_strings *pool = &load->set->tables->strings;
	const char *key = rcp_strings_text(pool, record->u.info.key.data,
					   record->u.info.key.len);
	struct rcp_pair *pair = NULL;

	for (size_t i = 0; i < *count && !pair; i++)
		if ((*pairs)[i].key == key)
			pair = &(*pairs)[i];
	if (!pair && *count == PAIRS_MAX) {
		load->process->bad_records++;
		return;
	}
	if (!pair) {
		*pairs = rcp_room(*pairs, *count, room, sizeof(**pairs));
		pair = &(*pairs)[(*count)++];
		pair->key = key;
	}
	pair->length = record->u.info.value.len;
	pair->value = rcp_strings_bytes(pool, record->u.info.value.data,
					pair->length);
}

static void
note_info(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	const char *unit;
	size_t digits;

	set_pair(load, &process->infos, &process->info_count,
		 &load->info_room, record);
	unit = rcp_process_info(process, RCP_INFO_MODEL_AGE_NS);
	digits = unit ? strspn(unit, "0123456789") : 0;
	load->age_unit = 1;
	if (digits > 0 && digits <= 18 && unit[digits] == '\0')
		load->age_unit = strtoull(unit, NULL, 10);
}

static void
note_coverage(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;

	set_pair(load, &process->coverage, &process->coverage_count,
		 &load->coverage_room, record);
}

static const char *
find_pair(const struct rcp_pair *pairs, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return NULL;
}

const char *
rcp_process_info(const struct rcp_process *process, const char *key)
{
	return find_pair(process->infos, process->info_count, key);
}

const char *
rcp_process_coverage(const struct rcp_process *process, const char *key)
{
	return find_pair(process->coverage, process->coverage_count, key);
}

/* --- the RSS curve --- */

/* Halves the curve: of two neighbours the higher one stays. */
static void
thin(struct rcp_process *process)
{
	size_t kept = 0;

	for (size_t i = 0; i + 1 < process->rss_count; i += 2) {
		const struct rcp_rss_point *pair = &process->rss[i];

		process->rss[kept++] = pair[pair[1].rss > pair[0].rss];
	}
	if (process->rss_count % 2)
		process->rss[kept++] = process->rss[process->rss_count - 1];
	process->rss_count = kept;
}

/* Past the first halving each kept point stands for `stride` of the file. */
static void
note_rss(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_rss_point point = {
		.time = rcp_load_time(load, record->u.rss.time),
		.rss = record->u.rss.rss,
		.live = record->u.rss.live,
	};
	struct rcp_rss_point *last = NULL;

	if (process->rss_count)
		last = &process->rss[process->rss_count - 1];
	if (last && point.time < last->time)
		point.time = last->time;
	if (last && load->rss_skipped + 1 < load->rss_stride) {
		load->rss_skipped++;
		if (point.rss > last->rss)
			*last = point;
		return;
	}
	load->rss_skipped = 0;
	process->rss = rcp_room(process->rss, process->rss_count,
				&load->rss_room, sizeof(*process->rss));
	process->rss[process->rss_count++] = point;
	if (process->rss_count == RSS_POINTS) {
		thin(process);
		load->rss_stride *= 2;
		load->rss_skipped = load->rss_stride - 1;
	}
}

/* --- events --- */

static void
note_event(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_strings *pool = &load->set->tables->strings;
	struct rcp_event_info *event;

	process->events = rcp_room(process->events, process->event_count,
				   &load->event_room,
				   sizeof(*process->events));
	event = &process->events[process->event_count++];
	event->time = rcp_load_time(load, record->u.event.time);
	event->kind = record->u.event.kind;
	event->thread = record->u.event.thread ?
				rcp_map_get1(&load->thread_ids,
					     record->u.event.thread) :
				RCP_NONE;
	event->number = record->u.event.number;
	event->text = NULL;
	if (record->u.event.text.data)
		event->text = rcp_strings_text(pool,
					       record->u.event.text.data,
					       record->u.event.text.len);
}

static void
note_gc(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_gc_info *gc;
	uint32_t node = 0;

	if (record->u.gc.node)
		node = rcp_load_node(load, record->u.gc.node);
	process->gcs = rcp_room(process->gcs, process->gc_count,
				&load->gc_room, sizeof(*process->gcs));
	gc = &process->gcs[process->gc_count++];
	gc->time = rcp_load_time(load, record->u.gc.time);
	gc->pause = record->u.gc.pause;
	gc->collected = record->u.gc.collected;
	gc->uncollectable = record->u.gc.uncollectable;
	gc->generation = record->u.gc.generation;
	gc->node = node == RCP_NONE ? 0 : node;
	gc->thread = record->u.gc.thread ?
			     rcp_map_get1(&load->thread_ids,
					  record->u.gc.thread) :
			     RCP_NONE;
}

static void
note_end(struct rcp_load *load, const struct rcp_record *record)
{
	static const enum rcp_end_reason reasons[] = {
		[RCP_END_EXIT] = RCP_ENDED_EXIT,
		[RCP_END_EXEC] = RCP_ENDED_EXEC,
		[RCP_END_SIGNAL] = RCP_ENDED_SIGNAL,
	};
	struct rcp_end_info *end = &load->process->end;

	if (record->u.end.reason < RCP_END_EXIT ||
	    record->u.end.reason > RCP_END_SIGNAL) {
		load->process->bad_records++;
		return;
	}
	end->reason = reasons[record->u.end.reason];
	end->status = record->u.end.status;
	end->time = rcp_load_time(load, record->u.end.time);
	load->lost = record->u.end.lost;
	load->ended = true;
}

void
rcp_load_note(struct rcp_load *load, const struct rcp_record *record)
{
	switch (record->type) {
	case RCP_CHUNK_INFO:
		note_info(load, record);
		break;
	case RCP_CHUNK_COVERAGE:
		note_coverage(load, record);
		break;
	case RCP_CHUNK_RSS:
		note_rss(load, record);
		break;
	case RCP_CHUNK_EVENT:
		note_event(load, record);
		break;
	case RCP_CHUNK_GC:
		note_gc(load, record);
		break;
	case RCP_CHUNK_END:
		note_end(load, record);
		break;
	case RCP_CHUNK_CYCLE:
	case RCP_CHUNK_CASCADE:
	case RCP_CHUNK_GARBAGE:
		rcp_load_collected(load, record);
		break;
	default:
		break; /* an index is not needed: this reader builds its own */
	}
}
