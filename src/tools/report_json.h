/* SPDX-License-Identifier: MIT
 *
 * report_json.h - pieces of JSON that several views have in common.
 */
#ifndef RCP_TOOLS_REPORT_JSON_H
#define RCP_TOOLS_REPORT_JSON_H

#include "tools/json.h"
#include "tools/report.h"

/* {"function", "file", "line", "module", "kind"} of a frame of the set. */
void rcp_json_frame(struct rcp_json *j, const char *name,
		    struct rcp_look *look, uint32_t frame);

/* A list of frames, leaf first. */
void rcp_json_stack(struct rcp_json *j, const char *name,
		    struct rcp_look *look, uint32_t leaf);

/* "types", "types_as_of_s", "cycles", "cascades" */
void rcp_json_types(struct rcp_json *j, const struct rcp_report *report);

/* "gc", "timeline", "rss", "marks" */
void rcp_json_times(struct rcp_json *j, const struct rcp_report *report);

#endif
