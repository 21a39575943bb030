/* SPDX-License-Identifier: MIT
 *
 * swap.h - a file that takes another one's place.  Under the emit lock.
 *
 * Until the last step nothing of it is seen; who has the old one open keeps
 * it.  Where the file system can, the new file has no name until then, so
 * that a process which is killed meanwhile leaves nothing behind.
 */
#ifndef RCP_EMIT_SWAP_H
#define RCP_EMIT_SWAP_H

/* Makes the file that is to replace PATH and opens it as RCP_FD_REWRITE, with
 * the permissions that LIKE (a descriptor) has.  Its number, or -errno. */
long rcp_swap_begin(const char *path, int like);

/* Puts it in place; 0, or -errno: then it is gone. */
long rcp_swap_end(const char *path);

/* It is not wanted. */
void rcp_swap_drop(void);

#endif
