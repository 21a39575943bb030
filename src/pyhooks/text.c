/* SPDX-License-Identifier: MIT
 *
 * text.c - where the program's code is, memory of our own near it, and
 * writing into it.  Slow path, raw system calls only.
 *
 * Code is written through /proc/self/mem: no page ever loses its right to be
 * executed, and no mapping has to become writable.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "pyhooks/objects.h"

#define PAGE 4096ul
#define MAPS_FIRST (256u << 10)
#define MAPS_MOST (16u << 20)
#define NEAR_BYTES 0x70000000ul /* of the 2 GiB that a jump reaches */
#define LOWEST 0x10000ul

/* MEMBARRIER_CMD_*; the header is newer than the oldest kernel we run on. */
#define SYNC_CORE (1 << 5)
#define REGISTER_SYNC_CORE (1 << 6)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* --- /proc/self/maps --------------------------------------------------------- */

static size_t
read_all(int fd, char *out, size_t room)
{
	size_t n = 0;
	long got;

	while (n < room &&
	       (got = rcp_sys_read(fd, out + n, room - n)) > 0)
		n += (size_t)got;
	return n;
}

/* The file's text at the end of new memory, whose beginning is for the
 * entries; the text ends with NUL. */
static char *
read_file(struct rcp_maps *m)
{
	for (m->size = MAPS_FIRST; m->size <= MAPS_MOST; m->size *= 4) {
		size_t room = m->size / 2 - 1, n;
		long fd = rcp_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC,
				       0);
		char *text;

		if (fd < 0)
			return NULL;
		m->memory = rcp_pages_new(m->size);
		if (!m->memory) {
			rcp_sys_close((int)fd);
			return NULL;
		}
		text = (char *)m->memory + m->size / 2;
		n = read_all((int)fd, text, room);
		rcp_sys_close((int)fd);
		if (n < room)
			return text;
		rcp_pages_free(m->memory, m->size);
		m->memory = NULL;
	}
	return NULL;
}

static uint64_t
hex(char **at)
{
	uint64_t n = 0;
	char *p = *at;

	for (;; p++) {
		if (*p >= '0' && *p <= '9')
			n = n << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			n = n << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	*at = p;
	return n;
}

/* start-end rwxp offset dev inode   path */
static char *
parse_line(char *p, struct rcp_map *out)
{
	char *end = strchr(p, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	out->start = hex(&p);
	p++;
	out->end = hex(&p);
	out->write = p[2] == 'w';
	out->execute = p[3] == 'x';
	p += 6;
	out->offset = hex(&p);
	for (int field = 0; field < 2; field++) {
		p += strspn(p, " ");
		p += strcspn(p, " ");
	}
	out->path = p + strspn(p, " ");
	return end + 1;
}

bool
rcp_maps_read(struct rcp_maps *m)
{
	char *p;

	memset(m, 0, sizeof(*m));
	p = read_file(m);
	if (!p)
		return false;
	m->map = m->memory;
	while (p && *p &&
	       (m->count + 1) * sizeof(*m->map) <= m->size / 2) {
		p = parse_line(p, &m->map[m->count]);
		m->count += p != NULL;
	}
	return true;
}

void
rcp_maps_free(struct rcp_maps *m)
{
	if (m->memory)
		rcp_pages_free(m->memory, m->size);
	m->memory = NULL;
}

const struct rcp_map *
rcp_maps_find(const struct rcp_maps *m, uintptr_t p)
{
	for (size_t i = 0; i < m->count; i++)
		if (p >= m->map[i].start && p < m->map[i].end)
			return &m->map[i];
	return NULL;
}

/* A file that is kept open from one call to the next, up to rcp_text_sync(): a
 * hundred functions are compared and written at a time.  The GIL is held. */
struct kept {
	char path[512];
	long fd;
	bool open;
};

static struct kept file, memory;

static long
keep(struct kept *k, const char *path, int flags)
{
	size_t n = strlen(path);

	if (k->open && strcmp(k->path, path) == 0)
		return k->fd;
	if (k->open)
		rcp_sys_close((int)k->fd);
	k->open = false;
	if (n >= sizeof(k->path))
		return -ENAMETOOLONG;
	k->fd = rcp_sys_open(path, flags | O_CLOEXEC, 0);
	if (k->fd < 0)
		return k->fd;
	memcpy(k->path, path, n + 1);
	k->open = true;
	return k->fd;
}

static void
drop(struct kept *k)
{
	if (k->open)
		rcp_sys_close((int)k->fd);
	k->open = false;
}

bool
rcp_text_is_original(const struct rcp_map *map, uintptr_t p, size_t size)
{
	uint64_t offset = map->offset + (p - map->start);
	char there[64];
	long fd;

	if (map->path[0] != '/' || size > sizeof(there))
		return false;
	fd = keep(&file, map->path, O_RDONLY);
	return fd >= 0 &&
	       rcp_sys_pread((int)fd, there, size, (long)offset) ==
		       (long)size &&
	       memcmp(there, (const void *)p, size) == 0;
}

/* --- our own -------------------------------------------------------------------- */

static bool
try_at(uintptr_t p, size_t size)
{
	long got = rcp_sys_mmap((void *)p, size + PAGE, PROT_READ | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS |
					MAP_FIXED_NOREPLACE,
				-1, 0);

	if (got == (long)p &&
	    RCP_SYS3(SYS_mprotect, p + size, PAGE, PROT_READ | PROT_WRITE) == 0)
		return true;
	/* An old kernel takes the flag for a hint. */
	if (got > 0 || got < -4095)
		rcp_sys_munmap((void *)got, size + PAGE);
	return false;
}

static uintptr_t
distance(uintptr_t a, uintptr_t b)
{
	return a > b ? a - b : b - a;
}

static bool
is_good(uintptr_t p, uintptr_t near, size_t size)
{
	return distance(p, near) < NEAR_BYTES && try_at(p, size);
}

/* In the gaps between mappings: at the end of one, so that a heap below has
 * room to grow, or at the beginning, so that a stack above has. */
uintptr_t
rcp_text_area(const struct rcp_maps *m, uintptr_t near, size_t size)
{
	size_t whole = size + PAGE;

	for (size_t i = 0; i < m->count; i++) {
		const struct rcp_map *below = i ? &m->map[i - 1] : NULL;
		uintptr_t low = below ? below->end : LOWEST;
		uintptr_t high = m->map[i].start;

		if (high < low || high - low < whole)
			continue;
		if (strcmp(m->map[i].path, "[stack]") != 0 &&
		    is_good(high - whole, near, size))
			return high - whole;
		if (below && strcmp(below->path, "[heap]") != 0 &&
		    is_good(low, near, size))
			return low;
	}
	return 0;
}

bool
rcp_text_write(uintptr_t p, const void *bytes, size_t size)
{
	long fd = keep(&memory, "/proc/self/mem", O_WRONLY);

	return fd >= 0 && RCP_SYS4(SYS_pwrite64, fd, bytes, size, p) ==
				  (long)size;
}

void
rcp_text_sync(void)
{
	drop(&file);
	drop(&memory);
	if (RCP_SYS2(SYS_membarrier, REGISTER_SYNC_CORE, 0) == 0)
		RCP_SYS2(SYS_membarrier, SYNC_CORE, 0);
}
