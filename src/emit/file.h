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

/* The forked child has none. */
void rcp_file_forget(void);

#endif
