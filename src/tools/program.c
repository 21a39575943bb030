/* SPDX-License-Identifier: MIT
 *
 * program.c - see program.h.  Reads ELF headers; starts nothing.
 */
#include "tools/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/str.h"
#include "tools/beside.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#error "name the ELF machine of this architecture here"
#endif

/* --- finding -------------------------------------------------------------- */

/* 0, or why not. */
static int
executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return access(path, X_OK) == 0 ? 0 : errno;
}

int
rcp_program_find(const char *name, struct rcp_text *path,
		 struct rcp_text *why)
{
	const char *dirs = getenv("PATH");
	int fault = 0;

	rcp_text_clear(path);
	if (strchr(name, '/')) {
		rcp_text_add(path, name);
		fault = executable(name);
		if (!fault)
			return 0;
		rcp_text_format(why, "%s: %s", name, strerror(fault));
		return fault == ENOENT || fault == ENOTDIR
			       ? RCP_NOT_FOUND
			       : RCP_CANNOT_EXECUTE;
	}
	dirs = dirs ? dirs : "/usr/local/bin:/usr/bin:/bin";
	while (*name) {
		size_t len = strcspn(dirs, ":");
		int e;

		rcp_text_clear(path);
		rcp_text_bytes(path, dirs, len);
		rcp_text_format(path, "%s%s", len ? "/" : "", name);
		e = executable(path->s);
		if (e == 0)
			return 0;
		if (e == EACCES)
			fault = e;
		if (!dirs[len])
			break;
		dirs += len + 1;
	}
	rcp_text_format(why, "%s: %s", name,
			fault ? strerror(fault) : "command not found");
	return fault ? RCP_CANNOT_EXECUTE : RCP_NOT_FOUND;
}

int
rcp_program_python(struct rcp_text *path, struct rcp_text *why)
{
	if (rcp_program_find("python3", path, why) == 0)
		return 0;
	rcp_text_clear(why);
	if (rcp_program_find("python", path, why) == 0)
		return 0;
	rcp_text_clear(why);
	rcp_text_add(why, "neither python3 nor python is in the PATH");
	return RCP_NOT_FOUND;
}

/* --- checking ------------------------------------------------------------- */

static int
refuse(struct rcp_text *why, const char *path, const char *reason)
{
	rcp_text_format(why, "%s: %s", path, reason);
	return RCP_CANNOT_EXECUTE;
}

/* Will the loader set AT_SECURE, and so ignore LD_PRELOAD? */
static bool
is_privileged(int fd)
{
	char capabilities[64];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return true;
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) &&
	    st.st_gid != getgid())
		return true;
	return getuid() != 0 && fgetxattr(fd, "security.capability",
					  capabilities,
					  sizeof(capabilities)) > 0;
}

/* The path of the loader that the file asks for; false if it asks for none. */
static bool
read_loader(int fd, const Elf64_Ehdr *elf, char loader[PATH_MAX])
{
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr phdr;
		off_t at = (off_t)(elf->e_phoff +
				   (uint64_t)i * elf->e_phentsize);
		ssize_t n;

		if (pread(fd, &phdr, sizeof(phdr), at) !=
		    (ssize_t)sizeof(phdr))
			return false;
		if (phdr.p_type != PT_INTERP || phdr.p_filesz >= PATH_MAX)
			continue;
		n = pread(fd, loader, phdr.p_filesz, (off_t)phdr.p_offset);
		loader[n < 0 ? 0 : n] = '\0';
		return n > 0;
	}
	return false;
}

static int
check_elf(int fd, const char *path, struct rcp_text *why)
{
	char loader[PATH_MAX];
	Elf64_Ehdr elf;

	if (pread(fd, &elf, sizeof(elf), 0) != (ssize_t)sizeof(elf))
		return refuse(why, path, "not a whole ELF file");
	if (elf.e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(why, path,
			      "a 32-bit program, which rcprof cannot profile");
	if (elf.e_machine != OWN_MACHINE)
		return refuse(why, path, "built for another architecture");
	if (!read_loader(fd, &elf, loader))
		return refuse(why, path,
			      "statically linked, so that nothing can be "
			      "preloaded into it");
	if (strstr(loader, "ld-musl"))
		return refuse(why, path,
			      "uses musl, and librcprof.so needs glibc");
	if (is_privileged(fd))
		return refuse(why, path,
			      "setuid, setgid or with capabilities: the "
			      "loader ignores LD_PRELOAD for it");
	if (rcp_beside_refuses(path, why))
		return RCP_CANNOT_EXECUTE;
	return 0;
}

#define MOST_SCRIPTS 4 /* interpreters that are scripts; the kernel's limit */

static int
check(const char *path, unsigned depth, struct rcp_text *why)
{
	char head[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int status = 0;
	ssize_t n;

	/* What may be executed and not read can still be preloaded. */
	if (fd < 0)
		return 0;
	n = read(fd, head, sizeof(head) - 1);
	head[n < 0 ? 0 : n] = '\0';
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		status = check_elf(fd, path, why);
	} else if (head[0] == '#' && head[1] == '!' && depth < MOST_SCRIPTS) {
		char *start = head + 2 + strspn(head + 2, " \t");
		int fault;

		start[strcspn(start, " \t\r\n")] = '\0';
		fault = executable(start);
		if (fault) {
			rcp_text_format(why, "%s: its interpreter %s: %s",
					path, start, strerror(fault));
			status = fault == ENOENT ? RCP_NOT_FOUND
						 : RCP_CANNOT_EXECUTE;
		} else {
			status = check(start, depth + 1, why);
		}
	}
	close(fd);
	return status;
}

int
rcp_program_check(const char *path, struct rcp_text *why)
{
	return check(path, 0, why);
}

/* --- the library ---------------------------------------------------------- */

/* In the build tree it stands beside the command; installed, in ../lib of
 * wherever that was moved to. */
static bool
near_us(struct rcp_text *path)
{
	static const char *const places[] = { "", "../lib/" };
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	for (size_t i = 0; slash && i < 2; i++) {
		struct rcp_text at = { 0 };
		char *real;

		rcp_text_bytes(&at, own, (size_t)(slash - own) + 1);
		rcp_text_format(&at, "%slibrcprof.so", places[i]);
		real = realpath(at.s, NULL);
		rcp_text_free(&at);
		if (real) {
			rcp_text_add(path, real);
			free(real);
			return true;
		}
	}
	return false;
}

bool
rcp_program_library(struct rcp_text *path, struct rcp_text *why)
{
	const char *given = getenv("RCPROF_LIBRARY");
	struct stat st;

	rcp_text_clear(path);
	if (given && *given) {
		char *real = realpath(given, NULL);

		rcp_text_add(path, real ? real : given);
		free(real);
	} else if (!near_us(path)) {
		rcp_text_add(path, RCP_LIBDIR "/librcprof.so");
	}
	if (stat(path->s, &st) != 0 || access(path->s, R_OK) != 0) {
		rcp_text_format(why, "%s: %s; RCPROF_LIBRARY can name "
				     "another librcprof.so",
				path->s, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		rcp_text_format(why, "%s: not a file", path->s);
		return false;
	}
	if (strpbrk(path->s, " :")) {
		rcp_text_format(why,
				"%s: LD_PRELOAD cannot hold a path with a "
				"space or a colon; put a link to it elsewhere "
				"into RCPROF_LIBRARY",
				path->s);
		return false;
	}
	return true;
}

/* Is the library among those of the list already? */
static bool
listed(const char *list, const char *library)
{
	size_t len = strlen(library);

	while (*list) {
		size_t item = strcspn(list, " :");

		if (item == len && memcmp(list, library, len) == 0)
			return true;
		list += item + (list[item] != '\0');
	}
	return false;
}

void
rcp_program_preload(const char *library)
{
	const char *old = getenv("LD_PRELOAD");
	struct rcp_text value = { 0 };

	if (old && listed(old, library))
		return;
	rcp_text_add(&value, library);
	if (old && *old)
		rcp_text_format(&value, ":%s", old);
	setenv("LD_PRELOAD", value.s, 1);
	rcp_text_free(&value);
}
