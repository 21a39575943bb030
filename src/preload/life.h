/* SPDX-License-Identifier: MIT
 *
 * life.h - what the files of the composition root share.
 */
#ifndef RCP_PRELOAD_LIFE_H
#define RCP_PRELOAD_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "base/str.h"

/* Who this process is.  Constant after start, but for a fork's child. */
struct rcp_life {
	struct rcp_options options;
	long pid;
	bool is_root;      /* the first process of its tree */
	bool is_python;    /* its program is a Python interpreter */
	bool followed;     /* --follow includes it */
	bool ended;        /* the end has been written */
	uint32_t root_pid;
	uint64_t root_start; /* clock ticks since boot */
	char output[4096];   /* absolute template */
	char program[256];   /* %n */
};
extern struct rcp_life rcp_life;

/* Starts once; later calls return at once. */
void rcp_life_start(void);

/* Writes the end; once. */
void rcp_life_end(int reason, int status);

/* Recording goes off for good. */
void rcp_life_off(void);

/* Runs BODY with the guard taken, if it was free; false if it was not. */
bool rcp_life_guarded(void (*body)(void *arg), void *arg);

/* Am I the process that started (not a vfork child of it)? */
bool rcp_life_is_me(void);

/* settings.c: options from the environment; complains once each on stderr. */
void rcp_settings_read(struct rcp_options *o);
/* "rcprof: WHAT: REASON" on stderr. */
void rcp_settings_complain(const char *what, const char *reason);
const char *rcp_settings_env(const char *name);
/* Who the root is: from RCPROF_ROOT, or us, which is then announced in it. */
void rcp_settings_root(struct rcp_life *life);

/* program.c: %n from the command line: the script or module that an
 * interpreter runs, else the program's name. */
void rcp_program_name(struct rcp_str *out, bool *is_python);

/* fork.c */
void rcp_fork_setup(void);
/* False: this is not the libc we know; the preload does nothing. */
bool rcp_fork_possible(void);
/* A child that no atfork handler has seen? Then makes it one of ours. */
void rcp_fork_check(void);

/* allocators.c: notes of what the hooks do not see. */
void rcp_allocators_start(void);
void rcp_allocators_loaded(void *handle);
void rcp_allocators_deep(const char *path);

/* wiring.c: connects the stages. */
bool rcp_wiring_setup(void);
void rcp_wiring_python(void *handle);

/* summary.c */
void rcp_summary(struct rcp_str *out);

#endif
