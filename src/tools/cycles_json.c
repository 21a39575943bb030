/* SPDX-License-Identifier: MIT
 *
 * cycles_json.c - `rcprof cycles --json`, and the parts of `rcprof report
 * --json` about cycles, garbage and cascades.
 */
#include "tools/cycles.h"
#include "tools/report_json.h"

static void
put_chain(struct rcp_json *j, const struct rcp_set *set,
	  const struct rcp_cycle_group *group)
{
	const struct rcp_cycle_info *cycle = rcp_cycle_of(set, group);
	/* Round to where it began. */
	uint32_t count = cycle->count + (cycle->count > 0 && !cycle->knot);

	rcp_json_open_flat(j, "chain", '[');
	for (uint32_t i = 0; i < count; i++)
		rcp_json_string(j, NULL, rcp_cycle_type(set, group, i));
	rcp_json_close(j, ']');
	rcp_json_open_flat(j, "attributes", '[');
	for (uint32_t i = 0; i < cycle->count; i++)
		rcp_json_string(j, NULL,
				rcp_cycle_member(set, group, i)->attribute);
	rcp_json_close(j, ']');
}

static void
put_births(struct rcp_json *j, struct rcp_look *look,
	   const struct rcp_cycle_group *group)
{
	uint32_t count = rcp_cycle_of(look->set, group)->count;

	rcp_json_open(j, "births", '[');
	for (uint32_t i = 0; i < count; i++) {
		uint32_t site = rcp_cycle_member(look->set, group, i)->site;

		rcp_json_open(j, NULL, '{');
		rcp_json_stack(j, "stack", look,
			       site == RCP_NONE ? 0
						: look->set->sites[site].node);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
}

static void
put_numbers(struct rcp_json *j, const struct rcp_cycle_group *group)
{
	int64_t n = group->n;

	rcp_json_int(j, "n", n);
	rcp_json_int(j, "objects", group->objects);
	rcp_json_int(j, "bytes", group->bytes);
	rcp_json_seconds(j, "waited_at_most_s", group->waited_max);
	rcp_json_seconds(j, "waited_at_most_mean_s",
			 n > 0 && group->waited > 0
				 ? (uint64_t)(group->waited / n)
				 : 0);
}

void
rcp_json_cycles(struct rcp_json *j, struct rcp_look *look,
		const struct rcp_cycle_groups *groups, bool births)
{
	size_t count = groups->count;
	struct rcp_text t = { 0 };

	if (births && look->args.top && look->args.top < count)
		count = look->args.top;
	rcp_json_open(j, "cycles", '[');
	for (size_t i = 0; i < count; i++) {
		const struct rcp_cycle_group *group = &groups->groups[i];

		rcp_json_open(j, NULL, '{');
		put_chain(j, look->set, group);
		put_numbers(j, group);
		if (births) {
			rcp_json_double(j, "byte_s",
					(double)group->byte_ms / 1e3);
			rcp_json_ready(
				j, "knot",
				rcp_cycle_of(look->set, group)->knot ? "true"
								     : "false");
			rcp_json_ready(j, "own",
				       group->whose == RCP_CYCLE_OWN
					       ? "true"
					       : "false");
			rcp_text_clear(&t);
			rcp_cycle_sentence(look->set, &t, group);
			rcp_json_string(j, "advice", t.len ? t.s : NULL);
			put_births(j, look, group);
		}
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
	rcp_text_free(&t);
}

void
rcp_json_cascades(struct rcp_json *j, struct rcp_look *look,
		  const struct rcp_pauses *pauses)
{
	rcp_json_open(j, "cascades", '[');
	for (size_t i = 0; i < pauses->count; i++) {
		const struct rcp_pause *pause = &pauses->pauses[i];

		if (pause->generation >= 0)
			continue;
		rcp_json_open(j, NULL, '{');
		rcp_json_seconds(j, "time_s", pause->time);
		rcp_json_seconds(j, "pause_at_most_s", pause->pause);
		rcp_json_int(j, "objects", (int64_t)pause->objects);
		rcp_json_int(j, "bytes", (int64_t)pause->bytes);
		rcp_json_stack(j, "stack", look, pause->node);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
}

void
rcp_json_garbage(struct rcp_json *j, const struct rcp_set *set, uint64_t from,
		 uint64_t to)
{
	rcp_json_open(j, "garbage", '[');
	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->garbage_count; i++) {
			const struct rcp_garbage_info *g =
				&process->garbage[i];

			if (g->time < from || g->time > to)
				continue;
			rcp_json_open_flat(j, NULL, '{');
			rcp_json_seconds(j, "time_s", g->time);
			rcp_json_int(j, "objects", (int64_t)g->objects);
			rcp_json_int(j, "bytes", (int64_t)g->bytes);
			rcp_json_seconds(j, "waited_at_most_s",
					 g->waited_max);
			rcp_json_double(j, "byte_s",
					(double)g->byte_ms / 1e3);
			rcp_json_close(j, '}');
		}
	}
	rcp_json_close(j, ']');
}

static void
put_collector(struct rcp_json *j, struct rcp_look *look,
	      const struct rcp_pauses *p)
{
	rcp_json_open(j, "collector", '{');
	rcp_json_int(j, "runs", (int64_t)p->runs);
	rcp_json_seconds(j, "pause_s", p->total);
	rcp_json_int(j, "collected", (int64_t)p->found);
	rcp_json_int(j, "uncollectable", (int64_t)p->uncollectable);
	if (p->collection) {
		rcp_json_open(j, "worst", '{');
		rcp_json_seconds(j, "time_s", p->collection->time);
		rcp_json_seconds(j, "pause_s", p->collection->pause);
		rcp_json_int(j, "generation", p->collection->generation);
		rcp_json_stack(j, "trigger", look, p->collection->node);
		rcp_json_close(j, '}');
	} else {
		rcp_json_null(j, "worst");
	}
	rcp_json_close(j, '}');
}

void
rcp_cycles_json(const struct rcp_cycles_page *page)
{
	struct rcp_look *look = page->look;
	const struct rcp_process *root = rcp_root_process(look->set);
	const char *mode = rcp_process_info(root, RCP_INFO_MODE);
	struct rcp_json j = { .file = look->out.file };

	rcp_json_open(&j, NULL, '{');
	rcp_json_string(&j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(&j, "schema", 1);
	rcp_json_string(&j, "file", root->path);
	rcp_json_string(&j, "mode", mode ? mode : "exact");
	rcp_json_seconds(&j, "from_s", page->from);
	rcp_json_seconds(&j, "time_s", page->view->time);
	rcp_json_cycles(&j, look, page->groups, true);
	rcp_json_garbage(&j, look->set, page->from, page->to);
	put_collector(&j, look, page->pauses);
	rcp_json_cascades(&j, look, page->pauses);
	rcp_json_close(&j, '}');
}
