/* SPDX-License-Identifier: MIT
 *
 * capture.h - the stack of the calling thread as one number: a node of the
 * call tree.
 *
 * Each walk is compared with this thread's previous one while it goes on; only
 * what has changed goes to the tree.  Where the interpreter's frames can tell
 * that it is the same stack, but for the last line, none is made (seal.h).  Runs
 * inside malloc: no allocation through the program, no lock held while frames are
 * read.
 */
#ifndef RCP_CAPTURE_CAPTURE_H
#define RCP_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/python.h"
#include "rcprof/format.h"

#define RCP_CAPTURE_MAX 2048    /* frames that a walk may have */
#define RCP_CAPTURE_DEEP 128    /* innermost ones kept of a deeper stack */
#define RCP_CAPTURE_MEMO 2048u  /* a power of two */
#define RCP_CAPTURE_FEW 256u    /* are cleared one by one */
#define RCP_CAPTURE_PLACES 256u /* a power of two */

/* One frame of the previous stack, shims among them. */
struct rcp_capture_frame {
	const char *frame; /* its address, to meet it again */
	uintptr_t key;
	uint32_t node;  /* of the stack up to here */
	uint32_t mixed; /* with its native frames: mixed.c's own */
};

/* One thread's previous stack; part of struct rcp_thread.  Zeroed memory is a
 * valid start. */
struct rcp_capture {
	uint32_t epoch; /* of what follows: see capture.c */
	bool no_python; /* it was native alone */
	struct rcp_native *native; /* NULL: none yet */
	bool deep;      /* the last stack had too many frames */
	/* The stack is `leaf` to the end of `frames`.  What is left of an
	 * earlier one, from `valid` on, hangs together with it. */
	struct rcp_capture_frame *leaf, *valid;
	/* The outermost entry that was written to since mixed.c looked. */
	struct rcp_capture_frame *changed;
	struct rcp_capture_memo {
		uintptr_t key;
		uint32_t parent, node;
	} memo[RCP_CAPTURE_MEMO];
	/* The code object that was looked up last, in this epoch. */
	struct rcp_capture_code {
		const void *address;
		uint32_t id;
	} code;
	/* Which were filled in this epoch; past RCP_CAPTURE_FEW only counted. */
	uint16_t filled[RCP_CAPTURE_FEW];
	uint32_t filled_count;
	uint16_t where[RCP_CAPTURE_PLACES]; /* in `frames`, by address */
	/* Root last, and behind it one that no frame is. */
	struct rcp_capture_frame frames[RCP_CAPTURE_MAX + 1];
	const char *fresh[RCP_CAPTURE_MAX]; /* leaf first; scratch */
};

bool rcp_capture_setup(uint64_t memory_limit);

/* Of few allocations, from now on: before the first of them. */
void rcp_capture_few(void);

/* Native stacks from now on, with Python's frames in them where those are
 * walked.  False: they cannot be had here. */
bool rcp_capture_native_setup(void);

/* The node of the calling thread's stack; CALLER is the return address of the
 * hook, where native frames begin.  Without native stacks it is the one frame
 * of a thread without Python frames. */
uint32_t rcp_capture_node(struct rcp_capture *c, const void *caller);

/* noted.h has the same for malloc. */
#define RCP_CAPTURE_NO_NOTE ((uint64_t)UINT32_MAX << 32)

/* Notes NUMBER beside NODE, which is the last that C was asked for. */
void rcp_capture_note(struct rcp_capture *c, uint32_t node, uint32_t number);

/* Do the outermost frames of the stack that was captured last, up to where LEAF
 * was of an earlier one, still make NODE? */
static inline bool
rcp_capture_goes_on(const struct rcp_capture *c,
		    const struct rcp_capture_frame *leaf, uint32_t node)
{
	return !c->deep && c->leaf <= leaf &&
	       leaf < c->frames + RCP_CAPTURE_MAX && leaf->node == node;
}

/* Only the innermost Python frame, under the marker of stacks that were folded:
 * a few nodes for each line of code.  CALLER as above. */
uint32_t rcp_capture_leaf(struct rcp_capture *c, const void *caller);

/* The same, if the innermost frame is known to have KEY.  0: that one has to be
 * asked. */
uint32_t rcp_capture_leaf_again(struct rcp_capture *c, uintptr_t key);

/* Another thread goes on with C. */
void rcp_capture_begin(struct rcp_capture *c);

/* Around dlclose: addresses may mean something else from then on. */
void rcp_capture_unloading(void);
void rcp_capture_unloaded(void);

/* Stacks that were folded because of the memory limit, and Python frames that
 * were refused. */
uint64_t rcp_capture_truncated(void);
uint64_t rcp_capture_bad_frames(void);

/* Writes NODE, its ancestors and what they name, where the file of this
 * snapshot lacks them.  Under the emit lock. */
struct rcp_sink;
struct rcp_snap;
void rcp_capture_define(struct rcp_sink *sink, const struct rcp_snap *snap,
			uint32_t node);

/* The innermost own Python frame of NODE, for one line of text: file, line,
 * function.  Pointers into tables that live as long as the process. */
struct rcp_capture_place {
	const char *file, *function;
	size_t file_size, function_size;
	uint32_t line;
};
bool rcp_capture_place(uint32_t node, struct rcp_capture_place *out);

void rcp_capture_fork_prepare(void);
void rcp_capture_fork_done(bool child);

#endif
