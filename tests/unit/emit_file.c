/* SPDX-License-Identifier: MIT
 *
 * emit_file.c - the file's name and descriptor, and names that cannot be used.
 */
#include "unit/emit_util.h"

static void
put_file(const char *name, const char *text)
{
	int fd = open(util_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(96);
	close(fd);
}

static const char *
text_of(const char *name)
{
	static char text[256];
	int fd = open(util_path(name), O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

/* The descriptor of the profile, by what the kernel says; -1: none. */
static int
find_fd(const char *name)
{
	struct stat want, st;

	if (stat(util_path(name), &want) < 0)
		return -1;
	for (int fd = 0; fd < 2000; fd++)
		if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino &&
		    st.st_dev == want.st_dev)
			return fd;
	return -1;
}

static void
test_existing(void)
{
	util_prepare("x.rcprof");
	put_file("x.rcprof", "precious");
	put_file("x.1.rcprof", "also");
	util_start();
	is_int(rcp_emit_open(), 0, "open beside existing files");
	is_str(text_of("x.rcprof"), "precious", "the first is not touched");
	is_str(text_of("x.1.rcprof"), "also", "nor the second");
	ok(util_read("x.2.rcprof")->whole, "the third is ours");
}

static void
test_force(void)
{
	util_prepare("f.rcprof");
	util_options.force = true;
	put_file("f.rcprof", "old");
	util_start();
	is_int(rcp_emit_open(), 0, "open with --force");
	ok(util_read("f.rcprof")->whole, "takes the old one's place");
}

/* A second process of the same tree, after an exec or with a template
 * without %p, must not destroy what the first has written. */
static void
test_force_in_tree(void)
{
	struct rcp_file_header first;

	util_prepare("t.rcprof");
	util_options.force = true;
	if (fork() == 0) {
		util_start();
		_exit(rcp_emit_open() != 0);
	}
	wait(NULL);
	first = util_read("t.rcprof")->header;
	util_setup.is_root = false;
	util_setup.root_pid = first.root_pid;
	util_setup.root_start = first.root_start;
	util_start();
	is_int(rcp_emit_open(), 0, "--force in a child");
	is_int(util_read("t.rcprof")->header.pid, first.pid,
	       "leaves the root's file alone");
	is_int(util_read("t.1.rcprof")->header.root_pid, first.root_pid,
	       "and writes beside it");
}

static void
test_links(void)
{
	util_prepare("link");
	put_file("target", "precious");
	if (symlink(util_path("target"), util_path("link")) < 0)
		_exit(95);
	util_start();
	is_int(rcp_emit_open(), 0, "a symbolic link is in the way");
	is_str(text_of("target"), "precious", "it is not followed");
	ok(util_read("link.1")->whole, "the file stands beside it");
}

static void
test_force_link(void)
{
	util_prepare("link"); /* made by the test before */
	util_options.force = true;
	util_catch_stderr();
	util_start();
	is_int(rcp_emit_open(), -ELOOP, "--force on a symbolic link");
	is_str(text_of("target"), "precious", "does not follow it");
	ok(strstr(util_stderr(), "/link: Is a symbolic link; recording is "
				 "off\n"),
	   "and says so");
}

static void
test_parents(void)
{
	util_prepare("a/b/c/%n");
	util_start();
	is_int(rcp_emit_open(), 0, "open below directories that are not there");
	ok(util_read("a/b/c/app")->whole, "they are made");
}

static char fault_text[100];
static int faults;

static void
on_fault(const char *why)
{
	faults++;
	snprintf(fault_text, sizeof(fault_text), "%s", why);
}

/* Opening OUTPUT fails with ERROR, told once as REASON. */
static void
refused(const char *output, int error, const char *reason)
{
	char want[PATH_MAX];

	util_prepare(output);
	util_catch_stderr();
	rcp_emit_on_fault(on_fault);
	util_start();
	is_int(rcp_emit_open(), -error, "%s: %s", output, reason);
	is_int(faults, 1, "the fault is told");
	is_str(fault_text, reason, "with its reason");
	rcp_emit_open();
	rcp_emit_snapshot(RCP_SNAP_MARK);
	rcp_emit_tick(rcp_clock_now() + 5000000000u);
	rcp_emit_end(RCP_END_EXIT, 0);
	is_int(util_lines(util_stderr()), 1, "one line, not more");
	snprintf(want, sizeof(want), "rcprof: %s: %s; recording is off\n",
		 util_path(output), reason);
	is_str(util_stderr(), want, "the line");
	is_int(faults, 1, "one fault, not more");
}

static void
test_not_a_directory(void)
{
	put_file("plain", "");
	refused("plain/x.rcprof", ENOTDIR, "Not a directory");
}

static void
test_directory(void)
{
	mkdir(util_path("directory"), 0700);
	refused("directory", EISDIR, "Is a directory");
}

static void
test_fifo(void)
{
	mkfifo(util_path("fifo"), 0600);
	refused("fifo", EINVAL, "Not a regular file");
}

static void
test_read_only(void)
{
	mkdir(util_path("closed"), 0500);
	util_catch_stderr();
	if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		_exit(94);
	if (access(util_dir, X_OK) < 0) {
		skip("the directory is not ours as another user");
		return;
	}
	util_prepare("closed/x.rcprof");
	rcp_emit_on_fault(on_fault);
	util_start();
	is_int(rcp_emit_open(), -EACCES, "a directory that is closed to us");
	is_str(fault_text, "Permission denied", "the reason");
}

static void
test_quiet_children(void)
{
	util_prepare("plain/y.rcprof");
	util_setup.is_root = false;
	util_setup.root_pid = 1;
	util_catch_stderr();
	util_start();
	ok(rcp_emit_open() < 0, "a child that cannot open its file");
	is_str(util_stderr(), "", "leaves the line to the root");
}

/* What stays open in a thread of the program: nothing. */
static void
test_descriptor(void)
{
	util_prepare("fd");
	util_start();
	rcp_emit_open();
	is_int(find_fd("fd"), -1, "no descriptor stays after the open");
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "a snapshot");
	is_int(find_fd("fd"), -1, "nor after a snapshot");
	ok(util_equal(util_read("fd")), "which is in the file");
}

static void
test_few_descriptors(void)
{
	struct rlimit few = { 10, 10 };

	util_prepare("few");
	setrlimit(RLIMIT_NOFILE, &few);
	util_start();
	is_int(rcp_emit_open(), 0, "open with ten descriptors");
	util_count(1, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST) && util_equal(util_read("few")),
	   "and a snapshot");
}

/* The program's table is full and there is no helper. */
static void
test_no_descriptors(void)
{
	struct rlimit few = { 10, 10 };
	int fds[10], n = 0;

	util_prepare("full-table");
	util_catch_stderr();
	setrlimit(RLIMIT_NOFILE, &few);
	util_start();
	while (n < 10 && (fds[n] = dup(1)) >= 0)
		n++;
	util_count(1, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "no room for a descriptor");
	is_int(util.lost, 1, "a snapshot is lost");
	while (n > 0)
		close(fds[--n]);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "with room again");
	ok(util_equal(util_read("full-table")), "nothing is missing");
}

/* Another file has our name: nothing can be done. */
static void
test_gone(void)
{
	util_prepare("gone");
	util_catch_stderr();
	util_start();
	rcp_emit_open();
	unlink(util_path("gone"));
	put_file("gone", "another");
	util_count(1, 1);
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "another file has the name");
	is_str(text_of("gone"), "another", "it is left alone");
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	is_int(util_lines(util_stderr()), 1, "one line tells of it");
}

int
main(void)
{
	util_make_dir();
	if (chmod(util_dir, 0777) < 0)
		return 91;
	in_fork("existing files", test_existing);
	in_fork("--force", test_force);
	in_fork("--force in a tree", test_force_in_tree);
	in_fork("links", test_links);
	in_fork("--force and links", test_force_link);
	in_fork("parent directories", test_parents);
	in_fork("not a directory", test_not_a_directory);
	in_fork("a directory", test_directory);
	in_fork("a fifo", test_fifo);
	in_fork("a closed directory", test_read_only);
	in_fork("quiet children", test_quiet_children);
	in_fork("the descriptor", test_descriptor);
	in_fork("few descriptors", test_few_descriptors);
	in_fork("no descriptors", test_no_descriptors);
	in_fork("a lost file", test_gone);
	util_remove();
	return done_testing();
}
