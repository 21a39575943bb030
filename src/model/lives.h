/* SPDX-License-Identifier: MIT
 *
 * lives.h - a row of objects from the counters of a profile.  Offline only.
 */
#ifndef RCP_MODEL_LIVES_H
#define RCP_MODEL_LIVES_H

#include "model/view.h"

/* Adds VALUES, by enum rcp_object_field, or takes them off. */
void rcp_lives_take(struct rcp_object_row *row,
		    const uint64_t values[RCP_OBJECT_FIELDS],
		    uint64_t age_unit, bool negative);

#endif
