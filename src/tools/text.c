/* SPDX-License-Identifier: MIT
 *
 * text.c - text that grows, and its width in a terminal.  Escaping is in
 * escape.c, numbers are in number.c.  Prints nothing.
 */
#include "tools/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "model/memory.h"
#include "tools/utf8.h"

void
rcp_text_free(struct rcp_text *t)
{
	free(t->s);
	*t = (struct rcp_text){ 0 };
}

void
rcp_text_clear(struct rcp_text *t)
{
	t->len = 0;
	if (t->s)
		t->s[0] = '\0';
}

const char *
rcp_text_string(const struct rcp_text *t)
{
	return t->s ? t->s : "";
}

void
rcp_text_bytes(struct rcp_text *t, const char *bytes, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = (t->len + len + 1) * 2;
		t->s = rcp_resize(t->s, t->room);
	}
	memcpy(t->s + t->len, bytes, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void
rcp_text_add(struct rcp_text *t, const char *text)
{
	rcp_text_bytes(t, text, strlen(text));
}

void
rcp_text_char(struct rcp_text *t, char c)
{
	rcp_text_bytes(t, &c, 1);
}

void
rcp_text_fill(struct rcp_text *t, const char *piece, size_t times)
{
	while (times-- > 0)
		rcp_text_add(t, piece);
}

void
rcp_text_format(struct rcp_text *t, const char *format, ...)
{
	char small[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len < sizeof(small)) {
		rcp_text_bytes(t, small, (size_t)len);
	} else {
		char *big = rcp_alloc((size_t)len + 1);

		va_start(args, format);
		vsnprintf(big, (size_t)len + 1, format, args);
		va_end(args);
		rcp_text_bytes(t, big, (size_t)len);
		free(big);
	}
}

/* wcwidth() knows what is wide and what combines; without a UTF-8 locale it
 * knows nothing beyond ASCII, and one column is the best guess. */
static size_t
character_width(uint32_t c)
{
	int width = c < 0x80 ? 1 : wcwidth((wchar_t)c);

	return width < 0 ? 1 : (size_t)width;
}

size_t
rcp_text_width(const char *text)
{
	size_t left = strlen(text), width = 0;

	while (left > 0) {
		uint32_t c;
		size_t n = rcp_utf8_next(text, left, &c);

		width += n ? character_width(c) : 1;
		n = n ? n : 1;
		text += n;
		left -= n;
	}
	return width;
}

/* Bytes of the longest beginning of text that takes at most `columns`. */
static size_t
bytes_within(const char *text, size_t columns)
{
	size_t left = strlen(text), done = 0;

	while (left > 0) {
		uint32_t c;
		size_t n = rcp_utf8_next(text + done, left, &c);
		size_t width = n ? character_width(c) : 1;

		n = n ? n : 1;
		if (width > columns)
			break;
		columns -= width;
		done += n;
		left -= n;
	}
	return done;
}

void
rcp_text_clip(struct rcp_text *t, const char *text, size_t columns, bool head)
{
	size_t width = rcp_text_width(text);

	if (width <= columns) {
		rcp_text_add(t, text);
	} else if (columns == 0) {
		return;
	} else if (head) {
		size_t skip = bytes_within(text, width - columns + 1);

		/* A wide character at the seam leaves one column too many. */
		while (rcp_text_width(text + skip) > columns - 1)
			skip += bytes_within(text + skip, 2);
		rcp_text_add(t, "\xe2\x80\xa6");
		rcp_text_add(t, text + skip);
	} else {
		rcp_text_bytes(t, text, bytes_within(text, columns - 1));
		rcp_text_add(t, "\xe2\x80\xa6");
	}
}
