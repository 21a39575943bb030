/* SPDX-License-Identifier: MIT
 *
 * utf8.h - one character of UTF-8 out of bytes that may be anything.
 */
#ifndef RCP_TOOLS_UTF8_H
#define RCP_TOOLS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The character at the beginning of `left` bytes, of which there is at least
 * one: its length in bytes, or 0 if it is no valid UTF-8 (too long a form, a
 * surrogate, past U+10FFFF, cut off). */
static inline size_t
rcp_utf8_next(const char *text, size_t left, uint32_t *out)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	uint32_t c;

	if (n == 0 || n > left)
		return 0;
	c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*out = c;
	return n;
}

#endif
