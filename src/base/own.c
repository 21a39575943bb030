/* SPDX-License-Identifier: MIT
 *
 * own.c - see own.h.  Pure.
 */
#include "base/own.h"

#include <stdbool.h>
#include <string.h>

static const char *
find(const char *path, size_t size, const char *part)
{
	return memmem(path, size, part, strlen(part));
}

static bool
starts(const char *p, const char *end, const char *with)
{
	size_t size = strlen(with);

	return (size_t)(end - p) >= size && memcmp(p, with, size) == 0;
}

/* ".../lib/python3.11/", ".../lib64/python3.13t/", ".../lib/python311.zip/";
 * not Debian's ".../lib/python3/", which holds dist-packages only. */
static bool
in_stdlib(const char *p, const char *end)
{
	while ((p = find(p, (size_t)(end - p), "/lib"))) {
		const char *version;

		p += 4;
		if (starts(p, end, "64") || starts(p, end, "32"))
			p += 2;
		if (!starts(p, end, "/python3"))
			continue;
		version = p += 8;
		while (p < end && ((*p >= '0' && *p <= '9') || *p == '.' ||
				   *p == 't'))
			p++;
		if (p > version &&
		    (starts(p, end, "/") || starts(p, end, "zip/")))
			return true;
	}
	return false;
}

/* What numpy, decorator and attrs write and compile for their callers. */
static bool
is_generated(const char *p, const char *end)
{
	return starts(p, end, "<__array_function__ ") ||
	       starts(p, end, "<decorator-gen-") ||
	       starts(p, end, "<attrs generated ");
}

enum rcp_path_origin
rcp_path_origin(const char *path, size_t size)
{
	if (starts(path, path + size, "<frozen "))
		return RCP_PATH_STDLIB;
	if (find(path, size, "/site-packages/") ||
	    find(path, size, "/dist-packages/") ||
	    is_generated(path, path + size))
		return RCP_PATH_SITE;
	return in_stdlib(path, path + size) ? RCP_PATH_STDLIB : RCP_PATH_OWN;
}
