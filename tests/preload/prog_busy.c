/* SPDX-License-Identifier: MIT
 *
 * prog_busy.c - allocates until it is killed, and writes into a shared file
 * how far it was at what time: 8-byte numbers, the time of main on
 * CLOCK_MONOTONIC in ns, then the allocations so far at each 5 ms since then.
 *
 *	prog_busy FILE
 */
#include <sys/mman.h>
#include <time.h>

#include "preload/prog.h"

#define SLOTS 20000
#define SLOT_NS 5000000
#define SIZE 1021

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int
main(int argc, char **argv)
{
	int fd = open(argc > 1 ? argv[1] : "", O_RDWR | O_CREAT, 0666);
	volatile uint64_t *book;
	uint64_t first = now(), n = 0, slot = 0;
	static void *kept[1000];

	NEED(fd >= 0 && ftruncate(fd, SLOTS * 8) == 0);
	book = mmap(NULL, SLOTS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	NEED(book != MAP_FAILED);
	book[0] = first;
	while (slot < SLOTS - 2) {
		uint64_t at;

		for (int i = 0; i < 20; i++, n++) {
			free(kept[n % 1000]);
			kept[n % 1000] = malloc(SIZE);
		}
		at = (now() - first) / SLOT_NS;
		/* The count at the end of each slot that has passed. */
		while (slot < at && slot < SLOTS - 2)
			book[++slot] = n;
		usleep(200);
	}
	return 0;
}
