/* SPDX-License-Identifier: MIT
 *
 * emit_helper.c - the helper: that it writes, and that the program does not
 * notice it.
 */
#include "unit/emit_util.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "emit/helper.h"

#define MS 1000000ull

/* Field FIELD (20: threads) of /proc/self/stat. */
static long
threads(void)
{
	char text[1024], *p;
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	for (int field = 2; p && field < 20; field++)
		p = strchr(p + 1, ' ');
	return p ? atol(p + 1) : -1;
}

/* Starts it, whenever it was stopped. */
static void
start_now(void)
{
	rcp_helper_try_start(rcp_clock_now() + 1000 * MS);
}

static void
test_runs(void)
{
	struct util_file *f;

	util_prepare("runs");
	util_options.interval = 50 * MS;
	util_options.rss_interval = 5 * MS;
	util_start();
	util_count(1, 1);
	rcp_emit_helper_start();
	ok(rcp_helper_is_running(), "it runs");
	UTIL_UNTIL((f = util_read("runs"))->chunks[RCP_CHUNK_RSS] >= 4);
	ok(f->whole && f->sane && util_equal(f) && f->snapshots == 1 &&
		   f->reasons[RCP_SNAP_INTERVAL] == 1,
	   "it writes what has changed");
	ok(f->chunks[RCP_CHUNK_RSS] >= 4 && f->last_time > 100 * MS,
	   "and the curve");
	util_count(1, 1);
	UTIL_UNTIL(util_equal(util_read("runs")));
	ok(util_equal(f), "and what changes later");
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(!rcp_helper_is_running(), "the end stops it");
	is_int(threads(), 1, "for good");
}

static void
test_growth(void)
{
	struct util_file *f;
	uint64_t begun;

	util_prepare("growth");
	util_options.interval = 3600 * 1000 * MS;
	util_options.rss_interval = 0;
	util_start();
	util_count(1, 1);
	rcp_emit_helper_start();
	util_sleep(0.05);
	rcp_emit_tick(rcp_clock_now());
	util_sleep(0.05);
	ok(!util_read("growth")->there, "nothing is due");
	util.live = 1 << 20;
	rcp_emit_tick(rcp_clock_now());
	UTIL_UNTIL((f = util_read("growth"))->snapshots);
	ok(f->whole && f->reasons[RCP_SNAP_GROWTH] == 1 && util_equal(f),
	   "a heap that has grown is written at once");
	util_count(1, 1);
	util.live += 64 << 10;
	util_sleep(0.05);
	rcp_emit_tick(rcp_clock_now());
	util_sleep(0.1);
	is_int(util_read("growth")->snapshots, 1, "little growth is not");
	begun = rcp_clock_now();
	for (int i = 0; i < 1000; i++) {
		util_count(1, 1);
		util.live *= 2;
		if (util.live > 1ll << 40)
			util.live = 1 << 20;
		rcp_emit_tick(rcp_clock_now());
	}
	util_sleep(0.1);
	ok(util_read("growth")->snapshots <
		   3 + (rcp_clock_now() - begun) / (20 * MS),
	   "nor is every jump of a storm");
}

/* As the wrapper does: the kernel may need a moment. */
static bool
unshares(void)
{
	int tries = 20;

	/* EINVAL as long as the kernel sees a second thread. */
	while (unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) < 0)
		if (--tries == 0 || sched_yield() < 0)
			return false;
	return true;
}

static void
test_thousand(void)
{
	int running = 0, single = 0, alone = 0;

	util_prepare("thousand");
	util_options.interval = 10 * MS;
	util_options.rss_interval = MS;
	util_start();
	for (int i = 0; i < 1000; i++) {
		util_count(1, 1);
		start_now();
		running += rcp_helper_is_running();
		if (i % 10 == 0)
			util_sleep(0.002);
		rcp_emit_helper_stop();
		alone += unshares();
		single += threads() == 1;
	}
	is_int(running, 1000, "started 1,000 times");
	is_int(alone, 1000, "unshare after each stop");
	is_int(single, 1000, "the kernel counts one thread after each stop");
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(util_equal(util_read("thousand")), "nothing was lost");
}

static void
test_rest(void)
{
	uint64_t stopped;

	util_prepare("rest");
	util_start();
	rcp_emit_helper_start();
	stopped = rcp_clock_now();
	rcp_emit_helper_stop();
	rcp_emit_tick(stopped + 50 * MS);
	ok(!rcp_helper_is_running(), "not started right after a stop");
	rcp_emit_tick(rcp_clock_now() + 150 * MS);
	ok(rcp_helper_is_running(), "but by a later tick");
	rcp_emit_helper_stop();
}

static void
test_signals(void)
{
	sigset_t before, after, set;
	struct timespec at_once = { 0, 0 };
	int got;

	util_prepare("signals");
	util_options.rss_interval = MS;
	util_start();
	sigemptyset(&before);
	sigemptyset(&after);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, NULL, &before);
	rcp_emit_helper_start();
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	rcp_emit_event(RCP_EVENT_PAUSE, NULL);
	sigprocmask(SIG_BLOCK, NULL, &after);
	ok(memcmp(&before, &after, 8) == 0,
	   "the signal mask is as before");
	got = 0;
	for (int i = 0; i < 100; i++) {
		kill(getpid(), SIGUSR1);
		util_sleep(0.001);
		got += sigtimedwait(&set, NULL, &at_once) == SIGUSR1;
	}
	is_int(got, 100, "a blocked signal waits for its sigwait");
	ok(rcp_helper_is_running(), "the helper lives");
	rcp_emit_helper_stop();
	sigprocmask(SIG_BLOCK, NULL, &after);
	ok(memcmp(&before, &after, 8) == 0,
	   "the mask is as before after the stop, too");
}

/* It fails again and again on this thread's TLS. */
static void
test_errno(void)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	unsigned wrong = 0;

	util_prepare("errno");
	util_options.interval = 10 * MS;
	util_options.rss_interval = MS;
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	rcp_emit_helper_start();
	setrlimit(RLIMIT_FSIZE, &none);
	util_count(1, 1);
	errno = 4711;
	for (uint64_t end = rcp_clock_now() + 20000 * MS;
	     rcp_clock_now() < end && util_look(&util.lost) < 5;)
		wrong += errno != 4711;
	rcp_emit_helper_stop();
	/* What is said here has to go through. */
	none.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &none);
	is_int(wrong, 0, "errno is the program's");
	ok(util.lost > 2, "though much went wrong in the helper");
}

/* clone() is refused: threads of the program do the work. */
static void
test_refused(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct util_file *f;

	util_prepare("refused");
	util_options.interval = 20 * MS;
	util_options.rss_interval = 5 * MS;
	util_start();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		skip("no seccomp here");
		return;
	}
	rcp_emit_helper_start();
	ok(!rcp_helper_is_running(), "no helper where clone is refused");
	for (int i = 0; i < 20; i++) {
		util_count(1, 1);
		util_sleep(0.01);
		rcp_emit_tick(rcp_clock_now());
	}
	f = util_read("refused");
	ok(f->whole && f->snapshots >= 5 && f->points >= 10,
	   "ticks take %u snapshots, %d points", f->snapshots, (int)f->points);
}

static void *
snapshots(void *arg)
{
	for (int i = 0; i < 300; i++) {
		rcp_emit_event(RCP_EVENT_RESUME, NULL);
		rcp_emit_snapshot(RCP_SNAP_REQUEST);
	}
	return arg;
}

/* Threads, the helper, starts and stops, all at once. */
static void
test_together(void)
{
	struct util_file *f;
	pthread_t thread[3];

	util_prepare("together");
	util_options.interval = 10 * MS;
	util_options.rss_interval = MS;
	util_start();
	util_count(1, 1);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, snapshots, NULL);
	for (int i = 0; i < 200; i++) {
		start_now();
		rcp_emit_tick(rcp_clock_now());
		util_sleep(0.001);
		rcp_emit_helper_stop();
	}
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("together");
	ok(f->whole && f->sane && util_equal(f), "the file is whole");
	is_int(f->events[RCP_EVENT_RESUME], 900, "no event is lost");
	is_int(f->reasons[RCP_SNAP_REQUEST], 900, "no snapshot is");
}

#define NOT_WHOLE UINT64_MAX
/* The child counts and is killed DELAY after its first snapshot: how long
 * before that its file ends. */
static uint64_t
kill_after(const char *name, double delay)
{
	struct timespec ts;
	struct util_file *f;
	uint64_t killed;
	pid_t pid = fork();

	if (pid == 0) {
		util_prepare(name);
		util_options.interval = 30 * MS;
		util_options.rss_interval = 5 * MS;
		util_start();
		rcp_emit_helper_start();
		for (;;) {
			util.filler = (unsigned)util.now[1] % 64;
			util_count(1, 1);
		}
	}
	UTIL_UNTIL(util_read(name)->snapshots);
	util_sleep(delay);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	f = util_read(name);
	killed = (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec -
		 f->header.start_mono;
	if (!f->there || !f->sane || !f->snapshots)
		return NOT_WHOLE;
	return killed > f->last_time ? killed - f->last_time : 0;
}

static void
test_kill(void)
{
	int good = 0;
	char name[32];

	for (int i = 0; i < 20; i++) {
		int tries = 5;
		uint64_t late;

		/* A helper that was due may have no CPU, but not each time. */
		do {
			snprintf(name, sizeof(name), "kill%d-%d", i, tries);
			late = kill_after(name, 0.05 + 0.0037 * i);
		} while (late > 180 * MS && late != NOT_WHOLE && --tries);
		good += late <= 180 * MS;
	}
	is_int(good, 20, "killed 20 times, nothing older is lost");
}

/* A program that leaves by a raw exit(2) while the helper runs: the kernel
 * would keep the process for its sake. */
static void
test_raw_exit(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		util_prepare("rawexit");
		util_options.interval = 3600 * 1000 * MS;
		util_options.rss_interval = 0;
		util_start();
		rcp_emit_helper_start();
		syscall(SYS_exit, 7);
	}
	UTIL_UNTIL(waitpid(pid, &status, WNOHANG) == pid);
	if (status < 0)
		kill(pid, SIGKILL);
	is_int(status, 7 << 8, "the process ends, with its status");
}

static void *
outlive(void *arg)
{
	util_sleep(0.4);
	util_count(1, 1);
	util_sleep(0.2);
	rcp_emit_end(RCP_END_EXIT, 0);
	_exit(arg == NULL ? 5 : 6);
}

/* The first thread ends, others go on. */
static void
test_main_ends(void)
{
	pid_t pid = fork();
	struct util_file *f;
	pthread_t thread;
	int status = 0;

	if (pid == 0) {
		util_prepare("mainends");
		util_options.interval = 50 * MS;
		util_options.rss_interval = 10 * MS;
		util_start();
		rcp_emit_open();
		rcp_emit_helper_start();
		pthread_create(&thread, NULL, outlive, NULL);
		pthread_exit(NULL);
	}
	waitpid(pid, &status, 0);
	is_int(status, 5 << 8, "a process outlives its first thread");
	f = util_read("mainends");
	ok(f->whole && f->cells[1] == 1 && f->end == RCP_END_EXIT &&
		   f->rss > 100000 && f->totals[RCP_TOTAL_RSS] > 100000,
	   "and its curve goes on");
}

static void
test_name(void)
{
	int result = -1;
	char command[100];

	util_prepare("name");
	util_start();
	rcp_emit_helper_start();
	snprintf(command, sizeof(command),
		 "grep -q rcprof /proc/%d/task/*/comm", getpid());
	UTIL_UNTIL((result = system(command)) == 0);
	is_int(result, 0, "ps can tell what it is");
	rcp_emit_helper_stop();
}

int
main(void)
{
	util_make_dir();
	in_fork("it runs", test_runs);
	in_fork("growth", test_growth);
	in_fork("a thousand starts", test_thousand);
	in_fork("rest after a stop", test_rest);
	in_fork("signals", test_signals);
	in_fork("errno", test_errno);
	in_fork("clone refused", test_refused);
	in_fork("together", test_together);
	in_fork("killed", test_kill);
	in_fork("a raw exit", test_raw_exit);
	in_fork("the first thread ends", test_main_ends);
	in_fork("its name", test_name);
	util_remove();
	return done_testing();
}
