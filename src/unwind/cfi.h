/* SPDX-License-Identifier: MIT
 *
 * cfi.h - what a compiler wrote about a return address, as a row of registers.
 */
#ifndef RCP_UNWIND_CFI_H
#define RCP_UNWIND_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read in order; what lies behind the end reads as 0 and
 * makes it fail. */
struct rcp_cfi_bytes {
	const uint8_t *p, *end;
	bool failed;
};

uint64_t rcp_cfi_fixed(struct rcp_cfi_bytes *b, unsigned size);
uint64_t rcp_cfi_uleb(struct rcp_cfi_bytes *b);
int64_t rcp_cfi_sleb(struct rcp_cfi_bytes *b);

/* Where a register's value in the outer frame is. */
struct rcp_cfi_place {
	enum {
		RCP_CFI_SAME,      /* it has not changed */
		RCP_CFI_AT,        /* saved at CFA + offset */
		RCP_CFI_UNDEFINED, /* gone */
		RCP_CFI_EXPRESSION, /* saved where BYTES tell */
		RCP_CFI_OTHER,
	} how;
	int64_t offset;
	struct rcp_cfi_bytes bytes;
};

/* A row of the table: what holds at one address.  CFA: register + offset, or
 * what the bytes tell. */
struct rcp_cfi_row {
	struct rcp_cfi_place cfa; /* AT: from `reg`; or EXPRESSION */
	uint64_t reg;
	struct rcp_cfi_place rbp, ra;
};

/* One entry of .eh_frame. */
struct rcp_cfi_entry {
	struct rcp_cfi_bytes common, own; /* instructions */
	uint64_t code_align;
	int64_t data_align;
	uintptr_t begin, end; /* of the code */
};

/* The row for PC, whose entry is E.  False: it says what we do not know. */
bool rcp_cfi_run(const struct rcp_cfi_entry *e, uintptr_t pc,
		 struct rcp_cfi_row *row);

/* The entry for PC, by the module's search table.  No lock. */
bool rcp_cfi_find(uintptr_t pc, struct rcp_cfi_entry *e);

#endif
