/* SPDX-License-Identifier: MIT
 *
 * text.h - text that grows, and how the command writes things: sizes, counts,
 * times and names that come from the profiled program.
 */
#ifndef RCP_TOOLS_TEXT_H
#define RCP_TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is empty.  `s` is NULL as long as nothing was added: see
 * rcp_text_string. */
struct rcp_text {
	char *s;
	size_t len, room;
};

void rcp_text_free(struct rcp_text *t);
void rcp_text_clear(struct rcp_text *t);
const char *rcp_text_string(const struct rcp_text *t); /* never NULL */

void rcp_text_bytes(struct rcp_text *t, const char *bytes, size_t len);
void rcp_text_add(struct rcp_text *t, const char *text);
void rcp_text_char(struct rcp_text *t, char c);
void rcp_text_fill(struct rcp_text *t, const char *piece, size_t times);
void rcp_text_format(struct rcp_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- names from the profiled program --------------------------------------
 * All of them take any bytes. */

/* For a terminal: control characters, characters that reorder or hide text
 * and invalid UTF-8 become \n, \x1b, \u202e. */
void rcp_text_name(struct rcp_text *t, const char *name);
void rcp_text_name_bytes(struct rcp_text *t, const char *name, size_t len);

/* For XML: <, >, &, quotes as entities; what XML cannot hold is written as
 * for a terminal. */
void rcp_text_xml(struct rcp_text *t, const char *name);

/* For JSON, without the quotes; invalid UTF-8 becomes U+FFFD. */
void rcp_text_json(struct rcp_text *t, const char *name, size_t len);

/* A JSON string with its quotes; NULL becomes null. */
void rcp_text_quoted(struct rcp_text *t, const char *name);

/* One field of RFC 4180, quoted if need be; control characters as for a
 * terminal. */
void rcp_text_csv(struct rcp_text *t, const char *name);

/* --- widths --------------------------------------------------------------- */

/* Columns that text without control characters takes in a terminal. */
size_t rcp_text_width(const char *text);

/* Cuts text to at most `columns`: its end, or with `head` its beginning, is
 * replaced by an ellipsis. */
void rcp_text_clip(struct rcp_text *t, const char *text, size_t columns,
		   bool head);

/* --- numbers -------------------------------------------------------------- */

void rcp_text_size(struct rcp_text *t, int64_t bytes);  /* 1.21 GiB */
void rcp_text_count(struct rcp_text *t, int64_t n);     /* 12,345; 12.3 M */
void rcp_text_duration(struct rcp_text *t, uint64_t ns); /* 41 s; 6 h 12 min */
void rcp_text_percent(struct rcp_text *t, double part, double whole);

/* 2026-11-22 08:00:04 of CLOCK_REALTIME in nanoseconds, local time. */
void rcp_text_date(struct rcp_text *t, uint64_t wall);
void rcp_text_clock(struct rcp_text *t, uint64_t wall, bool seconds);

/* 2026-11-22T08:00:04.123456Z */
void rcp_text_iso(struct rcp_text *t, uint64_t wall);

/* "thread", "threads" */
const char *rcp_plural(int64_t n, const char *one, const char *many);

#endif
