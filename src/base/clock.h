/* SPDX-License-Identifier: MIT
 *
 * clock.h - the profile's clock: CLOCK_MONOTONIC since start, in ns.
 *
 * clock_gettime() is looked up once and runs in the vdso: no system call, no
 * lock, no errno.  Tests may set the function (the clock seam).
 */
#ifndef RCP_BASE_CLOCK_H
#define RCP_BASE_CLOCK_H

#include <stdint.h>

/* Remembers the start; in a forked child again, to restart at 0 only if
 * RESTART.  All processes of a tree count CLOCK_MONOTONIC, so their files
 * compare by start_mono. */
void rcp_clock_init(void);

uint64_t rcp_clock_start_mono(void); /* CLOCK_MONOTONIC ns at start */
uint64_t rcp_clock_start_wall(void); /* CLOCK_REALTIME ns at start */

uint64_t rcp_clock_now(void);    /* ns since start, exact */
uint64_t rcp_clock_coarse(void); /* ns since start, to the kernel's tick */

extern uint64_t (*rcp_clock_source)(int clock_id); /* the seam */

#endif
