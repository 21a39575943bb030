/* SPDX-License-Identifier: MIT
 *
 * emit_family.c - the cap on all profiles of one process tree: files of
 * processes that have ended thin out, others are left alone.
 */
#include "unit/emit_day.h"

#include "emit/family.h"
#include "emit/process.h"

#define LIMIT (4u << 20)
#define CHILDREN 6
#define BUSY 200

static uint32_t root_pid;
static uint64_t root_start;
static unsigned rounds = 240;

/* A process of the tree, after its work. */
static void
live_as(const char *name, bool member)
{
	util_prepare(name);
	util_options.tree_limit = LIMIT;
	util_options.rss_interval = 0;
	util_setup.live_bytes = day_live;
	util_setup.is_root = false;
	util_setup.root_pid = member ? root_pid : root_pid + 1;
	util_setup.root_start = root_start;
	day_set(BUSY);
	for (unsigned i = 0; i < rounds; i++) {
		day_now += DAY_SECOND;
		day_work();
		rcp_emit_work(day_now, false, false);
	}
}

static pid_t
child(const char *name, bool member, bool orderly)
{
	pid_t pid = fork();

	if (pid == 0) {
		live_as(name, member);
		if (orderly)
			rcp_emit_end(RCP_END_EXIT, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

/* One that goes on. */
static pid_t
writer(const char *name)
{
	int fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) < 0)
		exit(96);
	pid = fork();
	if (pid == 0) {
		live_as(name, true);
		if (write(fds[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	if (read(fds[0], &c, 1) != 1)
		diag("%s: no word of it", name);
	return pid;
}

static void
age(const char *name, unsigned seconds)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, 0 } };

	clock_gettime(CLOCK_REALTIME, &times[1]);
	times[1].tv_sec -= seconds;
	utimensat(AT_FDCWD, util_path(name), times, 0);
}

static const char *
nth(unsigned i)
{
	static char names[2][32];

	snprintf(names[i % 2], sizeof(names[0]), "child%u.rcprof", i);
	return names[i % 2];
}

static uint64_t
sum(void)
{
	uint64_t all = size_of("writer.rcprof") + size_of("own.rcprof");

	for (unsigned i = 0; i < CHILDREN; i++)
		all += size_of(nth(i));
	return all;
}

static void
look(void)
{
	/* The first snapshot opens the file; then there is time to look. */
	for (int i = 0; i < 100; i++) {
		day_now += DAY_SECOND;
		day_work();
		rcp_emit_work(day_now, false, true);
	}
}

static void
check_children(const uint64_t *sizes, const uint64_t *hashes)
{
	unsigned thinner = 0, wrong = 0, first = CHILDREN;

	for (unsigned i = 0; i < CHILDREN; i++) {
		struct day_file *f = day_read(nth(i));

		wrong += !f->good ||
			 f->snaps[f->count - 1].hash != hashes[i];
		if (f->size < sizes[i])
			thinner++;
		else if (first == CHILDREN)
			first = i;
		day_free(f);
	}
	is_int(wrong, 0, "the end of each is what it was");
	ok(thinner > 0 && thinner < CHILDREN, "%u of them are thinner",
	   thinner);
	is_int(first, thinner, "the oldest");
}

static void
test_family(void)
{
	uint64_t sizes[CHILDREN], hashes[CHILDREN], stranger, planted, busy;
	struct day_file *written;
	pid_t pid;

	for (unsigned i = 0; i < CHILDREN; i++) {
		struct day_file *f;

		child(nth(i), true, true);
		age(nth(i), 100 - i);
		f = day_read(nth(i));
		sizes[i] = f->size;
		hashes[i] = f->snaps[f->count - 1].hash;
		day_free(f);
	}
	child("planted.rcprof", true, true);
	age("planted.rcprof", 500);
	if (chown(util_path("planted.rcprof"), 65534, 65534) != 0)
		unlink(util_path("planted.rcprof"));
	planted = size_of("planted.rcprof");
	rounds = 50;
	child("stranger.rcprof", false, true);
	age("stranger.rcprof", 200);
	stranger = size_of("stranger.rcprof");
	child("killed.rcprof", true, false);
	age("killed.rcprof", 300);
	pid = writer("writer.rcprof");
	age("writer.rcprof", 400);
	busy = size_of("writer.rcprof");
	rounds = 1;
	live_as("own.rcprof", true);
	diag("%llu bytes before", (unsigned long long)sum());
	ok(sum() + busy > LIMIT, "together they are too large");
	busy = size_of("killed.rcprof");
	look();
	ok(sum() + busy <= LIMIT, "%llu bytes: now they are not",
	   (unsigned long long)(sum() + busy));
	check_children(sizes, hashes);
	is_int((long)size_of("stranger.rcprof"), (long)stranger,
	       "another tree's stays");
	is_int((long)size_of("planted.rcprof"), (long)planted,
	       "another user's stays");
	is_int((long)size_of("killed.rcprof"), (long)busy,
	       "one without an END that was just written stays");
	written = day_read("writer.rcprof");
	is_int((long)written->count, 50, "one that is written stays");
	day_free(written);
	is_str(util_find(".new"), "", "nothing is left behind");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Nothing but what is being written: each keeps to its share. */
static void
test_shares(void)
{
	pid_t pids[3];

	rounds = 1000;
	for (unsigned i = 0; i < 3; i++)
		pids[i] = writer(nth(i));
	rounds = 1;
	live_as("own.rcprof", true);
	look();
	ok(rcp_family_cap() == LIMIT / 4, "a quarter of it for one of four: %llu",
	   (unsigned long long)rcp_family_cap());
	for (unsigned i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		unlink(util_path(nth(i)));
	}
	day_now += 100 * DAY_SECOND;
	look();
	ok(rcp_family_cap() == UINT64_MAX, "all of it when they are gone");
}

int
main(void)
{
	root_pid = (uint32_t)getpid();
	root_start = rcp_process_start_of(root_pid);
	util_make_dir();
	in_fork("files of children that have ended", test_family);
	util_remove();
	util_make_dir();
	in_fork("shares", test_shares);
	util_remove();
	return done_testing();
}
