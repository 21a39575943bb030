/* SPDX-License-Identifier: MIT
 *
 * settings.c - see settings.h.
 */
#include "record/settings.h"

struct rcp_record_settings rcp_record_settings = { .temporary = 1 };
