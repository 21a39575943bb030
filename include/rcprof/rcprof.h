/* SPDX-License-Identifier: MIT
 *
 * rcprof.h - what a program may tell the profiler that is preloaded into it.
 *
 * Nothing has to be linked: the functions are weak, and without the preload
 * they are NULL.  The RCPROF_* macros test for that, so that a program which
 * uses them runs unchanged without rcprof.  From Python:
 * ctypes.CDLL(None).rcprof_mark(b"loaded").
 *
 * All functions may be called from any thread, at any time, also when
 * recording is paused or off (they do nothing then).  They keep errno.
 */
#ifndef RCPROF_RCPROF_H
#define RCPROF_RCPROF_H

#ifdef __cplusplus
extern "C" {
#endif

/* Write an event named TEXT (UTF-8, copied, cut at 1,000 bytes) and, at once,
 * a snapshot: when the call returns, everything that happened before it in
 * this thread is in the profile, and `--at mark:TEXT` shows that moment.
 * NULL counts as "". */
void rcprof_mark(const char *text) __attribute__((weak));

/* Write a snapshot of what has changed since the last one, now. */
void rcprof_snapshot(void) __attribute__((weak));

#define RCPROF_MARK(text) \
	do { \
		if (rcprof_mark) \
			rcprof_mark(text); \
	} while (0)

#define RCPROF_SNAPSHOT() \
	do { \
		if (rcprof_snapshot) \
			rcprof_snapshot(); \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif
