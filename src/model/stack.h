/* SPDX-License-Identifier: MIT
 *
 * stack.h - which modules are nobody's own code.  Offline only.
 */
#ifndef RCP_MODEL_STACK_H
#define RCP_MODEL_STACK_H

#include <stdbool.h>

/* CPython itself, by the name of its file: python3.12, libpython3.12.so.1.0.
 * Extension modules are not. */
bool rcp_is_python_runtime(const char *path);

/* librcprof.so */
bool rcp_is_preload(const char *path);

/* libc, the loader, the runtimes of C++ and of the compiler. */
bool rcp_is_system_library(const char *path);

#endif
