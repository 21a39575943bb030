/* SPDX-License-Identifier: MIT
 *
 * line.c - see line.h.  Runs in any thread, all signals blocked: raw system
 * calls.  Nothing is written unless descriptor 2 is still
 * the file that it was at start and takes a line at once: the program must
 * neither wait nor die for it, nor find it in a file of its own.
 */
#include "emit/line.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/str.h"
#include "emit/os.h"
#include "emit/process.h"
#include "emit/state.h"

static struct {
	bool open, terminal;
	uint64_t device, inode, special;
} first;

/* One at a time: under the emit lock. */
static char text[RCP_EMIT_PATH + 1024];
static char middle[512];
static size_t owed; /* bytes of text that wait */

void
rcp_line_init(void)
{
	char termios[256]; /* larger than any kernel's struct */
	struct stat st;

	first.open = rcp_os_fstat(2, &st) == 0;
	if (!first.open)
		return;
	first.device = st.st_dev;
	first.inode = st.st_ino;
	first.special = st.st_rdev;
	first.terminal = S_ISCHR(st.st_mode) &&
			 RCP_SYS3(SYS_ioctl, 2, TCGETS, termios) == 0;
}

static bool
may_write(void)
{
	static const struct timespec at_once = { 0, 0 };
	struct pollfd fd = { .fd = 2, .events = POLLOUT };
	struct timespec timeout = at_once;
	struct stat st;

	return first.open && rcp_os_fstat(2, &st) == 0 &&
	       st.st_dev == first.device && st.st_ino == first.inode &&
	       st.st_rdev == first.special &&
	       RCP_SYS6(SYS_ppoll, &fd, 1, &timeout, NULL, 0, 0) == 1 &&
	       (fd.revents & POLLOUT) && !(fd.revents & POLLERR);
}

/* Relative to where the program started, if it stands below that.  Names come
 * from the program and may be read by a terminal. */
static void
add_path(struct rcp_str *s, const char *path)
{
	const char *cwd = rcp_process_cwd();
	size_t len = strlen(cwd);

	if (len > 1 && strncmp(path, cwd, len) == 0 && path[len] == '/')
		path += len + 1;
	rcp_str_add(s, "rcprof: ");
	rcp_str_add_clean(s, path);
}

static void
write_text(size_t len)
{
	const uint64_t ours = RCP_OS_SIGNAL(SIGPIPE) | RCP_OS_SIGNAL(SIGXFSZ);
	uint64_t pending = rcp_os_signals_pending();
	long n;

	if (!may_write())
		return;
	n = rcp_sys_write(2, text, len);
	if ((n == -EPIPE || n == -EFBIG) && !(pending & ours))
		rcp_os_signal_eat(ours);
}

static void
write_line(struct rcp_str *s)
{
	rcp_str_char(s, '\n');
	if (s->cut)
		s->buf[s->len - 1] = '\n';
	owed = rcp_emit.by_helper ? s->len : 0;
	if (owed)
		atomic_store(&rcp_emit.owes, true);
	else
		write_text(s->len);
}

void
rcp_line_owed(void)
{
	/* What a parent owes is not its child's to say. */
	if (owed && rcp_emit_may_speak())
		write_text(owed);
	owed = 0;
}

const char *
rcp_line_reason(long error)
{
	static const struct {
		long error;
		const char *text;
	} reasons[] = {
		{ EPERM, "Operation not permitted" },
		{ ENOENT, "No such file or directory" },
		{ EIO, "Input/output error" },
		{ ENOMEM, "Cannot allocate memory" },
		{ EACCES, "Permission denied" },
		{ EEXIST, "File exists" },
		{ ENOTDIR, "Not a directory" },
		{ EISDIR, "Is a directory" },
		{ EINVAL, "Not a regular file" }, /* file.c's use of it */
		{ ENFILE, "Too many open files in system" },
		{ EMFILE, "Too many open files" },
		{ EFBIG, "File too large" },
		{ EOVERFLOW, /* of limits.c */
		  "At its limit (RCPROF_FILE_LIMIT, RCPROF_TREE_LIMIT)" },
		{ ENOSPC, "No space left on device" },
		{ EROFS, "Read-only file system" },
		{ ENAMETOOLONG, "File name too long" },
		{ ELOOP, "Is a symbolic link" },
		{ ESTALE, "It was replaced by another file" },
		{ EDQUOT, "Disk quota exceeded" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].error == -error)
			return reasons[i].text;
	return "It cannot be written";
}

void
rcp_line_fault(const char *path, long error, const char *sequel)
{
	struct rcp_str s = RCP_STR(text);

	add_path(&s, path);
	rcp_str_add(&s, ": ");
	rcp_str_add(&s, rcp_line_reason(error));
	rcp_str_add(&s, "; ");
	rcp_str_add(&s, sequel);
	write_line(&s);
}

void
rcp_line_end(const char *path)
{
	struct rcp_str s = RCP_STR(text);
	struct rcp_str summary = RCP_STR(middle);

	if (!rcp_emit_may_speak() || rcp_emit.options.quiet ||
	    !(first.terminal || rcp_emit.say_end))
		return;
	if (rcp_emit.summary)
		rcp_emit.summary(&summary);
	add_path(&s, path);
	if (summary.len) {
		rcp_str_add(&s, ": ");
		rcp_str_add_clean(&s, summary.buf);
	}
	rcp_str_add(&s, "; see: rcprof report");
	write_line(&s);
}
