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

/* Creates the file and writes its header.  0 or -errno.  rcp_file_path() is
 * the name that was tried last. */
long rcp_file_open(void);
bool rcp_file_is_open(void);
const char *rcp_file_path(void);

/* Opens the file here, if it was begun; 0 or -errno. */
long rcp_file_ready(void);

/* 0 or -errno. */
long rcp_file_append(const void *data, size_t len);
void rcp_file_commit(void);
void rcp_file_rollback(void);
uint64_t rcp_file_size(void); /* bytes, uncommitted ones included */
uint64_t rcp_file_committed(void);

/* The same plain writes to any descriptor: all of it or -errno. */
long rcp_file_write(int fd, const void *data, size_t len, uint64_t offset);

/* For a rewriting: the descriptor to read from, or -errno where another file
 * can not take its place (moved away, or out of reach by its name). */
long rcp_file_source(void);
/* RCP_FD_REWRITE has taken its place, with so many bytes. */
void rcp_file_replaced(uint64_t committed, uint64_t size);

/* The forked child has none. */
void rcp_file_forget(void);

#endif
