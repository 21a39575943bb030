/* SPDX-License-Identifier: MIT
 *
 * file.h - a profile as a row of chunks.  Offline only.
 */
#ifndef RCP_MODEL_FILE_H
#define RCP_MODEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/decode.h"
#include "model/error.h"

struct rcp_file {
	int fd;
	bool shared; /* fd belongs to another rcp_file */
	uint64_t size;   /* when it was opened: a live file may grow */
	uint64_t offset; /* of the next chunk */
	uint64_t limit;  /* reading stops here; the size, at first */
	uint8_t *buffer; /* window over the file */
	size_t room;
	uint64_t window; /* offset of buffer[0] */
	size_t filled;
	struct rcp_file_header header;
	/* Why there is no further chunk, if that is not the plain end. */
	bool cut;        /* the last chunk is incomplete */
	bool damaged;    /* its checksum or its length is wrong */
	char why[160];
};

/* Opens and reads the header.  On false the reason has the file's name before
 * it. */
bool rcp_file_map(struct rcp_file *file, const char *path,
		   struct rcp_error *error);
void rcp_file_close(struct rcp_file *file);

/* A second reader of what `base` has open, up to where base has come; to be
 * closed before it.  (The path may name another file by now.) */
void rcp_file_share(struct rcp_file *file, const struct rcp_file *base);

/* Gives back the window, keeps the file open. */
void rcp_file_rest(struct rcp_file *file);

/* Goes to the chunk at `offset`, which has been read before. */
void rcp_file_seek(struct rcp_file *file, uint64_t offset);

/* The next whole and intact chunk; its payload is good until the next call.
 * False at the end, for which `cut`, `damaged` and `why` give the reason. */
bool rcp_file_next(struct rcp_file *file, struct rcp_raw_chunk *chunk);

#endif
