/* SPDX-License-Identifier: MIT
 *
 * file.c - see file.h.  Runs under the emit lock in the helper and in threads
 * of the program, all signals blocked: raw system calls only, no TLS.
 *
 * The offset is ours, not the kernel's: a write that failed half-way is
 * overwritten by the next one, even where the file could not be cut.
 */
#include "emit/file.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/clock.h"
#include "emit/os.h"
#include "emit/path.h"
#include "emit/process.h"
#include "emit/state.h"
#include "emit/table.h"
#include "format/encode.h"

#define COUNTERS 10000

static struct {
	bool open; /* begun, and not forgotten */
	struct rcp_fd_id id;
	uint64_t good; /* committed bytes */
	uint64_t size; /* written bytes */
	uint8_t header[sizeof(struct rcp_file_header)];
	char plain[RCP_EMIT_PATH];     /* template, fields replaced */
	char path[RCP_EMIT_PATH + 16]; /* the same with its counter */
} file;

/* 0, or why the last one that is not there could not be made.  A daemon's umask
 * of 0 does not open it to all. */
static long
make_parents(char *path)
{
	long error = 0;

	for (char *p = path + 1; *p; p++) {
		long made;

		if (*p != '/')
			continue;
		*p = '\0';
		made = rcp_os_mkdir(path, 0775);
		*p = '/';
		if (made != -EEXIST && made != -ENOENT)
			error = made;
	}
	return error;
}

/* May --force take this file's place?  Not when it is a profile of our own
 * process tree, written by another process or before an exec. */
static bool
replaceable(const char *path)
{
	struct rcp_file_header header;
	struct stat st;
	long fd, got;

	if (rcp_os_lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	fd = rcp_sys_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
			  0);
	if (fd < 0)
		return true;
	got = rcp_sys_pread((int)fd, &header, sizeof(header), 0);
	rcp_sys_close((int)fd);
	return got != (long)sizeof(header) ||
	       memcmp(header.magic, RCP_MAGIC, 8) != 0 ||
	       header.root_pid != rcp_emit.root_pid ||
	       header.root_start != rcp_emit.root_start;
}

/* Something stands at PATH.  0: try the next counter, 1: try it again, or
 * -errno. */
static long
on_existing(const char *path)
{
	struct stat st;

	if (rcp_os_lstat(path, &st) < 0)
		return 1;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return -EINVAL;
	if (!rcp_emit.options.force)
		return 0;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!replaceable(path))
		return 0;
	/* Not emptied but replaced: someone may still write or read it. */
	return rcp_os_unlink(path) < 0 ? -EACCES : 1;
}

/* A new file at the first free name: descriptor or -errno. */
static long
create(void)
{
	bool made = false;
	long fd = -EEXIST, next, error = 0;
	unsigned tries = 0;

	for (unsigned n = 0; n < COUNTERS && tries < 2 * COUNTERS; tries++) {
		struct rcp_str path = RCP_STR(file.path);

		rcp_path_numbered(&path, file.plain, n);
		if (path.cut)
			return -ENAMETOOLONG;
		fd = rcp_sys_open(file.path,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
					  O_CLOEXEC,
				  0600);
		if (fd == -ENOENT && !made) {
			made = true;
			error = make_parents(file.path);
		} else if (fd == -EEXIST) {
			next = on_existing(file.path);
			if (next < 0)
				return next;
			n += next == 0;
		} else if (fd != -EINTR) {
			return fd == -ENOENT && error < 0 ? error : fd;
		}
	}
	return fd;
}

static long
write_header(void)
{
	struct rcp_buf buf = { .data = file.header,
			       .cap = sizeof(file.header) };
	struct rcp_file_header header = {
		.version = RCP_FORMAT_VERSION,
		.min_reader = RCP_FORMAT_MIN_READER,
		.pid = rcp_emit.pid,
		.ppid = (uint32_t)RCP_SYS0(SYS_getppid),
		.root_pid = rcp_emit.root_pid,
		.pointer_size = sizeof(void *),
		.start_wall = rcp_clock_start_wall(),
		.start_mono = rcp_clock_start_mono(),
		.proc_start = rcp_emit.proc_start,
		.root_start = rcp_emit.root_start,
		.page_size = (uint32_t)getauxval(AT_PAGESZ),
		.clock_ticks = (uint32_t)getauxval(AT_CLKTCK),
	};

	rcp_encode_header(&buf, &header);
	return rcp_file_append(file.header, buf.len);
}

long
rcp_file_open(void)
{
	struct rcp_path_fields fields = {
		.program = rcp_emit.program,
		.pid = rcp_emit.pid,
		.start_wall = rcp_clock_start_wall(),
		.host = rcp_process_host(),
	};
	struct rcp_str plain = RCP_STR(file.plain);
	struct rcp_str path = RCP_STR(file.path);
	long fd;

	if (file.open)
		return 0;
	file.plain[0] = '\0';
	rcp_path_expand(&plain, rcp_emit.output, &fields);
	rcp_str_add(&path, file.plain);
	if (plain.cut)
		return -ENAMETOOLONG;
	fd = create();
	if (fd < 0)
		return fd;
	rcp_fd_id(rcp_fd_put(RCP_FD_PROFILE, (int)fd), &file.id);
	file.good = file.size = 0;
	file.open = true;
	fd = write_header();
	if (fd < 0) {
		rcp_os_unlink(file.path);
		rcp_fd_close(RCP_FD_PROFILE);
		file.open = false; /* the line needs its name */
		return fd;
	}
	rcp_file_commit();
	return 0;
}

bool
rcp_file_is_open(void)
{
	return file.open;
}

const char *
rcp_file_path(void)
{
	return file.path;
}

/* Is what was opened by name our own file?  The inode alone does not tell: a
 * file system gives the number of a deleted file to the next one. */
static bool
is_own(int fd)
{
	uint8_t header[sizeof(file.header)];
	struct rcp_fd_id id;

	return rcp_fd_id(fd, &id) && id.device == file.id.device &&
	       id.inode == file.id.inode &&
	       rcp_sys_pread(fd, header, sizeof(header), 0) ==
		       (long)sizeof(header) &&
	       memcmp(header, file.header, sizeof(header)) == 0;
}

/* The descriptor in this table, opened by name where there is none.  -errno
 * when that fails. */
static long
descriptor(void)
{
	long fd = rcp_fd_here(RCP_FD_PROFILE);

	if (fd >= 0)
		return fd;
	fd = rcp_sys_open(file.path,
			  O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (!is_own((int)fd)) {
		rcp_sys_close((int)fd);
		return -ESTALE;
	}
	return rcp_fd_put(RCP_FD_PROFILE, (int)fd);
}

long
rcp_file_ready(void)
{
	long fd = file.open ? descriptor() : 0;

	return fd < 0 ? fd : 0;
}

long
rcp_file_write(int fd, const void *data, size_t len, uint64_t offset)
{
	uint64_t pending = rcp_os_signals_pending();
	const char *p = data;

	while (len > 0) {
		long n = rcp_os_pwrite(fd, p, len, offset);

		if (n == -EINTR)
			continue;
		/* Past RLIMIT_FSIZE a signal comes with the error; the
		 * program must not die of our write. */
		if (n == -EFBIG && !(pending & RCP_OS_SIGNAL(SIGXFSZ)))
			rcp_os_signal_eat(RCP_OS_SIGNAL(SIGXFSZ));
		if (n <= 0)
			return n < 0 ? n : -EIO;
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

long
rcp_file_append(const void *data, size_t len)
{
	long fd = descriptor(), error;

	if (fd < 0)
		return fd;
	error = rcp_file_write((int)fd, data, len, file.size);
	if (error == 0)
		file.size += len;
	return error;
}

void
rcp_file_commit(void)
{
	file.good = file.size;
}

void
rcp_file_rollback(void)
{
	int fd = rcp_fd_here(RCP_FD_PROFILE);

	file.size = file.good;
	if (fd >= 0)
		rcp_os_truncate(fd, file.good);
}

uint64_t
rcp_file_size(void)
{
	return file.size;
}

uint64_t
rcp_file_committed(void)
{
	return file.good;
}

long
rcp_file_source(void)
{
	struct stat st;
	long fd = file.open ? descriptor() : -EBADF;

	if (fd < 0)
		return fd;
	if (rcp_fd_is_kept(RCP_FD_PROFILE))
		return -EACCES;
	if (rcp_os_lstat(file.path, &st) < 0 ||
	    st.st_dev != file.id.device || st.st_ino != file.id.inode)
		return -ESTALE;
	return fd;
}

void
rcp_file_replaced(uint64_t committed, uint64_t size)
{
	rcp_fd_close(RCP_FD_PROFILE);
	rcp_fd_id(rcp_fd_move(RCP_FD_REWRITE, RCP_FD_PROFILE), &file.id);
	file.good = committed;
	file.size = size;
}

void
rcp_file_forget(void)
{
	file.open = false;
	file.good = file.size = 0;
	file.path[0] = '\0';
}
