/* SPDX-License-Identifier: MIT
 *
 * elf.c - see elf.h.  The file is anybody's: every offset is checked.
 */
#include "tools/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image {
	const char *bytes;
	size_t size;
	Elf64_Ehdr head;
};

/* A section's entries, and the names that they point into. */
struct table {
	const char *entries, *names;
	size_t size, names_size;
};

static bool
is_inside(const struct image *image, uint64_t at, uint64_t size)
{
	return at <= image->size && size <= image->size - at;
}

static bool
read_section(const struct image *image, uint64_t index, Elf64_Shdr *out)
{
	uint64_t at = image->head.e_shoff + index * sizeof(*out);

	if (index >= image->head.e_shnum ||
	    image->head.e_shoff > image->size ||
	    !is_inside(image, at, sizeof(*out)))
		return false;
	memcpy(out, image->bytes + at, sizeof(*out));
	return out->sh_type == SHT_NOBITS ||
	       is_inside(image, out->sh_offset, out->sh_size);
}

static bool
find_table(const struct image *image, uint32_t type, struct table *out)
{
	Elf64_Shdr section, names;

	for (unsigned i = 0; i < image->head.e_shnum; i++) {
		if (!read_section(image, i, &section) ||
		    section.sh_type != type ||
		    !read_section(image, section.sh_link, &names) ||
		    names.sh_type != SHT_STRTAB || names.sh_size == 0)
			continue;
		*out = (struct table){
			.entries = image->bytes + section.sh_offset,
			.names = image->bytes + names.sh_offset,
			.size = section.sh_size,
			.names_size = names.sh_size,
		};
		/* Then each name in it has an end. */
		return out->names[out->names_size - 1] == '\0';
	}
	return false;
}

static bool
open_image(const char *path, struct image *image)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= (off_t)sizeof(image->head))
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	image->bytes = p;
	image->size = (size_t)st.st_size;
	memcpy(&image->head, p, sizeof(image->head));
	if (memcmp(p, ELFMAG, SELFMAG) == 0 &&
	    image->head.e_ident[EI_CLASS] == ELFCLASS64 &&
	    image->head.e_shentsize == sizeof(Elf64_Shdr))
		return true;
	munmap(p, image->size);
	return false;
}

static void
close_image(struct image *image)
{
	munmap((void *)(uintptr_t)image->bytes, image->size);
}

bool
rcp_elf_needs(const char *path, const char *prefix, char *name, size_t size)
{
	struct image image;
	struct table table;
	bool found = false;
	Elf64_Dyn d;

	if (!open_image(path, &image))
		return false;
	if (!find_table(&image, SHT_DYNAMIC, &table))
		table.size = 0;
	for (size_t at = 0; !found && at + sizeof(d) <= table.size;
	     at += sizeof(d)) {
		memcpy(&d, table.entries + at, sizeof(d));
		found = d.d_tag == DT_NEEDED &&
			d.d_un.d_val < table.names_size &&
			strncmp(table.names + d.d_un.d_val, prefix,
				strlen(prefix)) == 0;
	}
	if (found)
		snprintf(name, size, "%s", table.names + d.d_un.d_val);
	close_image(&image);
	return found;
}

bool
rcp_elf_defines(const char *path, const char *function)
{
	struct image image;
	struct table table;
	bool found = false;
	Elf64_Sym s;

	if (!open_image(path, &image))
		return false;
	if (!find_table(&image, SHT_DYNSYM, &table))
		table.size = 0;
	for (size_t at = 0; !found && at + sizeof(s) <= table.size;
	     at += sizeof(s)) {
		memcpy(&s, table.entries + at, sizeof(s));
		found = s.st_shndx != SHN_UNDEF &&
			ELF64_ST_BIND(s.st_info) != STB_LOCAL &&
			s.st_name < table.names_size &&
			strcmp(table.names + s.st_name, function) == 0;
	}
	close_image(&image);
	return found;
}
