/* SPDX-License-Identifier: MIT
 *
 * error.h - the one way in which offline code reports what went wrong.
 */
#ifndef RCP_MODEL_ERROR_H
#define RCP_MODEL_ERROR_H

struct rcp_error {
	char text[512];
};

void rcp_error_set(struct rcp_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
