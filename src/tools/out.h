/* SPDX-License-Identifier: MIT
 *
 * out.h - where the command prints: stdout as a terminal or a pipe sees it,
 * and errors.
 */
#ifndef RCP_TOOLS_OUT_H
#define RCP_TOOLS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum rcp_style {
	RCP_PLAIN,
	RCP_DIM,
	RCP_BOLD,
	RCP_ACCENT, /* what is asked about: live memory, the own line */
	RCP_WARN,   /* what the reader has to know first */
	RCP_STYLES,
};

struct rcp_out {
	FILE *file;
	size_t columns;
	bool color;
};

/* stdout: columns by $COLUMNS, else by the terminal, else 100; colours on a
 * terminal only, unless NO_COLOR or `no_color`.  From here on a reader that
 * goes away ends the command silently. */
struct rcp_out rcp_out_start(bool no_color);

/* All printed?  The exit status: 0, or 1 after a line on stderr. */
int rcp_out_finish(struct rcp_out *out, const char *command);

void rcp_out_text(const struct rcp_out *out, enum rcp_style style,
		  const char *text);

/* One line, cut at the right edge. */
void rcp_out_line(const struct rcp_out *out, enum rcp_style style,
		  const char *text);

/* One paragraph, broken at spaces; lines after the first are indented. */
void rcp_out_wrap(const struct rcp_out *out, enum rcp_style style,
		  const char *text, size_t indent);

/* "rcprof COMMAND: ..." on stderr, made harmless for a terminal. */
void rcp_complain(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
