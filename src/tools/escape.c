/* SPDX-License-Identifier: MIT
 *
 * escape.c - names from the profiled program made harmless: for a terminal,
 * XML, JSON and CSV.  A name may hold any bytes.
 */
#include "tools/text.h"

#include <string.h>

#include "tools/utf8.h"

/* Characters that a terminal acts on, or that make text look like other text:
 * controls, line separators, zero-width ones, and those that change the
 * direction of writing. */
static bool
is_hostile(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x061c ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c & 0xfffe) == 0xfffe ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

static void
add_escape(struct rcp_text *t, uint32_t c)
{
	if (c == '\n')
		rcp_text_add(t, "\\n");
	else if (c == '\r')
		rcp_text_add(t, "\\r");
	else if (c == '\t')
		rcp_text_add(t, "\\t");
	else if (c < 0x100)
		rcp_text_format(t, "\\x%02x", c);
	else if (c < 0x10000)
		rcp_text_format(t, "\\u%04x", c);
	else
		rcp_text_format(t, "\\U%08x", c);
}

void
rcp_text_name_bytes(struct rcp_text *t, const char *name, size_t len)
{
	while (len > 0) {
		uint32_t c;
		size_t n = rcp_utf8_next(name, len, &c);

		if (n == 0) {
			add_escape(t, (unsigned char)*name);
			n = 1;
		} else if (is_hostile(c)) {
			add_escape(t, c);
		} else {
			rcp_text_bytes(t, name, n);
		}
		name += n;
		len -= n;
	}
}

void
rcp_text_name(struct rcp_text *t, const char *name)
{
	rcp_text_name_bytes(t, name, strlen(name));
}

void
rcp_text_xml(struct rcp_text *t, const char *name)
{
	struct rcp_text plain = { 0 };

	rcp_text_name(&plain, name);
	for (const char *s = rcp_text_string(&plain); *s; s++) {
		switch (*s) {
		case '<':
			rcp_text_add(t, "&lt;");
			break;
		case '>':
			rcp_text_add(t, "&gt;");
			break;
		case '&':
			rcp_text_add(t, "&amp;");
			break;
		case '"':
			rcp_text_add(t, "&quot;");
			break;
		case '\'':
			rcp_text_add(t, "&#39;");
			break;
		default:
			rcp_text_char(t, *s);
		}
	}
	rcp_text_free(&plain);
}

void
rcp_text_json(struct rcp_text *t, const char *name, size_t len)
{
	while (len > 0) {
		uint32_t c;
		size_t n = rcp_utf8_next(name, len, &c);

		if (n == 0) {
			rcp_text_add(t, "\xef\xbf\xbd");
			n = 1;
		} else if (c == '"' || c == '\\') {
			rcp_text_char(t, '\\');
			rcp_text_char(t, (char)c);
		} else if (c == '\n') {
			rcp_text_add(t, "\\n");
		} else if (c == '\t') {
			rcp_text_add(t, "\\t");
		} else if (c < 0x10000 && is_hostile(c)) {
			rcp_text_format(t, "\\u%04x", c);
		} else {
			rcp_text_bytes(t, name, n);
		}
		name += n;
		len -= n;
	}
}

void
rcp_text_quoted(struct rcp_text *t, const char *name)
{
	if (!name) {
		rcp_text_add(t, "null");
		return;
	}
	rcp_text_char(t, '"');
	rcp_text_json(t, name, strlen(name));
	rcp_text_char(t, '"');
}

void
rcp_text_csv(struct rcp_text *t, const char *name)
{
	struct rcp_text plain = { 0 };
	const char *s;

	rcp_text_name(&plain, name);
	s = rcp_text_string(&plain);
	if (!strpbrk(s, ",\"")) {
		rcp_text_add(t, s);
	} else {
		rcp_text_char(t, '"');
		for (; *s; s++)
			rcp_text_fill(t, (const char[]){ *s, '\0' },
				      *s == '"' ? 2 : 1);
		rcp_text_char(t, '"');
	}
	rcp_text_free(&plain);
}
