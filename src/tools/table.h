/* SPDX-License-Identifier: MIT
 *
 * table.h - rows of text under each other, fitted to the terminal.
 */
#ifndef RCP_TOOLS_TABLE_H
#define RCP_TOOLS_TABLE_H

#include "tools/out.h"
#include "tools/text.h"

struct rcp_column {
	const char *title; /* may be "" */
	bool right;        /* numbers */
	bool head;         /* if too long, its beginning is cut (paths) */
	unsigned least;    /* may shrink to this width; 0: never */
	unsigned drop;     /* left out when there is no room, the highest
			      first; 0: never */
	enum rcp_style style;
};

struct rcp_table {
	const struct rcp_column *columns;
	size_t column_count;
	size_t indent;
	bool titles;
	struct rcp_table_row *rows;
	size_t row_count, row_room;
};

void rcp_table_init(struct rcp_table *table, const struct rcp_column *columns,
		    size_t count);
void rcp_table_free(struct rcp_table *table);

/* Begins a row, whose cells are filled from the left.  A row that is not
 * strong is printed dim. */
void rcp_table_row(struct rcp_table *table, bool dim);

/* The next cell; the text is already harmless.  The second empties `text`. */
void rcp_table_cell(struct rcp_table *table, const char *text);
void rcp_table_take(struct rcp_table *table, struct rcp_text *text);

/* A row that is one text from edge to edge, under the same indent; empties
 * `text`. */
void rcp_table_line(struct rcp_table *table, struct rcp_text *text);

void rcp_table_print(const struct rcp_table *table,
		     const struct rcp_out *out);

#endif
