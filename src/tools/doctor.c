/* SPDX-License-Identifier: MIT
 *
 * doctor.c - `rcprof doctor`: profiles the real interpreter, or a program,
 * for a moment and says what works here.  What it says comes from the profile
 * that this run wrote.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "model/memory.h"
#include "tools/beside.h"
#include "tools/json.h"
#include "tools/probe.h"
#include "tools/program.h"
#include "tools/view.h"

enum verdict { GOOD, NOTE, MISSING };

struct doctor {
	const struct rcp_command *command;
	struct rcp_view_args args;
	struct rcp_out out;
	struct rcp_json json;
	size_t missing;
};

static void
say(struct doctor *d, enum verdict verdict, const char *what,
    struct rcp_text *text)
{
	static const char *const words[] = { "ok", "note", "MISSING" };
	struct rcp_text plain = { 0 };

	d->missing += verdict == MISSING;
	rcp_text_name(&plain, rcp_text_string(text));
	if (d->args.json) {
		rcp_json_open_flat(&d->json, NULL, '{');
		rcp_json_string(&d->json, "check", what);
		rcp_json_string(&d->json, "verdict", words[verdict]);
		rcp_json_string(&d->json, "text", rcp_text_string(text));
		rcp_json_close(&d->json, '}');
	} else {
		struct rcp_text line = { 0 };

		rcp_text_format(&line, "%-8s %-12s %s", words[verdict], what,
				rcp_text_string(&plain));
		rcp_out_wrap(&d->out, verdict == MISSING ? RCP_WARN : RCP_PLAIN,
			     line.s, 22);
		rcp_text_free(&line);
	}
	rcp_text_free(&plain);
	rcp_text_clear(text);
}

static void
say_format(struct doctor *d, enum verdict verdict, const char *what,
	   const char *format, const char *argument)
{
	struct rcp_text t = { 0 };

	while (*format) {
		if (format[0] == '%' && format[1] == 's') {
			rcp_text_add(&t, argument);
			format += 2;
		} else {
			rcp_text_char(&t, *format++);
		}
	}
	say(d, verdict, what, &t);
	rcp_text_free(&t);
}

/* --- this machine --------------------------------------------------------- */

/* The value after "Key:" of a file of /proc, as a number; -1 without it. */
static long
proc_number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long value = -1;

	while (file && value < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtol(line + strlen(key), NULL, 10);
	}
	if (file)
		fclose(file);
	return value;
}

/* A limit of ulimit's, if it is set, and what comes of it. */
static bool
look_at_limit(struct doctor *d, int what, const char *name, const char *effect)
{
	struct rcp_text t = { 0 };
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)what, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return false;
	rcp_text_add(&t, name);
	rcp_text_add(&t, ", ");
	rcp_text_size(&t, (int64_t)limit.rlim_cur);
	rcp_text_add(&t, ")");
	rcp_text_add(&t, effect);
	say(d, NOTE, "limits", &t);
	rcp_text_free(&t);
	return true;
}

#define SMALLER ": blocks are kept in a smaller and slower table"

static void
look_at_limits(struct doctor *d)
{
	struct rcp_text t = { 0 };
	bool quiet = true;

	if (look_at_limit(d, RLIMIT_AS,
			  "the address space is limited (ulimit -v", SMALLER))
		quiet = false;
	if (look_at_limit(d, RLIMIT_DATA,
			  "private memory is limited (ulimit -d", SMALLER))
		quiet = false;
	if (proc_number("/proc/sys/vm/overcommit_memory", "") == 2) {
		rcp_text_add(&t, "memory is not overcommitted "
				 "(vm.overcommit_memory=2)" SMALLER);
		say(d, NOTE, "limits", &t);
		quiet = false;
	}
	if (look_at_limit(d, RLIMIT_FSIZE, "files are limited (ulimit -f", ""))
		quiet = false;
	if (proc_number("/proc/self/status", "Seccomp:") > 0) {
		rcp_text_add(&t, "system calls are filtered (seccomp), as in "
				 "a container; what is refused shows below");
		say(d, NOTE, "limits", &t);
		quiet = false;
	}
	if (quiet) {
		rcp_text_add(&t, "address space, overcommit, file size, "
				 "seccomp: nothing in the way");
		say(d, GOOD, "limits", &t);
	}
	rcp_text_free(&t);
}

/* --- the profile ---------------------------------------------------------- */

/* What a Python interpreter is asked to run: a known amount at a known place,
 * some of it kept long enough for the curve to see it. */
#define PROBE_FUNCTION "rcprof_doctor_probe"
#define PROBE_BLOCKS 1000
#define PROBE_BYTES 2000000
static char python_code[] = "import time\n"
			    "def " PROBE_FUNCTION "():\n"
			    "    return [bytes(2000) for _ in range(1000)]\n"
			    "kept = " PROBE_FUNCTION "()\n"
			    "time.sleep(0.25)\n";

/* Does the probe's function stand in the stack of a site, and hold what it
 * allocated? */
static void
look_at_stacks(struct doctor *d, struct rcp_set *set)
{
	struct rcp_query query = { .include = PROBE_FUNCTION };
	struct rcp_error error;
	struct rcp_view *view = rcp_view_new(set, &query, &error);
	struct rcp_text t = { 0 };

	if (!view) {
		say_format(d, MISSING, "stacks", "%s", error.text);
		return;
	}
	rcp_text_add(&t, "a function that allocated 2,000,000 bytes in 1,000 "
			 "objects is in the profile with ");
	rcp_text_size(&t, view->total.allocated_bytes);
	rcp_text_add(&t, " in ");
	rcp_text_count(&t, view->total.allocations);
	rcp_text_add(&t, " allocations");
	say(d,
	    view->total.allocated_bytes >= PROBE_BYTES &&
			    view->total.allocations >= PROBE_BLOCKS
		    ? GOOD
		    : MISSING,
	    "stacks", &t);
	rcp_text_free(&t);
	rcp_view_free(view);
}

static void
look_at_python(struct doctor *d, struct rcp_set *set,
	       const struct rcp_process *process)
{
	const char *version = rcp_process_info(process, RCP_INFO_PYTHON);
	const char *frames =
		rcp_process_coverage(process, RCP_COVER_FRAMES);
	const char *allocators =
		rcp_process_coverage(process, RCP_COVER_ALLOCATORS);
	const char *deaths =
		rcp_process_coverage(process, RCP_COVER_DEATHS);
	bool all = allocators && strstr(allocators, "raw") &&
		   strstr(allocators, "mem") && strstr(allocators, "obj");

	if (version)
		say_format(d, GOOD, "python", "%s", version);
	else
		say_format(d, MISSING, "python",
			   "the interpreter was not recognised%s", "");
	say_format(d,
		   frames && strstr(frames, "self-test passed") ? GOOD
								: MISSING,
		   "frames", "%s", frames ? frames : "none could be read");
	say_format(d, all ? GOOD : MISSING, "allocators", "%s",
		   allocators ? allocators : "none was hooked");
	if (deaths)
		say_format(d, GOOD, "deaths", "%s", deaths);
	look_at_stacks(d, set);
}

static void
look_at_notes(struct doctor *d, const struct rcp_process *process)
{
	for (size_t i = 0; i < process->coverage_count; i++) {
		const struct rcp_pair *pair = &process->coverage[i];

		if (strncmp(pair->key, RCP_COVER_NOTE,
			    strlen(RCP_COVER_NOTE)) == 0)
			say_format(d, NOTE, pair->key + strlen(RCP_COVER_NOTE),
				   "%s", pair->value);
	}
	for (size_t i = 0; i < process->event_count; i++) {
		const struct rcp_event_info *e = &process->events[i];

		if (e->kind == RCP_EVENT_FAULT)
			say_format(d, MISSING, "fault", "%s",
				   e->text ? e->text : "");
		else if (e->kind == RCP_EVENT_LIMIT)
			say_format(d, NOTE, "limit", "%s",
				   e->text ? e->text : "");
	}
}

static void
look_at_curve(struct doctor *d, const struct rcp_process *process)
{
	uint64_t lasted = process->end.time - process->start;
	struct rcp_text t = { 0 };

	rcp_text_format(&t, "%zu points, %zu snapshots in ",
			process->rss_count, process->snap_count);
	rcp_text_duration(&t, lasted);
	/* A program that ends at once has no time for a point. */
	say(d, process->rss_count > 0 || lasted < 50000000 ? GOOD : MISSING,
	    "RSS curve", &t);
	rcp_text_free(&t);
}

static void
look_at_profile(struct doctor *d, const struct rcp_probe *probe, bool python)
{
	struct rcp_error error;
	struct rcp_set *set =
		rcp_set_open((const char *const *)probe->profiles,
			     probe->profile_count, NULL, &error);
	const struct rcp_process *process;
	struct rcp_text t = { 0 };

	if (!set) {
		say_format(d, MISSING, "profile", "%s", error.text);
		return;
	}
	/* A shell or a shim on the way has left a profile of its own. */
	process = set->processes[set->process_count - 1];
	rcp_text_add(&t, "written, ");
	rcp_text_size(&t, (int64_t)process->file_size);
	rcp_text_format(&t, ", end: %s", rcp_end_name(process->end.reason));
	say(d,
	    process->end.reason == RCP_ENDED_EXIT || probe->timed_out
		    ? GOOD
		    : MISSING,
	    "profile", &t);
	if (python)
		look_at_python(d, set, process);
	look_at_curve(d, process);
	look_at_notes(d, process);
	rcp_text_free(&t);
	rcp_set_close(set);
}

/* --- running -------------------------------------------------------------- */

static void
look_at_run(struct doctor *d, const struct rcp_probe *probe, bool python)
{
	struct rcp_text t = { 0 };
	const char *said = rcp_text_string(&probe->said);

	if (probe->timed_out)
		rcp_text_add(&t, "stopped after 10 s");
	else if (WIFSIGNALED(probe->status))
		rcp_text_format(&t, "ended by signal %d",
				WTERMSIG(probe->status));
	else
		rcp_text_format(&t, "exit %d", WEXITSTATUS(probe->status));
	if (*said && (python || strstr(said, "rcprof:") ||
		      strstr(said, "ld.so"))) {
		size_t len = strcspn(said, "\n");

		rcp_text_add(&t, ", and said: ");
		rcp_text_bytes(&t, said, len);
	}
	say(d,
	    python && (probe->status != 0 || probe->timed_out) ? MISSING
							       : GOOD,
	    "run", &t);
	rcp_text_free(&t);
	if (probe->profile_count > 0)
		look_at_profile(d, probe, python);
	else
		say_format(d, MISSING, "profile", "none was written%s", "");
}

static bool
is_python(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash ? slash + 1 : path, "python", 6) == 0;
}

static void
say_beside(void *arg, enum rcp_beside what, const char *text)
{
	static const enum verdict verdicts[] = { GOOD, NOTE, MISSING };
	struct doctor *d = arg;

	say_format(d, verdicts[what], "beside", "%s", text);
}

/* Everything up to the run; false if that makes no sense. */
static bool
prepare(struct doctor *d, const struct rcp_rest *rest, struct rcp_text *path,
	struct rcp_text *library)
{
	struct rcp_text why = { 0 };
	bool good;

	if (rest->count > 0)
		good = rcp_program_find(rest->items[0], path, &why) == 0;
	else
		good = rcp_program_python(path, &why) == 0;
	if (good)
		good = rcp_program_check(path->s, &why) == 0;
	say_format(d, good ? GOOD : MISSING, "program", "%s",
		   good ? path->s : why.s);
	if (good)
		rcp_beside_look(path->s, say_beside, d);
	rcp_text_clear(&why);
	if (!rcp_program_library(library, &why)) {
		say(d, MISSING, "library", &why);
		good = false;
	} else {
		say_format(d, GOOD, "library", "%s", library->s);
	}
	rcp_text_free(&why);
	return good;
}

static void
examine(struct doctor *d, const struct rcp_rest *rest)
{
	struct rcp_text path = { 0 }, library = { 0 };
	struct rcp_probe probe = { .directory = "" };
	struct rcp_error error;
	bool python;
	char **argv;

	look_at_limits(d);
	if (prepare(d, rest, &path, &library)) {
		static char flag[] = "-c";
		size_t n = 0;

		python = is_python(path.s) && rest->count < 2;
		argv = rcp_alloc((rest->count + 4) * sizeof(*argv));
		argv[n++] = path.s;
		if (python) {
			argv[n++] = flag;
			argv[n++] = python_code;
		}
		for (size_t i = 1; i < rest->count; i++)
			argv[n++] = rest->items[i];
		if (rcp_probe_run(&probe, path.s, argv, library.s, &error))
			look_at_run(d, &probe, python);
		else
			say_format(d, MISSING, "run", "%s", error.text);
		free(argv);
	}
	rcp_probe_free(&probe);
	rcp_text_free(&path);
	rcp_text_free(&library);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct doctor d = { .command = command };
	struct rcp_rest rest;
	int status = rcp_args_parse(command, NULL, &d.args, argc, argv, &rest);

	if (status >= 0)
		return status;
	d.out = rcp_out_start(d.args.no_color);
	d.json.file = d.out.file;
	if (d.args.json) {
		rcp_json_open(&d.json, NULL, '{');
		rcp_json_string(&d.json, "rcprof", PACKAGE_VERSION);
		rcp_json_int(&d.json, "schema", 1);
		rcp_json_open(&d.json, "checks", '[');
	}
	examine(&d, &rest);
	if (d.args.json) {
		rcp_json_close(&d.json, ']');
		rcp_json_int(&d.json, "missing", (int64_t)d.missing);
		rcp_json_close(&d.json, '}');
	} else if (d.missing > 0) {
		fprintf(d.out.file, "%zu %s missing\n", d.missing,
			rcp_plural((int64_t)d.missing, "thing is",
				   "things are"));
	}
	status = rcp_out_finish(&d.out, command->name);
	return d.missing > 0 ? RCP_BAD_DATA : status;
}

const struct rcp_command rcp_command_doctor = {
	.name = "doctor",
	.summary = "what works here: runs the interpreter for a moment",
	.usage = "[OPTION...] [PROGRAM [ARG...]]",
	.about = "Profiles a Python interpreter (python3 of the PATH, or "
		 "PROGRAM) or another PROGRAM with its arguments for a "
		 "moment, ten seconds at most, in a temporary directory, and "
		 "says what works. Exits 1 when something is missing.",
	.takes = RCP_TAKES_JSON | RCP_TAKES_COLOR,
	.verbatim = true,
	.run = run,
};
