/* SPDX-License-Identifier: MIT
 *
 * table.c - the rules that are known, by return address.  Any thread writes,
 * whole words only: who overwrites whom does not matter, since each entry is
 * right by itself.
 */
#include "unwind/unwind.h"

uint64_t rcp_rules[RCP_RULES];

/* Threads that are inside dlclose. */
static uint32_t closing;

/* The other place of an address: two that share one place share the other
 * hardly ever. */
static uint32_t
second(uintptr_t ip)
{
	uintptr_t tag = ip >> RCP_RULES_BITS;

	return (uint32_t)(ip ^ (tag * 0x9e3779b97f4a7c15u) >> 40) &
	       (RCP_RULES - 1);
}

static uint64_t
entry(uintptr_t ip, rcp_rule rule)
{
	return (uint64_t)(ip >> RCP_RULES_BITS) << 32 | rule;
}

rcp_rule
rcp_rule_learn(uintptr_t ip)
{
	uint64_t *one = &rcp_rules[(ip ^ ip >> RCP_RULES_BITS) &
				   (RCP_RULES - 1)];
	uint64_t *two = &rcp_rules[second(ip)];
	uint64_t word = __atomic_load_n(two, __ATOMIC_RELAXED);
	rcp_rule rule;
	bool lasting;

	if (ip >> 47)
		return RCP_RULE_NONE;
	if (word && (word & ~(uint64_t)RCP_RULE_MASK) ==
			    entry(ip, RCP_RULES_SECOND))
		return (rcp_rule)(word & RCP_RULE_MASK);
	rule = rcp_cfi_rule(ip, &lasting);
	if (!lasting || __atomic_load_n(&closing, __ATOMIC_RELAXED))
		return rule;
	if (!__atomic_load_n(one, __ATOMIC_RELAXED) || word)
		__atomic_store_n(one, entry(ip, rule), __ATOMIC_RELAXED);
	else
		__atomic_store_n(two, entry(ip, rule | RCP_RULES_SECOND),
				 __ATOMIC_RELAXED);
	return rule;
}

/* Pages that nobody has written to stay that way. */
static void
forget(void)
{
	for (uint32_t i = 0; i < RCP_RULES; i++)
		if (__atomic_load_n(&rcp_rules[i], __ATOMIC_RELAXED))
			__atomic_store_n(&rcp_rules[i], 0, __ATOMIC_RELAXED);
}

void
rcp_unwind_unloading(void)
{
	__atomic_fetch_add(&closing, 1, __ATOMIC_SEQ_CST);
	forget();
}

/* A forked child counts from 0, although it may be inside. */
void
rcp_unwind_unloaded(void)
{
	uint32_t n = __atomic_load_n(&closing, __ATOMIC_RELAXED);

	while (n && !__atomic_compare_exchange_n(&closing, &n, n - 1, false,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
		;
}

void
rcp_unwind_fork_child(void)
{
	__atomic_store_n(&closing, 0, __ATOMIC_RELAXED);
}
