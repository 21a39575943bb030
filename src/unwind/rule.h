/* SPDX-License-Identifier: MIT
 *
 * rule.h - how to get from a frame to the next outer one, in 30 bits, and the
 * table of those that are known, by return address.
 *
 * A rule and what it is of are one word, so that no reader ever sees half of
 * one: the table needs no lock and no check.
 */
#ifndef RCP_UNWIND_RULE_H
#define RCP_UNWIND_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hot.h"

/* bits 0-2 the kind, 3-10 where rbp was saved, 11-29 an offset in words. */
typedef uint32_t rcp_rule; // NOLINT: a number, compared as one

/* CFA: the address behind the frame's return address. */
enum rcp_rule_kind {
	RCP_RULE_WORD = 0,   /* no frame: a word that the next one needs */
	RCP_RULE_SP = 1,     /* CFA = rsp + offset */
	RCP_RULE_BP = 2,     /* CFA = rbp + offset */
	RCP_RULE_DRAP = 3,   /* CFA = [rbp + offset], rbp = [rbp]: a function
				that has aligned its stack */
	RCP_RULE_SIGNAL = 4, /* all registers stand at rsp + offset */
	RCP_RULE_END = 5,    /* there is no outer frame */
	RCP_RULE_NONE = 6,   /* there is one, and nobody knows where */
	RCP_RULE_TAIL = 7,   /* CFA = rsp + offset, as long as the code there
				is what it was, which nobody would tell */
};

/* Where the interrupted frame's registers stand, from its rsp's place. */
#define RCP_SIGNAL_RIP 8
#define RCP_SIGNAL_RBP (-40)

#define RCP_RULE_KIND 7u
#define RCP_RULE_RBP_SHIFT 3
#define RCP_RULE_RBP_MAX 255u
#define RCP_RULE_OFFSET_SHIFT 11
#define RCP_RULE_OFFSET_MAX ((1 << 18) - 1)
#define RCP_RULE_MASK ((1u << 30) - 1)

/* Of a step, not of a rule.  LOOSE: rsp does not follow from the step's place.
 * NEEDED: outer frames are found by the value that rbp has in this one. */
#define RCP_STEP_LOOSE (1u << 30)
#define RCP_STEP_NEEDED (1u << 31)

static inline enum rcp_rule_kind
rcp_rule_kind(rcp_rule r)
{
	return (enum rcp_rule_kind)(r & RCP_RULE_KIND);
}

/* In bytes. */
static inline intptr_t
rcp_rule_offset(rcp_rule r)
{
	/* The sign's bit is bit 29. */
	return (intptr_t)((int32_t)(r << 2) >> (RCP_RULE_OFFSET_SHIFT + 2)) * 8;
}

/* How far below the CFA rbp was saved; 0: it is what it was. */
static inline uintptr_t
rcp_rule_rbp(rcp_rule r)
{
	return (uintptr_t)(r >> RCP_RULE_RBP_SHIFT & RCP_RULE_RBP_MAX) * 8;
}

/* A rule; RCP_RULE_NONE if these numbers do not fit into one. */
static inline rcp_rule
rcp_rule_make(enum rcp_rule_kind kind, intptr_t offset, intptr_t rbp_below)
{
	if (offset % 8 != 0 || offset / 8 > RCP_RULE_OFFSET_MAX ||
	    offset / 8 < -RCP_RULE_OFFSET_MAX || rbp_below % 8 != 0 ||
	    rbp_below < 0 || rbp_below / 8 > (intptr_t)RCP_RULE_RBP_MAX)
		return RCP_RULE_NONE;
	return (kind | (uint32_t)(rbp_below / 8) << RCP_RULE_RBP_SHIFT |
		(uint32_t)(offset / 8) << RCP_RULE_OFFSET_SHIFT) &
	       RCP_RULE_MASK;
}

/* --- the table ------------------------------------------------------------- */

#define RCP_RULES_BITS 16
#define RCP_RULES (1u << RCP_RULES_BITS)

/* From bit 32 on an address's upper bits, below its rule, and in bit 31 which
 * of its two places this is; the lower 16 bits follow from the place.  0: free.
 * So an address below 64 KiB has the rule 0, which is none. */
#define RCP_RULES_SECOND (1u << 31)
extern uint64_t rcp_rules[RCP_RULES] RCP_HIDDEN;

/* The rule of return address IP, from its module's tables. */
rcp_rule rcp_rule_learn(uintptr_t ip);

/* The same without a look into the table: see cfi.c.  *LASTING: it holds as
 * long as the module is there. */
rcp_rule rcp_cfi_rule(uintptr_t ip, bool *lasting);

/* The rule of return address IP in code without tables, by the end of its
 * function if that is what comes next.  Does not last.  A system call. */
rcp_rule rcp_tail_rule(uintptr_t ip);

static inline rcp_rule
rcp_rule_of(uintptr_t ip)
{
	uintptr_t tag = ip >> RCP_RULES_BITS;
	uint64_t word = __atomic_load_n(
		&rcp_rules[(ip ^ tag) & (RCP_RULES - 1)], __ATOMIC_RELAXED);

	if (RCP_LIKELY(word >> 31 == tag << 1))
		return (rcp_rule)word;
	return rcp_rule_learn(ip);
}

#endif
