/* SPDX-License-Identifier: MIT
 *
 * packed.h - the second page of the profile format: PATHS and COUNTS, which
 * say in a seventh of the bytes what NODE, SITE and CELLS say.  From version 2
 * on; a reader of version 1 can not do without them (min_reader).
 *
 * PATHS: nodes and sites, in the order of the call tree
 *   A stack is new from some node on, and what is new has most often stood
 *   behind the same frame before.  So a chunk is a row of paths, each of which
 *   leaves the one before it at some node; a frame is guessed from those above
 *   it, and most guesses are right.  All that a reader has to know begins anew
 *   with each chunk:
 *
 *     row      the nodes from the root, or as far up as is known, to the last
 *              one, each with the slot of its frame.  Empty at first
 *     last     the id of the last node; 0 at first
 *     site     the id of the last site, 0 at first, and its kind, 0 at first
 *     frames   RCP_PATHS_SLOTS slots for a frame (kind, ref, offset), empty
 *     first, former, second   RCP_PATHS_SLOTS guesses each, a slot or none
 *     sibling  a slot or none
 *
 *   payload  paths to its end
 *   path     uv n << 2 | jump.  Its parent is the nth node of the row from the
 *            end; the row is cut behind it, and `sibling` is the slot of the
 *            first node that was cut off (none, if n is 1).  n = 0: sv follows,
 *            `last` less the parent's id; the row is that node, without a slot
 *            (the parent is 0: no node), and `sibling` is none.  Then `jump` is
 *            added to `last`; jump = 3: sv follows, which is.
 *            Then steps, up to one that ends the path
 *   step     u8: in the lower 3 bits enum rcp_path_step, above them how many
 *            nodes come before it whose frame is the first guess
 *
 *   A node's id is `last` + 1, its parent the end of the row, 0 if that is
 *   empty.  With g, p and s, the slots + 1 of the last node of the row but
 *   one, of the last one and the sibling, each 0 where there is none, the
 *   guesses at its frame stand in
 *     first, former[(g << 32 | p << 16 | s) * RCP_PATHS_MIX >> 50]
 *     second[(p << 16 | s) * RCP_PATHS_MIX >> 50]
 *   If the first is not its slot, it becomes the former and the slot the first;
 *   the slot is written to the second.  The node is put at the end of the row,
 *   and `sibling` is none.  A row of RCP_PATHS_ROW nodes is cut to its last one
 *   before.  A frame's slot is
 *     (offset ^ (ref << 8 | kind) * RCP_PATHS_MIX) * RCP_PATHS_MIX >> 50
 *   (all modulo 2^64).  A guess at none, or at an empty slot, is malformed, as
 *   are a ref of 2^56 and more and more than RCP_PATHS_NODES nodes a chunk.
 *
 *   Example: node 1, line 3 of code 1, and a Python site 1 there:
 *     00 00 | 06 01 01 03 | 02
 *
 * COUNTS: cells of exact mode
 *   uv thread, then records to the end of the payload: uv mask (enum
 *   rcp_counts), then what its bits name, lowest first, but for
 *   RCP_COUNTS_ALLOC_BYTES, a uv that always stands behind the allocations.
 *   A record without RCP_COUNTS_SITE is of the site after that of the record
 *   before it (site 1, at first).
 */
#ifndef RCPROF_PACKED_H
#define RCPROF_PACKED_H

#define RCP_PATHS_SLOTS (1u << 14)
#define RCP_PATHS_ROW 4096u
#define RCP_PATHS_NODES (1u << 20)
#define RCP_PATHS_MIX 0x9e3779b97f4a7c15u

enum rcp_path_step {
	RCP_STEP_MORE = 0,   /* nothing but the guesses */
	RCP_STEP_END = 1,    /* the path ends */
	RCP_STEP_SITE = 2,   /* it ends with a site there: the id of the last
				one + 1, and its kind */
	RCP_STEP_OTHER = 3,  /* the same: sv what is to be added to that id, u8
				kind */
	RCP_STEP_SECOND = 4, /* a node whose frame is the second guess */
	RCP_STEP_KNOWN = 5,  /* a node: uv slot of its frame */
	RCP_STEP_NEW = 6,    /* a node: u8 kind, uv ref, uv offset, which are
				put into their slot */
	RCP_STEP_FORMER = 7, /* a node whose frame is the former first guess */
};

/* Bits of a COUNTS record.  What it does not name is 0, but for the
 * allocations, which are 1. */
enum rcp_counts {
	RCP_COUNTS_FREED = 1 << 0,   /* as many and as much as was allocated */
	RCP_COUNTS_BRIEF = 1 << 1,   /* all frees are temporaries */
	RCP_COUNTS_AGED = 1 << 2,    /* the age of all frees is known */
	RCP_COUNTS_SITE = 1 << 3,    /* sv: site, less what it would be */
	RCP_COUNTS_ALLOCS = 1 << 4,  /* uv */
	/* uv ALLOC_BYTES */
	RCP_COUNTS_FREES = 1 << 5,   /* uv frees, uv freed bytes */
	/* sv epoch, less the last one of this chunk (0, at first); sv bytes,
	 * less ALLOC_BYTES and plus the freed bytes; sv blocks, less the
	 * allocations and plus the frees */
	RCP_COUNTS_PEAK = 1 << 6,
	RCP_COUNTS_BRIEFS = 1 << 7,  /* uv temporaries */
	RCP_COUNTS_AGES = 1 << 8,    /* uv frees of known age */
	RCP_COUNTS_LIFETIME = 1 << 9, /* uv */
	/* none of the above but SITE: uv mask and values as in CELLS */
	RCP_COUNTS_ANY = 1 << 10,
};

#endif
