/* SPDX-License-Identifier: MIT
 *
 * symbolize_none.c - what stands in for symbolize.c where elfutils is not
 * there: native frames keep their module and address.  Offline only.
 */
#include "model/symbolize.h"

struct rcp_symbols *
rcp_symbols_new(const struct rcp_symbol_search *search)
{
	(void)search;
	return NULL;
}

void
rcp_symbols_free(struct rcp_symbols *symbols)
{
	(void)symbols;
}

size_t
rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
		 const void *build_id, size_t build_id_len, uint64_t address,
		 struct rcp_symbol *out, size_t room)
{
	(void)symbols;
	(void)path;
	(void)build_id;
	(void)build_id_len;
	(void)address;
	(void)out;
	(void)room;
	return 0;
}
