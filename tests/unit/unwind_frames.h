/* SPDX-License-Identifier: MIT
 *
 * unwind_frames.h - random trees of calls through frames of many kinds.
 */
#ifndef RCP_UNWIND_FRAMES_H
#define RCP_UNWIND_FRAMES_H

struct frames_walk {
	unsigned kinds; /* bits: which there may be */
	unsigned random;
	unsigned long checks;
	void (*yield)(struct frames_walk *w); /* at each check; NULL: none */
};

extern const unsigned frames_kinds;
extern const unsigned frames_without_jumps;

const char *frames_name(unsigned kind);

/* CHECK is called at the leaves and on the way. */
void frames_setup(void (*check)(void));

void frames_enter(struct frames_walk *w, unsigned depth);

static inline unsigned
frames_random(struct frames_walk *w)
{
	w->random = w->random * 1664525 + 1013904223;
	return w->random >> 8;
}

#endif
