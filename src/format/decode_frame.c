/* SPDX-License-Identifier: MIT
 *
 * decode_frame.c - the file header and the frames of chunks out of bytes.
 * First stop of every untrusted byte of a profile.
 */
#include <string.h>

#include "format/crc32.h"
#include "format/decode.h"

static uint64_t
load(const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static void
header_fields(const uint8_t *p, struct rcp_file_header *header)
{
	memcpy(header->magic, p, 8);
	header->version = (uint16_t)load(p + 8, 2);
	header->min_reader = (uint16_t)load(p + 10, 2);
	header->features = (uint32_t)load(p + 12, 4);
	header->pid = (uint32_t)load(p + 16, 4);
	header->ppid = (uint32_t)load(p + 20, 4);
	header->root_pid = (uint32_t)load(p + 24, 4);
	header->pointer_size = (uint32_t)load(p + 28, 4);
	header->start_wall = load(p + 32, 8);
	header->start_mono = load(p + 40, 8);
	header->proc_start = load(p + 48, 8);
	header->root_start = load(p + 56, 8);
	header->page_size = (uint32_t)load(p + 64, 4);
	header->clock_ticks = (uint32_t)load(p + 68, 4);
	header->reserved = (uint32_t)load(p + 72, 4);
	header->crc = (uint32_t)load(p + 76, 4);
}

enum rcp_header_status
rcp_decode_header(const uint8_t *data, size_t len,
		  struct rcp_file_header *header)
{
	size_t magic = len < 8 ? len : 8;

	if (memcmp(data, RCP_MAGIC, magic) != 0)
		return RCP_HEADER_FOREIGN;
	if (len < RCP_HEADER_SIZE)
		return RCP_HEADER_SHORT;
	header_fields(data, header);
	if (rcp_crc32(0, data, RCP_HEADER_SIZE - 4) != header->crc)
		return RCP_HEADER_DAMAGED;
	if (header->min_reader > RCP_FORMAT_VERSION)
		return RCP_HEADER_NEWER;
	if (header->features != 0)
		return RCP_HEADER_FEATURES;
	return RCP_HEADER_OK;
}

bool
rcp_decode_chunk(const uint8_t head[RCP_CHUNK_HEADER],
		 struct rcp_raw_chunk *chunk)
{
	chunk->type = (uint16_t)load(head, 2);
	chunk->flags = (uint16_t)load(head + 2, 2);
	chunk->length = (uint32_t)load(head + 4, 4);
	return chunk->length <= RCP_CHUNK_MAX;
}

bool
rcp_chunk_intact(const uint8_t head[RCP_CHUNK_HEADER], const uint8_t *payload,
		 size_t length)
{
	uint32_t crc = rcp_crc32(0, head, 8);

	return rcp_crc32(crc, payload, length) == load(head + 8, 4);
}
