/* SPDX-License-Identifier: MIT
 *
 * ladder.h - how thin a profile becomes, step by step: doc/LIMITS.md.
 */
#ifndef RCP_EMIT_LADDER_H
#define RCP_EMIT_LADDER_H

#include <stdint.h>

#include "emit/thin.h"

#define RCP_LADDER_RUNGS 18u

/* Sets the zones and pins of JOB, whose size is set, for RUNG (from 0); CAP
 * is the limit that the file has to keep. */
void rcp_ladder_set(struct rcp_thin *job, unsigned rung, uint64_t cap);

#endif
