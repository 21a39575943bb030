/* SPDX-License-Identifier: MIT
 *
 * emit_kill.c - a process that is killed while its profile is written anew,
 * before each of its system calls: the old file is whole, or the new one is.
 */
#include "unit/emit_day.h"

#include <sys/mount.h>
#include <sys/ptrace.h>

#include "emit/thin.h"

#define LIMIT (1u << 20)

static unsigned *seconds; /* shared: how many fill the file */

/* Everything up to the moment when room is made. */
static void
fill(const char *name)
{
	unsigned n = 0;

	day_start(name, LIMIT, 100);
	rcp_emit.options.rss_interval = 0;
	while (*seconds ? n < *seconds
			: rcp_file_size() <= LIMIT / 16 * 14) {
		day_now += DAY_SECOND;
		day_work();
		rcp_emit_work(day_now, false, false);
		n++;
	}
	*seconds = n;
	day_now += DAY_SECOND;
	day_work();
}

/* The child stops itself, then makes room. */
static pid_t
start(const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		fill(name);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		rcp_emit_work(day_now, false, true);
		_exit(0);
	}
	return pid;
}

/* Kills it before its Nth system call from there; false: it has not as many. */
static bool
kill_at(const char *name, unsigned n)
{
	pid_t pid = start(name);
	int status;

	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status))
		return false;
	/* Each call stops twice, before and after. */
	for (unsigned i = 0; i < 2 * n + 1; i++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status))
			return false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

static struct day_snap last_of_old, last_of_new;
static size_t old_size, new_size;

static bool
is_last(const struct day_file *f, const struct day_snap *last)
{
	const struct day_snap *s = &f->snaps[f->count - 1];

	return f->count && s->seq == last->seq && s->time == last->time &&
	       s->hash == last->hash;
}

/* What the file is when it is not killed at all. */
static void
learn(void)
{
	struct day_file *f;
	int status;
	pid_t pid = start("learn");

	waitpid(pid, &status, 0);
	f = day_read("learn");
	old_size = f->size;
	last_of_old = f->snaps[f->count - 1];
	ok(f->good && old_size > LIMIT / 16 * 14, "%zu bytes before", old_size);
	day_free(f);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	f = day_read("learn");
	new_size = f->size;
	last_of_new = f->snaps[f->count - 1];
	ok(f->good && new_size < LIMIT / 16 * 10, "%zu bytes after", new_size);
	day_free(f);
}

static bool
is_right(const char *name)
{
	struct day_file *f = day_read(name);
	/* A snapshot comes before the room. */
	bool right = f->good && f->count &&
		     (is_last(f, &last_of_old) || is_last(f, &last_of_new));

	if (!right)
		diag("%s: good %d, %zu snapshots, %llu bytes", name, f->good,
		     f->count, (unsigned long long)f->size);
	day_free(f);
	return right;
}

static void
test_kill(void)
{
	unsigned n, wrong = 0, left = 0, replaced = 0;

	learn();
	for (n = 0; n < 1000; n++) {
		char name[32];

		snprintf(name, sizeof(name), "kill%u", n);
		if (!kill_at(name, n))
			break;
		wrong += !is_right(name);
		replaced += size_of(name) < old_size;
		unlink(util_path(name));
		left += unlink(util_path(strcat(name, ".new"))) == 0;
	}
	ok(n > 20 && n < 1000, "%u system calls", n);
	is_int(wrong, 0, "killed before each of them: a whole file");
	ok(replaced > 0 && replaced < n, "the new one after %u of them",
	   replaced);
	ok(left <= 2, "%u times one is left beside it", left);
}

/* What such a process left is no obstacle for another. */
static void
test_left(void)
{
	struct day_file *f;
	int fd;

	fd = open(util_path("left.new"), O_CREAT | O_WRONLY, 0600);
	if (write(fd, "half of it", 10) != 10)
		diag("not written");
	close(fd);
	fill("left");
	chmod(util_path("left"), 0640);
	rcp_emit_work(day_now, false, true);
	f = day_read("left");
	ok(f->good && f->size < LIMIT / 16 * 10, "it makes room all the same");
	is_int(access(util_path("left.new"), F_OK), -1, "and clears it away");
	is_int(util_read("left")->mode, 0640, "its permissions stay");
	day_free(f);
}

/* The user has moved the file: what stands there now is not ours. */
static void
test_moved(void)
{
	struct day_file *f;
	int fd;

	util_catch_stderr();
	fill("moved");
	rename(util_path("moved"), util_path("elsewhere"));
	fd = open(util_path("moved"), O_CREAT | O_WRONLY, 0600);
	if (write(fd, "mine", 4) != 4)
		diag("not written");
	close(fd);
	rcp_emit_work(day_now, false, true);
	is_int((long)size_of("moved"), 4, "another file is not replaced");
	f = day_read("elsewhere");
	ok(f->good, "the profile is what it was");
	day_free(f);
}

static void
work(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		day_now += DAY_SECOND;
		day_work();
		rcp_emit_work(day_now, false, true);
	}
}

/* No room for two files. */
static void
test_full(void)
{
	struct day_file *f;
	uint64_t size;

	mkdir(util_path("disk"), 0700);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", util_path("disk"), "tmpfs", 0, "size=1200k") < 0) {
		skip("nothing can be mounted here");
		return;
	}
	util_catch_stderr();
	fill("disk/full");
	size = size_of("disk/full");
	work(10);
	f = day_read("disk/full");
	ok(f->good && f->size > size, "the old file stays and goes on");
	day_free(f);
	work(500);
	f = day_read("disk/full");
	ok(f->good && f->size <= LIMIT && f->size > LIMIT / 16 * 15,
	   "up to its limit: %llu bytes", (unsigned long long)f->size);
	day_free(f);
	is_int(util_lines(util_stderr()), 1, "one line tells of it");
	mount("none", util_path("disk"), "tmpfs", MS_REMOUNT, "size=9m");
	work(200);
	f = day_read("disk/full");
	ok(f->good && f->size < LIMIT / 16 * 15 &&
		   f->snaps[f->count - 1].time + 2 * DAY_SECOND > day_now,
	   "with room on the disk it is written anew");
	day_free(f);
}

int
main(void)
{
	util_make_dir();
	seconds = mmap(NULL, sizeof(*seconds), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	in_fork("killed at each step", test_kill);
	in_fork("a file that was left", test_left);
	in_fork("a file that was moved", test_moved);
	in_fork("a full disk", test_full);
	util_remove();
	return done_testing();
}
