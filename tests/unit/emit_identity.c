/* SPDX-License-Identifier: MIT
 *
 * emit_identity.c - a program that gives up rights keeps on writing a file
 * that it could not open any more.
 */
#include "unit/emit_util.h"

#include <grp.h>

#include "emit/helper.h"

#define MS 1000000ull
#define NOBODY 65534

static void
start_now(void)
{
	rcp_helper_try_start(rcp_clock_now() + 1000 * MS);
}

static _Atomic unsigned beats; /* of the helper */

static void
beat(void)
{
	beats++;
}

static void
begin(const char *output)
{
	util_prepare(output);
	util_setup.beat = beat;
	util_options.interval = 20 * MS;
	util_options.rss_interval = MS;
	util_start();
	rcp_emit_open();
	rcp_emit_helper_start();
	util_count(1, 1);
}

/* How many descriptors of FILE the program has. */
static int
holds(int file)
{
	struct stat want, st;
	int n = 0;

	fstat(file, &want);
	for (int fd = 0; fd < 1100; fd++)
		n += fd != file && fstat(fd, &st) == 0 &&
		     st.st_ino == want.st_ino && st.st_dev == want.st_dev;
	return n;
}

static bool
become_nobody(void)
{
	bool done;

	rcp_emit_identity_begin();
	done = setresuid(NOBODY, NOBODY, NOBODY) == 0;
	rcp_emit_identity_end();
	return done;
}

/* The file is root's; this reads it through a descriptor from before. */
static uint64_t
size_of(int file)
{
	struct stat st;

	return fstat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
as_nobody(int file)
{
	uint64_t size = size_of(file);

	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST) && size_of(file) > size,
	   "a snapshot without a helper");
	start_now();
	ok(rcp_helper_is_running(), "the next helper starts");
	size = size_of(file);
	util_count(1, 1);
	UTIL_UNTIL(size_of(file) > size);
	ok(size_of(file) > size, "and has the file");
	rcp_emit_fork_prepare();
	rcp_emit_fork_parent();
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "a snapshot after a fork");
	start_now();
	for (int fd = 4; fd < 1100; fd++)
		if (fd != file)
			close(fd);
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST),
	   "and after every descriptor was closed");
	rcp_emit_end(RCP_END_EXIT, 0);
	is_int(util.lost, 0, "nothing was lost");
}

static void
test_nobody(void)
{
	struct util_file *f;
	int file, status = -1;
	pid_t pid;

	if (getuid() != 0) {
		skip("only root can become somebody else");
		return;
	}
	pid = fork();
	if (pid == 0) {
		begin("root");
		file = open(util_path("root"), O_RDONLY);
		if (!become_nobody() || open(util_path("root"), O_RDONLY) >= 0)
			_exit(87);
		as_nobody(file);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a process becomes nobody");
	f = util_read("root");
	ok(f->whole && f->sane && f->cells[1] == 5 && f->end == RCP_END_EXIT,
	   "its file has everything");
	ok(strstr(f->info, "note.descriptor="), "and a note");
}

/* A kept descriptor's number that the program has put to its own use. */
static void
test_number_reused(void)
{
	int file, theirs, replaced = 0;
	struct stat st;

	if (getuid() != 0) {
		skip("only root can become somebody else");
		return;
	}
	begin("reused");
	file = open(util_path("reused"), O_RDONLY);
	theirs = open(util_path("theirs"), O_RDWR | O_CREAT, 0666);
	become_nobody();
	is_int(holds(file), 1, "one descriptor stays");
	for (int fd = 100; fd < 1100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			replaced += dup2(theirs, fd) == fd;
	is_int(holds(file), 0, "the program has put another in its place");
	util_count(1, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "then the file is lost");
	start_now();
	util_sleep(0.05);
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(fstat(theirs, &st) == 0 && st.st_size == 0,
	   "but nothing is written to the other");
	/* The test's own parent may have left it descriptors up there. */
	is_int(holds(theirs), replaced, "nor is it closed");
}

/* Rights that are given up and taken back, or do not matter. */
static void
test_passing(void)
{
	int file;

	begin("passing");
	file = open(util_path("passing"), O_RDONLY);
	rcp_emit_identity_begin();
	is_int(holds(file), 1, "one descriptor while identity changes");
	rcp_emit_identity_end();
	is_int(holds(file), 0, "none when the file can be opened again");
	if (getuid() != 0)
		return;
	rcp_emit_identity_begin();
	if (seteuid(NOBODY) < 0)
		_exit(86);
	rcp_emit_identity_end();
	is_int(holds(file), 1, "one as another user");
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "which works");
	rcp_emit_identity_begin();
	if (seteuid(0) < 0)
		_exit(85);
	rcp_emit_identity_end();
	is_int(holds(file), 0, "none as root");
}

/* The forked child has nothing of it. */
static void
test_child(void)
{
	int file, status = -1;
	pid_t pid;

	if (getuid() != 0) {
		skip("only root can become somebody else");
		return;
	}
	begin("parent.%p");
	file = open(util_path(util_find("parent.")), O_RDONLY);
	become_nobody();
	rcp_emit_fork_prepare();
	pid = fork();
	if (pid == 0) {
		rcp_emit_fork_child();
		_exit(holds(file));
	}
	rcp_emit_fork_parent();
	waitpid(pid, &status, 0);
	is_int(status, 0, "a forked child has none of its parent's");
	is_int(holds(file), 1, "which its parent has");
}

static void
test_chroot(void)
{
	struct util_file *f;
	int status = -1;
	pid_t pid;

	mkdir(util_path("empty"), 0700);
	if (getuid() != 0) {
		skip("only root can change its root");
		return;
	}
	pid = fork();
	if (pid == 0) {
		begin("chroot");
		rcp_emit_identity_begin();
		if (chroot(util_path("empty")) < 0)
			_exit(84);
		rcp_emit_identity_end();
		start_now();
		util_count(1, 1);
		for (int i = 0; i < 5000 && (i < 50 || beats < 50); i++) {
			util.live = i;
			util_sleep(0.002);
		}
		rcp_emit_helper_stop();
		rcp_emit_end(RCP_END_EXIT, 0);
		_exit(util.lost != 0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a process locks itself up");
	f = util_read("chroot");
	ok(f->whole && f->cells[1] == 2 && f->end == RCP_END_EXIT,
	   "its file has everything");
	ok(f->points >= 10 && 2 * f->last_time > f->end_time,
	   "and its curve goes on: %d points", (int)f->points);
}

int
main(void)
{
	util_make_dir();
	in_fork("nobody", test_nobody);
	in_fork("a number that is used again", test_number_reused);
	in_fork("passing changes", test_passing);
	in_fork("a forked child", test_child);
	in_fork("chroot", test_chroot);
	util_remove();
	return done_testing();
}
