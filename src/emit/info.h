/* SPDX-License-Identifier: MIT
 *
 * info.h - the key-value pairs of INFO and COVERAGE.  They are remembered, so
 * that a forked child's file, or one that has lost a snapshot, has them too.
 */
#ifndef RCP_EMIT_INFO_H
#define RCP_EMIT_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "emit/sink.h"

/* Sets KEY of TYPE (INFO or COVERAGE) to LEN bytes, which are copied. */
void rcp_info_set(enum rcp_chunk type, const char *key, const char *value,
		  size_t len);

/* Appends the pairs that GENERATION's file does not have yet. */
void rcp_info_drain(struct rcp_sink *sink, uint32_t generation);

void rcp_info_fork_child(void);

#endif
