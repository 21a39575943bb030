/* SPDX-License-Identifier: MIT
 *
 * view.c - the flags that views share, and the query they make.
 */
#include "tools/view.h"

#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/place.h"

static bool
set_metric(void *into, const struct rcp_flag *flag, const char *value)
{
	struct rcp_view_args *args = into;

	(void)flag;
	args->metric_set = true;
	return rcp_metric_parse(value, &args->metric);
}

static bool
set_by(void *into, const struct rcp_flag *flag, const char *value)
{
	struct rcp_view_args *args = into;

	(void)flag;
	args->by_set = true;
	return rcp_by_parse(value, &args->by);
}

static bool
set_regex(void *into, const struct rcp_flag *flag, const char *value)
{
	regex_t regex;

	if (regcomp(&regex, value, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	regfree(&regex);
	return rcp_flag_text(into, flag, value);
}

/* Of --native and --no-native the later one holds. */
static bool
set_native(void *into, const struct rcp_flag *flag, const char *value)
{
	struct rcp_view_args *args = into;

	(void)value;
	args->native = strcmp(flag->name, "native") == 0 ? RCP_NATIVE_ALL
							 : RCP_NATIVE_NONE;
	return true;
}

static bool
set_directory(void *into, const struct rcp_flag *flag, const char *value)
{
	struct stat st;

	return stat(value, &st) == 0 && S_ISDIR(st.st_mode) &&
	       rcp_flag_text(into, flag, value);
}

#define FIELD(name) offsetof(struct rcp_view_args, name)
#define METRICS "live, peak, allocated, freed, temporary or count"
#define BYS                                                               \
	"own, function, line, file, module, thread, kind, stack or process"
#define TIMES                                                              \
	"seconds from the start, a clock time, -1h before the end, peak, " \
	"end or mark:TEXT"
#define REGEX "an extended regular expression"

const struct rcp_flag rcp_view_flags[] = {
	{ "metric", 0, "METRIC",
	  "what counts: " METRICS, METRICS, set_metric, 0, RCP_TAKES_METRIC },
	{ "by", 0, "GROUP", "group by " BYS, BYS, set_by, 0, RCP_TAKES_BY },
	{ "at", 0, "TIME", "the state at a time: " TIMES, TIMES,
	  rcp_flag_text, FIELD(at), RCP_TAKES_AT },
	{ "from", 0, "TIME", "only what happened after this time", TIMES,
	  rcp_flag_text, FIELD(from), RCP_TAKES_WINDOW },
	{ "to", 0, "TIME", "only what happened before this time", TIMES,
	  rcp_flag_text, FIELD(to), RCP_TAKES_WINDOW },
	{ "thread", 0, "THREAD", "only this thread, by name or id",
	  "a thread's name or id", rcp_flag_text, FIELD(thread),
	  RCP_TAKES_FILTER },
	{ "include", 0, "RE",
	  "only stacks with a function, file or module that matches", REGEX,
	  set_regex, FIELD(include), RCP_TAKES_FILTER },
	{ "exclude", 0, "RE",
	  "no stacks with a function, file or module that matches", REGEX,
	  set_regex, FIELD(exclude), RCP_TAKES_FILTER },
	{ "native", 0, NULL,
	  "show all native frames, the interpreter's own as well", NULL,
	  set_native, 0, RCP_TAKES_STACKS },
	{ "no-native", 0, NULL,
	  "leave native frames out of stacks that have Python frames", NULL,
	  set_native, 0, RCP_TAKES_STACKS },
	{ "sysroot", 0, "DIR",
	  "programs and libraries are below DIR: for a profile of another "
	  "machine", "a directory", set_directory, FIELD(sysroot),
	  RCP_TAKES_STACKS },
	{ "debug-dir", 0, "DIRS",
	  "look there, too, for programs, libraries and their debug files; "
	  "`:` between several", "a directory", rcp_flag_text, FIELD(debug_dir), RCP_TAKES_STACKS },
	{ "no-source", 0, NULL, "do not show source lines", NULL, rcp_flag_on,
	  FIELD(no_source), RCP_TAKES_SOURCE },
	{ "top", 0, "N", "only the N biggest", "a number from 1",
	  rcp_flag_count, FIELD(top), RCP_TAKES_TOP },
	{ "all", 0, NULL, "everything, however small", NULL, rcp_flag_on,
	  FIELD(all), RCP_TAKES_ALL },
	{ "json", 0, NULL, "print JSON", NULL, rcp_flag_on, FIELD(json),
	  RCP_TAKES_JSON },
	{ "no-color", 0, NULL, "no colours (also: NO_COLOR)", NULL,
	  rcp_flag_on, FIELD(no_color), RCP_TAKES_COLOR },
	{ .name = NULL },
};

/* --- the query ------------------------------------------------------------ */

static int
complain_time(const struct rcp_look *look, const char *flag,
	      const struct rcp_error *error)
{
	rcp_complain(look->command->name, "--%s: %s", flag, error->text);
	return RCP_BAD_USAGE;
}

static int
make_window(struct rcp_look *look)
{
	const struct rcp_view_args *args = &look->args;
	struct rcp_query *query = &look->query;
	struct rcp_error error;

	if (args->at && (args->from || args->to)) {
		rcp_complain(look->command->name,
			     "--at is a moment, --from and --to are a span: "
			     "give one or the other");
		return RCP_BAD_USAGE;
	}
	if (args->at &&
	    !rcp_moment_parse(look->set, args->at, &query->at, &error))
		return complain_time(look, "at", &error);
	if (!args->from && !args->to)
		return -1;
	query->window = true;
	query->from = (struct rcp_moment){ .kind = RCP_AT_TIME };
	if (args->from &&
	    !rcp_moment_parse(look->set, args->from, &query->from, &error))
		return complain_time(look, "from", &error);
	if (args->to &&
	    !rcp_moment_parse(look->set, args->to, &query->at, &error))
		return complain_time(look, "to", &error);
	if (args->to && query->at.time < query->from.time) {
		rcp_complain(look->command->name,
			     "--to %s is before --from %s", args->to,
			     args->from ? args->from : "0");
		return RCP_BAD_USAGE;
	}
	return -1;
}

/* Is there a thread of this name or id in any process? */
static bool
has_thread(const struct rcp_set *set, const char *wanted)
{
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];

		for (size_t k = 0; k < process->thread_count; k++) {
			struct rcp_text id = { 0 };
			bool same;

			rcp_text_format(&id, "%llu",
					(unsigned long long)process
						->threads[k]
						.tid);
			same = strcmp(id.s, wanted) == 0 ||
			       strcmp(process->threads[k].name, wanted) == 0;
			rcp_text_free(&id);
			if (same)
				return true;
		}
	}
	return false;
}

/* Times of a run of ten minutes and more are clock times. */
#define CLOCK_FROM (UINT64_C(600) * 1000000000)

int
rcp_look_open(struct rcp_look *look, const struct rcp_command *command,
	      void *own, int argc, char **argv)
{
	struct rcp_open_options options = { 0 };
	struct rcp_rest rest;
	int status;

	*look = (struct rcp_look){ .command = command };
	look->args.metric = RCP_METRIC_PEAK;
	look->args.by = RCP_BY_OWN;
	look->args.native = RCP_NATIVE_FOLD;
	status = rcp_args_parse(command, own, &look->args, argc, argv, &rest);
	if (status >= 0)
		return status;
	look->out = rcp_out_start(look->args.no_color);
	options.native = look->args.native;
	options.sysroot = look->args.sysroot;
	options.debug_dir = look->args.debug_dir;
	look->set = rcp_open(command->name, rest.items, rest.count, &options);
	if (!look->set)
		return RCP_BAD_DATA;
	look->clock_times = look->set->end_time >= CLOCK_FROM;
	look->sources = rcp_sources_new(look->set);
	look->query.metric = look->args.metric;
	look->query.include = look->args.include;
	look->query.exclude = look->args.exclude;
	look->query.thread = look->args.thread;
	if (look->args.thread && !has_thread(look->set, look->args.thread)) {
		rcp_complain(command->name, "--thread: there is no thread %s",
			     look->args.thread);
		return RCP_BAD_USAGE;
	}
	status = make_window(look);
	if (status < 0)
		look->sampling = rcp_sampling_of(look->set, &look->query);
	return status;
}

void
rcp_look_close(struct rcp_look *look)
{
	rcp_sources_free(look->sources);
	for (size_t i = 0; look->frame_texts && i < look->set->frame_count;
	     i++)
		free(look->frame_texts[i]);
	free(look->frame_texts);
	rcp_set_close(look->set);
	*look = (struct rcp_look){ .command = look->command };
}

int
rcp_look_finish(struct rcp_look *look)
{
	int status = rcp_out_finish(&look->out, look->command->name);

	rcp_look_close(look);
	return status;
}

int
rcp_look_fail(struct rcp_look *look, const struct rcp_error *error)
{
	rcp_complain(look->command->name, "%s", error->text);
	rcp_look_close(look);
	return RCP_BAD_DATA;
}

void
rcp_look_time(const struct rcp_look *look, struct rcp_text *t, uint64_t time)
{
	if (look->clock_times)
		rcp_text_clock(t, rcp_wall(look->set, time), true);
	else if (look->set->end_time < 1000000000)
		rcp_text_format(t, "%.*f ms",
				look->set->end_time < 10000000 ? 1 : 0,
				(double)time / 1e6);
	else
		rcp_text_format(t, "%.1f s", (double)time / 1e9);
}
