/* SPDX-License-Identifier: MIT
 *
 * emit_fork.c - emit around fork: whose file is whose.
 */
#include "unit/emit_util.h"

#include <pthread.h>

#include "emit/helper.h"
#include "emit/state.h"

#define MS 1000000ull

static pid_t
forked(void)
{
	pid_t pid;

	rcp_emit_fork_prepare();
	pid = fork();
	if (pid == 0)
		rcp_emit_fork_child();
	else
		rcp_emit_fork_parent();
	return pid;
}

/* 0 if it exited so. */
static int
reap(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static const char *
name_of(pid_t pid)
{
	static char name[64];

	snprintf(name, sizeof(name), "app.%d.rcprof", pid);
	return name;
}

static bool
holds_file(const char *name)
{
	struct stat want, st;

	if (stat(util_path(name), &want) < 0)
		return false;
	for (int fd = 0; fd < 2000; fd++)
		if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino)
			return true;
	return false;
}

static void
in_child(pid_t parent)
{
	struct util_file *f;

	ok(!rcp_emit_is_open(), "the child has no file");
	ok(!holds_file(name_of(parent)), "and not its parent's descriptor");
	memset(util.now, 0, sizeof(util.now));
	memset(util.written, 0, sizeof(util.written));
	util_count(2, 5);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "its first snapshot");
	f = util_read(name_of(getpid()));
	ok(f->whole && f->sane && util_equal(f) && f->keyframes == 1,
	   "opens a file of its own, which needs no other");
	is_int(f->header.pid, getpid(), "its pid");
	is_int(f->header.root_pid, parent, "its root");
	ok(f->header.proc_start != 0, "its start");
	ok(f->events[RCP_EVENT_FORK] == 1 && f->number == (uint64_t)parent,
	   "it begins with the fork");
	is_int(f->events[RCP_EVENT_MARK], 0, "its parent's marks are not in it");
	ok(strstr(f->info, "python=3.9;"), "but what was told of the program");
	rcp_emit_end(RCP_END_EXIT, 0);
	is_int(util_read(name_of(getpid()))->end, RCP_END_EXIT, "its end");
}

static void
test_child(void)
{
	struct util_file *f;
	pid_t parent = getpid(), child;

	util_prepare("%n.%p.rcprof");
	util_start();
	rcp_emit_info("python", "3.9");
	rcp_emit_open();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	rcp_emit_helper_start();
	rcp_emit_event(RCP_EVENT_MARK, "mine");
	child = forked();
	if (child == 0) {
		in_child(parent);
		_exit(0);
	}
	is_int(reap(child), 0, "the child is well");
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	f = util_read(name_of(parent));
	ok(f->whole && f->sane && util_equal(f) && f->last_seq == 2,
	   "the parent's file goes on");
	is_int(f->events[RCP_EVENT_MARK], 1, "with its own marks");
}

static void
test_no_file(void)
{
	pid_t child;

	util_prepare("none.%p");
	util_start();
	rcp_emit_open();
	child = forked();
	if (child == 0) {
		util_sleep(0.02);
		rcp_emit_tick(rcp_clock_now() + 3600 * 1000 * MS);
		rcp_emit_end(RCP_END_EXIT, 0);
		_exit(0);
	}
	is_int(reap(child), 0, "a child that records nothing");
	ok(util_read("x")->there == false &&
		   strstr(util_find("none."), name_of(child)) == NULL,
	   "leaves no file");
}

/* A child that has counted and ends at once; does it leave a file? */
static bool
leaves(const char *output, bool python, enum rcp_follow follow)
{
	char name[64];
	pid_t child;

	util_prepare(output);
	util_options.follow = follow;
	util_start();
	if (python)
		rcp_emit_open();
	child = forked();
	if (child == 0) {
		util_count(1, 1);
		rcp_emit_end(RCP_END_EXIT, 0);
		_exit(0);
	}
	reap(child);
	snprintf(name, sizeof(name), "short.%d", child);
	return util_read(name)->whole && util_read(name)->cells[1] == 1;
}

static void
short_python(void)
{
	ok(leaves("short.%p", true, RCP_FOLLOW_PYTHON),
	   "a short child leaves a file where Python runs");
}

static void
short_shell(void)
{
	ok(!leaves("short.%p", false, RCP_FOLLOW_PYTHON),
	   "a shell's leaves none");
}

static void
short_all(void)
{
	ok(leaves("short.%p", false, RCP_FOLLOW_ALL), "but with --follow all");
}

static void
test_interval(void)
{
	struct util_file *f;
	uint64_t before;
	pid_t child;

	util_prepare("%n.%p.rcprof");
	util_options.interval = 1000 * MS;
	util_start();
	rcp_emit_open();
	rcp_emit_helper_start();
	before = rcp_clock_now();
	child = forked();
	if (child == 0) {
		util.settled = 0;
		util_count(1, 1);
		rcp_emit_tick(before + 50 * MS);
		if (rcp_helper_is_running() || rcp_emit_is_open())
			_exit(1);
		rcp_emit_tick(rcp_clock_now() + 120 * MS);
		if (!rcp_helper_is_running())
			_exit(2);
		UTIL_UNTIL(util_look(&util.settled));
		kill(getpid(), SIGKILL);
	}
	is_int(reap(child), SIGKILL, "a child lives past its interval");
	f = util_read(name_of(child));
	ok(f->whole && f->cells[1] == 1, "its helper has written its file");
}

static _Atomic int *faults; /* of all processes */

static void
on_fault(const char *why)
{
	(void)why;
	++*faults;
}

/* The parent has found that nothing can be written. */
static void
test_fault(void)
{
	int errors = 0;

	faults = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	util_prepare("not-there/x");
	close(open(util_path("not-there"), O_CREAT | O_WRONLY, 0600));
	util_options.interval = 10 * MS;
	util_catch_stderr();
	util_start();
	rcp_emit_on_fault(on_fault);
	rcp_emit_helper_start();
	util_count(1, 1);
	UTIL_UNTIL(!rcp_emit_is_on());
	unlink(util_path("not-there"));
	for (int i = 0; i < 10; i++) {
		if (forked() == 0) {
			util_count(1, 1);
			for (int k = 0; k < 20; k++)
				rcp_emit_tick(rcp_clock_now() + 3000 * MS);
			rcp_emit_end(RCP_END_EXIT, 0);
			_exit(rcp_helper_is_running());
		}
		errors += reap(-1) != 0;
	}
	is_int(errors, 0, "children after a fault are well");
	is_int(*faults, 10, "each hears of it");
	ok(!util_read("not-there/x")->there, "and does not try again");
	is_str(util_stderr(), "", "nor says what is its parent's to say");
	rcp_emit_tick(rcp_clock_now());
	rcp_emit_tick(rcp_clock_now());
	is_int(*faults, 11, "as does the parent");
	is_int(util_lines(util_stderr()), 1, "which says it once");
}

/* The parent's helper is stopped for the fork; 3.12 looks at the number of
 * threads right after it. */
static void
test_alone(void)
{
	char text[1024], *p;
	int wrong = 0, fd;
	ssize_t n;
	pid_t child;

	util_prepare("alone.%p");
	util_options.rss_interval = MS;
	util_start();
	for (int i = 0; i < 30; i++) {
		rcp_helper_try_start(rcp_clock_now() + 1000 * MS);
		rcp_emit_fork_prepare();
		child = fork();
		if (child == 0)
			_exit(0);
		rcp_emit_fork_parent();
		fd = open("/proc/self/stat", O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		p = strrchr(text, ')');
		for (int field = 2; field < 20; field++)
			p = strchr(p + 1, ' ');
		wrong += atoi(p + 1) != 1;
		reap(child);
	}
	is_int(wrong, 0, "one thread right after each fork");
}

static _Atomic bool stop;

static void *
busy(void *arg)
{
	while (!stop) {
		rcp_emit_event(RCP_EVENT_PAUSE, NULL);
		rcp_emit_snapshot(RCP_SNAP_REQUEST);
		rcp_emit_tick(rcp_clock_now());
	}
	return arg;
}

/* Forks while other threads and the helper are inside emit. */
static void
test_storm(void)
{
	pthread_t thread[2];
	int good = 0;
	pid_t child;

	util_prepare("storm.%p");
	util_options.interval = 10 * MS;
	util_options.rss_interval = MS;
	util_start();
	util_count(1, 1);
	rcp_emit_open();
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, busy, NULL);
	for (int i = 0; i < 100; i++) {
		rcp_helper_try_start(rcp_clock_now() + 1000 * MS);
		child = forked();
		if (child == 0) {
			util_count(1, 1);
			rcp_emit_helper_start();
			rcp_emit_snapshot(RCP_SNAP_REQUEST);
			rcp_emit_end(RCP_END_EXIT, 0);
			_exit(0);
		}
		if (reap(child) == 0) {
			char name[64];

			snprintf(name, sizeof(name), "storm.%d", child);
			good += util_read(name)->whole &&
				util_read(name)->end == RCP_END_EXIT;
			unlink(util_path(name));
		}
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	rcp_emit_end(RCP_END_EXIT, 0);
	is_int(good, 100, "100 children, all with a whole file");
	ok(util_read(util_find("storm."))->whole, "and so is their parent's");
}

/* A child that was made behind our back must touch nothing. */
static void
test_raw(void)
{
	pid_t child;
	uint64_t size;

	util_prepare("raw");
	util_options.interval = 10 * MS;
	util_start();
	util_count(1, 1);
	rcp_emit_open();
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	rcp_emit_helper_start();
	size = util_read("raw")->size;
	child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		bool any;

		util_count(1, 1);
		any = rcp_emit_snapshot(RCP_SNAP_REQUEST);
		rcp_emit_tick(rcp_clock_now() + 1000 * MS);
		rcp_emit_fork_prepare();
		rcp_emit_fork_parent();
		rcp_emit_exec("/bin/true");
		rcp_emit_end(RCP_END_EXIT, 0);
		_exit(any);
	}
	is_int(reap(child), 0, "a raw clone passes through");
	rcp_emit_helper_stop();
	ok(util_read("raw")->whole && util_read("raw")->cells[1] == 1 &&
		   util_read("raw")->end == 0 &&
		   util_read("raw")->size < size + 200,
	   "its parent's file has nothing of it");
	child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		rcp_emit_fork_child();
		util_count(1, 1);
		rcp_emit_end(RCP_END_EXIT, 0);
		_exit(0);
	}
	is_int(reap(child), 0, "once it is known");
	ok(util_read("raw.1")->whole && util_read("raw.1")->cells[1] == 2,
	   "it has a file like others");
}

static void
test_signals(void)
{
	sigset_t before, after;
	int wrong = 0;

	util_prepare("mask.%p");
	util_start();
	sigemptyset(&after);
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigprocmask(SIG_SETMASK, NULL, &before);
	if (forked() == 0) {
		sigprocmask(SIG_SETMASK, NULL, &after);
		_exit(memcmp(&before, &after, 8) != 0);
	}
	sigprocmask(SIG_SETMASK, NULL, &after);
	wrong += memcmp(&before, &after, 8) != 0;
	is_int(reap(-1), 0, "the child's signal mask is its parent's");
	is_int(wrong, 0, "which is as it was");
}

int
main(void)
{
	util_make_dir();
	in_fork("a child", test_child);
	in_fork("a child without a file", test_no_file);
	in_fork("a short child", short_python);
	in_fork("a subshell", short_shell);
	in_fork("a short child of all", short_all);
	in_fork("a child's interval", test_interval);
	in_fork("a fault before the fork", test_fault);
	in_fork("one thread", test_alone);
	in_fork("a storm of forks", test_storm);
	in_fork("raw clone", test_raw);
	in_fork("signal masks", test_signals);
	util_remove();
	return done_testing();
}
