/* SPDX-License-Identifier: MIT
 *
 * table.c - see table.h.  Wide columns shrink first, then the least important
 * ones are left out, until a row fits the terminal.
 */
#include "tools/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

#define MOST_COLUMNS 12
#define GAP 2

struct rcp_table_row {
	char *cells[MOST_COLUMNS];
	size_t count;
	bool dim;
	bool line; /* cells[0] stands alone */
};

void
rcp_table_init(struct rcp_table *table, const struct rcp_column *columns,
	       size_t count)
{
	assert(count > 0 && count <= MOST_COLUMNS);
	*table = (struct rcp_table){ .columns = columns,
				     .column_count = count };
}

void
rcp_table_free(struct rcp_table *table)
{
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t k = 0; k < table->rows[i].count; k++)
			free(table->rows[i].cells[k]);
	}
	free(table->rows);
	*table = (struct rcp_table){ 0 };
}

void
rcp_table_row(struct rcp_table *table, bool dim)
{
	table->rows = rcp_room(table->rows, table->row_count, &table->row_room,
			       sizeof(*table->rows));
	table->rows[table->row_count++] =
		(struct rcp_table_row){ .dim = dim };
}

void
rcp_table_cell(struct rcp_table *table, const char *text)
{
	struct rcp_table_row *row = &table->rows[table->row_count - 1];

	assert(table->row_count > 0 && row->count < table->column_count);
	row->cells[row->count++] = rcp_copy(text);
}

void
rcp_table_take(struct rcp_table *table, struct rcp_text *text)
{
	rcp_table_cell(table, rcp_text_string(text));
	rcp_text_clear(text);
}

void
rcp_table_line(struct rcp_table *table, struct rcp_text *text)
{
	rcp_table_row(table, true);
	rcp_table_take(table, text);
	table->rows[table->row_count - 1].line = true;
}

/* A column without any text is not there, whatever its title. */
static void
measure(const struct rcp_table *table, size_t widths[MOST_COLUMNS])
{
	memset(widths, 0, MOST_COLUMNS * sizeof(widths[0]));
	for (size_t i = 0; i < table->row_count; i++) {
		if (table->rows[i].line)
			continue;
		for (size_t k = 0; k < table->rows[i].count; k++) {
			size_t width = rcp_text_width(table->rows[i].cells[k]);

			if (width > widths[k])
				widths[k] = width;
		}
	}
	for (size_t k = 0; table->titles && k < table->column_count; k++) {
		size_t width = rcp_text_width(table->columns[k].title);

		if (widths[k] > 0 && width > widths[k])
			widths[k] = width;
	}
}

static size_t
total_width(const struct rcp_table *table, const size_t widths[MOST_COLUMNS])
{
	size_t total = 0;

	for (size_t k = 0; k < table->column_count; k++) {
		if (widths[k] > 0)
			total += widths[k] + (total > 0 ? GAP : 0);
	}
	return table->indent + total;
}

/* Shrinks the widest column that may by one, first among those that one can
 * do without; false if there is none. */
static bool
shrink(const struct rcp_table *table, size_t widths[MOST_COLUMNS],
       bool important)
{
	size_t widest = table->column_count;

	for (size_t k = 0; k < table->column_count; k++) {
		unsigned least = table->columns[k].least;

		if (least > 0 && widths[k] > least &&
		    important == (table->columns[k].drop == 0) &&
		    (widest == table->column_count ||
		     widths[k] >= widths[widest]))
			widest = k;
	}
	if (widest == table->column_count)
		return false;
	widths[widest]--;
	return true;
}

static bool
leave_out(const struct rcp_table *table, size_t widths[MOST_COLUMNS],
	  bool out[MOST_COLUMNS])
{
	size_t worst = table->column_count;

	for (size_t k = 0; k < table->column_count; k++) {
		unsigned drop = table->columns[k].drop;

		if (drop > 0 && !out[k] && widths[k] > 0 &&
		    (worst == table->column_count ||
		     drop > table->columns[worst].drop))
			worst = k;
	}
	if (worst == table->column_count)
		return false;
	out[worst] = true;
	return true;
}

static void
fit(const struct rcp_table *table, size_t columns,
    size_t widths[MOST_COLUMNS])
{
	bool out[MOST_COLUMNS] = { false };

	for (;;) {
		measure(table, widths);
		for (size_t k = 0; k < table->column_count; k++) {
			if (out[k])
				widths[k] = 0;
		}
		while (total_width(table, widths) > columns &&
		       (shrink(table, widths, false) ||
			shrink(table, widths, true))) {
		}
		if (total_width(table, widths) <= columns ||
		    !leave_out(table, widths, out))
			return;
	}
}

/* One line; `cells[k]` may be missing from `count` on. */
static void
print_row(const struct rcp_table *table, const struct rcp_out *out,
	  const size_t widths[MOST_COLUMNS], const char *const *cells,
	  size_t count, const enum rcp_style *style)
{
	struct rcp_text cell = { 0 };
	size_t pending = table->indent; /* spaces, printed before a cell */
	bool first = true;

	for (size_t k = 0; k < table->column_count; k++) {
		const struct rcp_column *column = &table->columns[k];
		size_t width;

		if (widths[k] == 0)
			continue;
		pending += first ? 0 : GAP;
		first = false;
		rcp_text_clear(&cell);
		rcp_text_clip(&cell, k < count ? cells[k] : "", widths[k],
			      column->head);
		width = rcp_text_width(rcp_text_string(&cell));
		if (width == 0) {
			pending += widths[k];
			continue;
		}
		if (column->right)
			pending += widths[k] - width;
		fprintf(out->file, "%*s", (int)pending, "");
		rcp_out_text(out, style ? *style : column->style, cell.s);
		pending = column->right ? 0 : widths[k] - width;
	}
	putc('\n', out->file);
	rcp_text_free(&cell);
}

static void
print_line(const struct rcp_table *table, const struct rcp_out *out,
	   const char *text)
{
	struct rcp_text line = { 0 };

	rcp_text_fill(&line, " ", table->indent);
	rcp_text_add(&line, text);
	rcp_out_line(out, RCP_DIM, line.s);
	rcp_text_free(&line);
}

void
rcp_table_print(const struct rcp_table *table, const struct rcp_out *out)
{
	static const enum rcp_style dim = RCP_DIM;
	size_t widths[MOST_COLUMNS];
	bool titled = false;

	fit(table, out->columns, widths);
	for (size_t k = 0; k < table->column_count; k++)
		titled = titled || (widths[k] && *table->columns[k].title);
	if (table->titles && titled) {
		const char *titles[MOST_COLUMNS];

		for (size_t k = 0; k < table->column_count; k++)
			titles[k] = table->columns[k].title;
		print_row(table, out, widths, titles, table->column_count,
			  &dim);
	}
	for (size_t i = 0; i < table->row_count; i++) {
		const struct rcp_table_row *row = &table->rows[i];

		if (row->line)
			print_line(table, out, row->cells[0]);
		else
			print_row(table, out, widths,
				  (const char *const *)row->cells, row->count,
				  row->dim ? &dim : NULL);
	}
}
