/* SPDX-License-Identifier: MIT
 *
 * symcache_dir.c - where resolved symbols are kept: $RCPROF_SYMBOL_CACHE
 * (empty: nowhere), else $XDG_CACHE_HOME/rcprof/symbols, else
 * ~/.cache/rcprof/symbols.  Not beside the profile: it may lie where nobody
 * may write, and the next profile of the same program needs the same names.
 * Offline only.
 */
#include "model/symcache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/memory.h"

#define MOST_FILES 512
#define MOST_BYTES (INT64_C(128) << 20)

/* Under sudo the variables may still name another user's directory, in which
 * files of root's would be a nuisance. */
static bool
is_mine(const char *directory)
{
	struct stat st;

	return directory && directory[0] == '/' &&
	       stat(directory, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* The directory, and where the parts begin that may have to be made. */
static bool
find_directory(char out[PATH_MAX], size_t *made)
{
	const char *own = getenv("RCPROF_SYMBOL_CACHE");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int len;

	if (own) {
		len = snprintf(out, PATH_MAX, "%s", own);
		*made = (size_t)len;
		return is_mine(own) && len < PATH_MAX;
	}
	if (cache && cache[0] == '/') {
		len = snprintf(out, PATH_MAX, "%s/rcprof/symbols", cache);
		*made = strlen(cache);
		return is_mine(cache) && len < PATH_MAX;
	}
	if (!is_mine(home))
		return false;
	len = snprintf(out, PATH_MAX, "%s/.cache/rcprof/symbols", home);
	*made = strlen(home);
	return len < PATH_MAX;
}

/* Makes each directory of the path from there on. */
static bool
make_directories(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return false;
		if (slash)
			*slash = '/';
	}
	return true;
}

bool
rcp_symcache_path(const struct rcp_image *image, bool make,
		  char out[PATH_MAX])
{
	size_t made, len;

	/* A file's name is not longer than that. */
	if (image->build_id_len == 0 || image->build_id_len > 64 ||
	    !find_directory(out, &made) ||
	    (make && !make_directories(out, made)))
		return false;
	len = strlen(out);
	if (len + 2 * image->build_id_len + 2 > PATH_MAX)
		return false;
	out[len++] = '/';
	for (size_t i = 0; i < image->build_id_len; i++)
		len += (size_t)sprintf(out + len, "%02x",
				       (unsigned char)image->build_id[i]);
	return true;
}

/* --- replacing ------------------------------------------------------------ */

struct entry {
	char name[256];
	int64_t size, changed;
};

static int
by_age(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->changed > y->changed ? -1 : x->changed < y->changed;
}

/* Takes the oldest away, until the rest is within the limits. */
static void
prune(int directory)
{
	DIR *dir = fdopendir(dup(directory));
	struct entry *entries = NULL;
	size_t count = 0, room = 0;
	int64_t bytes = 0;
	struct dirent *d;
	struct stat st;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (fstatat(directory, d->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			    0 || !S_ISREG(st.st_mode))
			continue;
		entries = rcp_room(entries, count, &room, sizeof(*entries));
		snprintf(entries[count].name, sizeof(entries[count].name),
			 "%s", d->d_name);
		entries[count].size = st.st_size;
		entries[count++].changed = st.st_mtim.tv_sec;
	}
	closedir(dir);
	if (count)
		qsort(entries, count, sizeof(*entries), by_age);
	for (size_t i = 0; i < count; i++) {
		bytes += entries[i].size;
		if (i >= MOST_FILES || bytes > MOST_BYTES)
			unlinkat(directory, entries[i].name, 0);
	}
	free(entries);
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

void
rcp_symcache_replace(const char *path, const void *data, size_t len)
{
	const char *name = strrchr(path, '/') + 1;
	char *parent = rcp_copy(path);
	char fresh[300];
	int directory, fd;
	bool good;

	parent[name - path] = '\0';
	directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	if (directory < 0)
		return;
	snprintf(fresh, sizeof(fresh), ".%s.%d", name, (int)getpid());
	fd = openat(directory, fresh,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd >= 0) {
		good = write_all(fd, data, len);
		good = close(fd) == 0 && good;
		if (!good || renameat(directory, fresh, directory, name) != 0)
			unlinkat(directory, fresh, 0);
		else
			prune(directory);
	}
	close(directory);
}
