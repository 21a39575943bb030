/* SPDX-License-Identifier: MIT
 *
 * next.c - where the calls go on to, and the arena for what dlsym itself
 * allocates.  May run before any constructor.
 */
#include "interpose/interpose.h"

#include <dlfcn.h>
#include <stdint.h>

struct rcp_next rcp_next;
char rcp_boot_arena[RCP_BOOT_SIZE] __attribute__((aligned(16)));

static _Atomic size_t boot_used;
static _Atomic int resolved;

/* Each block is preceded by its size. */
#define HEADER 16u

void *
rcp_boot_alloc(size_t align, size_t size)
{
	size_t need, at, start;
	char *p;

	if (align < 16)
		align = 16;
	need = size + align + HEADER;
	if (need < size || need > RCP_BOOT_SIZE)
		return NULL;
	at = atomic_fetch_add(&boot_used, (need + 15) & ~(size_t)15);
	if (at + need > RCP_BOOT_SIZE)
		return NULL;
	start = (uintptr_t)(rcp_boot_arena + at + HEADER + align - 1) &
		~(align - 1);
	p = (char *)start;
	*(size_t *)(void *)(p - HEADER) = size;
	return p;
}

size_t
rcp_boot_size(const void *p)
{
	return *(const size_t *)(const void *)((const char *)p - HEADER);
}

void
rcp_next_resolve(void)
{
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = {
#define RCP_HOOK(result, name, parameters) \
	{ #name, offsetof(struct rcp_next, name) },
#include "interpose/hooks.def"
#undef RCP_HOOK
	};

	if (atomic_load_explicit(&resolved, memory_order_acquire))
		return;
	/* Two threads may both do it: they find the same. */
	rcp_boot_enter();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *f = dlsym(RTLD_NEXT, rows[i].name);

		*(void **)(void *)((char *)&rcp_next + rows[i].offset) = f;
	}
	dlerror(); /* the program's next one is not to tell of those missing */
	rcp_boot_leave();
	atomic_store_explicit(&resolved, 1, memory_order_release);
}
