/* SPDX-License-Identifier: MIT
 *
 * modules.h - loaded files, for native frames: an address is kept as (module,
 * offset), which stays true when the file is unloaded and another one takes
 * its place.
 */
#ifndef RCP_CAPTURE_MODULES_H
#define RCP_CAPTURE_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/names.h"

struct rcp_module {
	uint32_t id, stamp;
	const struct rcp_string *path;
	const struct rcp_string *build_id; /* raw bytes; NULL: none */
	uintptr_t base, low, high;
	const void *map; /* the loader's */
	uint32_t epoch;  /* in which it was seen to be this one */
	bool is_greenlets; /* greenlet's C module */
};

/* The module that holds ADDRESS, or NULL.  Takes no lock of the loader's.
 * EPOCH: another one whenever something may have been unloaded. */
const struct rcp_module *rcp_module_at(const void *address, uint32_t epoch);

struct rcp_module *rcp_module_by_id(uint32_t id);

void rcp_modules_fork_prepare(void);
void rcp_modules_fork_done(bool child);

#endif
