/* SPDX-License-Identifier: MIT
 *
 * emit_full.c - a disk without room: at the start, midway, at the end.
 */
#include "unit/emit_util.h"

#include <sys/mount.h>

static void
limit_size(rlim_t size)
{
	struct rlimit limit = { size, RLIM_INFINITY };

	setrlimit(RLIMIT_FSIZE, &limit);
}

/* SIGXFSZ has its default action here: it would kill us. */
static void
test_full(void)
{
	struct util_file *f;
	uint64_t size;

	util_prepare("full");
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	size = util_read("full")->size;
	limit_size(size + 100000);
	util.filler = 5000;
	util_count(2, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "5 MB into 100 KB");
	is_int(util.lost, 1, "is lost");
	f = util_read("full");
	ok(f->whole && f->size == size, "the file is what it was");
	util.filler = 0;
	rcp_emit_event(RCP_EVENT_PAUSE, NULL);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "a small one goes through");
	f = util_read("full");
	ok(f->whole && f->sane && util_equal(f), "and has everything");
	is_int(f->keyframes, 2, "it is a keyframe");
	is_int(f->totals[RCP_TOTAL_SNAPSHOTS_LOST], 1, "the loss is counted");
	limit_size(RLIM_INFINITY);
	is_int(util_lines(util_stderr()), 1, "one line tells of it");
	ok(strstr(util_stderr(), "/full: File too large; snapshots are dropped"
				 " until it can be written\n"),
	   "in plain words");
}

/* One's own is not the kernel's. */
static void
test_own_limit(void)
{
	struct util_file *f;

	util_prepare("own");
	util_catch_stderr();
	util_options.file_limit = 1u << 20;
	util_start();
	rcp_emit_open();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	util.filler = 5000;
	util_count(2, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "5 MB into 1 MiB");
	util.filler = 0;
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("own");
	ok(f->whole && f->sane && f->size < 1u << 20, "the file is good");
	is_int(util_lines(util_stderr()), 1, "one line tells of it");
	ok(strstr(util_stderr(), "/own: At its limit (RCPROF_FILE_LIMIT, "
				 "RCPROF_TREE_LIMIT); snapshots are dropped"),
	   "and whose limit it is");
}

static void
test_limit_at_start(void)
{
	int error;

	util_prepare("start");
	util_catch_stderr();
	util_start();
	limit_size(0);
	error = rcp_emit_open();
	limit_size(RLIM_INFINITY);
	is_int(error, -EFBIG, "no room even for the header");
	is_str(util_find("start"), "", "no empty file stays");
	rcp_emit_end(RCP_END_EXIT, 0);
}

/* Nothing but END and what it says of the losses has room at the end. */
static void
lost_end(unsigned room, bool notes)
{
	struct util_file *f;

	util_prepare(notes ? "end" : "end-alone");
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	f = util_read(notes ? "end" : "end-alone");
	limit_size(f->size + room);
	util.filler = 5000;
	util_count(2, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "one is lost");
	if (!notes)
		for (int i = 0; i < 20; i++)
			rcp_emit_event(RCP_EVENT_MARK, "twenty bytes of text");
	rcp_emit_end(RCP_END_EXIT, 4);
	limit_size(RLIM_INFINITY);
	f = util_read(notes ? "end" : "end-alone");
	ok(f->whole && f->sane && f->snapshots == 1, "and the last one is");
	ok(f->end == RCP_END_EXIT && f->status == 4, "END is there");
	is_int((long)f->end_lost, 2, "with the number of losses");
	is_int(f->totals[RCP_TOTAL_SNAPSHOTS_LOST], 0, "no snapshot has it");
	is_int(f->events[RCP_EVENT_LIMIT], notes, "the event if it has room");
	if (notes)
		ok(strstr(f->text, "File too large: 2 snapshots could not be "
				   "written, the last 0.") == f->text,
		   "%s", f->text);
	is_int(util_lines(util_stderr()), 1, "one line tells of it");
}

static void
test_end(void)
{
	lost_end(4000, true);
}

static void
test_end_alone(void)
{
	lost_end(60, false);
}

static void
test_no_losses(void)
{
	struct util_file *f;

	util_prepare("none");
	util_start();
	util_count(1, 1);
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("none");
	ok(f->end == RCP_END_EXIT && f->end_lost == 0 &&
		   f->events[RCP_EVENT_LIMIT] == 0,
	   "where nothing was lost nothing is said");
}

/* A file system of this process alone with 64 KiB, which a file fills. */
static bool
mount_full(void)
{
	static char zeros[4096];
	int fd;

	mkdir(util_path("disk"), 0700);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", util_path("disk"), "tmpfs", 0, "size=64k") < 0)
		return false;
	fd = open(util_path("disk/filler"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
	return fd >= 0;
}

static int faults;

static void
on_fault(const char *why)
{
	(void)why;
	faults++;
}

static void
test_disk_at_start(void)
{
	char want[PATH_MAX + 100];
	struct util_file *f;
	uint64_t now;

	if (!mount_full()) {
		skip("nothing can be mounted here");
		return;
	}
	util_prepare("disk/%n.x");
	util_options.mode = RCP_MODE_IDLE; /* no helper */
	util_catch_stderr();
	rcp_emit_on_fault(on_fault);
	util_start();
	is_int(rcp_emit_open(), -ENOSPC, "a disk that is full");
	snprintf(want, sizeof(want),
		 "rcprof: %s: No space left on device; snapshots are dropped "
		 "until it can be written\n", util_path("disk/app.x"));
	is_str(util_stderr(), want, "the line names the file");
	is_int(faults, 0, "it is no fault");
	util_count(1, 1);
	now = rcp_clock_now() + 2000000000u;
	rcp_emit_tick(now);
	is_int(util.lost, 2, "it is tried again when a snapshot is due");
	rcp_emit_tick(now - 500000000u);
	is_int(util.lost, 2, "not at once after that");
	ok(!util_read("disk/app.x")->there &&
		   access(util_path("disk/app.x"), F_OK) < 0,
	   "no empty file stays");
	unlink(util_path("disk/filler"));
	rcp_emit_tick(now + 5000000000u);
	f = util_read("disk/app.x");
	ok(f->whole && f->sane && util_equal(f) && f->snapshots == 1,
	   "with room it is written, and nothing is missing");
	is_int(f->totals[RCP_TOTAL_SNAPSHOTS_LOST], 1, "the loss is counted");
	ok(strstr(f->info, "program=app;") != NULL, "INFO is there");
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("disk/app.x");
	ok(f->end == RCP_END_EXIT && f->end_lost == 1, "and END");
	is_int(f->events[RCP_EVENT_LIMIT], 0, "which misses nothing");
	is_int(util_lines(util_stderr()), 1, "one line, not more");
}

static void
test_disk_to_the_end(void)
{
	if (!mount_full()) {
		skip("nothing can be mounted here");
		return;
	}
	util_prepare("disk/deep/x");
	util_catch_stderr();
	util_start();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_MARK);
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(access(util_path("disk/deep/x"), F_OK) < 0, "no file");
	is_int(util_lines(util_stderr()), 1, "one line");
	ok(strstr(util_stderr(), "/disk/deep/x: No space left on device;"),
	   "that names it");
}

int
main(void)
{
	util_make_dir();
	in_fork("a full disk", test_full);
	in_fork("a limit of ours", test_own_limit);
	in_fork("no room at start", test_limit_at_start);
	in_fork("a full disk at the end", test_end);
	in_fork("room for END alone", test_end_alone);
	in_fork("no losses", test_no_losses);
	in_fork("a full disk at start", test_disk_at_start);
	in_fork("a full disk all the time", test_disk_to_the_end);
	util_remove();
	return done_testing();
}
