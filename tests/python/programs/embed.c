/* embed.c - a C program with an interpreter inside, twice in its life.
 *
 *	embed linked            libpython came with the program
 *	embed local|global LIB  it is loaded late, by path or by bare name
 *
 * Knows CPython by dlsym only: no headers are needed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*mark)(const char *);
static void *volatile held[4];

static void *
symbol(void *library, const char *name)
{
	void *p = dlsym(library, name);

	if (!p) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	return p;
}

static void
say(const char *what, int round)
{
	char text[40];

	snprintf(text, sizeof(text), "%s %d", what, round);
	if (mark)
		mark(text);
}

int
main(int argc, char **argv)
{
	void *library = RTLD_DEFAULT;
	void (*initialize)(void);
	int (*finalize)(void);
	int (*run)(const char *, void *);

	*(void **)&mark = dlsym(RTLD_DEFAULT, "rcprof_mark");
	held[0] = malloc(54321);
	if (argc > 2) {
		library = dlopen(argv[2], RTLD_NOW
				 | (strcmp(argv[1], "local") ? RTLD_GLOBAL
							     : RTLD_LOCAL));
		if (!library) {
			fprintf(stderr, "%s\n", dlerror());
			return 2;
		}
	}
	*(void **)&initialize = symbol(library, "Py_Initialize");
	*(void **)&finalize = symbol(library, "Py_FinalizeEx");
	*(void **)&run = symbol(library, "PyRun_SimpleStringFlags");
	for (int round = 0; round < 2; round++) {
		char code[400];

		initialize();
		snprintf(code, sizeof(code),
			 "keep = []\n"
			 "exec(compile('def round%d():\\n'\n"
			 "  '  keep.append(bytes(%d))\\n'\n"
			 "  'round%d()', 'embedded.py', 'exec'))\n"
			 "import sys; print(len(keep), sys.argv)\n",
			 round, 200000 + round, round);
		printf("%d\n", run(code, NULL));
		say("round", round);
		printf("%d\n", finalize());
		held[1 + round] = malloc(65432);
		say("after", round);
	}
	return 0;
}
