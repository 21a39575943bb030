/* SPDX-License-Identifier: MIT
 *
 * memory.h - the heap of offline code.  Nothing here returns NULL: without
 * memory the command ends with one line and status 1, since there is nothing
 * sensible that it could still do.
 */
#ifndef RCP_MODEL_MEMORY_H
#define RCP_MODEL_MEMORY_H

#include <stddef.h>

void *rcp_alloc(size_t size); /* zeroed; free() it */
void *rcp_resize(void *p, size_t size);
char *rcp_copy(const char *text);

/* Makes room for one more element of `size` bytes in an array of `count` that
 * has room for *room: returns the array, moved if need be. */
void *rcp_room(void *array, size_t count, size_t *room, size_t size);

_Noreturn void rcp_die_of_memory(void);

#endif
