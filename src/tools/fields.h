/* SPDX-License-Identifier: MIT
 *
 * fields.h - the fields of the profile's records by name, for `rcprof dump`.
 */
#ifndef RCP_TOOLS_FIELDS_H
#define RCP_TOOLS_FIELDS_H

#include "format/decode.h"
#include "tools/text.h"

/* Appends " name=value" for each field of a record. */
void rcp_fields_add(struct rcp_text *t, const struct rcp_record *record);

#endif
