/* SPDX-License-Identifier: MIT
 *
 * arch_none.c - in place of arch_x86_64.c where nothing is patched: another
 * architecture, or a build without the headers of Zydis.
 */
#include "pyhooks/objects.h"

bool
rcp_arch_begin(const char **why)
{
	*why = "this build of rcprof can not patch functions (no Zydis, or not "
	       "x86-64)";
	return false;
}

bool
rcp_arch_plan(struct rcp_patch *p, const uint8_t *function,
	      const uint8_t *end)
{
	(void)p;
	(void)function;
	(void)end;
	return false;
}

void
rcp_arch_check_jumps(struct rcp_patch *const *plans, size_t count,
		     const uint8_t *start, const uint8_t *end)
{
	(void)plans;
	(void)count;
	(void)start;
	(void)end;
}

size_t
rcp_arch_common(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
		void (*hook)(void *op, const void *const *entry))
{
	(void)out;
	(void)at;
	(void)hook;
	return 0;
}

size_t
rcp_arch_stub(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
	      const struct rcp_patch *p, uintptr_t common, enum rcp_ask ask,
	      uintptr_t what)
{
	(void)out;
	(void)at;
	(void)p;
	(void)common;
	(void)ask;
	(void)what;
	return 0;
}

size_t
rcp_arch_jump(uint8_t out[RCP_PATCH_JUMP], uintptr_t from, uintptr_t to)
{
	(void)out;
	(void)from;
	(void)to;
	return 0;
}

size_t
rcp_arch_far_jump(uint8_t out[RCP_PATCH_STUB], const void *to)
{
	(void)out;
	(void)to;
	return 0;
}

size_t
rcp_arch_return(uint8_t out[RCP_PATCH_JUMP], int value)
{
	(void)out;
	(void)value;
	return 0;
}

const uint8_t *
rcp_arch_first_call(const uint8_t *function, size_t size)
{
	(void)function;
	(void)size;
	return NULL;
}
