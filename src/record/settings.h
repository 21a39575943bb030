/* SPDX-License-Identifier: MIT
 *
 * settings.h - what the composition root tells record.
 */
#ifndef RCP_RECORD_SETTINGS_H
#define RCP_RECORD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hot.h"

struct rcp_record_settings {
	bool sampling; /* sample mode; else every event is recorded */
	bool special;  /* sampling, or `temporary` is not 1 */
	bool plain;    /* recording is on, and not special */
	/* Sample mode: come here at least every so many bytes, to tick. */
	uint64_t watch;
	uint32_t temporary; /* --temporary; at most RCP_TEMPORARY_MAX */
	/* Called every few dozen events of a thread, guard taken. */
	void (*on_tick)(uint64_t now);
};

extern struct rcp_record_settings rcp_record_settings RCP_HIDDEN;

#endif
