/* SPDX-License-Identifier: MIT
 *
 * beside.h - what else has a hand in a program's memory, and what happens
 * when rcprof stands beside it.
 */
#ifndef RCP_TOOLS_BESIDE_H
#define RCP_TOOLS_BESIDE_H

#include <stdbool.h>

#include "tools/text.h"

enum rcp_beside {
	RCP_BESIDE_WORKS, /* all is seen */
	RCP_BESIDE_NOTE,  /* both run, something is not seen */
	RCP_BESIDE_BLIND, /* nothing would be seen */
};

/* Calls SAY for each thing that stands beside rcprof in a run of PROGRAM (its
 * path): preloaded libraries, allocators, sanitizers, debuggers. */
void rcp_beside_look(const char *program,
		     void (*say)(void *arg, enum rcp_beside what,
				 const char *text),
		     void *arg);

/* Would a preload stop PROGRAM at its start?  Then WHY has the reason and the
 * way out. */
bool rcp_beside_refuses(const char *program, struct rcp_text *why);

#endif
