/* SPDX-License-Identifier: MIT
 *
 * program.h - will this program run under the preload, and where is the
 * preload?
 */
#ifndef RCP_TOOLS_PROGRAM_H
#define RCP_TOOLS_PROGRAM_H

#include "tools/text.h"

/* What `env` and shells exit with. */
#define RCP_CANNOT_EXECUTE 126
#define RCP_NOT_FOUND 127

/* Finds a command by PATH as execvp() does.  0 and its path, or one of the
 * statuses above and why. */
int rcp_program_find(const char *name, struct rcp_text *path,
		     struct rcp_text *why);

/* Can librcprof.so be preloaded into it?  0, or RCP_CANNOT_EXECUTE and why.
 * Scripts are judged by their interpreter; what is no ELF file and no script
 * is left to the kernel and the shell. */
int rcp_program_check(const char *path, struct rcp_text *why);

/* The interpreter for `run app.py`: python3 of the PATH, else python. */
int rcp_program_python(struct rcp_text *path, struct rcp_text *why);

/* librcprof.so: RCPROF_LIBRARY, else beside this command, else in ../lib
 * of it, else where it was installed.  False and why. */
bool rcp_program_library(struct rcp_text *path, struct rcp_text *why);

/* LD_PRELOAD with the library in front of what is there already. */
void rcp_program_preload(const char *library);

#endif
