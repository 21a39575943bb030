/* SPDX-License-Identifier: MIT
 *
 * objects.h - births and deaths of Python objects, as the files of
 * src/pyhooks share them.
 */
#ifndef RCP_PYHOOKS_OBJECTS_H
#define RCP_PYHOOKS_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "pyhooks/internal.h"

/* The rest of the interpreter that is needed for objects; by field. */
#define RCP_OBJECTS_FUNCTIONS(X) \
	X(list_size, "PyList_Size", ssize_t, (void *)) \
	X(list_item, "PyList_GetItem", void *, (void *, ssize_t)) \
	X(list_append, "PyList_Append", int, (void *, void *)) \
	X(long_value, "PyLong_AsSsize_t", ssize_t, (void *)) \
	X(item_delete, "PyDict_DelItemString", int, (void *, const char *)) \
	X(tuple_size, "PyTuple_Size", ssize_t, (void *)) \
	X(tuple_item, "PyTuple_GetItem", void *, (void *, ssize_t)) \
	X(str_compare, "PyUnicode_CompareWithASCIIString", int, \
	  (void *, const char *)) \
	X(interp_head, "PyInterpreterState_Head", void *, (void)) \
	X(interp_next, "PyInterpreterState_Next", void *, (void *))

struct rcp_objects_api {
#define RCP_OBJECTS_MEMBER(field, name, ret, args) ret(*field) args;
	RCP_OBJECTS_FUNCTIONS(RCP_OBJECTS_MEMBER)
#undef RCP_OBJECTS_MEMBER
	void *object_type, *type_type, *false_object;
};
extern struct rcp_objects_api rcp_objects_api;

/* --- objects.c: all of it, behind --objects ---------------------------------- */

/* Before the interpreter runs: looks for what is needed. */
void rcp_objects_install(void);
/* At the bootstrap, guard taken, where any code may run. */
void rcp_objects_begin(void (*coverage)(const char *key, const char *text));
/* Before the interpreter tears down. */
void rcp_objects_end(void);

/* Before the last snapshot of what lives. */
void rcp_objects_settle(void);

/* Begun, and not ended. */
extern bool rcp_objects_running RCP_HIDDEN;

/* The coverage has changed. */
void rcp_objects_cover(void);

/* builtin.c: the builtin module that the program would import, filled; a new
 * reference, or NULL. */
void *rcp_builtin_get(const char *name);

/* --- types.c: types by their address ------------------------------------------ */

struct rcp_pytype {
	uint32_t id;     /* rcp_object_type(); 0: no room for its name */
	uint32_t before; /* bytes of a block before the object */
	uint32_t size;   /* bytes of a block, without items */
	bool meta;       /* its instances are types */
	bool plain;      /* neither that, nor without a number */
};

/* Makes an entry for a type that is new here. */
bool rcp_pytype_get(const void *type, struct rcp_pytype *out);
/* Only one that is there. */
bool rcp_pytype_find(const void *type, struct rcp_pytype *out);
/* Makes an entry, too; true once for each number of a VISIT.  GIL held. */
bool rcp_pytype_visit(const void *type, uint32_t visit);
/* The address means another type from now on. */
void rcp_pytype_forget(const void *type);
/* Hears of each type's death, to forget it. */
void rcp_pytype_watch(void);

/* --- alive.c: sample mode: objects that are alive ------------------------------- */

void rcp_alive_begin(void);
/* P, of the object domain, was sampled.  GIL held, guard taken. */
void rcp_alive_sampled(struct rcp_tls *t, void *p);
/* Looks at all that are not known; LAST: counts what can not be told. */
void rcp_alive_look(struct rcp_tls *t, bool last);
/* The type of OP, for which a deallocator was called.  False: it is none that
 * can be told, and OP no object. */
bool rcp_alive_type_of(const void *op, struct rcp_pytype *out);

/* --- births ---------------------------------------------------------------------- */

/* births.c: an object was created. */
void rcp_births_created(void *op);
/* deaths.c: an object is being deallocated; ENTRY is where the stack was when
 * its deallocator was entered: at the return address. */
void rcp_deaths_entered(void *op, const void *const *entry);

/* Likewise as BLOCK is freed: an object in it that is alive for all we know.
 * Between rcp_enter() and rcp_leave(). */
void rcp_deaths_freed(struct rcp_tls *t, void *block,
		      const void *const *entry);

/* deaths.c: counts objects that came back to life, now that OP dies or is born;
 * NULL: none that may be one of them. */
void rcp_deaths_settle(struct rcp_tls *t, const void *op);

bool rcp_births_begin(const char **why);
/* Only deaths are asked for, where the interpreter tells of them. */
void rcp_births_begin_deaths(void);
/* PyRefTracer is in place. */
bool rcp_births_by_tracer(void);
/* By tracemalloc's hook, up to 3.12. */
bool rcp_births_by_hook(void);
void rcp_births_end(void);
const char *rcp_births_state(void); /* for the coverage */
/* From births_hook.c: it has ended by itself; WHY is static text. */
void rcp_births_given_up(const char *why);
/* Now and then, with the GIL held: is our tracer still in place? */
void rcp_births_check(void);

/* births_hook.c: by tracemalloc's hook. */
bool rcp_births_hook_begin(const char **why);
void rcp_births_hook_end(void);

/* --- deaths: deaths_find.c ------------------------------------------------------- */

/* Looks for deallocators that are not patched yet. */
void rcp_deaths_look(void);
/* TYPE, new to us, may have one: it is patched soon. */
void rcp_deaths_note(const void *type);
/* With the GIL held, wherever that may be, now and then, while
 * rcp_object_special.is.due. */
void rcp_deaths_catch_up(void);

/* due.c: a function waits to be patched; is it time, and does one?  That took
 * from BEGIN to END. */
void rcp_due_wait(void);
bool rcp_due_now(void);
void rcp_due_took(uint64_t begin, uint64_t end);
void rcp_deaths_cover(struct rcp_str *out);
/* Can deallocators be patched here? */
bool rcp_deaths_patched(void);
/* Is TYPE's deallocator one that does nothing but free? */
bool rcp_deaths_only_free(const void *type);
/* Those are found to be entered where the free is. */
void rcp_deaths_by_free(void);
/* Births are no longer known: deaths may be what tells of an object. */
void rcp_deaths_by_entry(void);

/* deaths_test.c: are deaths heard of?  Once, when all hooks stand. */
void rcp_deaths_test(void);
/* "all 10 kinds tested" */
void rcp_deaths_tested(struct rcp_str *out);
/* An object of ours, and where its deallocator was entered, and the free of its
 * memory. */
struct rcp_deaths_probe {
	const void *volatile op;
	const void *volatile entered, *volatile freed;
};
extern struct rcp_deaths_probe rcp_deaths_probe RCP_HIDDEN;

/* --- patches.c: hooks at the entries of functions -------------------------------- */

enum rcp_patched {
	RCP_PATCHED_DEALLOC, /* rcp_deaths_entered(); on from the start */
	/* Likewise, until it is found that the free comes to the same. */
	RCP_PATCHED_FREE,
	RCP_PATCHED_CLEAR, /* rcp_garbage_cleared(); during collections */
	RCP_PATCHED_KINDS,
};
bool rcp_patches_begin(void);
/* KIND's hook is called only if a sample may begin at the function's first
 * argument, or 16 or 32 bytes before it; to find that out costs 8
 * instructions.  Before the first note. */
void rcp_patches_filter(enum rcp_patched kind);
/* Is to be hooked; NULL or one that is known already: nothing happens.  True:
 * it is new. */
bool rcp_patches_note(enum rcp_patched kind, const void *function);
/* FUNCTION frees memory: it takes no objects, even where a slot has it. */
void rcp_patches_allocator(const void *function);
/* Hooks what has been noted since. */
void rcp_patches_place(void);
void rcp_patches_switch(enum rcp_patched kind, bool on);
/* "150 of 152" */
void rcp_patches_cover(enum rcp_patched kind, struct rcp_str *out);
bool rcp_patches_full(void);
/* Nothing is hooked: the program's text can not be written to. */
bool rcp_patches_refused(void);

/* garbage.c: an object's tp_clear was entered. */
void rcp_garbage_cleared(void *op, const void *const *entry);

/* --- collector.c: each run of the cyclic collector ------------------------------- */

bool rcp_collector_begin(void);

/* control.c: what the program asks of it.  MODULE: gc. */
void rcp_control_begin(void *module);

/* --- text.c: the program's code, and writing into it ------------------------------ */

struct rcp_map {
	uintptr_t start, end;
	uint64_t offset; /* in the file */
	const char *path; /* "" or "[...]": no file */
	bool execute, write;
};
struct rcp_maps {
	struct rcp_map *map;
	size_t count;
	void *memory; /* of all of it */
	size_t size;
};
bool rcp_maps_read(struct rcp_maps *m);
void rcp_maps_free(struct rcp_maps *m);
const struct rcp_map *rcp_maps_find(const struct rcp_maps *m, uintptr_t p);

/* Do SIZE bytes at P (at most 64) equal the file's? */
bool rcp_text_is_original(const struct rcp_map *map, uintptr_t p, size_t size);

/* SIZE bytes of zeroes, readable and executable, near NEAR, and
 * behind them one writable page; 0: there is no room. */
uintptr_t rcp_text_area(const struct rcp_maps *m, uintptr_t near, size_t size);

/* Writes through /proc/self/mem, whatever the protection.  All or nothing. */
bool rcp_text_write(uintptr_t p, const void *bytes, size_t size);

/* Other processors see what was written.  Ends a row of these calls, which may
 * have kept files open: no code of the program's runs before it. */
void rcp_text_sync(void);

/* --- arch_*.c: what differs by architecture ------------------------------------- */

#define RCP_PATCH_MOVED 32 /* bytes of instructions that may be moved */
#define RCP_PATCH_STUB 128 /* bytes of a stub at most */
#define RCP_PATCH_JUMP 8

/* How a function's entry can be patched. */
struct rcp_patch {
	const uint8_t *at; /* the instructions that are replaced */
	uint8_t size;      /* their bytes */
	uint8_t jump;      /* of them written over */
};

/* Once, before the others; loads what decodes instructions.  False: WHY. */
bool rcp_arch_begin(const char **why);

/* Can FUNCTION be patched, whose text goes on to END at most? */
bool rcp_arch_plan(struct rcp_patch *p, const uint8_t *function,
		   const uint8_t *end);

/* Of COUNT plans within one text [START, END), sets size to 0 where some
 * instruction may jump into the middle of what would be replaced. */
void rcp_arch_check_jumps(struct rcp_patch *const *plans, size_t count,
			  const uint8_t *start, const uint8_t *end);

/* The common part of the stubs, for address AT: calls HOOK(first argument,
 * where the return address of the function stands).  Returns its bytes. */
size_t rcp_arch_common(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
		       void (*hook)(void *op, const void *const *entry));

/* When a stub calls the common part: */
enum rcp_ask {
	RCP_ASK_FLAG,   /* unless a byte is 0 */
	RCP_ASK_FILTER, /* unless the filter of samples says no to the first
			   argument and to the 32 bytes before it */
};

/* A stub for address AT: calls the common part when WHAT (the byte, the filter)
 * says so, then runs the moved instructions and goes on in the function.  0:
 * can not be made. */
size_t rcp_arch_stub(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
		     const struct rcp_patch *p, uintptr_t common,
		     enum rcp_ask ask, uintptr_t what);

/* What is written over a function's beginning: a jump from FROM to a place
 * nearby.  Returns bytes, 0: it is too far. */
size_t rcp_arch_jump(uint8_t out[RCP_PATCH_JUMP], uintptr_t from,
		     uintptr_t to);

/* A jump to anywhere, for an area. */
size_t rcp_arch_far_jump(uint8_t out[RCP_PATCH_STUB], const void *to);

/* "return VALUE". */
size_t rcp_arch_return(uint8_t out[RCP_PATCH_JUMP], int value);

/* The first function that FUNCTION calls, among its first SIZE bytes. */
const uint8_t *rcp_arch_first_call(const uint8_t *function, size_t size);

#endif
