/* SPDX-License-Identifier: MIT
 *
 * out.c - see out.h.  With args.c and main.c the place where the command
 * prints errors.
 */
#include "tools/out.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/text.h"

#define DEFAULT_COLUMNS 100
#define LEAST_COLUMNS 20
#define MOST_COLUMNS 2000

static size_t
find_columns(void)
{
	const char *set = getenv("COLUMNS");
	unsigned long columns = set ? strtoul(set, NULL, 10) : 0;
	struct winsize size;

	if (columns == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns == 0)
		return DEFAULT_COLUMNS;
	return columns < LEAST_COLUMNS ? LEAST_COLUMNS
	       : columns > MOST_COLUMNS ? MOST_COLUMNS
					: columns;
}

struct rcp_out
rcp_out_start(bool no_color)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");
	struct rcp_out out = { stdout, find_columns(), false };

	signal(SIGPIPE, SIG_DFL);
	out.color = !no_color && !(refused && *refused) &&
		    isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
	return out;
}

int
rcp_out_finish(struct rcp_out *out, const char *command)
{
	errno = 0;
	if (fflush(out->file) == 0 && !ferror(out->file))
		return 0;
	if (errno != EPIPE)
		rcp_complain(command, "cannot write: %s",
			     strerror(errno ? errno : EIO));
	return 1;
}

void
rcp_out_text(const struct rcp_out *out, enum rcp_style style,
	     const char *text)
{
	static const char *const begin[RCP_STYLES] = {
		[RCP_PLAIN] = "",	   [RCP_DIM] = "\x1b[2m",
		[RCP_BOLD] = "\x1b[1m",	   [RCP_ACCENT] = "\x1b[36m",
		[RCP_WARN] = "\x1b[1;33m",
	};
	bool color = out->color && style != RCP_PLAIN && *text;

	fprintf(out->file, "%s%s%s", color ? begin[style] : "", text,
		color ? "\x1b[0m" : "");
}

void
rcp_out_line(const struct rcp_out *out, enum rcp_style style,
	     const char *text)
{
	struct rcp_text line = { 0 };

	rcp_text_clip(&line, text, out->columns, false);
	rcp_out_text(out, style, rcp_text_string(&line));
	putc('\n', out->file);
	rcp_text_free(&line);
}

void
rcp_out_wrap(const struct rcp_out *out, enum rcp_style style,
	     const char *text, size_t indent)
{
	struct rcp_text line = { 0 }, word = { 0 };
	size_t start = 0; /* of the words in the line */

	while (*text) {
		size_t spaces = strspn(text, " ");
		size_t len = strcspn(text + spaces, " ");

		rcp_text_clear(&word);
		rcp_text_bytes(&word, text, spaces + len);
		text += spaces + len;
		if (len == 0)
			break;
		if (line.len > start &&
		    rcp_text_width(line.s) + rcp_text_width(word.s) >
			    out->columns) {
			rcp_out_line(out, style, line.s);
			rcp_text_clear(&line);
			rcp_text_fill(&line, " ", indent);
			start = line.len;
			rcp_text_add(&line, word.s + spaces);
		} else {
			rcp_text_add(&line, word.s);
		}
	}
	rcp_out_line(out, style, rcp_text_string(&line));
	rcp_text_free(&line);
	rcp_text_free(&word);
}

void
rcp_complain(const char *command, const char *format, ...)
{
	struct rcp_text line = { 0 };
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rcp_text_name(&line, text);
	fflush(stdout);
	fprintf(stderr, "rcprof%s%s: %s\n", command ? " " : "",
		command ? command : "", rcp_text_string(&line));
	rcp_text_free(&line);
}
