/* SPDX-License-Identifier: MIT
 *
 * tail.c - rules for code that is in no module and has no tables.  Where what
 * stands behind a call is only the function's end, that end says where the
 * frame is: so do the trampolines of CPython's -X perf.
 */
#include "unwind/rule.h"

#include <string.h>

#include "base/sys.h"
#include "unwind/reach.h"

#define LONGEST 24 /* bytes that an end is looked for in */
#define REG_RBP 5

/* The bytes at IP that can be read. */
RCP_READS_ANY static unsigned
read_code(uintptr_t ip, uint8_t code[LONGEST])
{
	const volatile uint8_t *p = (const volatile uint8_t *)ip;
	uintptr_t last = ip + LONGEST - 1, page = ip & -RCP_REACH_PAGE;
	unsigned size = LONGEST;

	if (!rcp_reach_page(page))
		return 0;
	if ((last & -RCP_REACH_PAGE) != page &&
	    !rcp_reach_page(page + RCP_REACH_PAGE))
		size = (unsigned)(page + RCP_REACH_PAGE - ip);
	for (unsigned i = 0; i < size; i++)
		code[i] = p[i];
	return size;
}

/* "add rsp, N": its length, and N; else 0.  A negative N is no end. */
static unsigned
adds(const uint8_t *p, size_t left, int32_t *by)
{
	if (left >= 4 && p[0] == 0x48 && p[1] == 0x83 && p[2] == 0xc4 &&
	    p[3] < 0x80) {
		*by = p[3];
		return 4;
	}
	if (left >= 7 && p[0] == 0x48 && p[1] == 0x81 && p[2] == 0xc4) {
		memcpy(by, p + 3, 4);
		return 7;
	}
	return 0;
}

/* "pop REG": its length, else 0. */
static unsigned
pops(const uint8_t *p, size_t left, unsigned *reg)
{
	if (left >= 1 && p[0] >> 3 == 0x58 >> 3) {
		*reg = p[0] & 7;
		return 1;
	}
	if (left >= 2 && p[0] == 0x41 && p[1] >> 3 == 0x58 >> 3) {
		*reg = 8 + (p[1] & 7);
		return 2;
	}
	return 0;
}

rcp_rule
rcp_tail_rule(uintptr_t ip)
{
	uint8_t code[LONGEST];
	const uint8_t *p = code, *end = code + read_code(ip, code);
	intptr_t offset = 0, rbp = -1;
	unsigned size, reg;
	int32_t by;

	for (; p < end && *p != 0xc3 /* ret */; p += size) {
		size = adds(p, (size_t)(end - p), &by);
		if (size) {
			if (by < 0)
				return RCP_RULE_NONE;
			offset += by;
			continue;
		}
		size = pops(p, (size_t)(end - p), &reg);
		if (!size || reg == 4 /* rsp */)
			return RCP_RULE_NONE;
		if (reg == REG_RBP)
			rbp = offset;
		offset += 8;
	}
	if (p >= end)
		return RCP_RULE_NONE;
	offset += 8;
	return rcp_rule_make(RCP_RULE_TAIL, offset, rbp < 0 ? 0 : offset - rbp);
}
