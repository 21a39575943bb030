/* SPDX-License-Identifier: MIT
 *
 * own.h - whose code is it?  One rule for the exit line and the reports.
 */
#ifndef RCP_BASE_OWN_H
#define RCP_BASE_OWN_H

#include <stdbool.h>
#include <stddef.h>

/* False for Python files of the standard library (any lib/python3.N), of
 * site-packages and dist-packages, and for <frozen ...> modules.  PATH is
 * co_filename, SIZE bytes, not terminated.  Pure. */
bool rcp_path_is_own(const char *path, size_t size);

#endif
