/* SPDX-License-Identifier: MIT
 *
 * prog_disk.c - 300 blocks, and a long mark after each, so that the profile
 * grows by 300 kB: for disks on which it has no room.
 *
 *	prog_disk [-f FILE] [-l BYTES] [-e FILE]
 *	-f  remove FILE after 200 blocks, so that there is room
 *	-l  no file may be larger than BYTES
 *	-e  stderr becomes FILE
 */
#include <sys/resource.h>

#include "preload/prog.h"

#define BLOCKS 300
#define SIZE 3011

static void
limit(const char *bytes)
{
	struct rlimit l = { (rlim_t)atol(bytes), (rlim_t)atol(bytes) };

	NEED(setrlimit(RLIMIT_FSIZE, &l) == 0);
}

static void
become_stderr(const char *path)
{
	close(2);
	NEED(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) == 2);
}

int
main(int argc, char **argv)
{
	const char *filler = NULL;
	char text[900];
	int c;

	while ((c = getopt(argc, argv, "f:l:e:")) != -1) {
		if (c == 'f')
			filler = optarg;
		else if (c == 'l')
			limit(optarg);
		else if (c == 'e')
			become_stderr(optarg);
		else
			return 2;
	}
	start();
	memset(text, '-', sizeof(text));
	for (int i = 0; i < BLOCKS; i++) {
		errno = EXDEV;
		NEED(got(malloc(SIZE), SIZE));
		NEED(errno == EXDEV);
		text[sizeof(text) - 1] = '\0';
		RCPROF_MARK(text);
		NEED(errno == EXDEV);
		if (i == 200 && filler)
			NEED(unlink(filler) == 0);
	}
	printf("done with %lld\n", truth.malloc.allocs);
	fflush(stdout);
	if (!filler)
		fputs("the last line\n", stderr);
	return 21;
}
