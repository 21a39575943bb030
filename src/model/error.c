/* SPDX-License-Identifier: MIT
 *
 * error.c - fills the error struct of offline code.
 */
#include "model/error.h"

#include <stdarg.h>
#include <stdio.h>

void
rcp_error_set(struct rcp_error *error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
}
