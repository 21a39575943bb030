/* SPDX-License-Identifier: MIT
 *
 * symcache.c - see symcache.h.  One file for each build-id:
 *
 *   "RCPSYMS\n", u32 CRC-32 of the rest, then with the integers of format.h:
 *   str writer, str build-id,
 *   twice (code, debug): str path, uv size, sv seconds, uv nanoseconds,
 *   uv how many strings, each: str,
 *   uv how many addresses, each: uv difference to the one before,
 *     uv how many functions, each: uv name, uv file (1: the first string,
 *     0: none), uv line
 *
 * It holds only as long as the files that it was made from are what one would
 * look into now: a debug package that is installed later, or another version
 * of rcprof, begins anew.  Offline only.
 */
#include "model/symcache.h"

#include <stdlib.h>
#include <string.h>

#include "format/crc32.h"
#include "format/encode.h"
#include "format/varint.h"
#include "model/memory.h"
#include "model/set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "RCPSYMS\n"
#define HEAD 12
#define WRITER "rcprof " PACKAGE_VERSION " 1"
#define BIGGEST (64u << 20)

void
rcp_answers_add(struct rcp_answers *answers, uint64_t address,
		const struct rcp_symbol *functions, size_t count)
{
	struct rcp_answer *item;

	answers->items = rcp_room(answers->items, answers->count,
				  &answers->room, sizeof(*answers->items));
	item = &answers->items[answers->count];
	item->address = address;
	item->first = (uint32_t)answers->function_count;
	item->count = (uint32_t)count;
	rcp_map_put1(&answers->index, address, (uint32_t)answers->count++);
	for (size_t i = 0; i < count; i++) {
		answers->functions =
			rcp_room(answers->functions, answers->function_count,
				 &answers->function_room,
				 sizeof(*answers->functions));
		answers->functions[answers->function_count++] = functions[i];
	}
}

void
rcp_answers_free(struct rcp_answers *answers)
{
	rcp_map_free(&answers->index);
	free(answers->items);
	free(answers->functions);
	*answers = (struct rcp_answers){ .index = { .words = 1 } };
}

/* --- reading -------------------------------------------------------------- */

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t
take_uv(struct reader *r)
{
	uint64_t value = 0;
	size_t n = rcp_varint_get(r->at, (size_t)(r->end - r->at), &value);

	r->bad |= n == 0;
	r->at += n;
	return r->bad ? 0 : value;
}

static const char *
take_str(struct reader *r, size_t *len)
{
	const uint8_t *start;

	*len = take_uv(r);
	r->bad |= *len > (size_t)(r->end - r->at);
	if (r->bad)
		*len = 0;
	start = r->at;
	r->at += *len;
	return (const char *)start;
}

static bool
is_text(struct reader *r, const char *wanted, size_t wanted_len)
{
	size_t len;
	const char *text = take_str(r, &len);

	return !r->bad && len == wanted_len &&
	       (len == 0 || memcmp(text, wanted, len) == 0);
}

/* Does what is kept come from this file?  *known: does it come from one? */
static bool
is_file(struct reader *r, const struct rcp_file_id *now, bool *known)
{
	size_t len;
	const char *path = take_str(r, &len);
	uint64_t size = take_uv(r);
	int64_t seconds = rcp_unzigzag(take_uv(r));
	uint64_t nanoseconds = take_uv(r);

	*known = len > 0;
	return len == strlen(now->path) && memcmp(path, now->path, len) == 0 &&
	       size == now->size && seconds == now->seconds &&
	       nanoseconds == (uint64_t)now->nanoseconds;
}

/* Files that are gone leave what was found in them: better than what one
 * finds without them. */
static enum rcp_kept
judge(struct reader *r, const struct rcp_debug_files *files)
{
	bool code_known, debug_known;
	bool code = is_file(r, &files->code, &code_known);
	bool debug = is_file(r, &files->debug, &debug_known);

	if (r->bad)
		return RCP_KEPT_NOT;
	if (code && debug)
		return RCP_KEPT_SAME;
	if (debug_known ? !files->debug.path[0]
			: code_known && !files->code.path[0])
		return RCP_KEPT_BETTER;
	return RCP_KEPT_NOT;
}

static const char *
string_of(struct reader *r, const char *const *strings, size_t count)
{
	uint64_t index = take_uv(r);

	r->bad |= index > count;
	return r->bad || index == 0 ? NULL : strings[index - 1];
}

static void
read_answers(struct reader *r, const char *const *strings, size_t count,
	     struct rcp_answers *answers)
{
	struct rcp_symbol functions[RCP_SYMBOLS_MOST];
	uint64_t address = 0;
	uint64_t left = take_uv(r);

	for (; left > 0 && !r->bad; left--) {
		uint64_t n;

		address += take_uv(r);
		n = take_uv(r);
		r->bad |= n > RCP_SYMBOLS_MOST;
		for (uint64_t i = 0; i < n && !r->bad; i++) {
			functions[i].function = string_of(r, strings, count);
			functions[i].file = string_of(r, strings, count);
			functions[i].line = (uint32_t)take_uv(r);
		}
		if (!r->bad)
			rcp_answers_add(answers, address, functions, n);
	}
}

static void
read_all(struct reader *r, struct rcp_strings *pool,
	 struct rcp_answers *answers)
{
	const char **strings = NULL;
	size_t count = 0, room = 0;

	for (uint64_t left = take_uv(r); left > 0 && !r->bad; left--) {
		size_t len;
		const char *text = take_str(r, &len);

		strings = rcp_room(strings, count, &room, sizeof(*strings));
		strings[count++] = rcp_strings_text(pool, text, len);
	}
	read_answers(r, strings, count, answers);
	free(strings);
	if (r->bad)
		rcp_answers_free(answers);
}

/* The whole file, if it is intact. */
static uint8_t *
load(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	uint8_t *data = NULL;
	uint32_t crc;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= HEAD && st.st_size <= BIGGEST) {
		*len = (size_t)st.st_size;
		data = rcp_alloc(*len);
		if (read(fd, data, *len) != st.st_size)
			data[0] = 0;
		crc = (uint32_t)data[8] | (uint32_t)data[9] << 8 |
		      (uint32_t)data[10] << 16 | (uint32_t)data[11] << 24;
		if (memcmp(data, MAGIC, 8) != 0 ||
		    rcp_crc32(0, data + HEAD, *len - HEAD) != crc) {
			free(data);
			data = NULL;
		}
	}
	close(fd);
	return data;
}

enum rcp_kept
rcp_symcache_read(const struct rcp_image *image,
		  const struct rcp_debug_files *files,
		  struct rcp_strings *pool, struct rcp_answers *answers)
{
	enum rcp_kept kept = RCP_KEPT_NOT;
	char path[PATH_MAX];
	struct reader r = { 0 };
	uint8_t *data;
	size_t len;

	if (!rcp_symcache_path(image, false, path))
		return RCP_KEPT_NOT;
	data = load(path, &len);
	if (!data)
		return RCP_KEPT_NOT;
	r.at = data + HEAD;
	r.end = data + len;
	if (is_text(&r, WRITER, sizeof(WRITER) - 1) &&
	    is_text(&r, image->build_id, image->build_id_len))
		kept = judge(&r, files);
	if (kept != RCP_KEPT_NOT)
		read_all(&r, pool, answers);
	free(data);
	return r.bad ? RCP_KEPT_NOT : kept;
}

/* --- writing -------------------------------------------------------------- */

static bool
grow(struct rcp_buf *buf, size_t need)
{
	buf->cap = need > 2 * buf->cap ? need : 2 * buf->cap;
	buf->data = rcp_resize(buf->data, buf->cap);
	return true;
}

static void
put_file(struct rcp_buf *buf, const struct rcp_file_id *id)
{
	rcp_buf_str(buf, id->path, strlen(id->path));
	rcp_buf_uv(buf, id->size);
	rcp_buf_sv(buf, id->seconds);
	rcp_buf_uv(buf, (uint64_t)id->nanoseconds);
}

/* Strings of a pool are equal if their addresses are. */
static void
number(struct rcp_map *numbers, const char *text, struct rcp_buf *buf)
{
	if (!text || rcp_map_get1(numbers, (uintptr_t)text) != RCP_NONE)
		return;
	rcp_map_put1(numbers, (uintptr_t)text,
		     (uint32_t)numbers->count + 1);
	rcp_buf_str(buf, text, strlen(text));
}

static void
put_strings(struct rcp_buf *buf, struct rcp_map *numbers,
	    const struct rcp_answers *answers)
{
	struct rcp_buf strings = { .grow = grow };

	for (size_t i = 0; i < answers->function_count; i++) {
		number(numbers, answers->functions[i].function, &strings);
		number(numbers, answers->functions[i].file, &strings);
	}
	rcp_buf_uv(buf, numbers->count);
	rcp_buf_bytes(buf, strings.data, strings.len);
	free(strings.data);
}

static void
put_number(struct rcp_buf *buf, const struct rcp_map *numbers,
	   const char *text)
{
	rcp_buf_uv(buf, text ? rcp_map_get1(numbers, (uintptr_t)text) : 0);
}

static int
by_address(const void *a, const void *b)
{
	const struct rcp_answer *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static void
put_answers(struct rcp_buf *buf, const struct rcp_map *numbers,
	    const struct rcp_answers *answers)
{
	struct rcp_answer *sorted =
		rcp_alloc(answers->count * sizeof(*sorted));
	uint64_t last = 0;

	memcpy(sorted, answers->items, answers->count * sizeof(*sorted));
	qsort(sorted, answers->count, sizeof(*sorted), by_address);
	rcp_buf_uv(buf, answers->count);
	for (size_t i = 0; i < answers->count; i++) {
		rcp_buf_uv(buf, sorted[i].address - last);
		last = sorted[i].address;
		rcp_buf_uv(buf, sorted[i].count);
		for (uint32_t k = 0; k < sorted[i].count; k++) {
			const struct rcp_symbol *function =
				&answers->functions[sorted[i].first + k];

			put_number(buf, numbers, function->function);
			put_number(buf, numbers, function->file);
			rcp_buf_uv(buf, function->line);
		}
	}
	free(sorted);
}

void
rcp_symcache_write(const struct rcp_image *image,
		   const struct rcp_debug_files *files,
		   const struct rcp_answers *answers)
{
	struct rcp_map numbers = { .words = 1 };
	struct rcp_buf buf = { .grow = grow };
	char path[PATH_MAX];
	uint32_t crc;

	if (answers->count == 0 || !rcp_symcache_path(image, true, path))
		return;
	rcp_buf_bytes(&buf, MAGIC, 8);
	rcp_buf_u32(&buf, 0);
	rcp_buf_str(&buf, WRITER, sizeof(WRITER) - 1);
	rcp_buf_str(&buf, image->build_id, image->build_id_len);
	put_file(&buf, &files->code);
	put_file(&buf, &files->debug);
	put_strings(&buf, &numbers, answers);
	put_answers(&buf, &numbers, answers);
	rcp_map_free(&numbers);
	crc = rcp_crc32(0, buf.data + HEAD, buf.len - HEAD);
	for (unsigned i = 0; i < 4; i++)
		buf.data[8 + i] = (uint8_t)(crc >> 8 * i);
	if (buf.len <= BIGGEST)
		rcp_symcache_replace(path, buf.data, buf.len);
	free(buf.data);
}
