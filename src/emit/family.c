/* SPDX-License-Identifier: MIT
 *
 * family.c - see family.h.  In the helper, which has a table of descriptors
 * of its own: raw system calls, no TLS, and its memory comes and goes with
 * each look.
 *
 * Nobody leads: each process of the tree looks for itself, when its own file
 * has grown a good deal.  A file is locked while it is thinned out, and it is
 * taken only when its writer is gone for certain.
 */
#include "emit/family.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "emit/file.h"
#include "emit/helper.h"
#include "emit/ladder.h"
#include "emit/os.h"
#include "emit/process.h"
#include "emit/state.h"
#include "emit/swap.h"
#include "emit/table.h"
#include "format/decode.h"

#define OLDEST 16
#define NAMES (32u << 10)    /* bytes of the directory at a time */
#define STEPS 64             /* of the limit: growth between two looks */
#define PAUSE 60000000000u   /* ns, when a look could do nothing */
#define SURE 600             /* seconds without a write: nobody is there */
#define LEAST (1u << 20)     /* what each may have whatever happens */

/* A file of the tree whose process has ended. */
struct member {
	uint64_t mtime; /* ns */
	uint64_t inode;
	char name[256];
};

struct family {
	int dir;
	const char *suffix;   /* of our own file */
	uint64_t ended, live; /* bytes of the others */
	uint64_t writers;
	struct member oldest[OLDEST];
	unsigned count;
	char path[RCP_EMIT_PATH + 16];
	size_t folder; /* bytes of its directory, slash included */
	char names[NAMES];
};

static struct {
	uint64_t cap;
	uint64_t size; /* of our file at the last look */
	uint64_t not_before;
	bool looked;
} family = { .cap = UINT64_MAX };

uint64_t
rcp_family_cap(void)
{
	return family.cap;
}

void
rcp_family_fork_child(void)
{
	family.cap = UINT64_MAX;
	family.size = family.not_before = 0;
	family.looked = false;
}

/* --- who is there -------------------------------------------------------- */

static const char *
suffix_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot : "";
}

/* A profile of this tree, but not ours.  Nor one that another user has laid
 * there: what we read and put in its place is of our own making. */
static bool
is_member(int fd, const struct stat *st, struct rcp_file_header *header)
{
	uint8_t bytes[RCP_HEADER_SIZE];
	long n = rcp_sys_pread(fd, bytes, sizeof(bytes), 0);

	return S_ISREG(st->st_mode) &&
	       (long)st->st_uid == RCP_SYS0(SYS_geteuid) &&
	       n == (long)sizeof(bytes) &&
	       rcp_decode_header(bytes, (size_t)n, header) == RCP_HEADER_OK &&
	       header->root_pid == rcp_emit.root_pid &&
	       header->root_start == rcp_emit.root_start &&
	       (header->pid != rcp_emit.pid ||
		header->proc_start != rcp_emit.proc_start);
}

static void
remember(struct family *f, const char *name, const struct stat *st)
{
	uint64_t mtime = (uint64_t)st->st_mtim.tv_sec * 1000000000u +
			 (uint64_t)st->st_mtim.tv_nsec;
	unsigned at = f->count;

	if (strlen(name) >= sizeof(f->oldest[0].name) ||
	    (at == OLDEST && mtime >= f->oldest[at - 1].mtime))
		return;
	if (at == OLDEST)
		at--;
	else
		f->count++;
	for (; at > 0 && f->oldest[at - 1].mtime > mtime; at--)
		f->oldest[at] = f->oldest[at - 1];
	f->oldest[at].mtime = mtime;
	f->oldest[at].inode = st->st_ino;
	memcpy(f->oldest[at].name, name, strlen(name) + 1);
}

static void
look_at(struct family *f, const char *name)
{
	struct rcp_file_header header;
	struct stat st;
	long fd;

	if (strcmp(suffix_of(name), f->suffix) != 0)
		return;
	fd = RCP_SYS4(SYS_openat, f->dir, name,
		      O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (rcp_os_fstat((int)fd, &st) == 0 &&
	    is_member((int)fd, &st, &header)) {
		if (rcp_process_start_of(header.pid) == header.proc_start) {
			f->live += (uint64_t)st.st_size;
			f->writers++;
		} else {
			f->ended += (uint64_t)st.st_size;
			remember(f, name, &st);
		}
	}
	rcp_sys_close((int)fd);
}

/* The kernel's struct linux_dirent64. */
struct entry {
	uint64_t inode, next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static bool
look_around(struct family *f)
{
	long n;

	while ((n = RCP_SYS3(SYS_getdents64, f->dir, f->names, NAMES)) > 0)
		for (long at = 0; at < n;) {
			const struct entry *e =
				(const struct entry *)(f->names + at);

			if (e->name[0] != '.')
				look_at(f, e->name);
			if (rcp_helper_is_wanted())
				return false;
			at += e->length;
		}
	return n == 0;
}

/* --- one of them --------------------------------------------------------- */

/* Is it still the file with this name, and nobody else at work on it? */
static bool
lock(int fd, const char *path, struct stat *st)
{
	struct stat now;

	return RCP_SYS2(SYS_flock, fd, 2 | 4 /* LOCK_EX | LOCK_NB */) == 0 &&
	       rcp_os_fstat(fd, st) == 0 && rcp_os_lstat(path, &now) == 0 &&
	       now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* Half as large, or as thin as can be.  Bytes that it has lost. */
static uint64_t
thin_locked(struct family *f, int fd, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	struct rcp_thin job = { .from = fd,
				.size = size,
				.stop = rcp_helper_is_wanted };
	struct timespec now;
	long error = -EFBIG;

	/* Without an END its process may be one that we cannot see. */
	RCP_SYS2(SYS_clock_gettime, CLOCK_REALTIME, &now);
	job.must_end = now.tv_sec < st->st_mtim.tv_sec + SURE;
	for (unsigned rung = 1; rung < RCP_LADDER_RUNGS && error == -EFBIG;
	     rung++) {
		bool last = rung + 1 == RCP_LADDER_RUNGS;

		rcp_ladder_set(&job, rung, size);
		job.most = last ? size / 8 * 7 : size / 2;
		error = rcp_swap_begin(f->path, fd);
		if (error < 0)
			break;
		job.to = (int)error;
		error = rcp_thin_run(&job);
		if (error < 0)
			rcp_swap_drop();
		else
			error = rcp_swap_end(f->path);
	}
	rcp_fd_close(RCP_FD_REWRITE);
	if (error == 0)
		return size - job.written;
	/* Not again before all others have had their turn. */
	if (error != -ECANCELED)
		RCP_SYS4(SYS_utimensat, fd, NULL, NULL, 0);
	return 0;
}

static uint64_t
thin(struct family *f, const struct member *member)
{
	struct rcp_str path = { f->path, sizeof(f->path), 0, false };
	uint64_t gained = 0;
	struct stat st;
	long fd;

	path.len = f->folder;
	rcp_str_add(&path, member->name);
	if (path.cut)
		return 0;
	fd = rcp_sys_open(f->path,
			  O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (lock((int)fd, f->path, &st) && st.st_ino == member->inode)
		gained = thin_locked(f, (int)fd, &st);
	rcp_sys_close((int)fd); /* and the lock with it */
	return gained;
}

/* --- all of them --------------------------------------------------------- */

static bool
open_folder(struct family *f)
{
	struct rcp_str path = { f->path, sizeof(f->path), 0, false };
	const char *own = rcp_file_path(), *slash = strrchr(own, '/');
	long fd;

	if (!slash)
		return false;
	rcp_str_add(&path, own);
	f->folder = (size_t)(slash - own) + 1;
	f->path[f->folder] = '\0';
	f->suffix = suffix_of(slash);
	fd = rcp_sys_open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	f->dir = (int)fd;
	return fd >= 0;
}

/* From here on something is done about it. */
static uint64_t
threshold(void)
{
	return rcp_emit.options.tree_limit / 8 * 7;
}

/* Those that write share what those that have ended leave; as long as there
 * is room nobody is held back. */
static void
share(const struct family *f)
{
	uint64_t limit = rcp_emit.options.tree_limit, fair = LEAST;
	uint64_t all = f->ended + f->live + rcp_file_size();

	family.cap = UINT64_MAX;
	if (all <= threshold())
		return;
	if (f->ended < limit)
		fair = (limit - f->ended) / (f->writers + 1);
	family.cap = fair > LEAST ? fair : LEAST;
}

static void
look(struct family *f, uint64_t now)
{
	bool gained = false;

	if (!look_around(f))
		return;
	for (unsigned i = 0; i < f->count; i++) {
		uint64_t less;

		if (f->ended + f->live + rcp_file_size() <= threshold())
			break;
		less = thin(f, &f->oldest[i]);
		f->ended -= less < f->ended ? less : f->ended;
		gained |= less > 0;
		if (rcp_helper_is_wanted())
			return;
	}
	share(f);
	family.looked = true;
	family.size = rcp_file_size();
	/* More of them wait, or nothing helps. */
	if (f->ended + f->live + family.size > threshold())
		family.not_before = now + (gained ? PAUSE / 60 : PAUSE);
}

void
rcp_family_tend(uint64_t now)
{
	uint64_t step = rcp_emit.options.tree_limit / STEPS;
	struct family *f;

	if (!rcp_file_is_open() || rcp_fd_is_kept(RCP_FD_PROFILE) ||
	    now < family.not_before)
		return;
	if (family.looked && family.cap == UINT64_MAX &&
	    rcp_file_size() < family.size + step &&
	    rcp_file_size() + step > family.size)
		return;
	f = rcp_pages_new(sizeof(*f));
	if (!f)
		return;
	if (open_folder(f)) {
		look(f, now);
		rcp_sys_close(f->dir);
	}
	rcp_pages_free(f, sizeof(*f));
	if (!family.looked)
		family.not_before = now + PAUSE / 60;
}
