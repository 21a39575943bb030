/* SPDX-License-Identifier: MIT
 *
 * demangle_none.c - what stands in for demangle.c where libiberty is not
 * there: names stay as the linker knows them.  Offline only.
 */
#include "model/demangle.h"

#include <stddef.h>

char *
rcp_demangle(const char *symbol)
{
	(void)symbol;
	return NULL;
}
