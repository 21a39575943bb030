/* SPDX-License-Identifier: MIT
 *
 * load.c - the one pass over a whole file that opening it takes: definitions
 * into the tables, snapshots into a list with their sums.  Offline only.
 */
#include "model/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "format/paths.h"
#include "model/cells.h"
#include "model/memory.h"

struct rcp_load *
rcp_load_new(struct rcp_set *set, const char *path,
	     struct rcp_error *error)
{
	struct rcp_load *load = rcp_alloc(sizeof(*load));

	if (!rcp_file_map(&load->file, path, error)) {
		free(load);
		return NULL;
	}
	load->set = set;
	load->process = rcp_alloc(sizeof(*load->process));
	load->process->load = load;
	load->process->path =
		rcp_strings_keep(&set->tables->strings, path);
	load->process->file_size = load->file.size;
	load->process->header = load->file.header;
	load->first_time = UINT64_MAX;
	load->age_unit = 1;
	load->marked_snap = RCP_NONE;
	load->rss_stride = 1;
	load->string_ids.words = load->code_ids.words = 1;
	load->module_ids.words = load->node_ids.words = 1;
	load->site_ids.words = load->thread_ids.words = 1;
	load->type_ids.words = load->cycle_ids.words = 1;
	load->frames.words = 3;
	return load;
}

void
rcp_load_free(struct rcp_load *load)
{
	struct rcp_process *process = load->process;
	struct rcp_map *maps[] = {
		&load->string_ids, &load->code_ids, &load->module_ids,
		&load->node_ids, &load->site_ids, &load->thread_ids,
		&load->type_ids, &load->cycle_ids, &load->frames,
	};

	rcp_file_close(&load->file);
	if (load->kept)
		rcp_state_free(load->kept);
	free(load->kept);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		rcp_map_free(maps[i]);
	free(load->strings);
	free(load->codes);
	free(load->modules);
	free(load->nodes);
	free(load->places);
	free(load->place_frames);
	free(load->sites);
	free(process->infos);
	free(process->coverage);
	free(process->threads);
	free(process->types);
	free(process->snaps);
	free(process->rss);
	free(process->events);
	free(process->gcs);
	free(process->cycles);
	free(process->cycle_members);
	free(process->cascades);
	free(process->garbage);
	free(process);
	free(load);
}

static void
note_snapshot(struct rcp_load *load, const struct rcp_state *state)
{
	struct rcp_process *process = load->process;
	struct rcp_snap_info *snap;
	uint64_t last = 0;

	if (process->snap_count)
		last = process->snaps[process->snap_count - 1].time;
	process->snaps = rcp_room(process->snaps, process->snap_count,
				  &load->snap_room, sizeof(*process->snaps));
	snap = &process->snaps[process->snap_count++];
	snap->seq = state->seq;
	snap->time = rcp_load_time(load, state->time);
	if (snap->time < last)
		snap->time = last; /* only in a file that makes no sense */
	snap->offset = state->offset;
	snap->live_bytes = state->live_bytes;
	snap->live_blocks = state->live_blocks;
	snap->live_variance = RCP_VAR_UNIT * (double)state->live_variance;
	snap->rss = state->totals[RCP_TOTAL_RSS];
	snap->reason = state->reason;
	snap->keyframe = state->keyframe;
	if ((state->totals_seen >> RCP_TOTAL_LIVE_BYTES & 1 &&
	     state->totals[RCP_TOTAL_LIVE_BYTES] !=
		     (uint64_t)state->live_bytes) ||
	    (state->totals_seen >> RCP_TOTAL_LIVE_BLOCKS & 1 &&
	     state->totals[RCP_TOTAL_LIVE_BLOCKS] !=
		     (uint64_t)state->live_blocks))
		process->bad_sums++;
	load->ended = false; /* a failed exec went on */
}

static void
note_peak(struct rcp_load *load, const struct rcp_state *state)
{
	rcp_state_peak(state, &load->peak_bytes, &load->peak_variance);
	load->peak_known = state->totals[RCP_TOTAL_PEAK_EPOCH] != 0;
	load->peak_time =
		rcp_load_clock(load, state->totals[RCP_TOTAL_PEAK_TIME]);
}

static void
take_records(struct rcp_load *load, const struct rcp_raw_chunk *chunk,
	     struct rcp_paths *paths)
{
	struct rcp_records records;
	struct rcp_record record;
	int more;

	rcp_records_begin_paths(&records, chunk, paths);
	while ((more = rcp_records_next(&records, &record)) > 0) {
		if (record.type >= RCP_CHUNK_STRING &&
		    record.type <= RCP_CHUNK_TYPE)
			rcp_load_definition(load, &record);
		else
			rcp_load_note(load, &record);
	}
	if (more < 0)
		load->process->bad_records++;
}

/* Is the process that wrote the file still there?  On another machine its pid
 * says nothing. */
static bool
is_alive(const struct rcp_process *process)
{
	const char *host = rcp_process_info(process, RCP_INFO_HOST);
	struct utsname name;
	char path[64], line[1024];
	unsigned long long start = 0;
	const char *p;
	FILE *stat;

	if (host && uname(&name) == 0 && strcmp(host, name.nodename) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/stat", process->header.pid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	p = fgets(line, sizeof(line), stat);
	fclose(stat);
	/* Field 2 is the name in parentheses and may hold anything. */
	if (!p || !(p = strrchr(line, ')')) || p[1] != ' ' || p[2] == 'Z')
		return false;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, "%llu", &start) == 1 &&
	       start == process->header.proc_start;
}

static void
conclude(struct rcp_load *load)
{
	const struct rcp_file *file = &load->file;
	struct rcp_process *process = load->process;
	struct rcp_end_info *end = &process->end;

	if (process->snap_count)
		end->last_snapshot =
			process->snaps[process->snap_count - 1].time;
	if (!load->ended) {
		end->time = load->last_time;
		end->status = 0;
		end->reason = is_alive(process) ? RCP_ENDED_RUNNING :
						  RCP_ENDED_CUT;
	}
	/* A running process may be in the middle of a write. */
	if (file->damaged ||
	    (file->cut && end->reason != RCP_ENDED_RUNNING)) {
		end->cut_offset = file->offset;
		end->why = rcp_strings_keep(&load->set->tables->strings,
					    file->why);
	}
	if (load->first_time == UINT64_MAX)
		load->first_time = load->last_time = load->shift;
}

/* Keeps the state at the end, which is what is looked at most, as long as all
 * processes together stay within bounds. */
#define KEPT_CELLS (1u << 20)

static void
keep(struct rcp_load *load, struct rcp_state *state)
{
	struct rcp_tables *tables = load->set->tables;

	if (state->cell_count > KEPT_CELLS - tables->kept_cells) {
		rcp_state_free(state);
		return;
	}
	tables->kept_cells += state->cell_count;
	free(state->pending);
	state->pending = NULL;
	load->kept = rcp_alloc(sizeof(*load->kept));
	*load->kept = *state;
}

static void
take_snapshot(struct rcp_load *load, struct rcp_state *state)
{
	note_snapshot(load, state);
	if (state->reason != RCP_SNAP_END_PYTHON)
		return;
	rcp_state_mark(state);
	load->marked_snap = (uint32_t)load->process->snap_count - 1;
}

void
rcp_load_run(struct rcp_load *load, const struct rcp_open_options *options)
{
	struct rcp_file *file = &load->file;
	struct rcp_paths *paths = rcp_alloc(sizeof(*paths));
	struct rcp_state state;
	struct rcp_raw_chunk chunk;
	uint64_t told = 0;

	rcp_state_init(&state, load);
	state.make = true;
	while (rcp_file_next(file, &chunk)) {
		if (rcp_state_take(&state, &chunk))
			take_snapshot(load, &state);
		else if ((chunk.type < RCP_CHUNK_SNAP_BEGIN ||
			  chunk.type > RCP_CHUNK_SNAP_END) &&
			 chunk.type != RCP_CHUNK_COUNTS)
			take_records(load, &chunk, paths);
		if (options->progress && file->offset - told > 1u << 20) {
			told = file->offset;
			options->progress(options->progress_context,
					  (double)told / (double)file->size);
		}
	}
	free(paths);
	memcpy(load->process->totals, state.totals, sizeof(state.totals));
	/* No SNAP_END could count the last ones. */
	if (load->ended &&
	    load->process->totals[RCP_TOTAL_SNAPSHOTS_LOST] < load->lost)
		load->process->totals[RCP_TOTAL_SNAPSHOTS_LOST] = load->lost;
	load->process->bad_records += state.bad;
	for (size_t i = 0; i < state.cell_count; i++)
		load->process->samples +=
			state.cells[i].values[RCP_CELL_SAMPLES];
	note_peak(load, &state);
	keep(load, &state);
	rcp_file_rest(file);
	conclude(load);
}

const char *
rcp_end_name(enum rcp_end_reason reason)
{
	static const char *const names[] = { "exit", "exec", "signal", "cut",
					     "running" };

	return names[reason];
}
