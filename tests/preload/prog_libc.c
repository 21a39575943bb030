/* SPDX-License-Identifier: MIT
 *
 * prog_libc.c - what libc itself allocates for the program.  How much that is
 * only libc knows: the numbers are those of libcounter.so, which is preloaded
 * beside us.
 */
#include <dirent.h>
#include <glob.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <regex.h>
#include <search.h>
#include <wchar.h>

#include "preload/counter.h"
#include "preload/prog.h"

static struct counter last;

static void
begin(void)
{
	counter_read(&last);
}

/* The case is what the counter saw since begin(), in all modules. */
static void
end(const char *rows, const char *name)
{
	struct counter now;

	counter_read(&now);
	truth.malloc.allocs = now.allocs - last.allocs;
	truth.malloc.bytes = now.bytes - last.bytes;
	truth.malloc.frees = now.frees - last.frees;
	truth.malloc.freed = now.freed - last.freed;
	NEED(now.calls > last.calls);
	done_in(rows, name, "*");
	begin();
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
test_strings(void)
{
	char *p = strdup("twelve bytes"), *q = strndup("twelve", 3), *r;
	wchar_t *w;
	FILE *f;
	size_t size;

	NEED(truth.malloc.allocs == 0);
	free(q);
	end("13", "strdup and strndup");
	free(p);
	NEED(asprintf(&p, "%0*d and %s", 700, 1, "more") > 700);
	q = NULL;
	end("13", "asprintf");
	free(p);
	w = wcsdup(L"wide");
	end("13", "wcsdup");
	free(w);
	f = open_memstream(&r, &size);
	for (int i = 0; i < 3000; i++)
		fprintf(f, "line %d\n", i);
	end("13", "open_memstream, growing");
	fclose(f);
	end("13", "open_memstream closed");
	free(r);
	p = realpath("/proc/self/..", NULL);
	q = getcwd(NULL, 0);
	end("13", "realpath and getcwd");
	free(p);
	free(q);
	end("13", "all of them freed");
}

static void
test_files(void)
{
	char *line = NULL;
	size_t room = 0;
	FILE *f = fopen("text", "w+");

	NEED(f);
	for (int i = 0; i < 100; i++)
		fprintf(f, "a line of text, number %d\n", i);
	rewind(f);
	end("13", "fopen");
	NEED(getline(&line, &room, f) > 0);
	end("13", "getline, and the buffer of the file");
	while (getdelim(&line, &room, 'z', f) > 0)
		;
	end("13", "getdelim makes it larger");
	fclose(f);
	free(line);
	end("13", "fclose");

	DIR *dir = opendir("/proc/self/fdinfo");

	NEED(dir && readdir(dir));
	end("13", "opendir");
	closedir(dir);
	end("13", "closedir");

	f = popen("echo from a child", "r");
	NEED(f);
	line = NULL;
	room = 0;
	NEED(getline(&line, &room, f) == 13);
	NEED(pclose(f) == 0);
	free(line);
	end("13", "popen, with a child");
}

static void
test_more(void)
{
	glob_t g;
	regex_t regex;
	void *root = NULL;
	char *keys[] = { strdup("b"), strdup("a"), strdup("c"), strdup("d") };

	NEED(glob("/proc/self/s*", 0, NULL, &g) == 0);
	end("13", "glob");
	globfree(&g);
	end("13", "globfree");
	NEED(regcomp(&regex, "(a|b)*c[de]+", REG_EXTENDED) == 0);
	NEED(regexec(&regex, "xababcde", 0, NULL, 0) == 0);
	end("13", "regcomp and regexec");
	regfree(&regex);
	end("13", "regfree");
	for (int i = 0; i < 4; i++)
		NEED(tsearch(keys[i], &root, compare));
	end("13", "tsearch");
	tdestroy(root, free);
	end("13", "tdestroy frees by a pointer to free");
	setenv("A_VARIABLE", "a value", 1);
	setenv("ANOTHER", "a longer value than that", 1);
	setenv("A_VARIABLE", "a value that is longer", 1);
	putenv(strdup("THIRD=one"));
	end("13", "setenv: the environment was ours before");
	unsetenv("ANOTHER");
	clearenv();
	setenv("A_VARIABLE", "again", 1);
	end("13", "clearenv and a new environment");
	setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_ALL, "C");
	end("13", "setlocale");
	qsort(keys, 4, sizeof(keys[0]), compare);
	NEED(getservbyname("http", "tcp") || 1);
	iconv_t cd = iconv_open("UTF-16", "UTF-8");

	end("13", "getservbyname and iconv_open, which load libraries");
	iconv_close(cd);
	end("13", "iconv_close");
}

int
main(void)
{
	struct counter all;

	if (!counter_read)
		broken("libcounter.so is not preloaded");
	start();
	begin();
	test_strings();
	test_files();
	test_more();
	counter_read(&all);
	/* Row 30: rcprof adds none of its own. */
	printf("calls in all %lld, of unknown blocks %lld\n", all.calls,
	       all.unknown);
	return 0;
}
