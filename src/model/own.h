/* SPDX-License-Identifier: MIT
 *
 * own.h - whose code a frame is, and which frame of a stack owns what it
 * allocates.  Offline only.
 */
#ifndef RCP_MODEL_OWN_H
#define RCP_MODEL_OWN_H

#include "model/set.h"

/* Origin of Python code by the name of its file. */
enum rcp_origin rcp_origin_of(const char *filename);

/* Index (leaf first) of the own frame of the stack that ends at `node`: its
 * deepest Python frame outside the standard library and site-packages, and not
 * in methods that dataclasses and namedtuple() make, if there is any; with no
 * Python frame at all, the deepest frame in the program's executable that is
 * neither somebody else's header nor a malloc of its own (xmalloc), else the
 * leaf.  RCP_NONE: there is none. */
uint32_t rcp_own_frame(const struct rcp_set *set, uint32_t node);

/* What namedtuple() and dataclasses write and run: `<lambda>` and `__init__` of
 * "<string>" stand for the line that called them. */
bool rcp_frame_is_generated(const struct rcp_frame_info *frame);

#endif
