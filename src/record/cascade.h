/* SPDX-License-Identifier: MIT
 *
 * cascade.h - one dropped reference that takes a thousand objects with it.
 * Section 9 of doc/INTERNALS.md.
 *
 * That a deallocator has returned is not seen.  It is taken to run still at a
 * death deeper on the machine's stack, as long as nothing is born and nothing
 * dies at another place of the program, but for what finalisers and weakrefs'
 * callbacks of its objects do.  So it is one thing that was dropped, or several
 * by one instruction that does nothing else meanwhile.
 */
#ifndef RCP_RECORD_CASCADE_H
#define RCP_RECORD_CASCADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hot.h"
#include "capture/capture.h"

#define RCP_CASCADE_LEAST 1000u /* deaths besides the outermost */
#define RCP_CASCADE_STEP 256u   /* between two looks at the clock */
#define RCP_CASCADE_LEVELS 4u   /* a finaliser may begin another one */

struct rcp_cascade_level {
	const void *top;     /* the stack at the outermost death */
	uint32_t site; /* of it */
	/* The innermost Python frame at an opener, and its node; NULL: none, or
	 * too many. */
	uint32_t node;
	const struct rcp_capture_frame *leaf;
	uint64_t objects;    /* besides it */
	uint64_t bytes;      /* of all */
	uint64_t more;       /* than RCP_CASCADE_LEAST are `objects`, when
				the clock is looked at; else 0 */
	/* The stack at the last death, and at the last of an object that may
	 * run code of the program's before it is gone, if all later ones were
	 * deeper; else NULL. */
	const void *last, *opener;
	/* When the clock was first and last looked at; ns. */
	uint64_t begun, seen, seen_cpu;
};

/* One thread's; zeroed memory is a valid start. */
struct rcp_cascading {
	uint32_t levels; /* in use, innermost last */
	struct rcp_cascade_level level[RCP_CASCADE_LEVELS];
};

struct rcp_thread;

/* At SITE, whose stack TH has captured just now, an object of BYTES dies;
 * ENTRY: the machine's stack there. */
void rcp_cascade_died(struct rcp_thread *th, uint32_t site, const void *entry,
		      uint64_t bytes);

/* At SITE, captured just now, an object is born; or, with 0, nothing that dies
 * from now on belongs to what has died. */
void rcp_cascade_ended(struct rcp_thread *th, uint32_t site);

/* The outermost death of what may become a cascade, at L, which is not in use or
 * has nothing that is to be kept: no `more`, no opener. */
static inline void
rcp_cascade_begin(struct rcp_cascade_level *l, uint32_t site,
		  const void *entry, uint64_t bytes)
{
	l->top = l->last = entry;
	l->site = site;
	l->objects = 0;
	l->bytes = bytes;
}

/* The same two, when nothing has to be looked at.  False: it does. */
static inline bool
rcp_cascade_died_alone(struct rcp_cascading *c, uint32_t site,
		       const void *entry, uint64_t bytes)
{
	struct rcp_cascade_level *l = &c->level[0];

	if (c->levels) {
		if (c->levels > 1 || l->opener)
			return false;
		if (entry < l->top && site == l->site) {
			if (l->objects + 1 == RCP_CASCADE_LEAST + l->more)
				return false;
			l->objects++;
			l->bytes += bytes;
			l->last = entry;
			return true;
		}
		if (l->objects >= RCP_CASCADE_LEAST)
			return false;
	}
	c->levels = 1;
	rcp_cascade_begin(l, site, entry, bytes);
	return true;
}

static inline bool
rcp_cascade_ended_alone(struct rcp_cascading *c)
{
	const struct rcp_cascade_level *l = &c->level[0];

	if (!c->levels)
		return true;
	if (c->levels > 1 || l->objects >= RCP_CASCADE_LEAST || l->opener)
		return false;
	c->levels = 0;
	return true;
}

/* May more die with what has died last? */
static inline bool
rcp_cascade_goes_on(const struct rcp_cascading *c)
{
	return c->levels && c->level[c->levels - 1].objects;
}

/* The object that died last, at STACK, may run code before it is gone. */
static inline void
rcp_cascade_opens(struct rcp_cascading *c, const struct rcp_capture *stack)
{
	struct rcp_cascade_level *l = &c->level[c->levels - 1];

	if (!c->levels)
		return;
	l->opener = l->last;
	l->leaf = stack->deep ? NULL : stack->leaf;
	l->node = l->leaf ? l->leaf->node : 0;
}

#endif
