/* SPDX-License-Identifier: MIT
 *
 * model.h - everything the rcprof command knows about profiles: open them,
 * ask for the state at a time or over a window, group it, follow it over
 * time.  Tools include this header only.
 *
 * Offline code: it may use libc freely, never prints and never exits.  What
 * fails fills a struct rcp_error (one line, without a final full stop or
 * newline) and returns false or NULL.  Running out of memory ends the command
 * (rcp_die_of_memory), as nothing sensible can follow.
 *
 * All times are nanoseconds on the set's clock: its zero is the start of the
 * oldest process.  Strings are NUL-terminated, live as long as the set, and
 * come from the profiled program: escape them before printing.  Zero bytes
 * inside are shown as U+FFFD.
 */
#ifndef RCP_MODEL_MODEL_H
#define RCP_MODEL_MODEL_H

#include "model/curves.h" /* changes, growth, bands */
#include "model/cycles.h" /* and the garbage of the collector */
#include "model/error.h"
#include "model/object_groups.h" /* Python objects by type and place */
#include "model/set.h"  /* files, processes, sites, times */
#include "model/view.h" /* values by site and by group */

#endif
