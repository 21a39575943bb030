/* SPDX-License-Identifier: MIT
 *
 * cfi.c - runs the instructions of an entry of .eh_frame up to an address, and
 * makes a rule of what then holds.  Reached once for each return address.
 * DWARF 4, section 6.4; the registers' numbers are those of the x86-64 ABI.
 */
#include "unwind/cfi.h"

#include <string.h>

#include "unwind/unwind.h"

#define REG_RBP 6u
#define REG_RSP 7u
#define REG_RA 16u

#define REMEMBERED 8

enum {
	CFA_ADVANCE_LOC = 0x40, /* the lower six bits are the operand */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_GNU_WINDOW_SAVE = 0x2d,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

/* --- running ----------------------------------------------------------------- */

struct run {
	const struct rcp_cfi_entry *e;
	struct rcp_cfi_bytes b;
	struct rcp_cfi_row row, initial, kept[REMEMBERED];
	unsigned depth;
	uintptr_t at, pc;
};

/* Of a register that nothing is kept of. */
static struct rcp_cfi_place ignored;

static struct rcp_cfi_place *
place(struct rcp_cfi_row *row, uint64_t reg)
{
	return reg == REG_RBP ? &row->rbp : reg == REG_RA ? &row->ra : NULL;
}

static void
set(struct run *r, uint64_t reg, int how, int64_t offset)
{
	struct rcp_cfi_place *p = place(&r->row, reg);

	if (!p)
		return;
	*p = ignored;
	p->how = how;
	p->offset = offset;
}

static void
restore(struct run *r, uint64_t reg)
{
	struct rcp_cfi_place *p = place(&r->row, reg);

	if (p)
		*p = *place(&r->initial, reg);
}

static struct rcp_cfi_bytes
block(struct run *r)
{
	struct rcp_cfi_bytes out = r->b;
	uint64_t size = rcp_cfi_uleb(&r->b);

	if (size > (uint64_t)(r->b.end - r->b.p)) {
		r->b.failed = true;
		size = 0;
	}
	out.p = r->b.p;
	out.end = out.p + size;
	r->b.p += size;
	return out;
}

static void
set_expression(struct run *r, uint64_t reg)
{
	struct rcp_cfi_bytes bytes = block(r);
	struct rcp_cfi_place *p = place(&r->row, reg);

	if (!p)
		return;
	p->how = RCP_CFI_EXPRESSION;
	p->bytes = bytes;
}

static int64_t
factored(struct run *r)
{
	return (int64_t)rcp_cfi_uleb(&r->b) * r->e->data_align;
}

static int64_t
signed_factored(struct run *r)
{
	return rcp_cfi_sleb(&r->b) * r->e->data_align;
}

static void
def_cfa(struct run *r, uint64_t reg, int64_t offset)
{
	r->row.cfa.how = RCP_CFI_AT;
	r->row.cfa.offset = offset;
	r->row.reg = reg;
}

/* Instructions about the CFA and the state as a whole.  False: it is none. */
static bool
run_frame(struct run *r, uint8_t op)
{
	struct rcp_cfi_bytes *b = &r->b;
	uint64_t reg;

	switch (op) {
	case CFA_REMEMBER_STATE:
		if (r->depth == REMEMBERED)
			b->failed = true;
		else
			r->kept[r->depth++] = r->row;
		return true;
	case CFA_RESTORE_STATE:
		if (r->depth == 0)
			b->failed = true;
		else
			r->row = r->kept[--r->depth];
		return true;
	case CFA_DEF_CFA:
		reg = rcp_cfi_uleb(b);
		def_cfa(r, reg, (int64_t)rcp_cfi_uleb(b));
		return true;
	case CFA_DEF_CFA_SF:
		reg = rcp_cfi_uleb(b);
		def_cfa(r, reg, signed_factored(r));
		return true;
	case CFA_DEF_CFA_REGISTER:
		def_cfa(r, rcp_cfi_uleb(b), r->row.cfa.offset);
		return true;
	case CFA_DEF_CFA_OFFSET:
		def_cfa(r, r->row.reg, (int64_t)rcp_cfi_uleb(b));
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		def_cfa(r, r->row.reg, signed_factored(r));
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		r->row.cfa.bytes = block(r);
		r->row.cfa.how = RCP_CFI_EXPRESSION;
		return true;
	case CFA_GNU_ARGS_SIZE:
		rcp_cfi_uleb(b);
		return true;
	default:
		return op == CFA_NOP;
	}
}

/* Instructions about one register. */
static void
run_register(struct run *r, uint8_t op)
{
	uint64_t reg = rcp_cfi_uleb(&r->b);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set(r, reg, RCP_CFI_AT, factored(r));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set(r, reg, RCP_CFI_AT, signed_factored(r));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set(r, reg, RCP_CFI_AT, -factored(r));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(r, reg);
		break;
	case CFA_UNDEFINED:
		set(r, reg, RCP_CFI_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set(r, reg, RCP_CFI_SAME, 0);
		break;
	case CFA_REGISTER:
	case CFA_VAL_OFFSET:
		rcp_cfi_uleb(&r->b);
		set(r, reg, RCP_CFI_OTHER, 0);
		break;
	case CFA_VAL_OFFSET_SF:
		rcp_cfi_sleb(&r->b);
		set(r, reg, RCP_CFI_OTHER, 0);
		break;
	case CFA_EXPRESSION:
		set_expression(r, reg);
		break;
	case CFA_VAL_EXPRESSION:
		block(r);
		set(r, reg, RCP_CFI_OTHER, 0);
		break;
	default:
		r->b.failed = true;
	}
}

/* True: OP moves on in the code, by *DELTA. */
static bool
is_advance(struct run *r, uint8_t op, uint64_t *delta)
{
	if ((op & 0xc0) == CFA_ADVANCE_LOC)
		*delta = op & 0x3f;
	else if (op == CFA_ADVANCE_LOC1)
		*delta = rcp_cfi_fixed(&r->b, 1);
	else if (op == CFA_ADVANCE_LOC2)
		*delta = rcp_cfi_fixed(&r->b, 2);
	else if (op == CFA_ADVANCE_LOC4)
		*delta = rcp_cfi_fixed(&r->b, 4);
	else
		return false;
	*delta *= r->e->code_align;
	return true;
}

/* Up to the row that holds at r->pc. */
static bool
run(struct run *r, const struct rcp_cfi_bytes *code)
{
	r->b = *code;
	while (r->b.p < r->b.end && !r->b.failed) {
		uint8_t op = (uint8_t)rcp_cfi_fixed(&r->b, 1);
		uint64_t delta;

		if (is_advance(r, op, &delta)) {
			if (r->pc - r->at < delta)
				break;
			r->at += delta;
		} else if ((op & 0xc0) == CFA_OFFSET) {
			set(r, op & 0x3f, RCP_CFI_AT, factored(r));
		} else if ((op & 0xc0) == CFA_RESTORE) {
			restore(r, op & 0x3f);
		} else if (!run_frame(r, op)) {
			run_register(r, op);
		}
	}
	return !r->b.failed;
}

bool
rcp_cfi_run(const struct rcp_cfi_entry *e, uintptr_t pc,
	    struct rcp_cfi_row *row)
{
	struct run r = { .e = e, .at = e->begin, .pc = pc };

	if (!run(&r, &e->common))
		return false;
	r.initial = r.row;
	r.at = e->begin;
	if (!run(&r, &e->own))
		return false;
	*row = r.row;
	return true;
}

/* --- rules --------------------------------------------------------------------- */

#define OP_BREG 0x70
#define OP_DEREF 0x06

/* "REG + *OFFSET", and no more. */
static bool
is_register_plus(struct rcp_cfi_bytes b, unsigned reg, int64_t *offset)
{
	if (rcp_cfi_fixed(&b, 1) != OP_BREG + reg)
		return false;
	*offset = rcp_cfi_sleb(&b);
	return !b.failed && b.p == b.end;
}

/* "The word at REG + *OFFSET". */
static bool
is_word_at(struct rcp_cfi_bytes b, unsigned reg, int64_t *offset)
{
	if (b.p == b.end || b.end[-1] != OP_DEREF)
		return false;
	b.end--;
	return is_register_plus(b, reg, offset);
}

/* rsp + 8, and 8 more from the Nth byte of an entry on: a PLT, whose second
 * instruction has pushed a number. */
static bool
is_plt(const struct rcp_cfi_bytes *b, uintptr_t pc, int64_t *offset)
{
	static const uint8_t form[] = { 0x77, 8,    0x80, 0,    0x3f, 0x1a,
					0,    0x2a, 0x33, 0x24, 0x22 };

	if (b->end - b->p != sizeof(form) || memcmp(b->p, form, 6) != 0 ||
	    memcmp(b->p + 7, form + 7, sizeof(form) - 7) != 0)
		return false;
	*offset = (pc & 15) >= (unsigned)(b->p[6] - 0x30) ? 16 : 8;
	return true;
}

static rcp_rule
expression_rule(const struct rcp_cfi_row *row, uintptr_t pc)
{
	const struct rcp_cfi_bytes *b = &row->cfa.bytes;
	int64_t offset, ra, rbp;
	bool rbp_told = row->rbp.how == RCP_CFI_EXPRESSION;

	if (row->ra.how == RCP_CFI_EXPRESSION) {
		if (is_word_at(*b, REG_RSP, &offset) && rbp_told &&
		    is_register_plus(row->ra.bytes, REG_RSP, &ra) &&
		    is_register_plus(row->rbp.bytes, REG_RSP, &rbp) &&
		    ra == offset + RCP_SIGNAL_RIP &&
		    rbp == offset + RCP_SIGNAL_RBP)
			return rcp_rule_make(RCP_RULE_SIGNAL, offset, 0);
		return RCP_RULE_NONE;
	}
	if (row->ra.how != RCP_CFI_AT || row->ra.offset != -8)
		return RCP_RULE_NONE;
	if (is_word_at(*b, REG_RBP, &offset) && rbp_told &&
	    is_register_plus(row->rbp.bytes, REG_RBP, &rbp) && rbp == 0)
		return rcp_rule_make(RCP_RULE_DRAP, offset, 0);
	if (is_plt(b, pc, &offset) && row->rbp.how == RCP_CFI_SAME)
		return rcp_rule_make(RCP_RULE_SP, offset, 0);
	return RCP_RULE_NONE;
}

static rcp_rule
rule_of_row(const struct rcp_cfi_row *row, uintptr_t pc)
{
	int64_t below = 0;

	if (row->ra.how == RCP_CFI_UNDEFINED)
		return RCP_RULE_END;
	if (row->cfa.how == RCP_CFI_EXPRESSION)
		return expression_rule(row, pc);
	if (row->cfa.how != RCP_CFI_AT || row->ra.how != RCP_CFI_AT ||
	    row->ra.offset != -8 || row->cfa.offset < 8)
		return RCP_RULE_NONE;
	if (row->rbp.how == RCP_CFI_AT) {
		below = -row->rbp.offset;
		if (below < 16)
			return RCP_RULE_NONE;
	} else if (row->rbp.how != RCP_CFI_SAME &&
		   row->rbp.how != RCP_CFI_UNDEFINED) {
		return RCP_RULE_NONE;
	}
	if (row->reg == REG_RSP)
		return rcp_rule_make(RCP_RULE_SP, row->cfa.offset, below);
	if (row->reg == REG_RBP)
		return rcp_rule_make(RCP_RULE_BP, row->cfa.offset, below);
	return RCP_RULE_NONE;
}

/* No known code before IP.  Where a function begins there, no call has left
 * this address: somebody wrote it below a coroutine's first frame (glibc:
 * __start_context). */
static rcp_rule
rule_outside(uintptr_t ip, bool *lasting)
{
	struct rcp_cfi_entry e;

	*lasting = rcp_cfi_find(ip, &e) && e.begin == ip;
	return *lasting ? RCP_RULE_END : RCP_RULE_NONE;
}

rcp_rule
rcp_cfi_rule(uintptr_t ip, bool *lasting)
{
	struct rcp_cfi_entry e;
	struct rcp_cfi_row row;
	uintptr_t pc = ip - 1;

	*lasting = true;
	if (!rcp_cfi_find(pc, &e))
		return rule_outside(ip, lasting);
	if (!rcp_cfi_run(&e, pc, &row))
		return RCP_RULE_NONE;
	return rule_of_row(&row, pc);
}

uintptr_t
rcp_unwind_address(uintptr_t ip)
{
	enum rcp_rule_kind kind = rcp_rule_kind(rcp_rule_of(ip));
	struct rcp_cfi_entry e;

	if (kind == RCP_RULE_SIGNAL ||
	    (kind == RCP_RULE_END && !rcp_cfi_find(ip - 1, &e)))
		return ip + 1;
	return ip;
}
