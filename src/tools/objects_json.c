/* SPDX-License-Identifier: MIT
 *
 * objects_json.c - `rcprof objects --json`: every type, with the stack of each
 * place of birth and of each place where the last reference went.
 */
#include <math.h>

#include "tools/objects.h"
#include "tools/report_json.h"

static double
root(double variance)
{
	return variance > 0 ? sqrt(variance) : 0;
}

static void
put_lives(struct rcp_json *j, const struct rcp_objects_page *page,
	  const struct rcp_object_row *lives)
{
	rcp_json_int(j, "born", lives->born);
	rcp_json_int(j, "born_bytes", lives->born_bytes);
	rcp_json_int(j, "died_refcount", lives->died_refcount);
	rcp_json_int(j, "died_collector", lives->died_collector);
	rcp_json_int(j, "died_unseen", lives->died_unseen);
	rcp_json_int(j, "alive", rcp_objects_alive(lives));
	rcp_json_int(j, "alive_bytes", rcp_objects_alive_bytes(lives));
	rcp_json_age(j, lives);
	if (!page->look->sampling.sampled)
		return;
	rcp_json_open_flat(j, "std_error", '{');
	rcp_json_double(j, "born", root(lives->var_born));
	rcp_json_double(j, "died_refcount", root(lives->var_refcount));
	rcp_json_double(j, "died_collector", root(lives->var_collector));
	rcp_json_double(j, "alive", rcp_objects_alive_error(lives));
	rcp_json_double(j, "alive_bytes",
			rcp_objects_alive_bytes_error(lives));
	rcp_json_close(j, '}');
}

/* The own frame is null where there is none. */
static void
put_stack(struct rcp_json *j, struct rcp_look *look, uint32_t site)
{
	const struct rcp_site_info *info =
		site == RCP_NONE ? NULL : &look->set->sites[site];
	uint32_t own = info ? info->own : RCP_NONE;

	rcp_json_stack(j, "stack", look, info ? info->node : 0);
	if (own == RCP_NONE)
		rcp_json_null(j, "own");
	else
		rcp_json_int(j, "own", own);
}

static void
put_death(struct rcp_json *j, struct rcp_look *look, uint32_t site, int64_t n,
	  const char *by)
{
	if (n == 0)
		return;
	rcp_json_open(j, NULL, '{');
	rcp_json_int(j, "n", n);
	rcp_json_string(j, "by", by);
	put_stack(j, look, site);
	rcp_json_close(j, '}');
}

static void
put_deaths(struct rcp_json *j, const struct rcp_objects_page *page,
	   const struct rcp_lives_group *birth)
{
	struct rcp_lives_groups *deaths = rcp_lives_groups_new(
		page->look->set, page->view, birth->rows, birth->row_count,
		RCP_LIVES_BY_DEATH, page->places);

	rcp_json_open(j, "deaths", '[');
	for (size_t i = 0; i < deaths->count; i++) {
		const struct rcp_lives_group *death = &deaths->groups[i];

		put_death(j, page->look, death->site,
			  death->lives.died_refcount, "refcount");
		put_death(j, page->look, death->site,
			  death->lives.died_collector, "collector");
	}
	rcp_json_close(j, ']');
	rcp_lives_groups_free(deaths);
}

static void
put_births(struct rcp_json *j, const struct rcp_objects_page *page,
	   const struct rcp_lives_group *type)
{
	struct rcp_lives_groups *births = rcp_lives_groups_new(
		page->look->set, page->view, type->rows, type->row_count,
		RCP_LIVES_BY_BIRTH, page->places);

	rcp_json_open(j, "births", '[');
	for (size_t i = 0; i < births->count; i++) {
		const struct rcp_lives_group *birth = &births->groups[i];
		uint32_t site = page->view->objects[birth->rows[0]].birth;

		rcp_json_open(j, NULL, '{');
		put_stack(j, page->look, site);
		rcp_json_ready(j, "own_line",
			       rcp_birth_is_own(page->look->set, site)
				       ? "true"
				       : "false");
		put_lives(j, page, &birth->lives);
		put_deaths(j, page, birth);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
	rcp_lives_groups_free(births);
}

void
rcp_objects_json(const struct rcp_objects_page *page)
{
	const struct rcp_look *look = page->look;
	const char *mode =
		rcp_process_info(rcp_root_process(look->set), RCP_INFO_MODE);
	struct rcp_json j = { .file = look->out.file };
	size_t count = page->groups->count;

	if (look->args.top && look->args.top < count)
		count = look->args.top;
	rcp_json_open(&j, NULL, '{');
	rcp_json_string(&j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(&j, "schema", 1);
	rcp_json_string(&j, "file", rcp_root_process(look->set)->path);
	rcp_json_string(&j, "mode", mode ? mode : "exact");
	rcp_json_seconds(&j, "time_s", page->view->time);
	if (look->query.window)
		rcp_json_seconds(&j, "from_s", page->view->from);
	rcp_json_open_flat(&j, "totals", '{');
	put_lives(&j, page, &page->shown);
	rcp_json_close(&j, '}');
	rcp_json_open(&j, "types", '[');
	for (size_t i = 0; i < count; i++) {
		const struct rcp_lives_group *type = &page->groups->groups[i];

		rcp_json_open(&j, NULL, '{');
		rcp_json_string(&j, "type", type->name);
		rcp_json_ready(&j, "own_class",
			       i < page->own_count ? "true" : "false");
		put_lives(&j, page, &type->lives);
		put_births(&j, page, type);
		rcp_json_close(&j, '}');
	}
	rcp_json_close(&j, ']');
	rcp_json_close(&j, '}');
}
