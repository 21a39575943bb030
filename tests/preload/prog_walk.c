/* SPDX-License-Identifier: MIT
 *
 * prog_walk.c - thousands of random mmap, munmap and mremap calls in a room of
 * pages of which a second book is kept, page by page.
 *
 *	prog_walk SEED
 */
#include <sys/mman.h>

#include "preload/prog.h"
#include "tap/random.h"

#define PAGE ((size_t)4096)
#define PAGES 96
#define RW (PROT_READ | PROT_WRITE)
#define CALLS 250
#define ROUNDS 12

enum state { NOTHING, LIVE, RESERVED, FILED };

static unsigned char book[PAGES];
static char *room;
static int fd;
static uint64_t random_state;

static size_t
any(size_t n)
{
	return (size_t)(tap_random(&random_state) >> 11) % n;
}

static long long
live_pages(void)
{
	long long n = 0;

	for (size_t i = 0; i < PAGES; i++)
		n += book[i] == LIVE;
	return n;
}

static void
set(size_t from, size_t n, enum state state)
{
	memset(book + from, (int)state, n);
}

static void
map_some(size_t at, size_t n)
{
	char *to = room + at * PAGE, *p;
	enum state state = NOTHING;

	switch (any(5)) {
	case 0:
		p = mmap(to, n * PAGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		state = RESERVED;
		break;
	case 1:
		p = mmap(to, n * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
		state = FILED;
		break;
	case 2: /* refused: a descriptor that is none */
		p = mmap(to, n * PAGE, RW, MAP_PRIVATE | MAP_FIXED, -1, 0);
		NEED(p == MAP_FAILED);
		return;
	default:
		p = mmap(to, n * PAGE, RW,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		state = LIVE;
	}
	NEED(p == to);
	set(at, n, state);
	if (state == LIVE)
		truth.mmap.bytes += (long long)(n * PAGE);
}

/* Only what is of one kind grows.  What shrinks or moves may be of several, to
 * the kernel's liking: each page stays what it was.  What the kernel refuses is
 * nothing. */
static void
remap_some(size_t at, size_t n, size_t to, size_t m, int flags)
{
	enum state kept[PAGES];
	char *p;

	for (size_t i = 0; i < m; i++)
		kept[i] = book[at + (i < n ? i : 0)];
	p = mremap(room + at * PAGE, n * PAGE, m * PAGE, flags,
		   room + to * PAGE);
	if (p == MAP_FAILED)
		return;
	NEED(p == room + to * PAGE);
	set(at, n, NOTHING);
	for (size_t i = 0; i < m; i++) {
		book[to + i] = (unsigned char)kept[i];
		if (kept[i] == LIVE)
			truth.mmap.bytes += (long long)PAGE;
	}
}

static void
step(void)
{
	size_t at = any(PAGES - 1), n = 1 + any(PAGES - 1 - at);
	size_t to = any(PAGES - 1), m = 1 + any(PAGES - 1 - to);

	if (n > 20)
		n = 1 + n % 20;
	if (m > 20)
		m = 1 + m % 20;
	switch (any(8)) {
	case 0:
	case 1:
		NEED(munmap(room + at * PAGE, n * PAGE) == 0);
		set(at, n, NOTHING);
		break;
	case 2:
		NEED(munmap(room + at * PAGE + 1, n * PAGE) == -1);
		break;
	case 3:
		if (to + n <= PAGES)
			remap_some(at, n, to, n,
				   MREMAP_MAYMOVE | MREMAP_FIXED);
		break;
	case 4:
		remap_some(at, n, to, m, MREMAP_MAYMOVE | MREMAP_FIXED);
		break;
	case 5:
		if (at + m <= PAGES)
			remap_some(at, n, at, m, 0);
		break;
	default:
		map_some(at, n);
	}
}

int
main(int argc, char **argv)
{
	random_state = strtoull(argc > 1 ? argv[1] : "1", NULL, 0) *
		       0x9e3779b97f4a7c15u;
	start();
	fd = memfd_create("file", 0);
	NEED(fd >= 0 && ftruncate(fd, (off_t)(PAGES * PAGE)) == 0);
	room = far_room(PAGES * PAGE);
	for (int round = 0; round < ROUNDS; round++) {
		char name[20];

		for (int i = 0; i < CALLS; i++)
			step();
		snprintf(name, sizeof(name), "round %d", round);
		printf("%s\t%lld\n", name, live_pages() * (long long)PAGE);
		RCPROF_MARK(name);
	}
	NEED(munmap(room, PAGES * PAGE) == 0);
	printf("end\t0\n");
	RCPROF_MARK("end");
	return 0;
}
