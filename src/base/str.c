/* SPDX-License-Identifier: MIT
 *
 * str.c - see str.h.  Pure; runs inside malloc.
 */
#include "base/str.h"

#include <string.h>

void
rcp_str_bytes(struct rcp_str *s, const char *text, size_t len)
{
	size_t room = s->cap - 1 - s->len;

	if (len > room) {
		len = room;
		s->cut = true;
	}
	memcpy(s->buf + s->len, text, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void
rcp_str_char(struct rcp_str *s, char c)
{
	rcp_str_bytes(s, &c, 1);
}

void
rcp_str_add(struct rcp_str *s, const char *text)
{
	rcp_str_bytes(s, text, strlen(text));
}

void
rcp_str_add_clean(struct rcp_str *s, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		unsigned char next = (unsigned char)text[1];
		/* U+0080 to U+009F are control characters, too. */
		bool high = c == 0xc2 && next >= 0x80 && next < 0xa0;

		text += high;
		rcp_str_char(s, high || c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

void
rcp_str_u64_pad(struct rcp_str *s, uint64_t n, int width)
{
	char digits[24];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
		width--;
	} while ((n || width > 0) && i > 0);
	rcp_str_bytes(s, digits + i, sizeof(digits) - i);
}

void
rcp_str_u64(struct rcp_str *s, uint64_t n)
{
	rcp_str_u64_pad(s, n, 1);
}

void
rcp_str_size(struct rcp_str *s, uint64_t bytes)
{
	static const char *const units[] = { " B",   " KiB", " MiB", " GiB",
					     " TiB", " PiB", " EiB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (bytes / unit >= 1024 && i < 6) {
		unit *= 1024;
		i++;
	}
	rcp_str_u64(s, bytes / unit);
	if (i > 0) {
		uint64_t cents = (bytes % unit) / (unit / 128) * 100 / 128;
		uint64_t whole = bytes / unit;

		if (whole < 100) {
			rcp_str_char(s, '.');
			if (whole < 10)
				rcp_str_u64_pad(s, cents, 2);
			else
				rcp_str_u64(s, cents / 10);
		}
	}
	rcp_str_add(s, units[i]);
}

const char *
rcp_parse_u64(const char *text, uint64_t *out)
{
	uint64_t n = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return NULL;
		n = n * 10 + digit;
	}
	*out = n;
	return text;
}
