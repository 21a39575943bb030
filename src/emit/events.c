/* SPDX-License-Identifier: MIT
 *
 * events.c - see events.h.  Any thread may add one at any time.  The lock is
 * a leaf, taken with signals blocked.  Bounded: what finds no room is lost,
 * counted, and said in the coverage.
 */
#include "emit/events.h"

#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"
#include "emit/emit.h"
#include "emit/info.h"
#include "emit/os.h"

#define ROOM (64u << 10)
#define TEXT_MAX 1000 /* include/rcprof/rcprof.h promises it to marks */

static struct rcp_lock lock;
static struct rcp_buf waiting;
static size_t drained; /* bytes at the front that are on their way */
static uint64_t lost;

/* A text that is cut must not end inside a character. */
static size_t
text_size(const char *text)
{
	size_t len = strnlen(text, TEXT_MAX + 1);

	if (len <= TEXT_MAX)
		return len;
	for (len = TEXT_MAX; len > 0 && (text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

static bool
has_room(void)
{
	if (!waiting.data && (waiting.data = rcp_pages_new(ROOM)))
		waiting.cap = ROOM;
	return waiting.data != NULL;
}

/* In the order of the format: COUNT numbers, then the text if there is one. */
static void
add(enum rcp_event kind, const uint64_t *numbers, int count, const char *text)
{
	uint64_t now = rcp_clock_now(), mask;
	size_t start;

	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, &mask);
	rcp_lock_take(&lock);
	if (has_room()) {
		start = rcp_chunk_begin(&waiting, RCP_CHUNK_EVENT);
		rcp_encode_event(&waiting, now, kind, 0);
		for (int i = 0; i < count; i++)
			rcp_buf_uv(&waiting, numbers[i]);
		if (text)
			rcp_buf_str(&waiting, text, text_size(text));
		if (!rcp_chunk_finish(&waiting, start)) {
			waiting.len = start;
			waiting.failed = false;
			lost++;
		}
	}
	rcp_lock_drop(&lock);
	rcp_os_signals_restore(&mask);
}

void
rcp_emit_event(enum rcp_event kind, const char *text)
{
	add(kind, NULL, 0, text);
}

void
rcp_emit_event_num(enum rcp_event kind, uint64_t number)
{
	add(kind, &number, 1, NULL);
}

void
rcp_emit_event_rate(uint64_t mean, uint64_t before, const char *reason)
{
	const uint64_t numbers[] = { mean, before };

	add(RCP_EVENT_RATE, numbers, 2, reason);
}

/* Under the events lock: the pairs' lock is the inner one. */
static void
say_lost(void)
{
	char text[64];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, lost);
	rcp_str_add(&s, " events found no room and were dropped");
	rcp_info_set(RCP_CHUNK_COVERAGE, RCP_COVER_NOTE "events", s.buf, s.len);
}

void
rcp_events_drain(struct rcp_buf *out)
{
	rcp_lock_take(&lock);
	rcp_buf_bytes(out, waiting.data, waiting.len);
	drained = waiting.len;
	if (lost)
		say_lost();
	rcp_lock_drop(&lock);
}

void
rcp_events_settled(bool written)
{
	rcp_lock_take(&lock);
	if (written && drained) {
		waiting.len -= drained;
		memmove(waiting.data, waiting.data + drained, waiting.len);
	}
	drained = 0;
	rcp_lock_drop(&lock);
}

bool
rcp_events_waiting(void)
{
	return waiting.len > 0;
}

void
rcp_events_fork_child(void)
{
	rcp_lock_reset(&lock);
	waiting.len = drained = 0;
	waiting.failed = false;
	lost = 0;
}
