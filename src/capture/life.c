/* SPDX-License-Identifier: MIT
 *
 * life.c - capture as a whole: its start, its totals, its forks.
 */
#include "capture/capture.h"
#include "capture/modules.h"
#include "capture/names.h"
#include "capture/nodes.h"
#include "capture/seal.h"
#include "capture/tree.h"
#include "unwind/unwind.h"

bool rcp_seals_none;

bool
rcp_capture_setup(uint64_t memory_limit)
{
	rcp_names_setup(memory_limit);
	rcp_py_watch_code(rcp_code_died);
	return rcp_tree_setup(memory_limit);
}

void
rcp_capture_few(void)
{
	rcp_names_are_few();
	rcp_seals_none = true;
}

void
rcp_capture_unloading(void)
{
	rcp_unwind_unloading();
	rcp_native_unload();
	__atomic_fetch_add(&rcp_py_epoch, 1, __ATOMIC_RELEASE);
}

void
rcp_capture_unloaded(void)
{
	rcp_native_unload();
	__atomic_fetch_add(&rcp_py_epoch, 1, __ATOMIC_RELEASE);
	rcp_unwind_unloaded();
}

uint64_t
rcp_capture_truncated(void)
{
	return rcp_tree_truncated();
}

void
rcp_capture_fork_prepare(void)
{
	rcp_tree_fork_prepare();
	rcp_modules_fork_prepare();
	rcp_names_fork_prepare();
}

void
rcp_capture_fork_done(bool child)
{
	rcp_names_fork_done(child);
	rcp_modules_fork_done(child);
	rcp_tree_fork_done(child);
	if (child)
		rcp_unwind_fork_child();
}
