/* SPDX-License-Identifier: MIT
 *
 * run.c - `rcprof run`: checks that a program can be profiled, puts the
 * flags into the environment and becomes the program.  After exec nothing of
 * the command is left, so it must leave signals and descriptors as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/options.h"
#include "model/memory.h"
#include "tools/args.h"
#include "tools/out.h"
#include "tools/program.h"

struct run_args {
	struct rcp_options options; /* only to check values */
	const char *values[RCP_OPTIONS];
};

/* `offset` of such a flag is its row in the table of options. */
static bool
set_option(void *into, const struct rcp_flag *flag, const char *value)
{
	struct run_args *args = into;

	value = value ? value : "1";
	args->values[flag->offset] = value;
	return rcp_options_set(&args->options,
			       (enum rcp_option_id)flag->offset, value, NULL);
}

static bool
set_exact(void *into, const struct rcp_flag *flag, const char *value)
{
	(void)value;
	return set_option(into, flag, "exact");
}

static const struct rcp_flag flags[] = {
#define FILLED(text) (sizeof(text) > 1)
#define RCP_OPTION(id, type, var, flag, letter, arg, def, allowed, help)   \
	{ flag,								   \
	  letter,							   \
	  FILLED(arg) ? (arg) : NULL,					   \
	  FILLED(arg) && FILLED(def)					   \
		  ? help " (" var "; default: " def ")"			   \
		  : help " (" var ")",					   \
	  allowed,							   \
	  set_option,							   \
	  RCP_OPTION_##id,						   \
	  0 },
#include "rcprof/options.def"
	{ "exact", 'e', NULL, "the same as --mode exact", NULL, set_exact,
	  RCP_OPTION_mode, 0 },
	{ .name = NULL },
};

/* The preload would run the program with the default; here there is someone
 * who can correct it. */
static bool
check_environment(const struct rcp_command *command, struct run_args *args)
{
	for (int i = 0; i < RCP_OPTIONS; i++) {
		const struct rcp_option *option = &rcp_option_table[i];
		const char *value = getenv(option->variable);
		char text[512];
		struct rcp_str why = RCP_STR(text);

		if (!value || args->values[i])
			continue;
		if (!rcp_options_set(&args->options, (enum rcp_option_id)i,
				     value, &why)) {
			rcp_complain(command->name, "%s: %s",
				     option->variable, text);
			return false;
		}
	}
	return true;
}

static void
set_environment(const struct run_args *args, const char *library)
{
	for (int i = 0; i < RCP_OPTIONS; i++) {
		if (args->values[i])
			setenv(rcp_option_table[i].variable, args->values[i],
			       1);
	}
	/* A line at the end also when stderr is no terminal. */
	setenv(rcp_option_table[RCP_OPTION_quiet].variable, "0", 0);
	/* A tree of its own, even inside another profiled one. */
	unsetenv("RCPROF_ROOT");
	rcp_program_preload(library);
}

/* Is it "app.py", "-m mod" or "-c code", for python to run? */
static bool
is_for_python(const char *first)
{
	size_t len = strlen(first);
	struct stat st;

	if (first[0] == '-')
		return true;
	return len > 3 && strcmp(first + len - 3, ".py") == 0 &&
	       stat(first, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* Where the program is, and its argv; 0 or the exit status. */
static int
find(const struct rcp_rest *rest, struct rcp_text *path, char ***argv,
     struct rcp_text *why)
{
	char **args = rcp_alloc((rest->count + 2) * sizeof(*args));
	bool python = is_for_python(rest->items[0]);
	int status;

	for (size_t i = 0; i < rest->count; i++)
		args[i + python] = rest->items[i];
	*argv = args;
	if (!python)
		status = rcp_program_find(args[0], path, why);
	else
		status = rcp_program_python(path, why);
	if (status == 0 && python)
		args[0] = strrchr(path->s, '/') + 1;
	return status ? status : rcp_program_check(path->s, why);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct run_args args = { 0 };
	struct rcp_text path = { 0 }, library = { 0 }, why = { 0 };
	struct rcp_rest rest;
	char **program = NULL;
	int status;

	rcp_options_init(&args.options);
	status = rcp_args_parse(command, &args, NULL, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest.count == 0) {
		rcp_complain(command->name,
			     "no command given; usage: rcprof run %s",
			     command->usage);
		return RCP_BAD_USAGE;
	}
	if (!check_environment(command, &args))
		return RCP_BAD_USAGE;
	status = find(&rest, &path, &program, &why);
	if (status == 0 && !rcp_program_library(&library, &why))
		status = RCP_BAD_DATA;
	if (status == 0) {
		set_environment(&args, library.s);
		execvp(path.s, program);
		rcp_text_format(&why, "%s: %s", path.s, strerror(errno));
		status = errno == ENOENT ? RCP_NOT_FOUND : RCP_CANNOT_EXECUTE;
	}
	rcp_complain(command->name, "%s", rcp_text_string(&why));
	free(program);
	rcp_text_free(&path);
	rcp_text_free(&library);
	rcp_text_free(&why);
	return status;
}

const struct rcp_command rcp_command_run = {
	.name = "run",
	.summary = "profile a program",
	.usage = "[OPTION...] [--] COMMAND [ARG...]",
	.about = "Runs COMMAND with librcprof.so preloaded. `app.py`, `-m "
		 "MODULE` and `-c CODE` are run by the python3 of the PATH.\n"
		 "Sizes take K, M and G (1024), times us, ms, s, m and h.",
	.flags = flags,
	.verbatim = true,
	.run = run,
};
