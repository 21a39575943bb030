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
#include <sys/resource.h>

#include "base/clock.h"
#include "emit/os.h"
#include "emit/path.h"
#include "emit/process.h"
#include "emit/state.h"
#include "format/encode.h"

#define HIGHEST_FD 1000
#define COUNTERS 10000
#define REFUSALS 10

static struct {
	int fd; /* -1: none */
	bool open;
	struct rcp_file_id id;
	uint64_t good; /* committed bytes */
	uint64_t size; /* written bytes */
	uint8_t header[sizeof(struct rcp_file_header)];
	char plain[RCP_EMIT_PATH];     /* template, fields replaced */
	char path[RCP_EMIT_PATH + 16]; /* the same with its counter */
} file = { .fd = -1 };

int
rcp_fd_high(int fd, struct rcp_file_id *id)
{
	struct rlimit limit = { 256, 256 };
	struct stat st;
	long high;

	RCP_SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	high = limit.rlim_cur < HIGHEST_FD + 16 ? (long)limit.rlim_cur / 8 * 7
						: HIGHEST_FD;
	if (high > fd) {
		high = RCP_SYS3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, high);
		if (high >= 0) {
			rcp_sys_close(fd);
			fd = (int)high;
		}
	}
	if (rcp_os_fstat(fd, &st) == 0)
		*id = (struct rcp_file_id){ st.st_dev, st.st_ino };
	return fd;
}

bool
rcp_fd_ours(int fd, const struct rcp_file_id *id)
{
	struct stat st;

	return fd >= 0 && rcp_os_fstat(fd, &st) == 0 &&
	       st.st_dev == id->device && st.st_ino == id->inode;
}

bool
rcp_fd_may_open(void)
{
	static int refusals;

	if (!rcp_emit_in_helper() ||
	    (rcp_os_is_open(0) && rcp_os_is_open(1) && rcp_os_is_open(2))) {
		refusals = 0;
		return true;
	}
	return ++refusals > REFUSALS;
}

static void
make_parents(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		rcp_os_mkdir(path, 0777);
		*p = '/';
	}
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
	long fd = -EEXIST, next;
	unsigned tries = 0;

	for (unsigned n = 0; n < COUNTERS && tries < 2 * COUNTERS; tries++) {
		struct rcp_str path = RCP_STR(file.path);

		rcp_path_numbered(&path, file.plain, n);
		if (path.cut)
			return -ENAMETOOLONG;
		fd = rcp_sys_open(file.path,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
					  O_CLOEXEC,
				  0600);
		if (fd == -ENOENT && !made) {
			made = true;
			make_parents(file.path);
		} else if (fd == -EEXIST) {
			next = on_existing(file.path);
			if (next < 0)
				return next;
			n += next == 0;
		} else if (fd != -EINTR) {
			return fd;
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
	file.fd = rcp_fd_high((int)fd, &file.id);
	file.good = file.size = 0;
	file.open = true;
	fd = write_header();
	if (fd < 0) {
		rcp_os_unlink(file.path);
		rcp_file_forget();
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

	return rcp_fd_ours(fd, &file.id) &&
	       rcp_sys_pread(fd, header, sizeof(header), 0) ==
		       (long)sizeof(header) &&
	       memcmp(header, file.header, sizeof(header)) == 0;
}

/* The descriptor, opened again when the program has closed it or has put
 * another file there (which is left alone).  -errno when that fails. */
static long
descriptor(void)
{
	struct rcp_file_id id;
	long fd;

	if (rcp_fd_ours(file.fd, &file.id))
		return file.fd;
	file.fd = -1;
	if (!rcp_fd_may_open())
		return -EAGAIN;
	fd = rcp_sys_open(file.path,
			  O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (!is_own((int)fd)) {
		rcp_sys_close((int)fd);
		return -ESTALE;
	}
	file.fd = rcp_fd_high((int)fd, &id);
	return file.fd;
}

long
rcp_file_ready(void)
{
	long fd;

	if (!file.open)
		return rcp_fd_may_open() ? 0 : -EAGAIN;
	fd = descriptor();
	return fd < 0 ? fd : 0;
}

long
rcp_file_append(const void *data, size_t len)
{
	uint64_t pending = rcp_os_signals_pending();
	const char *p = data;
	long fd = descriptor();

	if (fd < 0)
		return fd;
	while (len > 0) {
		long n = rcp_os_pwrite((int)fd, p, len, file.size);

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
		file.size += (uint64_t)n;
	}
	return 0;
}

void
rcp_file_commit(void)
{
	file.good = file.size;
}

void
rcp_file_rollback(void)
{
	file.size = file.good;
	if (rcp_fd_ours(file.fd, &file.id))
		rcp_os_truncate(file.fd, file.good);
}

uint64_t
rcp_file_size(void)
{
	return file.size;
}

void
rcp_file_forget(void)
{
	if (rcp_fd_ours(file.fd, &file.id))
		rcp_sys_close(file.fd);
	file.fd = -1;
	file.open = false;
	file.good = file.size = 0;
	file.path[0] = '\0';
}
