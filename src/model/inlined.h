/* SPDX-License-Identifier: MIT
 *
 * inlined.h - what the debug information of one file says about an address:
 * the function, what was inlined into it there, and the lines.  Offline only.
 */
#ifndef RCP_MODEL_INLINED_H
#define RCP_MODEL_INLINED_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

/* One function of several that share an address. */
struct rcp_place {
	const char *function; /* the linker's name if there is one; NULL: the
				 debug information names none */
	const char *directory; /* where the compiler ran: a relative `file`
				  begins there; NULL: unknown */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
};

struct rcp_inlined;

/* `dwarf` is the caller's, and outlives it. */
struct rcp_inlined *rcp_inlined_new(Dwarf *dwarf);
void rcp_inlined_free(struct rcp_inlined *inlined);

/* The functions at an address, innermost first: fills up to `room` and returns
 * how many; 0: the debug information says nothing about it.  With the line
 * table alone there is one place without a function.  Strings live as long as
 * `inlined`. */
size_t rcp_inlined_find(struct rcp_inlined *inlined, uint64_t address,
			struct rcp_place *out, size_t room);

#endif
