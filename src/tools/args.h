/* SPDX-License-Identifier: MIT
 *
 * args.h - command lines by table, and --help from the same table.
 */
#ifndef RCP_TOOLS_ARGS_H
#define RCP_TOOLS_ARGS_H

#include "tools/command.h"

/* What is left of a command line: arguments that are no flags. */
struct rcp_rest {
	char **items;
	size_t count;
};

/* Parses argv[0..argc) by the tables of the command: its own flags go into
 * *own, those of the views into *view (each may be NULL if the command has
 * none).  Reorders argv.  Returns -1 to go on, or the exit status: 0 after
 * --help, 2 after a complaint. */
int rcp_args_parse(const struct rcp_command *command, void *own, void *view,
		   int argc, char **argv, struct rcp_rest *rest);

/* --help of one command. */
void rcp_args_help(const struct rcp_command *command);

/* Setters for tables.  The field is a bool, a const char *, a uint64_t of at
 * least 1. */
bool rcp_flag_on(void *into, const struct rcp_flag *flag, const char *value);
bool rcp_flag_text(void *into, const struct rcp_flag *flag,
		   const char *value);
bool rcp_flag_count(void *into, const struct rcp_flag *flag,
		    const char *value);

/* The entry of a list (ending with NULL) that is nearest to a mistyped word;
 * NULL if none is near. */
const char *rcp_nearest(const char *word, const char *const *list);

#endif
