/* SPDX-License-Identifier: MIT
 *
 * emit_line.c - the exit line, and when there is none.
 */
#include "unit/emit_util.h"

static void
test_line(void)
{
	util_prepare("line.rcprof");
	util_setup.say_end = true;
	util_catch_stderr();
	if (chdir(util_dir) < 0)
		_exit(93);
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	is_str(util_stderr(), "rcprof: line.rcprof; see: rcprof report\n",
	       "the exit line, its path relative");
}

static void
summary(struct rcp_str *out)
{
	rcp_str_add(out, "peak 1.21 GiB at app\x1b.py:41 load");
}

static void
test_line_summary(void)
{
	util_prepare("sum\nmary");
	util_setup.say_end = true;
	util_catch_stderr();
	rcp_emit_on_summary(summary);
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(strstr(util_stderr(), "/sum?mary: peak 1.21 GiB at app?.py:41 "
				 "load; see: rcprof report\n"),
	   "the summary is in it, control characters are not");
}

/* CHANGE is made before the end; then there is no line. */
static void
no_line(const char *what, void (*change)(void))
{
	util_prepare("noline");
	util_setup.say_end = true;
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	change();
	rcp_emit_end(RCP_END_EXIT, 0);
	is_str(util_stderr(), "", "%s: no line", what);
}

static void
other_stderr(void)
{
	dup2(open(util_path("other"), O_WRONLY | O_CREAT, 0600), 2);
}

static void
test_other_stderr(void)
{
	struct stat st;

	no_line("another stderr", other_stderr);
	ok(stat(util_path("other"), &st) == 0 && st.st_size == 0,
	   "and none in the other");
}

static void
test_no_terminal(void)
{
	util_prepare("notty");
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	is_str(util_stderr(), "", "no terminal, no line");
}

/* A full pipe that nobody reads, and one that nobody can read. */
static void
test_pipes(void)
{
	char junk[4096] = { 0 };
	int fds[2];

	util_prepare("pipe");
	util_setup.say_end = true;
	if (pipe(fds) < 0)
		_exit(92);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	while (write(fds[1], junk, sizeof(junk)) > 0)
		;
	fcntl(fds[1], F_SETFL, 0);
	dup2(fds[1], 2);
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(true, "a full pipe does not hold us up");
	close(fds[0]);
	rcp_emit_init(&util_setup);
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(true, "a broken pipe does not kill us");
}

static void
as_child(void)
{
	rcp_emit_fork_child();
	rcp_emit_open();
}

static void
test_child(void)
{
	no_line("a forked child", as_child);
}

static void
test_quiet(void)
{
	util_prepare("quiet");
	util_setup.say_end = true;
	util_options.quiet = true;
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	is_str(util_stderr(), "", "--quiet, no line");
}

/* A terminal as stderr is reason enough. */
static void
test_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char text[512] = { 0 };

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		skip("no pseudo-terminals here");
		return;
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	dup2(slave, 2);
	util_prepare("tty");
	util_start();
	rcp_emit_open();
	rcp_emit_end(RCP_END_EXIT, 0);
	ok(read(master, text, sizeof(text) - 1) > 0 &&
		   strstr(text, "/tty; see: rcprof report"),
	   "a line for the terminal");
}

int
main(void)
{
	util_make_dir();
	in_fork("the line", test_line);
	in_fork("its summary", test_line_summary);
	in_fork("another stderr", test_other_stderr);
	in_fork("no terminal", test_no_terminal);
	in_fork("a terminal", test_terminal);
	in_fork("a forked child", test_child);
	in_fork("quiet", test_quiet);
	in_fork("pipes", test_pipes);
	util_remove();
	return done_testing();
}
