/* SPDX-License-Identifier: MIT
 *
 * interpose.h - what interpose shows: the next definitions, its events, the
 * boot arena.
 */
#ifndef RCP_INTERPOSE_INTERPOSE_H
#define RCP_INTERPOSE_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/tls.h"

/* The next definition of each hooked function.  Filled by rcp_next_resolve();
 * optional ones (free_sized) may stay NULL. */
struct rcp_next {
#define RCP_HOOK(result, name, parameters) result(*name) parameters;
#include "interpose/hooks.def"
#undef RCP_HOOK
};
extern struct rcp_next rcp_next RCP_HIDDEN;

/* Fills rcp_next; cheap when done.  Our own dl* calls: see rcp_boot_enter. */
void rcp_next_resolve(void);

/* What the composition root wants to hear.  Set in its data, before any code
 * of ours can run; every member is set.  Called without the guard, in the
 * calling thread; `begin` before the real call, `end` after its return. */
struct rcp_interpose_events {
	void (*start)(void);              /* first hook: set everything up */
	void (*exiting)(int status);      /* _exit, _Exit */
	void (*exec_begin)(const char *path);
	void (*exec_failed)(int error);
	void (*loaded)(void *handle);     /* dlopen returned */
	void (*deep_bound)(const char *path); /* by RTLD_DEEPBIND */
	void (*unloading)(void);          /* dlclose is called */
	void (*unloaded)(void);           /* dlclose returned */
	void (*identity_begin)(void);     /* identity.c */
	void (*identity_end)(void);
};
extern const struct rcp_interpose_events rcp_interpose_events;

/* loader.c: looks at what this thread has loaded unseen, if it has. */
extern _Atomic(struct rcp_tls *) rcp_loader_went;
void rcp_loader_look(void);
void rcp_loader_look_at(const void *caller);

static inline void
rcp_loader_attend(void)
{
	if (__builtin_expect(atomic_load_explicit(&rcp_loader_went,
						  memory_order_relaxed) ==
				     &rcp_tls,
			     0))
		rcp_loader_look();
}

/* From mmap, which a signal handler may call: no dl* call, unless CALLER is an
 * interpreter's code. */
static inline void
rcp_loader_attend_by(const void *caller)
{
	if (__builtin_expect(atomic_load_explicit(&rcp_loader_went,
						  memory_order_relaxed) ==
				     &rcp_tls,
			     0))
		rcp_loader_look_at(caller);
}

/* Around calls of ours into libdl, pthread and the like: hooks pass on, and
 * what the call allocates comes from the boot arena, so that it is never a
 * block of the program's allocator.  Nests. */
static inline void
rcp_boot_enter(void)
{
	rcp_tls.guard++;
	rcp_tls.boot++;
}

static inline void
rcp_boot_leave(void)
{
	rcp_tls.boot--;
	rcp_tls.guard--;
}

/* The boot arena: a fixed range, so one comparison tells its blocks.  Blocks
 * are never reused. */
#define RCP_BOOT_SIZE (512ul << 10)
extern char rcp_boot_arena[RCP_BOOT_SIZE] RCP_HIDDEN;

void *rcp_boot_alloc(size_t align, size_t size);
size_t rcp_boot_size(const void *p);

static inline bool
rcp_boot_owns(const void *p)
{
	return (size_t)((const char *)p - rcp_boot_arena) < RCP_BOOT_SIZE;
}

/* True when a hook has to do more than pass on plainly: the next definitions
 * are missing, or the call is ours. */
#define RCP_EXPORT __attribute__((visibility("default")))

#endif
