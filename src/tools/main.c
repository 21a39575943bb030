/* SPDX-License-Identifier: MIT
 *
 * main.c - the rcprof command: the table of its subcommands.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "tools/args.h"
#include "tools/command.h"
#include "tools/out.h"

/* In the order of --help. */
static const struct rcp_command *const commands[] = {
	&rcp_command_run,  &rcp_command_report, &rcp_command_tree,
	&rcp_command_timeline, &rcp_command_objects, &rcp_command_cycles,
	&rcp_command_list, &rcp_command_dump, &rcp_command_doctor,
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void
print_help(FILE *file)
{
	fprintf(file, "usage: rcprof COMMAND [OPTION...] [ARG...]\n\n"
		      "A memory profiler for Python and native programs.\n\n"
		      "Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(file,
		"\nFirst: rcprof run app.py, then: rcprof report\n"
		"More about one: rcprof COMMAND --help\n"
		"rcprof --version prints the version.\n");
}

static const struct rcp_command *
find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static int
complain_unknown(const char *name)
{
	const char *names[COMMANDS + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = rcp_nearest(name, names);
	if (near)
		rcp_complain(NULL, "no command \"%s\"; the nearest is: %s",
			     name, near);
	else
		rcp_complain(NULL, "no command \"%s\"; see: rcprof --help",
			     name);
	return RCP_BAD_USAGE;
}

/* What comes before a command's name, and `help`. */
static int
run_general(int argc, char **argv)
{
	struct rcp_out out = { .file = stdout };
	const struct rcp_command *command;

	if (argc == 0) {
		print_help(stderr);
		return RCP_BAD_USAGE;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0) {
		printf("rcprof %s\n", PACKAGE_VERSION);
	} else if (strcmp(argv[0], "help") == 0 && argc > 1) {
		command = find(argv[1]);
		if (!command)
			return complain_unknown(argv[1]);
		rcp_args_help(command);
	} else if (strcmp(argv[0], "--help") == 0 ||
		   strcmp(argv[0], "-h") == 0 ||
		   strcmp(argv[0], "help") == 0) {
		print_help(stdout);
	} else if (argv[0][0] == '-') {
		rcp_complain(NULL, "%s: no such option; see: rcprof --help",
			     argv[0]);
		return RCP_BAD_USAGE;
	} else {
		return complain_unknown(argv[0]);
	}
	return rcp_out_finish(&out, NULL);
}

int
main(int argc, char **argv)
{
	const struct rcp_command *command = argc > 1 ? find(argv[1]) : NULL;

	/* Only the width of characters; numbers and messages are C's. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (!command)
		return run_general(argc > 0 ? argc - 1 : 0, argv + 1);
	return command->run(command, argc - 2, argv + 2);
}
