/* SPDX-License-Identifier: MIT
 *
 * json.h - JSON written as it comes, indented so that one line is one item.
 */
#ifndef RCP_TOOLS_JSON_H
#define RCP_TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RCP_JSON_DEPTH 16

struct rcp_json {
	FILE *file;
	unsigned depth;
	bool filled[RCP_JSON_DEPTH]; /* something stands in it already */
	bool flat[RCP_JSON_DEPTH];   /* all of it on one line */
};

/* Members of an object have a name; items of a list and the outermost value
 * have NULL. */
void rcp_json_open(struct rcp_json *j, const char *name, char bracket);
void rcp_json_open_flat(struct rcp_json *j, const char *name, char bracket);
void rcp_json_close(struct rcp_json *j, char bracket);

void rcp_json_string(struct rcp_json *j, const char *name, const char *value);
void rcp_json_bytes(struct rcp_json *j, const char *name, const char *value,
		    size_t len);
void rcp_json_int(struct rcp_json *j, const char *name, int64_t value);
void rcp_json_double(struct rcp_json *j, const char *name, double value);
void rcp_json_seconds(struct rcp_json *j, const char *name, uint64_t ns);
void rcp_json_ready(struct rcp_json *j, const char *name, const char *json);
void rcp_json_null(struct rcp_json *j, const char *name);

#endif
