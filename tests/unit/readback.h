/* SPDX-License-Identifier: MIT
 *
 * readback.h - one chunk at a time is made by hand and read again.
 */
#ifndef RCP_TESTS_READBACK_H
#define RCP_TESTS_READBACK_H

#include "format/decode.h"
#include "maker.h"

static struct maker m;

/* Reads the only chunk after the header; its first record into *record. */
static int
first_record(struct rcp_record *record, struct rcp_records *records)
{
	static struct rcp_raw_chunk chunk;
	const uint8_t *head = m.buf.data + RCP_HEADER_SIZE;

	if (!rcp_decode_chunk(head, &chunk) ||
	    m.buf.len != RCP_HEADER_SIZE + RCP_CHUNK_HEADER + chunk.length ||
	    !rcp_chunk_intact(head, head + RCP_CHUNK_HEADER, chunk.length))
		return -2;
	chunk.payload = head + RCP_CHUNK_HEADER;
	rcp_records_begin(records, &chunk);
	return rcp_records_next(records, record);
}

static void
restart(void)
{
	struct rcp_file_header header = mk_plain_header();

	mk_free(&m);
	mk_begin(&m, &header);
}

#endif
