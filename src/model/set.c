/* SPDX-License-Identifier: MIT
 *
 * set.c - opens one or more files as one set with one clock.  Offline only.
 */
#include "model/set.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "model/load.h"
#include "model/memory.h"
#include "model/peak.h"
#include "model/symbolize.h"
#include "model/tree.h"

/* From the file's clock to the set's.  Files of one tree share their zero;
 * others are brought together by the wall clock. */
static void
set_clocks(struct rcp_set *set)
{
	struct rcp_file_header *first = &set->processes[0]->header;

	for (size_t i = 1; i < set->process_count; i++)
		if (set->processes[i]->header.start_wall < first->start_wall)
			first = &set->processes[i]->header;
	set->start_wall = first->start_wall;
	for (size_t i = 0; i < set->process_count; i++) {
		struct rcp_process *process = set->processes[i];
		uint64_t shift = process->header.start_wall -
				 first->start_wall;

		if (process->header.start_mono == first->start_mono)
			shift = 0;
		/* Beyond a century apart one of the clocks was never set. */
		if (shift >> 62)
			shift = 0;
		process->load->shift = shift;
	}
}

static bool
same_process(const struct rcp_file_header *a, const struct rcp_file_header *b)
{
	return a->pid == b->pid && a->proc_start == b->proc_start;
}

/* When a process began: the root at zero, a forked child by the kernel's
 * clock, and what was exec'd where its predecessor ended. */
static void
set_start(struct rcp_set *set, struct rcp_process *process)
{
	const struct rcp_file_header *h = &process->header;
	const struct rcp_load *load = process->load;
	uint64_t start = load->first_time;

	if (h->pid == h->root_pid && h->proc_start == h->root_start) {
		start = load->shift;
	} else if (h->clock_ticks && h->proc_start >= h->root_start) {
		uint64_t ticks = h->proc_start - h->root_start;
		double ns = (double)ticks * 1e9 / h->clock_ticks;

		if (ns < (double)(start - load->shift))
			start = load->shift + (uint64_t)ns;
	}
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *other = set->processes[i];

		if (other != process && same_process(&other->header, h) &&
		    other->end.reason == RCP_ENDED_EXEC &&
		    other->end.time <= load->first_time &&
		    other->end.time > start)
			start = other->end.time;
	}
	process->start = start;
}

static int
by_start(const void *a, const void *b)
{
	const struct rcp_process *x = *(struct rcp_process *const *)a;
	const struct rcp_process *y = *(struct rcp_process *const *)b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->header.pid < y->header.pid ? -1 :
	       x->header.pid > y->header.pid;
}

static void
finish(struct rcp_set *set)
{
	for (size_t i = 0; i < set->process_count; i++) {
		set_start(set, set->processes[i]);
		if (set->processes[i]->end.time > set->end_time)
			set->end_time = set->processes[i]->end.time;
	}
	qsort(set->processes, set->process_count, sizeof(*set->processes),
	      by_start);
	rcp_peak_settle(set);
}

struct part {
	const struct rcp_open_options *options;
	size_t done, count;
};

static void
progress_of_part(void *context, double done)
{
	const struct part *part = context;

	part->options->progress(part->options->progress_context,
				((double)part->done + done) /
					(double)part->count);
}

/* Each file stays open: by the time it is read again its name may belong to
 * another one (a profile that was thinned out).  A big tree has many. */
static void
allow_files(size_t count)
{
	struct rlimit limit;

	if (count < 200 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Opens all files before reading any: their headers give the clock. */
static bool
open_all(struct rcp_set *set, const char *const *paths, size_t count,
	 struct rcp_error *error)
{
	set->processes = rcp_alloc(count * sizeof(struct rcp_process *));
	allow_files(count);
	for (size_t i = 0; i < count; i++) {
		struct rcp_load *load = rcp_load_new(set, paths[i], error);

		if (!load)
			return false;
		set->processes[i] = load->process;
		set->process_count = i + 1;
	}
	return true;
}

static void
open_symbols(struct rcp_set *set, const struct rcp_open_options *options)
{
	struct rcp_symbol_search search = {
		.sysroot = options->sysroot,
		.debug_dir = options->debug_dir,
		.start_wall = set->start_wall,
		.no_cache = options->flags & RCP_OPEN_NO_CACHE,
	};

	if (!(options->flags & RCP_OPEN_NO_SYMBOLS))
		set->tables->symbols = rcp_symbols_new(&search);
}

struct rcp_set *
rcp_set_open(const char *const *paths, size_t count,
	     const struct rcp_open_options *options, struct rcp_error *error)
{
	static const struct rcp_open_options plain;
	struct rcp_open_options each = { 0 };
	struct rcp_set *set = rcp_alloc(sizeof(*set));
	struct part part = { options ? options : &plain, 0, count };

	rcp_tree_init(set);
	if (!open_all(set, paths, count, error)) {
		rcp_set_close(set);
		return NULL;
	}
	set_clocks(set);
	set->native = part.options->native;
	open_symbols(set, part.options);
	if (part.options->progress)
		each.progress = progress_of_part;
	each.progress_context = &part;
	for (; part.done < count; part.done++)
		rcp_load_run(set->processes[part.done]->load, &each);
	finish(set);
	return set;
}

void
rcp_set_close(struct rcp_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->process_count; i++)
		rcp_load_free(set->processes[i]->load);
	free(set->processes);
	rcp_tree_free(set);
	free(set);
}

uint64_t
rcp_wall(const struct rcp_set *set, uint64_t time)
{
	return set->start_wall + time;
}

bool
rcp_chunks_each(const char *path, struct rcp_file_header *header,
		rcp_chunk_fn *fn, void *context, struct rcp_end_info *end,
		struct rcp_error *error)
{
	struct rcp_raw_chunk chunk;
	struct rcp_file file;

	if (!rcp_file_map(&file, path, error))
		return false;
	*header = file.header;
	while (rcp_file_next(&file, &chunk))
		if (!fn(context, &chunk))
			break;
	*end = (struct rcp_end_info){ .cut_offset = file.offset };
	if (file.cut)
		end->why = "it ends within a chunk";
	else if (file.damaged)
		end->why = "a chunk is damaged";
	rcp_file_close(&file);
	return true;
}
