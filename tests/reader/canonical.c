/* SPDX-License-Identifier: MIT
 *
 * canonical.c - not a test itself: prints what the model says of one file, in
 * the form of rcpread.py.  Exits 3 if the file does not open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/pass.h"

static struct rcp_set *set;
static struct rcp_process *process;

/* Bytes become the characters 0 to 255. */
static void
put_bytes(const char *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 32 || c > 126 || c == '"' || c == '\\')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void
put_text(const char *text)
{
	if (text)
		put_bytes(text, strlen(text));
	else
		printf("null");
}

static void
put_comma(size_t i)
{
	if (i)
		printf(",\n");
}

static void
put_pairs(const char *name, const struct rcp_pair *pairs, size_t count)
{
	printf(",\n\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		put_comma(i);
		printf("[");
		put_text(pairs[i].key);
		printf(",");
		put_bytes(pairs[i].value, pairs[i].length);
		printf("]");
	}
	printf("]");
}

static void
put_process(void)
{
	const struct rcp_file_header *h = &process->header;
	enum rcp_end_reason reason = process->end.reason;
	size_t n = 0;

	printf("{\"header\":[%u,%u,%u,%u,%llu,%llu,%llu,%llu,%u,%u],\n",
	       h->version, h->pid, h->ppid, h->root_pid,
	       (unsigned long long)h->start_wall,
	       (unsigned long long)h->start_mono,
	       (unsigned long long)h->proc_start,
	       (unsigned long long)h->root_start, h->page_size,
	       h->clock_ticks);
	printf("\"whole\":%s,\n", process->end.why ? "false" : "true");
	printf("\"bad\":[%llu,%llu],\n",
	       (unsigned long long)process->bad_records,
	       (unsigned long long)process->bad_sums);
	if (reason == RCP_ENDED_CUT || reason == RCP_ENDED_RUNNING)
		printf("\"end\":null");
	else
		printf("\"end\":[%llu,\"%s\",%lld]",
		       (unsigned long long)process->end.time,
		       rcp_end_name(reason), (long long)process->end.status);
	put_pairs("infos", process->infos, process->info_count);
	put_pairs("coverage", process->coverage, process->coverage_count);
	printf(",\n\"threads\":[");
	for (size_t i = 0; i < process->thread_count; i++) {
		put_comma(i);
		put_text(process->threads[i].name);
	}
	printf("],\n\"types\":[");
	for (size_t i = 0; i < process->type_count; i++) {
		put_comma(i);
		printf("[");
		put_text(process->types[i].name);
		printf(",%llu]",
		       (unsigned long long)process->types[i].flags);
	}
	printf("],\n\"totals\":[");
	for (size_t i = 0; i < 32; i++)
		if (process->totals[i]) {
			put_comma(n++);
			printf("[%zu,%llu]", i,
			       (unsigned long long)process->totals[i]);
		}
	printf("]");
}

static void
put_times(void)
{
	printf(",\n\"snapshots\":[");
	for (size_t i = 0; i < process->snap_count; i++) {
		const struct rcp_snap_info *s = &process->snaps[i];

		put_comma(i);
		printf("[%llu,%llu,%u,%d,%lld,%lld,%llu]",
		       (unsigned long long)s->seq, (unsigned long long)s->time,
		       s->reason, s->keyframe, (long long)s->live_bytes,
		       (long long)s->live_blocks, (unsigned long long)s->rss);
	}
	printf("],\n\"rss\":[");
	for (size_t i = 0; i < process->rss_count; i++) {
		const struct rcp_rss_point *r = &process->rss[i];

		put_comma(i);
		printf("[%llu,%llu,%lld]", (unsigned long long)r->time,
		       (unsigned long long)r->rss, (long long)r->live);
	}
	printf("],\n\"events\":[");
	for (size_t i = 0; i < process->event_count; i++) {
		const struct rcp_event_info *e = &process->events[i];

		put_comma(i);
		printf("[%llu,%d,", (unsigned long long)e->time, e->kind);
		put_text(e->thread == RCP_NONE ?
				 NULL :
				 process->threads[e->thread].name);
		printf(",%llu,", (unsigned long long)e->number);
		put_text(e->text);
		printf("]");
	}
	printf("],\n\"gc\":[");
	for (size_t i = 0; i < process->gc_count; i++) {
		const struct rcp_gc_info *g = &process->gcs[i];

		put_comma(i);
		printf("[%llu,%u,%llu,%llu,%llu,", (unsigned long long)g->time,
		       g->generation, (unsigned long long)g->pause,
		       (unsigned long long)g->collected,
		       (unsigned long long)g->uncollectable);
		put_text(g->thread == RCP_NONE ?
				 NULL :
				 process->threads[g->thread].name);
		printf(",%zu]", rcp_stack(set, g->node, NULL, 0));
	}
	printf("]");
}

static void
put_stack(uint32_t node)
{
	static const char *const kinds[] = { "", "python", "native",
					     "address", "marker" };
	size_t depth = rcp_stack(set, node, NULL, 0);
	uint32_t *frames = calloc(depth + 1, sizeof(*frames));

	if (!frames)
		exit(2);
	rcp_stack(set, node, frames, depth);
	printf("[");
	for (size_t i = 0; i < depth; i++) {
		const struct rcp_frame_info *f = &set->frames[frames[i]];

		put_comma(i);
		printf("[\"%s\",", kinds[f->kind]);
		put_text(f->function);
		printf(",");
		put_text(f->file);
		printf(",");
		put_text(f->module);
		printf(",%u]", f->line);
	}
	printf("]");
	free(frames);
}

/* One thread's part of a site, all cells that came to be the same summed up:
 * the eleven numbers of rcpread.py. */
struct part {
	uint32_t site, thread;
	int64_t numbers[10];
	double lifetime;
};

static void
add_cell(struct part *part, const struct rcp_state *state,
	 const struct rcp_cell *cell)
{
	const int64_t more[10] = {
		(int64_t)cell->values[RCP_CELL_ALLOCS],
		(int64_t)cell->values[RCP_CELL_ALLOC_BYTES],
		(int64_t)cell->values[RCP_CELL_FREES],
		(int64_t)cell->values[RCP_CELL_FREED_BYTES],
		rcp_cell_live(cell), rcp_cell_blocks(cell),
		rcp_cells_peak(state, cell), rcp_cells_peak_blocks(state, cell),
		(int64_t)cell->values[RCP_CELL_TEMPORARIES],
		(int64_t)cell->values[RCP_CELL_AGED],
	};

	for (size_t i = 0; i < 10; i++)
		part->numbers[i] = (int64_t)((uint64_t)part->numbers[i] +
					     (uint64_t)more[i]);
	part->lifetime += (double)cell->values[RCP_CELL_LIFETIME] *
			  (double)state->load->age_unit;
}

static int
by_site(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static struct part *
collect(const struct rcp_state *state, size_t *count)
{
	struct part *parts = calloc(state->cell_count + 1, sizeof(*parts));
	struct rcp_map index = { .words = 2 };

	*count = 0;
	if (!parts)
		exit(2);
	for (size_t i = 0; i < state->cell_count; i++) {
		const struct rcp_cell *cell = &state->cells[i];
		uint64_t key[2] = { state->load->sites[cell->site],
				    cell->thread };
		uint32_t at = rcp_map_get(&index, key);

		if (at == RCP_NONE) {
			at = (uint32_t)(*count)++;
			parts[at].site = (uint32_t)key[0];
			parts[at].thread = cell->thread;
			rcp_map_put(&index, key, at);
		}
		add_cell(&parts[at], state, cell);
	}
	rcp_map_free(&index);
	qsort(parts, *count, sizeof(*parts), by_site);
	return parts;
}

static bool
is_empty(const struct part *part)
{
	bool empty = part->lifetime == 0;

	for (size_t i = 0; i < 10; i++)
		empty = empty && part->numbers[i] == 0;
	return empty;
}

static void
put_part(const struct part *part)
{
	printf("[");
	put_text(process->threads[part->thread].name);
	for (size_t i = 0; i < 10; i++)
		printf(",%lld", (long long)part->numbers[i]);
	printf(",%.0f]", part->lifetime);
}

static void
put_sites(const struct rcp_state *state)
{
	size_t count, rows = 0;
	struct part *parts = collect(state, &count);
	uint32_t open = RCP_NONE;

	printf(",\n\"sites\":[");
	for (size_t i = 0; i < count; i++) {
		const struct rcp_site_info *site = &set->sites[parts[i].site];

		if (is_empty(&parts[i]))
			continue;
		if (parts[i].site == open) {
			printf(",");
		} else {
			printf("%s", open == RCP_NONE ? "" : "]]");
			put_comma(rows++);
			printf("[\"%s\",", rcp_kind_name(site->kind));
			put_stack(site->node);
			printf(",[");
			open = parts[i].site;
		}
		put_part(&parts[i]);
	}
	printf("%s", open == RCP_NONE ? "" : "]]");
	free(parts);
}

static void
put_objects(const struct rcp_view *view)
{
	printf("],\n\"objects\":[");
	for (size_t i = 0; i < view->object_count; i++) {
		const struct rcp_object_row *o = &view->objects[i];

		put_comma(i);
		printf("[");
		put_text(o->type == RCP_NONE ? NULL :
					       process->types[o->type].name);
		printf(",%zu,%zu,%lld,%lld,%lld,%lld,%lld,%lld,%lld,%.0f,[",
		       o->birth == RCP_NONE ? 0 : rcp_stack(set,
				set->sites[o->birth].node, NULL, 0),
		       o->death == RCP_NONE ? 0 : rcp_stack(set,
				set->sites[o->death].node, NULL, 0),
		       (long long)o->born, (long long)o->born_bytes,
		       (long long)o->died_refcount,
		       (long long)o->died_collector,
		       (long long)o->died_unseen, (long long)o->died_bytes,
		       (long long)o->aged, o->age);
		for (unsigned k = 0; k < RCP_OBJECT_AGES; k++)
			printf("%lld,", (long long)o->ages[k]);
		printf("%lld,%lld]]", (long long)o->samples,
		       (long long)o->died_samples);
	}
	printf("]");
}

static void
put_members(const struct rcp_cycle_info *cycle)
{
	printf("[%s,[", cycle->knot ? "true" : "false");
	for (size_t i = 0; i < cycle->count; i++) {
		const struct rcp_member_info *m =
			&process->cycle_members[cycle->member + i];

		put_comma(i);
		printf("[");
		put_text(m->type == RCP_NONE ? NULL :
					       process->types[m->type].name);
		printf(",");
		put_text(m->attribute);
		printf(",%zu]", m->site == RCP_NONE ? 0 : rcp_stack(set,
				set->sites[m->site].node, NULL, 0));
	}
	printf("]");
}

static void
put_cycles(const struct rcp_view *view)
{
	size_t n = 0;

	printf(",\n\"cycles\":[");
	for (size_t i = 0; i < view->cycle_count; i++) {
		const struct rcp_cycle_row *c = &view->cycles[i];

		if (!(c->n | c->objects | c->bytes | c->waited |
		      (int64_t)c->waited_max | c->byte_ms))
			continue;
		put_comma(n++);
		put_members(&process->cycles[c->cycle]);
		printf(",%lld,%lld,%lld,%lld,%llu,%lld]", (long long)c->n,
		       (long long)c->objects, (long long)c->bytes,
		       (long long)c->waited, (unsigned long long)c->waited_max,
		       (long long)c->byte_ms);
	}
	printf("],\n\"cascades\":[");
	for (size_t i = 0; i < process->cascade_count; i++) {
		const struct rcp_cascade_info *c = &process->cascades[i];

		put_comma(i);
		printf("[%llu,%llu,%llu,%llu,", (unsigned long long)c->time,
		       (unsigned long long)c->pause,
		       (unsigned long long)c->objects,
		       (unsigned long long)c->bytes);
		put_text(c->thread == RCP_NONE ?
				 NULL :
				 process->threads[c->thread].name);
		printf(",%zu]", rcp_stack(set, c->node, NULL, 0));
	}
	printf("],\n\"garbage\":[");
	for (size_t i = 0; i < process->garbage_count; i++) {
		const struct rcp_garbage_info *g = &process->garbage[i];

		put_comma(i);
		printf("[%llu,%llu,%llu,%llu,%llu]",
		       (unsigned long long)g->time,
		       (unsigned long long)g->objects,
		       (unsigned long long)g->bytes,
		       (unsigned long long)g->waited_max,
		       (unsigned long long)g->byte_ms);
	}
	printf("]}\n");
}

/* The state of the last snapshot, whatever its reason. */
static bool
put_state(struct rcp_error *error)
{
	struct rcp_query query = { .at = { RCP_AT_TIME, UINT64_MAX - 1 } };
	struct rcp_view *view = rcp_view_new(set, &query, error);
	struct rcp_state state;

	if (!view)
		return false;
	if (process->snap_count == 0)
		rcp_state_init(&state, process->load);
	else if (!rcp_state_at(process, (uint32_t)process->snap_count - 1,
			       &state, error))
		return false;
	put_sites(&state);
	put_objects(view);
	put_cycles(view);
	rcp_state_free(&state);
	rcp_view_free(view);
	return true;
}

int
main(int argc, char **argv)
{
	struct rcp_open_options options = { .flags = RCP_OPEN_NO_SYMBOLS };
	const char *path = argv[argc - 1];
	struct rcp_error error;
	bool good;

	set = rcp_set_open(&path, 1, &options, &error);
	if (!set) {
		fprintf(stderr, "%s\n", error.text);
		return 3;
	}
	process = set->processes[0];
	put_process();
	put_times();
	good = put_state(&error);
	if (!good)
		fprintf(stderr, "%s\n", error.text);
	rcp_set_close(set);
	return good ? 0 : 2;
}
