/* SPDX-License-Identifier: MIT
 *
 * emit_table.c - the program's table of descriptors is the program's: what
 * the helper opens is not in it, and what the helper is started from is not
 * in the helper's.
 */
#include "unit/emit_util.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "emit/helper.h"

#define MS 1000000ull
#define NUMBERS 1200

/* Starts it, whenever it was stopped. */
static void
start_now(void)
{
	rcp_helper_try_start(rcp_clock_now() + 1000 * MS);
}

/* A curve as fine as it gets and a snapshot every 10 ms. */
static void
begin(const char *output)
{
	util_prepare(output);
	util_options.interval = 10 * MS;
	util_options.rss_interval = MS;
	util_start();
	rcp_emit_helper_start();
}

static unsigned
count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < NUMBERS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* By the kernel's list, this look's own descriptor not counted. */
static unsigned
count_listed(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n - 3;
}

static void
test_enumerate(void)
{
	unsigned bare = count_open(), wrong = 0;
	struct util_file *f;

	begin("enumerate");
	ok(rcp_emit_open() == 0 && rcp_helper_is_running(), "it runs");
	for (int i = 0; i < 300; i++) {
		util_count(1, 1);
		util.live = i;
		if (i % 10 == 0)
			rcp_emit_snapshot(RCP_SNAP_REQUEST);
		wrong += count_open() != bare;
		wrong += count_listed("/proc/self/fd") != bare;
		wrong += count_listed("/dev/fd") != bare;
	}
	is_int(wrong, 0, "900 looks see what the program has opened");
	rcp_emit_end(RCP_END_EXIT, 0);
	is_int(count_open(), bare, "as after the end");
	f = util_read("enumerate");
	ok(f->whole && f->sane && util_equal(f) && f->points > 30,
	   "though there was much to write: %d points", (int)f->points);
}

/* The lowest number is the program's to get. */
static void
test_lowest(void)
{
	int wrong = 0;

	begin("lowest");
	for (int i = 0; i < 20000; i++) {
		util_count(1, 1);
		close(0);
		wrong += open("/dev/null", O_RDONLY) != 0;
	}
	is_int(wrong, 0, "closed and opened again 20,000 times");
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(util_equal(util_read("lowest")), "nothing is missing");
}

static void
test_daemon(void)
{
	int out = dup(1);
	struct util_file *f;

	begin("daemon");
	rcp_emit_open();
	for (int fd = 0; fd < NUMBERS; fd++)
		if (fd != out)
			close(fd);
	util_count(1, 1);
	UTIL_UNTIL(util_equal(util_read("daemon")));
	f = util_read("daemon");
	if (dup2(out, 1) < 0)
		_exit(90);
	ok(f->whole && f->sane && util_equal(f),
	   "every descriptor closed, the interval goes on");
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "and so do requests");
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("daemon");
	ok(f->end == RCP_END_EXIT && util_equal(f), "to the end");
	is_int(util.lost, 0, "nothing was lost");
}

/* A pipe's end and a lock go when the program closes them, not later. */
static void
test_not_held(void)
{
	unsigned late = 0, locked = 0;

	begin("held");
	for (int i = 0; i < 300; i++) {
		int fds[2], file, other;
		char c;

		file = open(util_path("lock"), O_RDWR | O_CREAT, 0600);
		other = open(util_path("lock"), O_RDWR);
		if (pipe2(fds, O_NONBLOCK) < 0 || flock(file, LOCK_EX) < 0)
			_exit(89);
		start_now();
		close(fds[1]);
		late += read(fds[0], &c, 1) != 0;
		close(file);
		locked += flock(other, LOCK_EX | LOCK_NB) < 0;
		close(other);
		close(fds[0]);
		rcp_emit_helper_stop();
	}
	is_int(late, 0, "a pipe ends when it is closed, right after 300 starts");
	is_int(locked, 0, "a lock on a file goes with it");
}

/* Another process asks whether the record is locked. */
static bool
is_locked(const char *name)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
		int fd = open(util_path(name), O_RDWR);

		fcntl(fd, F_GETLK, &lock);
		_exit(lock.l_type == F_WRLCK);
	}
	waitpid(pid, &status, 0);
	return status == 1 << 8;
}

static void
test_record_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
	int fd = open(util_path("record"), O_RDWR | O_CREAT, 0600);

	fcntl(fd, F_SETLK, &lock);
	ok(is_locked("record"), "a record is locked");
	begin("records");
	rcp_emit_open();
	start_now();
	util_sleep(0.02);
	rcp_emit_helper_stop();
	start_now();
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(is_locked("record"), "and still is, two helpers later");
}

static void
test_exhausted(void)
{
	struct rlimit few = { 32, 32 };
	struct util_file *f;

	setrlimit(RLIMIT_NOFILE, &few);
	begin("exhausted");
	while (dup(1) >= 0)
		;
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST),
	   "a snapshot with no descriptor left");
	util_count(1, 1);
	UTIL_UNTIL(util_look(&util.settled) >= 2);
	util_sleep(0.05);
	close(20);
	UTIL_UNTIL((f = util_read("exhausted"))->points > 10);
	ok(f->whole && util_equal(f) && util.lost == 0 && f->points > 10,
	   "and the interval goes on");
}

/* System call NUMBER is refused from now on; false: it can not be. */
static bool
refuse(unsigned number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* An old kernel, or a filter that does not know the call. */
static void
test_no_close_range(void)
{
	unsigned bare = count_open(), wrong = 0;
	int fds[2];
	char c;

	if (!refuse(436)) {
		skip("no seccomp here");
		return;
	}
	begin("old");
	UTIL_UNTIL(!rcp_helper_is_running());
	start_now();
	ok(rcp_helper_is_running(), "without close_range, at the second start");
	ok(rcp_emit_open() == 0, "it opens the file");
	for (int i = 0; i < 100; i++) {
		util_count(1, 1);
		wrong += count_open() != bare;
	}
	is_int(wrong, 0, "which nobody sees");
	rcp_emit_helper_stop();
	if (pipe2(fds, O_NONBLOCK) < 0)
		_exit(88);
	start_now();
	close(fds[1]);
	is_int(read(fds[0], &c, 1), 0, "nor does it hold what is not its own");
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(util_equal(util_read("old")), "nothing is missing");
}

static _Atomic bool stop;

static void *
ask(void *arg)
{
	unsigned long done = 0;

	while (!stop)
		done += rcp_emit_snapshot(RCP_SNAP_REQUEST);
	*(unsigned long *)arg = done;
	return NULL;
}

/* Requests against a helper that comes and goes: each is answered. */
static void
test_storm(void)
{
	unsigned long done[3] = { 0 }, sum = 0;
	struct util_file *f;
	pthread_t thread[3];

	begin("storm");
	util_count(1, 1);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, ask, &done[i]);
	for (int i = 0; i < 500; i++) {
		start_now();
		if (i % 3 == 0)
			util_sleep(0.0005);
		rcp_emit_helper_stop();
	}
	stop = true;
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		sum += done[i];
	}
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("storm");
	ok(f->whole && f->sane && util_equal(f), "the file is whole");
	is_int(f->reasons[RCP_SNAP_REQUEST], (long long)sum,
	       "every request that was granted is in it");
	ok(sum > 500, "%lu of them", sum);
}

static volatile sig_atomic_t hits, granted;
static _Atomic bool inside; /* a snapshot is being taken */

/* Stands for SIGSEGV in our own code, whose handler asks for a snapshot. */
static void
on_fault(int number)
{
	(void)number;
	hits = hits + 1;
	granted = granted + rcp_emit_snapshot(RCP_SNAP_REQUEST);
}

static void
slow(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	(void)sink;
	(void)snap;
	inside = true;
	UTIL_UNTIL(hits);
	/* The handler asks meanwhile. */
	util_sleep(0.05);
}

static void *
shoot(void *arg)
{
	UTIL_UNTIL(inside);
	pthread_kill(*(pthread_t *)arg, SIGTRAP);
	return NULL;
}

static void
test_on_top(void)
{
	static struct rcp_source source = { .name = "slow", .drain = slow };
	pthread_t self = pthread_self(), thread;

	util_prepare("ontop");
	util_start();
	rcp_emit_register(&source);
	rcp_emit_helper_start();
	signal(SIGTRAP, on_fault);
	pthread_create(&thread, NULL, shoot, &self);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "a request that takes long");
	pthread_join(thread, NULL);
	is_int(hits, 1, "a handler on top of it");
	is_int(granted, 0, "asks in vain, and comes back");
}

/* The helper has no stderr: a thread of the program says what it found. */
static void
test_line(void)
{
	util_prepare("no-directory/x");
	close(open(util_path("no-directory"), O_CREAT | O_WRONLY, 0600));
	util_options.interval = 10 * MS;
	util_catch_stderr();
	util_start();
	rcp_emit_helper_start();
	util_count(1, 1);
	for (int i = 0; i < 3000 && !util_stderr()[0]; i++) {
		util_sleep(0.01);
		rcp_emit_tick(rcp_clock_now());
	}
	ok(strstr(util_stderr(), "/no-directory/x: Not a directory; "
				 "recording is off\n"),
	   "a fault that the helper has met is said");
	is_int(util_lines(util_stderr()), 1, "once");
}

int
main(void)
{
	util_make_dir();
	in_fork("enumeration", test_enumerate);
	in_fork("the lowest number", test_lowest);
	in_fork("a daemon", test_daemon);
	in_fork("nothing is held", test_not_held);
	in_fork("record locks", test_record_lock);
	in_fork("a full table", test_exhausted);
	in_fork("no close_range", test_no_close_range);
	in_fork("a storm of requests", test_storm);
	in_fork("a handler on top", test_on_top);
	in_fork("the helper's line", test_line);
	util_remove();
	return done_testing();
}
