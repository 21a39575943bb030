/* SPDX-License-Identifier: MIT
 *
 * str.h - text in a buffer of fixed size, without stdio.  Always terminated;
 * what does not fit is cut and `cut` is set.  May run inside malloc.
 */
#ifndef RCP_BASE_STR_H
#define RCP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcp_str {
	char *buf;  /* the caller's */
	size_t cap; /* bytes, terminator included; at least 1 */
	size_t len;
	bool cut;
};

#define RCP_STR(array) { (array), sizeof(array), 0, false }

void rcp_str_char(struct rcp_str *s, char c);
void rcp_str_add(struct rcp_str *s, const char *text);
/* For a terminal: '?' for each control character. */
void rcp_str_add_clean(struct rcp_str *s, const char *text);
void rcp_str_bytes(struct rcp_str *s, const char *text, size_t len);
void rcp_str_u64(struct rcp_str *s, uint64_t n);
/* At least WIDTH digits, zero filled. */
void rcp_str_u64_pad(struct rcp_str *s, uint64_t n, int width);
/* 1.21 GiB: three significant digits and the unit. */
void rcp_str_size(struct rcp_str *s, uint64_t bytes);

/* memcmp, strlen and the like, which the compiler may turn into calls of
 * libc's, are safe: they do not allocate.  This one parses a decimal number;
 * returns the first character after it, or NULL when there is no digit or the
 * number does not fit. */
const char *rcp_parse_u64(const char *text, uint64_t *out);

#endif
