/* SPDX-License-Identifier: MIT
 *
 * symbolize_none.c - what stands in for symbolize.c where elfutils is not
 * there: native frames keep their module and address.  Offline only.
 */
#include "model/symbolize.h"

struct rcp_symbols *
rcp_symbols_new(void)
{
	return NULL;
}

void
rcp_symbols_free(struct rcp_symbols *symbols)
{
	(void)symbols;
}

bool
rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
		 const void *build_id, size_t build_id_len, uint64_t address,
		 struct rcp_symbol *out)
{
	(void)symbols;
	(void)path;
	(void)build_id;
	(void)build_id_len;
	(void)address;
	(void)out;
	return false;
}
