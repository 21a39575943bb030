/* SPDX-License-Identifier: MIT
 *
 * list.c - `rcprof list`: the profiles of a directory by process tree.  Looks
 * at each file as cheaply as possible.
 */
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/estimate.h"
#include "tools/json.h"
#include "tools/table.h"
#include "tools/view.h"

static uint64_t
start_wall(const struct rcp_glance *glance)
{
	return glance->header.start_wall + glance->start;
}

static uint64_t
duration(const struct rcp_glance *glance)
{
	return glance->end.time > glance->start
		       ? glance->end.time - glance->start
		       : 0;
}

static double
peak_error(const struct rcp_glance *glance)
{
	return sqrt(fmax(glance->peak_variance, 0));
}

/* "exit 0", "killed or cut", "running" */
static void
add_end(struct rcp_text *t, const struct rcp_end_info *end)
{
	const char *name;

	switch (end->reason) {
	case RCP_ENDED_EXIT:
		rcp_text_format(t, "exit %lld", (long long)end->status);
		break;
	case RCP_ENDED_SIGNAL:
		name = sigabbrev_np((int)end->status);
		if (name)
			rcp_text_format(t, "SIG%s", name);
		else
			rcp_text_format(t, "signal %lld",
					(long long)end->status);
		break;
	case RCP_ENDED_CUT:
		rcp_text_add(t, "killed or cut");
		break;
	case RCP_ENDED_EXEC:
	case RCP_ENDED_RUNNING:
		rcp_text_add(t, rcp_end_name(end->reason));
		break;
	}
}

#define MOST_NAME 20

static void
print_text(const struct rcp_found *found, size_t count,
	   const struct rcp_out *out)
{
	static const struct rcp_column columns[] = {
		{ "PROGRAM", false, false, 8, 0, RCP_BOLD },
		{ "PID", true, false, 0, 2, RCP_PLAIN },
		{ "START", false, false, 0, 3, RCP_PLAIN },
		{ "DURATION", true, false, 0, 1, RCP_PLAIN },
		{ "PEAK", true, false, 0, 0, RCP_ACCENT },
		{ "ENDED", false, false, 0, 4, RCP_PLAIN },
		{ "FILE", false, true, 12, 5, RCP_DIM },
	};
	struct rcp_table table;
	struct rcp_text t = { 0 }, name = { 0 };

	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.titles = true;
	for (size_t i = 0; i < count; i++) {
		const struct rcp_glance *glance = &found[i].glance;
		bool child = i > 0 && found[i].tree == found[i - 1].tree;

		rcp_table_row(&table, false);
		rcp_text_add(&t, child ? "  " : "");
		rcp_text_name(&name, glance->program);
		rcp_text_clip(&t, rcp_text_string(&name), MOST_NAME, false);
		rcp_text_clear(&name);
		rcp_table_take(&table, &t);
		rcp_text_format(&t, "%u", glance->header.pid);
		rcp_table_take(&table, &t);
		rcp_text_date(&t, start_wall(glance));
		rcp_table_take(&table, &t);
		rcp_text_duration(&t, duration(glance));
		rcp_table_take(&table, &t);
		rcp_estimate_size_both(&t, (int64_t)glance->peak_bytes,
				       peak_error(glance));
		rcp_table_take(&table, &t);
		add_end(&t, &glance->end);
		rcp_table_take(&table, &t);
		rcp_text_name(&t, found[i].path);
		rcp_table_take(&table, &t);
	}
	rcp_table_print(&table, out);
	rcp_table_free(&table);
	rcp_text_free(&t);
	rcp_text_free(&name);
}

static void
json_process(struct rcp_json *j, const struct rcp_found *found)
{
	const struct rcp_glance *glance = &found->glance;
	struct rcp_text t = { 0 };

	rcp_json_open(j, NULL, '{');
	rcp_json_string(j, "file", found->path);
	rcp_json_string(j, "program", glance->program);
	rcp_json_int(j, "pid", glance->header.pid);
	rcp_json_int(j, "ppid", glance->header.ppid);
	rcp_text_iso(&t, start_wall(glance));
	rcp_json_string(j, "start", t.s);
	rcp_text_free(&t);
	rcp_json_seconds(j, "duration_s", duration(glance));
	rcp_json_int(j, "peak_bytes", (int64_t)glance->peak_bytes);
	if (peak_error(glance) > 0)
		rcp_json_double(j, "peak_std_error", peak_error(glance));
	rcp_json_int(j, "rss_peak_bytes", (int64_t)glance->rss_peak);
	rcp_json_int(j, "snapshots", (int64_t)glance->snapshots);
	rcp_json_open_flat(j, "end", '{');
	rcp_json_string(j, "reason", rcp_end_name(glance->end.reason));
	rcp_json_int(j, "status", glance->end.status);
	rcp_json_close(j, '}');
	rcp_json_close(j, '}');
}

static void
print_json(const struct rcp_found *found, size_t count,
	   const struct rcp_out *out)
{
	struct rcp_json j = { .file = out->file };

	rcp_json_open(&j, NULL, '{');
	rcp_json_string(&j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(&j, "schema", 1);
	rcp_json_open(&j, "trees", '[');
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || found[i].tree != found[i - 1].tree) {
			rcp_json_open(&j, NULL, '{');
			rcp_json_int(&j, "root_pid",
				     found[i].glance.header.root_pid);
			rcp_json_open(&j, "processes", '[');
		}
		json_process(&j, &found[i]);
		if (i + 1 == count || found[i].tree != found[i + 1].tree) {
			rcp_json_close(&j, ']');
			rcp_json_close(&j, '}');
		}
	}
	rcp_json_close(&j, ']');
	rcp_json_close(&j, '}');
}

/* One directory, or files; nothing: the current directory. */
static bool
find(const struct rcp_command *command, const struct rcp_rest *rest,
     struct rcp_found **found, size_t *count)
{
	struct stat st;

	if (rest->count == 0)
		return rcp_find(command->name, ".", found, count);
	if (rest->count == 1 && stat(rest->items[0], &st) == 0 &&
	    S_ISDIR(st.st_mode))
		return rcp_find(command->name, rest->items[0], found, count);
	return rcp_find_files(command->name, rest->items, rest->count, found,
			      count);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_view_args args = { 0 };
	struct rcp_found *found = NULL;
	struct rcp_rest rest;
	struct rcp_out out;
	size_t count = 0;
	bool good;
	int status = rcp_args_parse(command, NULL, &args, argc, argv, &rest);

	if (status >= 0)
		return status;
	out = rcp_out_start(args.no_color);
	good = find(command, &rest, &found, &count);
	if (args.json)
		print_json(found, count, &out);
	else if (count > 0)
		print_text(found, count, &out);
	else if (good)
		fprintf(out.file, "no profiles (*.rcprof) here\n");
	rcp_found_free(found, count);
	status = rcp_out_finish(&out, command->name);
	return good ? status : RCP_BAD_DATA;
}

const struct rcp_command rcp_command_list = {
	.name = "list",
	.summary = "the profiles here, by process tree",
	.usage = "[OPTION...] [DIRECTORY | FILE...]",
	.about = "Lists the profiles of a directory (the current one), the "
		 "newest process tree first: program, pid, start, duration, "
		 "highest live bytes, how it ended, file.",
	.takes = RCP_TAKES_JSON | RCP_TAKES_COLOR,
	.run = run,
};
