/* SPDX-License-Identifier: MIT
 *
 * file.c - reads a profile chunk by chunk through a window of the file, by
 * pread and not by mmap: a file that somebody truncates meanwhile ends early
 * instead of killing the reader.  First stop on the way in; offline only.
 */
#include "model/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/memory.h"

#define WINDOW (256u * 1024)

/* Bytes [offset, offset + need) in the buffer, or NULL if the file is shorter
 * (or cannot be read: then the reason is noted). */
static const uint8_t *
look(struct rcp_file *file, uint64_t offset, size_t need)
{
	if (offset + need > file->limit)
		return NULL;
	if (offset >= file->window &&
	    offset + need <= file->window + file->filled)
		return file->buffer + (offset - file->window);
	if (need > file->room) {
		file->room = need > WINDOW ? need : WINDOW;
		free(file->buffer);
		file->buffer = rcp_resize(NULL, file->room);
	}
	file->window = offset;
	file->filled = 0;
	while (file->filled < need) {
		ssize_t n = pread(file->fd, file->buffer + file->filled,
				  file->room - file->filled,
				  (off_t)(offset + file->filled));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		file->filled += (size_t)n;
	}
	return file->buffer;
}

static bool
refuse(struct rcp_error *error, const char *path, enum rcp_header_status status,
       const struct rcp_file_header *header)
{
	switch (status) {
	case RCP_HEADER_OK:
		return true;
	case RCP_HEADER_SHORT:
		rcp_error_set(error, "%s: cut off within its first %d bytes: "
			      "nothing was recorded", path, RCP_HEADER_SIZE);
		break;
	case RCP_HEADER_FOREIGN:
		rcp_error_set(error, "%s: not a rcprof profile", path);
		break;
	case RCP_HEADER_DAMAGED:
		rcp_error_set(error, "%s: its header is damaged", path);
		break;
	case RCP_HEADER_NEWER:
		rcp_error_set(error, "%s: written in format %u, which needs a "
			      "reader of format %u; this one knows %d", path,
			      header->version, header->min_reader,
			      RCP_FORMAT_VERSION);
		break;
	case RCP_HEADER_FEATURES:
		rcp_error_set(error, "%s: needs features (0x%x) that this "
			      "version does not know", path,
			      header->features);
		break;
	}
	return false;
}

static bool
read_header(struct rcp_file *file, const char *path, struct rcp_error *error)
{
	size_t len = file->size < RCP_HEADER_SIZE ? (size_t)file->size :
						    RCP_HEADER_SIZE;
	const uint8_t *head;

	if (len == 0) {
		rcp_error_set(error, "%s: empty file", path);
		return false;
	}
	head = look(file, 0, len);
	if (!head) {
		rcp_error_set(error, "%s: cannot be read: %s", path,
			      strerror(errno));
		return false;
	}
	file->offset = RCP_HEADER_SIZE;
	return refuse(error, path,
		      rcp_decode_header(head, len, &file->header),
		      &file->header);
}

static bool
open_regular(struct rcp_file *file, const char *path, struct rcp_error *error)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &st) != 0) {
		rcp_error_set(error, "%s: %s", path, strerror(errno));
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		rcp_error_set(error, "%s: is a directory", path);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		rcp_error_set(error, "%s: not a regular file", path);
		return false;
	}
	file->size = file->limit = (uint64_t)st.st_size;
	return true;
}

bool
rcp_file_map(struct rcp_file *file, const char *path, struct rcp_error *error)
{
	memset(file, 0, sizeof(*file));
	if (open_regular(file, path, error) && read_header(file, path, error))
		return true;
	rcp_file_close(file);
	return false;
}

void
rcp_file_close(struct rcp_file *file)
{
	rcp_file_rest(file);
	if (file->fd >= 0 && !file->shared)
		close(file->fd);
	file->fd = -1;
}

void
rcp_file_rest(struct rcp_file *file)
{
	free(file->buffer);
	file->buffer = NULL;
	file->room = file->filled = 0;
}

void
rcp_file_share(struct rcp_file *file, const struct rcp_file *base)
{
	memset(file, 0, sizeof(*file));
	file->fd = base->fd;
	file->shared = true;
	file->size = base->size;
	file->limit = base->offset;
	file->header = base->header;
	file->offset = RCP_HEADER_SIZE;
}

void
rcp_file_seek(struct rcp_file *file, uint64_t offset)
{
	file->offset = offset;
	file->cut = file->damaged = false;
	file->why[0] = '\0';
}

static bool
stop(struct rcp_file *file, bool damaged, const char *what)
{
	file->cut = !damaged;
	file->damaged = damaged;
	snprintf(file->why, sizeof(file->why), "%s", what);
	return false;
}

bool
rcp_file_next(struct rcp_file *file, struct rcp_raw_chunk *chunk)
{
	uint8_t head[RCP_CHUNK_HEADER];
	const uint8_t *bytes;

	if (file->offset >= file->limit)
		return false;
	bytes = look(file, file->offset, RCP_CHUNK_HEADER);
	if (!bytes)
		return stop(file, false, "it ends within a chunk's header");
	memcpy(head, bytes, sizeof(head));
	if (!rcp_decode_chunk(head, chunk))
		return stop(file, true, "a chunk's length makes no sense");
	bytes = look(file, file->offset + RCP_CHUNK_HEADER, chunk->length);
	if (!bytes)
		return stop(file, false, "it ends within a chunk");
	if (!rcp_chunk_intact(head, bytes, chunk->length))
		return stop(file, true, "a chunk's checksum is wrong");
	chunk->offset = file->offset;
	chunk->payload = bytes;
	file->offset += RCP_CHUNK_HEADER + chunk->length;
	return true;
}
