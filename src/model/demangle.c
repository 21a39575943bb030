/* SPDX-License-Identifier: MIT
 *
 * demangle.c - C++ and Rust names by libiberty, which binutils and gdb use:
 * it knows both of Rust's schemes, and bounds its own recursion.  Offline
 * only.
 */
#include "model/demangle.h"

#include <string.h>

#include <libiberty/demangle.h>

/* Beyond this a name helps nobody, and some grow when they are expanded. */
#define LONGEST 4096

char *
rcp_demangle(const char *symbol)
{
	if (symbol[0] != '_' || (symbol[1] != 'Z' && symbol[1] != 'R') ||
	    strlen(symbol) > LONGEST)
		return NULL;
	/* Without DMGL_PARAMS: as gdb and perf name frames.  Rust's crate
	 * hashes go too, which DMGL_VERBOSE would keep. */
	return cplus_demangle(symbol, DMGL_AUTO | DMGL_ANSI);
}
