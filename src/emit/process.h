/* SPDX-License-Identifier: MIT
 *
 * process.h - facts of this process, from the kernel.  Asked while the
 * program is still what it was at start; later the kernel may refuse.
 */
#ifndef RCP_EMIT_PROCESS_H
#define RCP_EMIT_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* Field 22 of /proc/self/stat, clock ticks since boot; 0: not to be had. */
/* The same of another process; 0: there is none. */
uint64_t rcp_process_start_of(uint32_t pid);
uint64_t rcp_process_start(void);

/* Threads that the kernel counts, field 20; 0: not to be had. */
uint64_t rcp_process_threads(void);

/* What the first thread, which has ended, gave to exit(2): field 52. */
int rcp_process_exit_status(void);

/* The host's name; "localhost" when unknown. */
const char *rcp_process_host(void);

/* The working directory at the first call; "" if unknown. */
const char *rcp_process_cwd(void);

/* INFO pairs of the command, the program, its file and the machine. */
void rcp_process_tell(void);

#endif
