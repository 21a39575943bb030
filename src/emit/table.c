/* SPDX-License-Identifier: MIT
 *
 * table.c - see table.h.  In the helper and in threads of the program, all
 * signals blocked: raw system calls only, no TLS.
 */
#include "emit/table.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "emit/os.h"
#include "emit/state.h"

#define HIGHEST_FD 1000

/* close_range(2), where headers are older than it. */
#define SYS_CLOSE_RANGE 436
#define UNSHARE 2u

/* A descriptor in the program's table, which the program may close. */
struct slot {
	_Atomic int fd; /* -1: none */
	struct rcp_fd_id id;
};

static struct {
	int helper; /* in the helper's table */
	struct slot thread, kept;
} fds[RCP_FDS] = {
	[RCP_FD_PROFILE] = { -1, { -1, { 0, 0 } }, { -1, { 0, 0 } } },
	[RCP_FD_STATM] = { -1, { -1, { 0, 0 } }, { -1, { 0, 0 } } },
	[RCP_FD_REWRITE] = { -1, { -1, { 0, 0 } }, { -1, { 0, 0 } } },
	[RCP_FD_OTHER] = { -1, { -1, { 0, 0 } }, { -1, { 0, 0 } } },
};

bool
rcp_fd_id(int fd, struct rcp_fd_id *id)
{
	struct stat st;

	if (fd < 0 || rcp_os_fstat(fd, &st) < 0)
		return false;
	*id = (struct rcp_fd_id){ st.st_dev, st.st_ino };
	return true;
}

static bool
is_ours(const struct slot *slot)
{
	struct rcp_fd_id id;

	return rcp_fd_id(slot->fd, &id) && id.device == slot->id.device &&
	       id.inode == slot->id.inode;
}

static void
close_slot(struct slot *slot)
{
	if (is_ours(slot))
		rcp_sys_close(slot->fd);
	slot->fd = -1;
}

int
rcp_fd_here(enum rcp_fd which)
{
	struct slot *thread = &fds[which].thread;

	if (rcp_emit.by_helper)
		return fds[which].helper;
	if (thread->fd < 0 && is_ours(&fds[which].kept)) {
		thread->fd = fds[which].kept.fd;
		thread->id = fds[which].kept.id;
	}
	return thread->fd;
}

/* As high as the program's limit allows with some room to spare. */
static int
move_up(int fd)
{
	struct rlimit limit = { 256, 256 };
	long high;

	RCP_SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	high = limit.rlim_cur < HIGHEST_FD + 16 ? (long)limit.rlim_cur / 8 * 7
						: HIGHEST_FD;
	if (high <= fd)
		return fd;
	high = RCP_SYS3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, high);
	if (high < 0)
		return fd;
	rcp_sys_close(fd);
	return (int)high;
}

int
rcp_fd_put(enum rcp_fd which, int fd)
{
	struct slot *thread = &fds[which].thread;

	if (rcp_emit.by_helper) {
		fds[which].helper = fd;
		return fd;
	}
	fd = move_up(fd);
	thread->fd = fd;
	rcp_fd_id(fd, &thread->id);
	return fd;
}

void
rcp_fd_close(enum rcp_fd which)
{
	struct slot *thread = &fds[which].thread;

	if (rcp_emit.by_helper) {
		if (fds[which].helper >= 0)
			rcp_sys_close(fds[which].helper);
		fds[which].helper = -1;
		return;
	}
	if (thread->fd == fds[which].kept.fd)
		thread->fd = -1;
	else
		close_slot(thread);
}

int
rcp_fd_move(enum rcp_fd from, enum rcp_fd to)
{
	if (rcp_emit.by_helper) {
		fds[to].helper = fds[from].helper;
		fds[from].helper = -1;
		return fds[to].helper;
	}
	fds[to].thread.id = fds[from].thread.id;
	fds[to].thread.fd = fds[from].thread.fd;
	fds[from].thread.fd = -1;
	return fds[to].thread.fd;
}

void
rcp_fd_rest(void)
{
	for (int i = 0; i < RCP_FDS; i++)
		if (fds[i].thread.fd >= 0)
			rcp_fd_close((enum rcp_fd)i);
}

/* --- a change of identity ------------------------------------------------ */

void
rcp_fd_keep(enum rcp_fd which)
{
	struct slot *thread = &fds[which].thread;

	if (rcp_fd_here(which) < 0)
		return;
	fds[which].kept.id = thread->id;
	fds[which].kept.fd = thread->fd;
	thread->fd = -1;
}

bool
rcp_fd_is_kept(enum rcp_fd which)
{
	return fds[which].kept.fd >= 0;
}

void
rcp_fd_unkeep(enum rcp_fd which, bool (*open)(void))
{
	struct slot old = { fds[which].kept.fd, fds[which].kept.id };

	if (old.fd < 0)
		return;
	rcp_fd_close(which);
	fds[which].kept.fd = -1;
	if (open())
		close_slot(&old);
	else
		fds[which].kept.fd = old.fd;
}

/* --- the helper's table -------------------------------------------------- */

static long
close_range_raw(unsigned from, unsigned to, unsigned flags)
{
	return RCP_SYS3(SYS_CLOSE_RANGE, from, to, flags);
}

/* How many numbers this table has room for; 0: unknown. */
static unsigned
table_size(void)
{
	char text[512]; /* FDSize stands near the top */
	uint64_t size = 0;
	long fd = rcp_sys_open("/proc/thread-self/status",
			       O_RDONLY | O_CLOEXEC, 0);
	const char *p;
	long n;

	if (fd < 0)
		return 0;
	n = rcp_sys_read((int)fd, text, sizeof(text) - 1);
	rcp_sys_close((int)fd);
	text[n > 0 ? n : 0] = '\0';
	p = strstr(text, "\nFDSize:\t");
	if (p)
		rcp_parse_u64(p + 9, &size);
	return (unsigned)size;
}

/* Where close_range() is refused: one by one. */
static bool
close_each(const int *keep, int n)
{
	unsigned size = table_size();

	for (unsigned fd = 0; fd < size; fd++) {
		bool stays = false;

		for (int i = 0; i < n; i++)
			stays = stays || keep[i] == (int)fd;
		if (!stays)
			rcp_sys_close((int)fd);
	}
	return size > 0;
}

/* KEEP is sorted.  The first call makes the table ours, the others find it
 * so; after a refusal nothing may be closed. */
static bool
close_around(const int *keep, int n, unsigned flags)
{
	unsigned from = 0;

	for (int i = 0; i < n; i++) {
		unsigned fd = (unsigned)keep[i];

		if (fd > from) {
			if (close_range_raw(from, fd - 1, flags) < 0)
				return false;
			flags = 0;
		}
		from = fd + 1;
	}
	return close_range_raw(from, ~0u, flags) == 0;
}

static bool
take_over(int fd)
{
	for (int i = 0; i < RCP_FDS; i++)
		if (fds[i].kept.fd == fd && is_ours(&fds[i].kept)) {
			fds[i].helper = fd;
			return true;
		}
	return false;
}

bool
rcp_fd_leave(bool copied)
{
	int keep[RCP_FDS] = { 0 }, n = 0;

	for (int i = 0; i < RCP_FDS; i++) {
		int at = n, fd = fds[i].kept.fd;

		if (!is_ours(&fds[i].kept))
			continue;
		for (; at > 0 && keep[at - 1] > fd; at--)
			keep[at] = keep[at - 1];
		keep[at] = fd;
		n++;
	}
	if (!close_around(keep, n, copied ? 0 : UNSHARE) &&
	    !(copied && close_each(keep, n)))
		return false;
	for (int i = 0; i < RCP_FDS; i++)
		fds[i].helper = -1;
	/* The program may have closed one meanwhile and used its number. */
	for (int i = 0; i < n; i++)
		if (!take_over(keep[i]))
			rcp_sys_close(keep[i]);
	return true;
}

void
rcp_fd_fork_child(void)
{
	for (int i = 0; i < RCP_FDS; i++) {
		fds[i].helper = -1;
		if (fds[i].thread.fd == fds[i].kept.fd)
			fds[i].thread.fd = -1;
		close_slot(&fds[i].thread);
		close_slot(&fds[i].kept);
	}
}
