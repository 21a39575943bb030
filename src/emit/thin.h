/* SPDX-License-Identifier: MIT
 *
 * thin.h - a profile written anew with fewer snapshots: doc/LIMITS.md.
 *
 * Reads one file and writes another, in one go and in memory of a fixed size;
 * knows nothing of names, and leaves the file that it reads alone.
 */
#ifndef RCP_EMIT_THIN_H
#define RCP_EMIT_THIN_H

#include <stdbool.h>
#include <stdint.h>

#define RCP_THIN_ZONES 4

/* Snapshots that begin before this offset stand at least GAP ns apart. */
struct rcp_thin_zone {
	uint64_t before;
	uint64_t gap; /* UINT64_MAX: one for all */
};

/* Which snapshots, asked for by somebody, stay whatever the gap. */
enum rcp_thin_pins {
	RCP_THIN_PIN_ALL,
	RCP_THIN_PIN_NONE, /* but the last */
};

struct rcp_thin {
	int from, to;       /* descriptors */
	uint64_t size;      /* of FROM */
	uint64_t tail;      /* bytes behind it, copied without a look */
	uint64_t most;      /* bytes that may be written: else -EFBIG */
	struct rcp_thin_zone zones[RCP_THIN_ZONES]; /* `before` ascending */
	enum rcp_thin_pins pins;
	uint32_t rows;      /* of the table of cells; 0: the usual */
	bool must_end;      /* one whose last chunk is not END: -EBUSY */
	bool (*stop)(void); /* give up: -ECANCELED; may be NULL */
	/* Results, also where it has failed for want of room. */
	uint64_t written;
	uint64_t fixed;     /* bytes that no thinning takes away */
	uint64_t merged;    /* snapshots that have been merged so far, those
			       of earlier times included */
};

/* 0; or -errno, and then what TO holds is of no use. */
long rcp_thin_run(struct rcp_thin *job);

#endif
