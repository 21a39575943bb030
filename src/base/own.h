/* SPDX-License-Identifier: MIT
 *
 * own.h - whose code is it?  One rule for the exit line and the reports.
 */
#ifndef RCP_BASE_OWN_H
#define RCP_BASE_OWN_H

#include <stddef.h>

enum rcp_path_origin {
	RCP_PATH_OWN,
	RCP_PATH_SITE,   /* site-packages, dist-packages */
	RCP_PATH_STDLIB, /* lib/python3.N, <frozen ...> */
};

/* Where a Python file comes from.  PATH is co_filename, SIZE bytes, not
 * terminated.  Pure. */
enum rcp_path_origin rcp_path_origin(const char *path, size_t size);

#endif
