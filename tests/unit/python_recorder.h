/* SPDX-License-Identifier: MIT
 *
 * python_recorder.h - the recorder's double: notes which of record.h's functions
 * were called, in which order and with what.
 */
#ifndef TESTS_UNIT_PYTHON_RECORDER_H
#define TESTS_UNIT_PYTHON_RECORDER_H

#include <string.h>

#include "record/hot.h"
#include "record/record.h"

static char history[512]; /* one letter for each call, in order */

static struct {
	void *p, *q;
	size_t size;
	const void *caller;
	enum rcp_kind kind;
} last;

static bool known = true; /* what remove finds */
static int64_t arena_bytes;
static uint32_t guard_seen; /* in the real calls */

static void
note(char c)
{
	size_t n = strlen(history);

	if (n + 1 < sizeof(history))
		history[n] = c;
}

void
rcp_record_allocated(struct rcp_tls *t, void *p, size_t size,
		     enum rcp_kind kind, const void *caller)
{
	(void)t;
	note('A');
	last.p = p;
	last.size = size;
	last.kind = kind;
	last.caller = caller;
}

void
rcp_record_remove(struct rcp_tls *t, void *p, struct rcp_block *old)
{
	(void)t;
	note('R');
	last.p = p;
	old->known = known;
}

void
rcp_record_freed(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	(void)t;
	(void)old;
	note('F');
	last.p = p;
}

void
rcp_record_free(struct rcp_tls *t, void *p)
{
	(void)t;
	note('F');
	last.p = p;
}

/* No thread of these tests has an event in the short way. */
bool
rcp_record_put_slow(struct rcp_thread *th, void *p, size_t size, uint32_t site,
		    enum rcp_kind kind)
{
	(void)th;
	(void)p;
	(void)size;
	(void)site;
	(void)kind;
	note('!');
	return false;
}

void
rcp_record_forget(struct rcp_thread *th, void *p)
{
	(void)th;
	(void)p;
	note('!');
}

uint32_t
rcp_record_site_slow(struct rcp_thread *th, uint64_t noted)
{
	(void)th;
	(void)noted;
	note('!');
	return 0;
}

void
rcp_record_restore(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	(void)t;
	(void)old;
	note('S');
	last.p = p;
}

void
rcp_record_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		 void *q, size_t size, enum rcp_kind kind, const void *caller)
{
	(void)t;
	(void)old;
	note('M');
	last.p = p;
	last.q = q;
	last.size = size;
	last.kind = kind;
	last.caller = caller;
}

void
rcp_record_range_gone(struct rcp_tls *t, void *p, size_t size)
{
	(void)t;
	(void)p;
	(void)size;
	note('G');
}

void
rcp_record_arena(const void *p, int64_t bytes)
{
	(void)p;
	note('B');
	arena_bytes += bytes;
}

#endif
