/* SPDX-License-Identifier: MIT
 *
 * symcache.h - what was found at the addresses of one file, and keeping it
 * for the next report.  Offline only.
 */
#ifndef RCP_MODEL_SYMCACHE_H
#define RCP_MODEL_SYMCACHE_H

#include "model/debugfile.h"
#include "model/map.h"
#include "model/strings.h"
#include "model/symbolize.h"

struct rcp_answer {
	uint64_t address;
	uint32_t first, count; /* of the functions; none: nothing is there */
};

/* {.index = {.words = 1}} is empty.  Strings belong to somebody's pool. */
struct rcp_answers {
	struct rcp_map index; /* address -> item */
	struct rcp_answer *items;
	size_t count, room;
	struct rcp_symbol *functions;
	size_t function_count, function_room;
};

/* Adds the answer for an address that has none yet. */
void rcp_answers_add(struct rcp_answers *answers, uint64_t address,
		     const struct rcp_symbol *functions, size_t count);
void rcp_answers_free(struct rcp_answers *answers);

enum rcp_kept {
	RCP_KEPT_NOT,   /* nothing, or it is no longer what one would find */
	RCP_KEPT_SAME,  /* found in the very files that are there now */
	RCP_KEPT_BETTER /* found in files that are gone: true, since the build-id
			   is the same, but not to be mixed with what is found
			   now */
};

/* Fills `answers` with what an earlier report has found for this build-id;
 * `files` are those of now. */
enum rcp_kept rcp_symcache_read(const struct rcp_image *image,
				const struct rcp_debug_files *files,
				struct rcp_strings *pool,
				struct rcp_answers *answers);

/* Replaces what is kept.  Failures are nobody's concern. */
void rcp_symcache_write(const struct rcp_image *image,
			const struct rcp_debug_files *files,
			const struct rcp_answers *answers);

/* symcache_dir.c: the path of what is kept for a build-id, its directory made
 * if `make`.  False: there is no place, or it belongs to another user. */
bool rcp_symcache_path(const struct rcp_image *image, bool make,
		       char out[PATH_MAX]);

/* Takes the place of the file at `path`, whole or not at all; the oldest go
 * where there are too many. */
void rcp_symcache_replace(const char *path, const void *data, size_t len);

#endif
