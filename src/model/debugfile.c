/* SPDX-License-Identifier: MIT
 *
 * debugfile.c - see debugfile.h.  Paths come from the profile, which is
 * anybody's: only regular files are opened, and nothing of a file that is not
 * the one that ran is ever shown.  Offline only.
 */
#include "model/debugfile.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/crc32.h"
#include "model/memory.h"

#define ID_MOST 64 /* bytes of a build-id */
#define HEX_MOST (2 * ID_MOST + 1)

struct look {
	const struct rcp_symbol_search *search;
	const struct rcp_image *image;
	char hex[HEX_MOST]; /* "": no build-id */
};

/* What an ELF file says of itself. */
struct candidate {
	struct rcp_file_id id;
	bool has_dwarf;
	char build_id[ID_MOST];
	size_t build_id_len;
	char link[256]; /* .gnu_debuglink, or "" */
	uint32_t link_crc;
};

/* --- one file ------------------------------------------------------------- */

static int
open_regular(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
has_section(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	size_t names;
	GElf_Shdr header;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names,
							header.sh_name)
					   : NULL;

		if (name && strcmp(name, wanted) == 0 &&
		    header.sh_type != SHT_NOBITS)
			return true;
	}
	return false;
}

/* Is it the file that ran?  One that has an id where the other has none is
 * not.  Without any, only a file that was not changed since can be. */
static bool
is_same(const struct look *look, Elf *elf, const struct stat *st)
{
	const struct rcp_image *image = look->image;
	uint64_t start = look->search->start_wall;
	const void *id;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id);

	if (image->build_id_len)
		return n > 0 && (size_t)n == image->build_id_len &&
		       memcmp(id, image->build_id, (size_t)n) == 0;
	return start == 0 ||
	       (uint64_t)st->st_mtim.tv_sec <= start / 1000000000;
}

static void
describe(Elf *elf, const struct stat *st, const char *path,
	 struct candidate *out)
{
	GElf_Word crc = 0;
	const char *link = dwelf_elf_gnu_debuglink(elf, &crc);
	const void *id;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id);

	memset(out, 0, sizeof(*out));
	if (n > 0 && n <= ID_MOST) {
		memcpy(out->build_id, id, (size_t)n);
		out->build_id_len = (size_t)n;
	}
	snprintf(out->id.path, sizeof(out->id.path), "%s", path);
	out->id.size = (uint64_t)st->st_size;
	out->id.seconds = st->st_mtim.tv_sec;
	out->id.nanoseconds = st->st_mtim.tv_nsec;
	out->has_dwarf = has_section(elf, ".debug_info") ||
			 has_section(elf, ".zdebug_info");
	if (link && !strchr(link, '/'))
		snprintf(out->link, sizeof(out->link), "%s", link);
	out->link_crc = crc;
}

static bool
has_crc(int fd, uint32_t wanted)
{
	uint8_t *block = rcp_alloc(1 << 16);
	uint32_t crc = 0;
	ssize_t n;

	while ((n = read(fd, block, 1 << 16)) > 0)
		crc = rcp_crc32(crc, block, (size_t)n);
	free(block);
	return n == 0 && crc == wanted;
}

/* Takes the file at `path` if it is the one; with a CRC, which counts only
 * where there is no build-id, if it has that too. */
static bool
take(const struct look *look, const char *path, const uint32_t *crc,
     struct candidate *out)
{
	struct stat st;
	int fd = open_regular(path, &st);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool good = elf && elf_kind(elf) == ELF_K_ELF;

	if (good && crc && look->image->build_id_len == 0)
		good = has_crc(fd, *crc);
	else
		good = good && is_same(look, elf, &st);
	if (good)
		describe(elf, &st, path, out);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return good;
}

/* --- directories ---------------------------------------------------------- */

/* The next directory of "A:B:C". */
static bool
next_part(const char **list, char *out, size_t room)
{
	size_t len;

	while (*list && **list == ':')
		++*list;
	if (!*list || !**list)
		return false;
	len = strcspn(*list, ":");
	snprintf(out, room, "%.*s", (int)len, *list);
	*list += len;
	return true;
}

/* The i-th place with the system's layout of debug files. */
static bool
debug_root(const struct look *look, size_t i, char *out, size_t room)
{
	const char *list = look->search->debug_dir;
	const char *sysroot = look->search->sysroot;

	while (next_part(&list, out, room))
		if (i-- == 0)
			return true;
	if (sysroot && i-- == 0) {
		snprintf(out, room, "%s/usr/lib/debug", sysroot);
		return true;
	}
	snprintf(out, room, "/usr/lib/debug");
	return i == 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where debuginfod's clients keep what they fetched; `which` is "debuginfo"
 * or "executable". */
static bool
take_fetched(const struct look *look, const char *which,
	     struct candidate *out)
{
	const char *own = getenv("DEBUGINFOD_CACHE_PATH");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	if (!look->hex[0])
		return false;
	if (own && own[0])
		snprintf(path, sizeof(path), "%s/%s/%s", own, look->hex,
			 which);
	else if (cache && cache[0] == '/')
		snprintf(path, sizeof(path), "%s/debuginfod_client/%s/%s",
			 cache, look->hex, which);
	else
		snprintf(path, sizeof(path),
			 "%s/.cache/debuginfod_client/%s/%s",
			 home ? home : "", look->hex, which);
	return take(look, path, NULL, out);
}

/* --- the file that ran ---------------------------------------------------- */

static bool
find_code(const struct look *look, struct candidate *out)
{
	const struct rcp_symbol_search *search = look->search;
	const char *image = look->image->path;
	const char *list = search->debug_dir;
	char directory[PATH_MAX], path[2 * PATH_MAX];

	if (search->sysroot) {
		snprintf(path, sizeof(path), "%s%s", search->sysroot, image);
		if (take(look, path, NULL, out))
			return true;
	}
	while (next_part(&list, directory, sizeof(directory))) {
		snprintf(path, sizeof(path), "%s%s", directory, image);
		if (take(look, path, NULL, out))
			return true;
		snprintf(path, sizeof(path), "%s/%s", directory,
			 base_name(image));
		if (take(look, path, NULL, out))
			return true;
	}
	/* Another machine's path means nothing here, but an id does. */
	if ((!search->sysroot || look->hex[0]) &&
	    take(look, image, NULL, out))
		return true;
	return take_fetched(look, "executable", out);
}

/* --- its debug file ------------------------------------------------------- */

static bool
take_debug(const struct look *look, const char *path, const uint32_t *crc,
	   struct candidate *out)
{
	return take(look, path, crc, out) && out->has_dwarf;
}

static bool
find_by_id(const struct look *look, struct candidate *out)
{
	char root[PATH_MAX], path[PATH_MAX + HEX_MOST + 32];

	if (!look->hex[0])
		return false;
	for (size_t i = 0; debug_root(look, i, root, sizeof(root)); i++) {
		snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug",
			 root, look->hex, look->hex + 2);
		if (take_debug(look, path, NULL, out))
			return true;
	}
	return take_fetched(look, "debuginfo", out) && out->has_dwarf;
}

/* As gdb does: beside the file, in .debug beside it, and in the directories
 * below the path of the file. */
static bool
find_by_link(const struct look *look, const struct candidate *code,
	     struct candidate *out)
{
	const uint32_t *crc = &code->link_crc;
	const char *here = code->id.path, *image = look->image->path;
	int here_len = (int)(base_name(here) - here);
	int image_len = (int)(base_name(image) - image);
	char root[PATH_MAX], path[2 * PATH_MAX + 300];

	if (!code->link[0])
		return false;
	snprintf(path, sizeof(path), "%.*s%s", here_len, here, code->link);
	if (take_debug(look, path, crc, out))
		return true;
	snprintf(path, sizeof(path), "%.*s.debug/%s", here_len, here,
		 code->link);
	if (take_debug(look, path, crc, out))
		return true;
	for (size_t i = 0; debug_root(look, i, root, sizeof(root)); i++) {
		snprintf(path, sizeof(path), "%s%.*s%s", root, image_len,
			 image, code->link);
		if (take_debug(look, path, crc, out))
			return true;
		snprintf(path, sizeof(path), "%s/%s", root, code->link);
		if (take_debug(look, path, crc, out))
			return true;
	}
	return false;
}

static void
set_hex(struct look *look)
{
	const struct rcp_image *image = look->image;

	for (size_t i = 0; i < image->build_id_len && i < ID_MOST; i++)
		snprintf(look->hex + 2 * i, 3, "%02x",
			 (unsigned char)image->build_id[i]);
}

void
rcp_debug_files_find(const struct rcp_symbol_search *search,
		     const struct rcp_image *image,
		     struct rcp_debug_files *out)
{
	struct look look = { .search = search, .image = image };
	struct candidate code = { 0 }, debug = { 0 };
	struct rcp_image known = *image;
	bool found;

	memset(out, 0, sizeof(*out));
	elf_version(EV_CURRENT);
	set_hex(&look);
	found = find_code(&look, &code);
	if (found)
		out->code = code.id;
	/* Where the profile knows no id, the file's own leads on. */
	if (found && !image->build_id_len) {
		known.build_id = code.build_id;
		known.build_id_len = code.build_id_len;
		look.image = &known;
		set_hex(&look);
	}
	if (code.has_dwarf) {
		out->debug = code.id;
	} else if (find_by_id(&look, &debug) ||
		   (found && find_by_link(&look, &code, &debug))) {
		out->debug = debug.id;
		/* It has the symbols and the layout as well. */
		if (!found)
			out->code = debug.id;
	}
}

int
rcp_debug_files_alt(const struct rcp_symbol_search *search, const char *from,
		    const char *name, char **path)
{
	struct look look = { .search = search };
	char root[PATH_MAX], at[2 * PATH_MAX];
	struct stat st;
	int fd;

	if (name[0] == '/')
		snprintf(at, sizeof(at), "%s%s",
			 search->sysroot ? search->sysroot : "", name);
	else
		snprintf(at, sizeof(at), "%.*s%s",
			 (int)(base_name(from) - from), from, name);
	fd = open_regular(at, &st);
	for (size_t i = 0;
	     fd < 0 && debug_root(&look, i, root, sizeof(root)); i++) {
		snprintf(at, sizeof(at), "%s/%s", root, name);
		fd = open_regular(at, &st);
	}
	if (fd >= 0)
		*path = rcp_copy(at);
	return fd;
}
