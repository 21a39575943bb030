/* SPDX-License-Identifier: MIT
 *
 * rss.c - see rss.h.  Also in the helper: raw system calls, no TLS.
 *
 * Points wait in a small buffer for the next snapshot.  A run of equal points
 * is kept as its first and its last, so that an idle program costs one point
 * an interval and the curve is still drawn right.
 */
#include "emit/rss.h"

#include <sys/auxv.h>
#include <sys/resource.h>

#include "base/str.h"
#include "emit/os.h"
#include "emit/state.h"
#include "emit/table.h"

#define POINTS 512

struct point {
	uint64_t time, rss;
	int64_t live;
};

static struct {
	struct point points[POINTS];
	unsigned count, drained;
	uint64_t last, peak, page, looked;
	/* The first thread has ended: the process's statm is all zeros then,
	 * a thread's own is not. */
	bool main_gone;
	/* The kernel's own peak at start; it may still be that of the program
	 * which exec'd this one, so only what exceeds it is ours. */
	long kernel_first;
} rss;

static long
kernel_peak(void)
{
	struct rusage usage;

	if (RCP_SYS2(SYS_getrusage, RUSAGE_SELF, &usage) < 0)
		return 0;
	return usage.ru_maxrss;
}

void
rcp_rss_init(void)
{
	rss.kernel_first = kernel_peak();
	rss.page = getauxval(AT_PAGESZ);
}

bool
rcp_rss_open(void)
{
	long fd = rcp_fd_here(RCP_FD_STATM);

	if (fd >= 0)
		return true;
	fd = rcp_sys_open(rss.main_gone ? "/proc/thread-self/statm"
					: "/proc/self/statm",
			  O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0)
		rcp_fd_put(RCP_FD_STATM, (int)fd);
	return fd >= 0;
}

/* Bytes, from the second number of statm; 0: unknown, or the thread that the
 * descriptor belongs to has ended. */
static uint64_t
read_statm(void)
{
	char text[128];
	uint64_t pages = 0;
	const char *p;
	long n;

	if (!rcp_rss_open())
		return 0;
	n = rcp_sys_pread(rcp_fd_here(RCP_FD_STATM), text, sizeof(text) - 1,
			  0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = rcp_parse_u64(text, &pages);
	if (!p || *p != ' ' || !rcp_parse_u64(p + 1, &pages))
		return 0;
	return pages * rss.page;
}

static uint64_t
resident(void)
{
	uint64_t bytes = read_statm();

	if (bytes || rcp_fd_here(RCP_FD_STATM) < 0)
		return bytes;
	rss.main_gone = true;
	rcp_fd_close(RCP_FD_STATM);
	return read_statm();
}

void
rcp_rss_look(uint64_t now)
{
	if (now < rss.looked + 1000000000u)
		return;
	rss.looked = now;
	resident();
}

bool
rcp_rss_main_is_gone(void)
{
	return rss.main_gone;
}

/* Every second point goes, the last one stays. */
static void
thin(void)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < rss.count; i++)
		if (i % 2 == 1 || i + 1 == rss.count)
			rss.points[kept++] = rss.points[i];
	rss.count = kept;
}

static bool
same(const struct point *a, const struct point *b)
{
	return a->rss == b->rss && a->live == b->live;
}

/* Adds POINT, or moves the last of a run of equal ones to it. */
static void
keep(const struct point *point)
{
	struct point *end;

	if (rss.count == POINTS)
		thin();
	end = rss.points + rss.count;
	if (rss.count >= 2 && same(&end[-1], point) && same(&end[-2], point))
		end[-1] = *point;
	else
		rss.points[rss.count++] = *point;
}

bool
rcp_rss_point(uint64_t now)
{
	struct point point = { .time = now, .rss = resident() };
	long kernel;

	rss.looked = now;
	if (!point.rss)
		return false;
	if (rcp_emit.live_bytes)
		point.live = rcp_emit.live_bytes();
	rss.last = point.rss;
	if (point.rss > rss.peak)
		rss.peak = point.rss;
	kernel = kernel_peak();
	if (kernel > rss.kernel_first && (uint64_t)kernel << 10 > rss.peak)
		rss.peak = (uint64_t)kernel << 10;
	keep(&point);
	return true;
}

uint64_t
rcp_rss_last(void)
{
	return rss.last;
}

uint64_t
rcp_rss_peak(void)
{
	return rss.peak;
}

bool
rcp_rss_is_full(void)
{
	return rss.count >= POINTS - 1;
}

void
rcp_rss_drain(struct rcp_sink *sink)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < rss.count; i++) {
		struct rcp_buf *b = rcp_sink_record(sink, RCP_CHUNK_RSS);

		rcp_buf_uv(b, rss.points[i].time - last);
		rcp_buf_uv(b, rss.points[i].rss);
		rcp_buf_sv(b, rss.points[i].live);
		last = rss.points[i].time;
	}
	rss.drained = rss.count;
}

void
rcp_rss_settled(bool written)
{
	if (written && rss.drained == rss.count)
		rss.count = 0;
	rss.drained = 0;
}

void
rcp_rss_fork_child(void)
{
	rss.count = rss.drained = 0;
	rss.last = rss.peak = rss.looked = 0;
	rss.kernel_first = kernel_peak();
	rss.main_gone = false;
}
