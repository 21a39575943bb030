/* SPDX-License-Identifier: MIT
 *
 * pyhooks.h - events from inside CPython: the raw, mem and obj domains, the
 * arenas, the bootstrap once the interpreter is up, and its end.
 */
#ifndef RCP_PYHOOKS_PYHOOKS_H
#define RCP_PYHOOKS_PYHOOKS_H

#include <stdbool.h>

/* What the composition root wants to hear.  All are called with our guard
 * taken, in the thread that runs the interpreter. */
struct rcp_pyhooks_events {
	void (*ready)(void); /* interpreter is up, bootstrap and self-test done */
	void (*end)(void);   /* atexit phase: before the interpreter tears down */
	/* After end: now it does tear down.  A program may run the functions
	 * of atexit by itself and live on: then `ready` follows `end` again,
	 * some time later, and no `down` came between.  NULL: not wanted. */
	void (*down)(void);
	/* What works here: key and sentence for the coverage (RCP_COVER_*). */
	void (*coverage)(const char *key, const char *text);
};

/* Places the allocator and arena hooks.  After rcp_py_discover() found an
 * interpreter; again after a new one was found.  Slow path, guard taken. */
void rcp_pyhooks_install(const struct rcp_pyhooks_events *events);

/* Called now and then from slow paths, guard taken, with or without the GIL:
 * when the interpreter has come up, asks for the bootstrap; notices its end
 * and a second initialisation.  Object-domain hooks do so by themselves; this
 * is for when they were replaced. */
void rcp_pyhooks_poll(void);

#endif
