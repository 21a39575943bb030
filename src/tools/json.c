/* SPDX-License-Identifier: MIT
 *
 * json.c - see json.h.
 */
#include "tools/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tools/text.h"

static void
begin(struct rcp_json *j, const char *name)
{
	if (j->depth > 0) {
		bool flat = j->flat[j->depth - 1];

		if (j->filled[j->depth - 1])
			fputs(flat ? ", " : ",", j->file);
		if (!flat)
			fprintf(j->file, "\n%*s", (int)j->depth, "");
		j->filled[j->depth - 1] = true;
	}
	if (name)
		fprintf(j->file, "\"%s\": ", name);
}

static void
open_one(struct rcp_json *j, const char *name, char bracket, bool flat)
{
	assert(j->depth < RCP_JSON_DEPTH);
	begin(j, name);
	putc(bracket, j->file);
	j->filled[j->depth] = false;
	j->flat[j->depth] = flat || (j->depth > 0 && j->flat[j->depth - 1]);
	j->depth++;
}

void
rcp_json_open(struct rcp_json *j, const char *name, char bracket)
{
	open_one(j, name, bracket, false);
}

void
rcp_json_open_flat(struct rcp_json *j, const char *name, char bracket)
{
	open_one(j, name, bracket, true);
}

void
rcp_json_close(struct rcp_json *j, char bracket)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->filled[j->depth] && !j->flat[j->depth])
		fprintf(j->file, "\n%*s", (int)j->depth, "");
	putc(bracket, j->file);
	if (j->depth == 0)
		putc('\n', j->file);
}

void
rcp_json_bytes(struct rcp_json *j, const char *name, const char *value,
	       size_t len)
{
	struct rcp_text t = { 0 };

	begin(j, name);
	rcp_text_json(&t, value, len);
	fprintf(j->file, "\"%s\"", rcp_text_string(&t));
	rcp_text_free(&t);
}

void
rcp_json_string(struct rcp_json *j, const char *name, const char *value)
{
	if (value)
		rcp_json_bytes(j, name, value, strlen(value));
	else
		rcp_json_null(j, name);
}

void
rcp_json_int(struct rcp_json *j, const char *name, int64_t value)
{
	begin(j, name);
	fprintf(j->file, "%" PRId64, value);
}

void
rcp_json_double(struct rcp_json *j, const char *name, double value)
{
	begin(j, name);
	if (isfinite(value))
		fprintf(j->file, "%.6g", value);
	else
		fputs("null", j->file);
}

/* Whole nanoseconds, without zeros that say nothing. */
void
rcp_json_seconds(struct rcp_json *j, const char *name, uint64_t ns)
{
	char buf[40];
	size_t len;

	begin(j, name);
	len = (size_t)snprintf(buf, sizeof(buf), "%" PRIu64 ".%09" PRIu64,
			       ns / 1000000000, ns % 1000000000);
	while (buf[len - 1] == '0' && buf[len - 2] != '.')
		len--;
	fwrite(buf, 1, len, j->file);
}

/* A value that is JSON already. */
void
rcp_json_ready(struct rcp_json *j, const char *name, const char *json)
{
	begin(j, name);
	fputs(json, j->file);
}

void
rcp_json_null(struct rcp_json *j, const char *name)
{
	rcp_json_ready(j, name, "null");
}
