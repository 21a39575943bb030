/* SPDX-License-Identifier: MIT
 *
 * place.h - how a place in the code is written: "app/cache.py:41 load", and
 * the text of its source line.
 */
#ifndef RCP_TOOLS_PLACE_H
#define RCP_TOOLS_PLACE_H

#include "model/model.h"
#include "tools/text.h"

/* Source files that were read, and the directory that relative names and
 * short names are relative to: that of the oldest process. */
struct rcp_sources;
struct rcp_sources *rcp_sources_new(const struct rcp_set *set);
void rcp_sources_free(struct rcp_sources *sources);

/* The text of a line without its indentation, escaped.  False (and nothing
 * added) if the file is not there, was changed since the profile was begun, or
 * has no such line. */
bool rcp_source_line(struct rcp_sources *sources, struct rcp_text *t,
		     const char *file, uint32_t line);

/* Was there a file whose lines are not shown since it has changed?  Its
 * name, or NULL. */
const char *rcp_sources_changed(const struct rcp_sources *sources);

/* A file as people call it: relative to the program's directory, or what
 * follows site-packages/ or lib/python3.X/.  Escaped. */
void rcp_place_file(const struct rcp_sources *sources, struct rcp_text *t,
		    const char *file);

/* "app/cache.py:41", or for native code without lines "[libz.so.1]". */
void rcp_place_line(const struct rcp_sources *sources, struct rcp_text *t,
		    const struct rcp_frame_info *frame);

/* The same with the function: "app/cache.py:41 load",
 * "inflateInit_ [libz.so.1]". */
void rcp_place_frame(const struct rcp_sources *sources, struct rcp_text *t,
		     const struct rcp_frame_info *frame);

#endif
