/* SPDX-License-Identifier: MIT
 *
 * swap.c - see swap.h.  Also in the helper: raw system calls, no TLS.
 *
 * Nothing is synced: a process that is killed loses nothing by that, and when
 * the machine goes down a profile is cut at worst where the system had not
 * written it.
 */
#include "emit/swap.h"

#include <errno.h>

#include "base/str.h"
#include "emit/os.h"
#include "emit/state.h"
#include "emit/table.h"

#define SUFFIX ".new" /* not .rcprof: no reader takes it for a profile */

static char name[RCP_EMIT_PATH + 32]; /* of the new file, when it has one */
static bool named;

static bool
set_name(const char *path)
{
	struct rcp_str s = RCP_STR(name);

	rcp_str_add(&s, path);
	rcp_str_add(&s, SUFFIX);
	return !s.cut;
}

/* In PATH's directory, without a name. */
static long
open_nameless(const char *path)
{
	struct rcp_str s = RCP_STR(name);
	size_t len;

	rcp_str_add(&s, path);
	for (len = s.len; len > 1 && name[len - 1] != '/'; len--)
		;
	name[len] = '\0';
	return rcp_sys_open(name, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

/* One that a killed process has left is in the way. */
static long
open_named(void)
{
	long fd = -EEXIST;

	for (int i = 0; i < 2 && fd == -EEXIST; i++) {
		if (i > 0 && rcp_os_unlink(name) < 0)
			return -EEXIST;
		fd = rcp_sys_open(name,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
					  O_CLOEXEC,
				  0600);
	}
	return fd;
}

long
rcp_swap_begin(const char *path, int like)
{
	struct stat st;
	long fd = open_nameless(path);

	named = fd < 0;
	if (!set_name(path)) {
		if (fd >= 0)
			rcp_sys_close((int)fd);
		return -ENAMETOOLONG;
	}
	if (named)
		fd = open_named();
	if (fd < 0)
		return fd;
	if (rcp_os_fstat(like, &st) == 0 && (st.st_mode & 07777) != 0600)
		rcp_os_chmod((int)fd, st.st_mode & 07777);
	return rcp_fd_put(RCP_FD_REWRITE, (int)fd);
}

static long
give_name(void)
{
	char text[64];
	struct rcp_str s = RCP_STR(text);
	long error = -EEXIST;

	if (named)
		return 0;
	rcp_str_add(&s, "/proc/thread-self/fd/");
	rcp_str_u64(&s, (uint64_t)rcp_fd_here(RCP_FD_REWRITE));
	for (int i = 0; i < 2 && error == -EEXIST; i++) {
		if (i > 0)
			rcp_os_unlink(name);
		error = rcp_os_link(text, name, AT_SYMLINK_FOLLOW);
	}
	named = error == 0;
	return error;
}

long
rcp_swap_end(const char *path)
{
	long error = give_name();

	if (error == 0)
		error = rcp_os_rename(name, path);
	if (error < 0)
		rcp_swap_drop();
	return error;
}

void
rcp_swap_drop(void)
{
	if (named)
		rcp_os_unlink(name);
	named = false;
	rcp_fd_close(RCP_FD_REWRITE);
}
