/* SPDX-License-Identifier: MIT
 *
 * report_json.h - pieces of JSON that several views have in common.
 */
#ifndef RCP_TOOLS_REPORT_JSON_H
#define RCP_TOOLS_REPORT_JSON_H

#include "tools/json.h"
#include "tools/pauses.h"
#include "tools/report.h"

/* {"function", "file", "line", "module", "kind"} of a frame of the set. */
void rcp_json_frame(struct rcp_json *j, const char *name,
		    struct rcp_look *look, uint32_t frame);

/* A list of frames, leaf first. */
void rcp_json_stack(struct rcp_json *j, const char *name,
		    struct rcp_look *look, uint32_t leaf);

/* The median age of those that died, within what is known of it, and how many
 * ages are not known. */
void rcp_json_age(struct rcp_json *j, const struct rcp_object_row *sum);

/* "types", "types_as_of_s", "cycles", "cascades", "garbage" */
void rcp_json_types(struct rcp_json *j, const struct rcp_report *report);

/* cycles_json.c: "cycles", with more of each and no more than --top if
 * `births`; "cascades"; "garbage" of a span of time. */
void rcp_json_cycles(struct rcp_json *j, struct rcp_look *look,
		     const struct rcp_cycle_groups *groups, bool births);
void rcp_json_cascades(struct rcp_json *j, struct rcp_look *look,
		       const struct rcp_pauses *pauses);
void rcp_json_garbage(struct rcp_json *j, const struct rcp_set *set,
		      uint64_t from, uint64_t to);

/* "gc", "timeline", "rss", "marks" */
void rcp_json_times(struct rcp_json *j, const struct rcp_report *report);

#endif
