/* SPDX-License-Identifier: MIT
 *
 * file.h - the one file that the profile goes to.
 *
 * All calls are made under the emit lock.  Data is appended by plain writes
 * and stands when rcp_file_commit() is called; what was written since the
 * last commit is cut off again by rcp_file_rollback().
 */
#ifndef RCP_EMIT_FILE_H
#define RCP_EMIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identity of an open descriptor of ours, to notice when the program has
 * closed it or put something else in its place. */
struct rcp_file_id {
	uint64_t device, inode;
};

/* A descriptor opened by us moves to a number that programs do not meet by
 * chance; it stays where it is when there is no room.  Notes its identity. */
int rcp_fd_high(int fd, struct rcp_file_id *id);

/* Is FD still what ID says? */
bool rcp_fd_ours(int fd, const struct rcp_file_id *id);

/* May this thread open a file now?  In the helper not while one of the
 * descriptors 0, 1, 2 is closed: the program may be about to open them anew
 * and count on the lowest number.  Says yes after some refusals. */
bool rcp_fd_may_open(void);

/* Creates the file and writes its header.  0 or -errno.  rcp_file_path() is
 * the name that was tried last. */
long rcp_file_open(void);
bool rcp_file_is_open(void);
const char *rcp_file_path(void);

/* Can be written, or created: 0; else -errno, -EAGAIN for "not right now". */
long rcp_file_ready(void);

/* 0 or -errno. */
long rcp_file_append(const void *data, size_t len);
void rcp_file_commit(void);
void rcp_file_rollback(void);
uint64_t rcp_file_size(void); /* bytes, uncommitted ones included */

/* The forked child: closes its copy of the parent's descriptor. */
void rcp_file_forget(void);

#endif
