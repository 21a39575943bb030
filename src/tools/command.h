/* SPDX-License-Identifier: MIT
 *
 * command.h - the subcommands.  A subcommand is one file that defines a
 * struct rcp_command, and one row of the table in main.c.
 */
#ifndef RCP_TOOLS_COMMAND_H
#define RCP_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* One flag.  A row of a table ends with a flag without a name. */
struct rcp_flag {
	const char *name;     /* without dashes */
	char letter;          /* 0: none */
	const char *argument; /* NULL: takes none */
	const char *help;     /* may hold newlines, which are spaces */
	const char *allowed;  /* for the message about a bad value */

	/* Puts the value (NULL without an argument) where it belongs; false
	 * if it makes no sense. */
	bool (*set)(void *into, const struct rcp_flag *flag,
		    const char *value);
	size_t offset;   /* for `set`: of a field in *into */
	unsigned shared; /* in the table of the views: its RCP_TAKES_* */
};

struct rcp_command {
	const char *name;
	const char *summary; /* one line for the list of commands */
	const char *usage;   /* what follows "rcprof NAME " */
	const char *about;   /* paragraphs for --help, or NULL */
	const struct rcp_flag *flags; /* its own, or NULL */
	unsigned takes; /* RCP_TAKES_*: which flags of the views (view.h) */
	bool verbatim;  /* flags end at the first argument that is none */

	/* Gets the arguments after its name; returns the exit status. */
	int (*run)(const struct rcp_command *command, int argc, char **argv);
};

extern const struct rcp_command rcp_command_run;
extern const struct rcp_command rcp_command_report;
extern const struct rcp_command rcp_command_tree;
extern const struct rcp_command rcp_command_timeline;
extern const struct rcp_command rcp_command_objects;
extern const struct rcp_command rcp_command_cycles;
extern const struct rcp_command rcp_command_list;
extern const struct rcp_command rcp_command_dump;
extern const struct rcp_command rcp_command_doctor;

enum rcp_status {
	RCP_DONE = 0,
	RCP_BAD_DATA = 1,
	RCP_BAD_USAGE = 2,
};

#endif
