/* SPDX-License-Identifier: MIT
 *
 * line.h - the few lines that emit may write on the program's stderr.
 */
#ifndef RCP_EMIT_LINE_H
#define RCP_EMIT_LINE_H

/* Remembers what stderr is. */
void rcp_line_init(void);

/* "rcprof: PATH: text of ERROR (-errno); SEQUEL".  From the helper, which has
 * no stderr, it waits for rcp_line_owed() in a thread of the program. */
void rcp_line_fault(const char *path, long error, const char *sequel);
void rcp_line_owed(void);

/* The exit line: "rcprof: PATH: SUMMARY; see: rcprof report". */
void rcp_line_end(const char *path);

/* The English text of -errno. */
const char *rcp_line_reason(long error);

#endif
