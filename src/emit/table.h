/* SPDX-License-Identifier: MIT
 *
 * table.h - descriptors of ours, none of which lives in the program's table.
 *
 * The helper has a table of its own and keeps what it has opened.  A thread
 * of the program that works in its place opens what it needs and closes it
 * before it lets go of the emit lock.  Across a change of identity, and as
 * long as the file can not be opened again after it, a copy is kept in the
 * program's table.
 *
 * All calls are made under the emit lock unless said otherwise.
 */
#ifndef RCP_EMIT_TABLE_H
#define RCP_EMIT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum rcp_fd {
	RCP_FD_PROFILE,
	RCP_FD_STATM,
	RCP_FD_REWRITE, /* what is to take a profile's place */
	RCP_FD_OTHER,   /* another process's profile */
	RCP_FDS,
};

/* Device and inode: tells ours from what the program has put in its place. */
struct rcp_fd_id {
	uint64_t device, inode;
};
bool rcp_fd_id(int fd, struct rcp_fd_id *id);

/* The descriptor in the table of who holds the lock, a kept one included;
 * -1: to be opened. */
int rcp_fd_here(enum rcp_fd which);

/* FD was opened here as WHICH.  In the program's table it moves to a number
 * that nobody meets by chance.  The number it has then. */
int rcp_fd_put(enum rcp_fd which, int fd);
void rcp_fd_close(enum rcp_fd which);

/* What is open as FROM is TO from now on, which must not be open here.  Its
 * number. */
int rcp_fd_move(enum rcp_fd from, enum rcp_fd to);

/* A thread of the program has done its work. */
void rcp_fd_rest(void);

/* What is open here stays so, in the program's table. */
void rcp_fd_keep(enum rcp_fd which);
bool rcp_fd_is_kept(enum rcp_fd which);

/* Lets go of a kept one if OPEN, which opens WHICH by its name, succeeds. */
void rcp_fd_unkeep(enum rcp_fd which, bool (*open)(void));

/* The helper leaves the program's table, without the lock: its own begins
 * with nothing but copies of the kept ones.  COPIED: it has a copy of the
 * whole table to begin with.  False: refused, it still shares the table. */
bool rcp_fd_leave(bool copied);

/* The child: closes what it has of its parent's. */
void rcp_fd_fork_child(void);

#endif
