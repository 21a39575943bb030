/* SPDX-License-Identifier: MIT
 *
 * own.c - see own.h.  Pure.
 */
#include "base/own.h"

#include <string.h>

static const char *
find(const char *path, size_t size, const char *part)
{
	return memmem(path, size, part, strlen(part));
}

/* ".../lib/python3.11/..." or "lib/python3/dist-packages", "lib64/..." */
static bool
in_library(const char *path, size_t size)
{
	const char *at = path, *end = path + size;

	while ((at = find(at, (size_t)(end - at), "/python3"))) {
		const char *p = at + strlen("/python3");
		const char *dir = at;

		while (dir > path && dir[-1] != '/')
			dir--;
		while (p < end && ((*p >= '0' && *p <= '9') || *p == '.' ||
				   *p == 't'))
			p++;
		if (p < end && *p == '/' &&
		    strncmp(dir, "lib", 3) == 0)
			return true;
		at++;
	}
	return false;
}

bool
rcp_path_is_own(const char *path, size_t size)
{
	static const char frozen[] = "<frozen ";

	if (size >= sizeof(frozen) - 1 &&
	    memcmp(path, frozen, sizeof(frozen) - 1) == 0)
		return false;
	return !find(path, size, "/site-packages/") &&
	       !find(path, size, "/dist-packages/") && !in_library(path, size);
}
