/* SPDX-License-Identifier: MIT
 *
 * report.h - what `rcprof report` has looked up, for the two ways in which it
 * is printed.
 */
#ifndef RCP_TOOLS_REPORT_H
#define RCP_TOOLS_REPORT_H

#include "tools/curve.h"
#include "tools/growing.h"
#include "tools/pauses.h"
#include "tools/view.h"

struct rcp_report {
	struct rcp_look *look;
	struct rcp_view *view;
	struct rcp_groups *groups;   /* by --by; text only */
	struct rcp_growing *growing; /* NULL: too short to tell; text only */
	struct rcp_curve *curve;
	struct rcp_cycle_groups *cycles;
	struct rcp_pauses *pauses;
};

void rcp_report_text(const struct rcp_report *report);
void rcp_report_json(const struct rcp_report *report);

/* The parts of the text; report_head.c, report_quality.c, report_foot.c,
 * report_objects.c and report_next.c. */
void rcp_report_head(const struct rcp_report *report);
void rcp_report_quality(const struct rcp_report *report);
void rcp_report_foot(const struct rcp_report *report);
void rcp_report_objects(const struct rcp_report *report);
void rcp_report_next(const struct rcp_report *report);

/* report_kept.c: sentences, or beginnings of one, about objects that are kept;
 * false, and nothing added, where there are none.  Of all classes of the
 * user's; of exceptions; of those born at a line that keeps growing. */
bool rcp_report_kept(const struct rcp_report *report, struct rcp_text *t);
bool rcp_report_exceptions(const struct rcp_report *report,
			   struct rcp_text *t);
bool rcp_report_died(const struct rcp_report *report, struct rcp_text *t,
		     uint32_t frame);

/* Which share of all allocations has lost the outer part of its stack, at the
 * limit of the profiler's memory. */
double rcp_report_folded(const struct rcp_report *report);

/* How long the time is that the report is about, ns. */
uint64_t rcp_report_span(const struct rcp_report *report);

/* The process that stands for the set: the root if it is there. */
const struct rcp_process *rcp_root_process(const struct rcp_set *set);

/* The process whose Python stands for the set: the root's, else the first;
 * NULL if there is none. */
const struct rcp_process *rcp_python_process(const struct rcp_set *set);

/* argv of a process, one after another: false at the end.  *at begins as
 * 0. */
bool rcp_command_next(const struct rcp_process *process, size_t *at,
		      const char **arg, size_t *len);

#endif
