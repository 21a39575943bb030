/* SPDX-License-Identifier: MIT
 *
 * place.c - see place.h.  Reads source files of the user, and nothing else.
 */
#include "tools/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/memory.h"

#define BIGGEST_SOURCE (16 << 20)
#define MOST_SOURCES 256
#define LONGEST_PATH 32 /* columns */

struct source {
	char *name;
	char *text; /* NULL: not to be shown */
	size_t len;
};

struct rcp_sources {
	const char *directory; /* of the program, or NULL */
	uint64_t start_wall;
	struct source files[MOST_SOURCES];
	size_t count;
	const char *changed;
};

struct rcp_sources *
rcp_sources_new(const struct rcp_set *set)
{
	struct rcp_sources *sources = rcp_alloc(sizeof(*sources));

	sources->start_wall = set->start_wall;
	if (set->process_count > 0)
		sources->directory =
			rcp_process_info(set->processes[0], RCP_INFO_CWD);
	return sources;
}

void
rcp_sources_free(struct rcp_sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; i < sources->count; i++) {
		free(sources->files[i].name);
		free(sources->files[i].text);
	}
	free(sources);
}

const char *
rcp_sources_changed(const struct rcp_sources *sources)
{
	return sources->changed;
}

/* The name is the program's: it may be a FIFO or a device by now. */
static void
read_source(struct rcp_sources *sources, struct source *source)
{
	struct rcp_text path = { 0 };
	struct stat st;
	int fd;

	if (source->name[0] != '/' && sources->directory)
		rcp_text_format(&path, "%s/", sources->directory);
	rcp_text_add(&path, source->name);
	fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	rcp_text_free(&path);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= BIGGEST_SOURCE) {
		uint64_t changed = (uint64_t)st.st_mtim.tv_sec * 1000000000 +
				   (uint64_t)st.st_mtim.tv_nsec;

		if (changed > sources->start_wall) {
			sources->changed = source->name;
		} else {
			ssize_t len;

			source->text = rcp_alloc((size_t)st.st_size + 1);
			len = read(fd, source->text, (size_t)st.st_size);
			source->len = len < 0 ? 0 : (size_t)len;
		}
	}
	close(fd);
}

static struct source *
find_source(struct rcp_sources *sources, const char *name)
{
	struct source *source;

	for (size_t i = 0; i < sources->count; i++) {
		if (strcmp(sources->files[i].name, name) == 0)
			return &sources->files[i];
	}
	if (sources->count == MOST_SOURCES)
		return NULL;
	source = &sources->files[sources->count++];
	source->name = rcp_copy(name);
	if (name[0] != '<' && name[0] != '\0')
		read_source(sources, source);
	return source;
}

bool
rcp_source_line(struct rcp_sources *sources, struct rcp_text *t,
		const char *file, uint32_t line)
{
	const struct source *source = find_source(sources, file);
	const char *text, *end, *stop;

	if (!source || !source->text || line == 0)
		return false;
	text = source->text;
	stop = text + source->len;
	while (line-- > 1) {
		text = memchr(text, '\n', (size_t)(stop - text));
		if (!text)
			return false;
		text++;
	}
	end = memchr(text, '\n', (size_t)(stop - text));
	end = end ? end : stop;
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	while (end > text && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	rcp_text_name_bytes(t, text, (size_t)(end - text));
	return end > text;
}

/* What follows the last ".../site-packages/" or ".../lib/python3.X/". */
static const char *
installed_name(const char *file)
{
	static const char *const marks[] = { "/site-packages/",
					     "/dist-packages/" };
	const char *best = NULL, *lib;

	for (size_t i = 0; i < 2; i++) {
		const char *at = strstr(file, marks[i]);

		if (at)
			best = at + strlen(marks[i]);
	}
	if (best)
		return best;
	lib = strstr(file, "/lib/python");
	if (lib && lib[11] >= '0' && lib[11] <= '9') {
		const char *slash = strchr(lib + 11, '/');

		if (slash && slash[1])
			return slash + 1;
	}
	return NULL;
}

/* A long path keeps its end, whole directories: the file and its line are
 * what tells one row from another. */
static void
add_path(struct rcp_text *t, const char *name)
{
	struct rcp_text whole = { 0 };
	const char *rest, *slash;

	rcp_text_name(&whole, name);
	rest = whole.s ? whole.s : "";
	while (rcp_text_width(rest) > LONGEST_PATH &&
	       (slash = strchr(rest + 1, '/')) != NULL)
		rest = slash;
	if (whole.s && rest != whole.s)
		rcp_text_add(t, "…");
	rcp_text_add(t, rest);
	rcp_text_free(&whole);
}

void
rcp_place_file(const struct rcp_sources *sources, struct rcp_text *t,
	       const char *file)
{
	const char *directory = sources->directory;
	const char *name = installed_name(file);
	size_t len = directory ? strlen(directory) : 0;

	if (!name && len > 1 && strncmp(file, directory, len) == 0 &&
	    file[len] == '/' && file[len + 1])
		name = file + len + 1;
	if (!name)
		name = file[0] == '.' && file[1] == '/' && file[2] ? file + 2
								   : file;
	add_path(t, name);
}

static void
add_module(struct rcp_text *t, const char *module)
{
	const char *slash = strrchr(module, '/');
	const char *name = slash && slash[1] ? slash + 1 : module;
	const char *tag = strstr(name, ".cpython-");

	/* "_json.cpython-311-x86_64-linux-gnu.so" is _json.so to people. */
	rcp_text_char(t, '[');
	rcp_text_name_bytes(t, name, tag ? (size_t)(tag - name)
					 : strlen(name));
	rcp_text_add(t, tag ? ".so]" : "]");
}

void
rcp_place_line(const struct rcp_sources *sources, struct rcp_text *t,
	       const struct rcp_frame_info *frame)
{
	if (frame->file) {
		rcp_place_file(sources, t, frame->file);
		if (frame->line)
			rcp_text_format(t, ":%u", frame->line);
	} else if (frame->module) {
		add_module(t, frame->module);
	} else {
		rcp_text_name(t, frame->function);
	}
}

void
rcp_place_frame(const struct rcp_sources *sources, struct rcp_text *t,
		const struct rcp_frame_info *frame)
{
	if (frame->file) {
		rcp_place_line(sources, t, frame);
		if (frame->function[0])
			rcp_text_char(t, ' ');
		rcp_text_name(t, frame->function);
	} else {
		rcp_text_name(t, frame->function);
		if (frame->module) {
			rcp_text_char(t, ' ');
			add_module(t, frame->module);
		}
	}
}
