/* SPDX-License-Identifier: MIT
 *
 * modules.c - see modules.h.  Reached once for each new native frame.
 *
 * _dl_find_object (glibc 2.35) finds the link map without a lock, which is
 * what makes it usable inside malloc; where libc lacks it, native frames stay
 * plain addresses.
 */
#include "capture/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/sys.h"

#define MODULES 4096u

int _dl_find_object(void *address, struct dl_find_object *out)
	__attribute__((weak));

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct rcp_module modules[MODULES];
static uint32_t count;
/* The one that was asked for; most often it is again.  NULL: none yet. */
static const struct rcp_module *latest;

/* The GNU build-id in a PT_NOTE segment. */
static const char *
find_build_id(const ElfW(Ehdr) *eh, uintptr_t base, size_t *size)
{
	const ElfW(Phdr) *ph =
		(const void *)((const char *)eh + eh->e_phoff);

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		const char *p = (const char *)(base + ph[i].p_vaddr);
		const char *end = p + ph[i].p_memsz;

		if (ph[i].p_type != PT_NOTE)
			continue;
		while (p + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *n = (const void *)p;
			const char *name = p + sizeof(*n);
			const char *desc = name + ((n->n_namesz + 3) & ~3u);

			if (n->n_type == NT_GNU_BUILD_ID &&
			    n->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
			    desc + n->n_descsz <= end) {
				*size = n->n_descsz;
				return desc;
			}
			p = desc + ((n->n_descsz + 3) & ~3u);
		}
	}
	return NULL;
}

/* The program's own file, whose link map has no name.  By way of the calling
 * thread: /proc/self is the first thread, which may have ended. */
static const struct rcp_string *
module_path(const struct link_map *map)
{
	static char exe[1024]; /* read once: chroot hides it */
	static long n;

	if (map->l_name && map->l_name[0])
		return rcp_string_intern(map->l_name, strlen(map->l_name));
	if (n <= 0)
		n = RCP_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/thread-self/exe",
			     exe, sizeof(exe));
	return n > 0 ? rcp_string_intern(exe, (size_t)n) : NULL;
}

static bool
is_greenlets(const struct rcp_string *path)
{
	static const char name[] = "/_greenlet.";
	const size_t size = sizeof(name) - 1;

	return path && path->size > size &&
	       memmem(path->text, path->size, name, size);
}

static void
fill(struct rcp_module *m, const struct dl_find_object *found)
{
	const ElfW(Ehdr) *eh = found->dlfo_map_start;
	const char *id;
	size_t size;

	m->map = found->dlfo_link_map;
	m->base = found->dlfo_link_map->l_addr;
	m->low = (uintptr_t)found->dlfo_map_start;
	m->high = (uintptr_t)found->dlfo_map_end;
	rcp_names_lock();
	m->path = module_path(found->dlfo_link_map);
	m->is_greenlets = is_greenlets(m->path);
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 &&
	    (id = find_build_id(eh, m->base, &size)))
		m->build_id = rcp_string_intern(id, size);
	rcp_names_unlock();
}

static bool
is_of(const struct rcp_module *m, uint32_t epoch)
{
	return __atomic_load_n(&m->epoch, __ATOMIC_ACQUIRE) == epoch;
}

/* The one that FOUND was when it was last looked at, if nothing has been
 * unloaded since. */
static const struct rcp_module *
known(const struct dl_find_object *found, uint32_t epoch)
{
	uint32_t n = __atomic_load_n(&count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++) {
		const struct rcp_module *m = &modules[i];

		if (m->low == (uintptr_t)found->dlfo_map_start &&
		    m->high == (uintptr_t)found->dlfo_map_end &&
		    is_of(m, epoch) &&
		    __atomic_load_n(&m->map, __ATOMIC_RELAXED) ==
			    found->dlfo_link_map)
			return m;
	}
	return NULL;
}

const struct rcp_module *
rcp_module_at(const void *address, uint32_t epoch)
{
	struct dl_find_object found;
	struct rcp_module fresh = { 0 }, *m = NULL;
	const struct rcp_module *same;

	same = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
	if (same && (uintptr_t)address - same->low < same->high - same->low &&
	    is_of(same, epoch))
		return same;
	if (!_dl_find_object ||
	    _dl_find_object((void *)(uintptr_t)address, &found) != 0)
		return NULL;
	same = known(&found, epoch);
	if (same) {
		__atomic_store_n(&latest, same, __ATOMIC_RELEASE);
		return same;
	}
	fill(&fresh, &found);
	rcp_lock_take(&lock);
	for (uint32_t i = 0; i < count && !m; i++)
		if (modules[i].low == fresh.low &&
		    modules[i].high == fresh.high &&
		    modules[i].path == fresh.path &&
		    modules[i].build_id == fresh.build_id)
			m = &modules[i];
	if (!m && count < MODULES) {
		m = &modules[count];
		*m = fresh;
		m->id = count + 1;
		__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	}
	if (m) {
		__atomic_store_n(&m->map, fresh.map, __ATOMIC_RELAXED);
		__atomic_store_n(&m->epoch, epoch, __ATOMIC_RELEASE);
	}
	rcp_lock_drop(&lock);
	return m;
}

struct rcp_module *
rcp_module_by_id(uint32_t id)
{
	return &modules[id - 1];
}

void
rcp_modules_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_modules_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}
