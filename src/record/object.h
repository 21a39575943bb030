/* SPDX-License-Identifier: MIT
 *
 * object.h - Python objects are born and die; the rule by which each life is
 * counted once (section 10 of doc/INTERNALS.md).
 *
 * All calls are made with the GIL held, between rcp_enter() and rcp_leave().
 * An address that a hook hands us is a hint: nothing is read through it before
 * the live table has confirmed a block there.
 */
#ifndef RCP_RECORD_OBJECT_H
#define RCP_RECORD_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hot.h"
#include "base/tls.h"

struct rcp_thread;
struct rcp_block;

/* Objects are followed from now on.  COLLECTING: is the calling thread inside
 * the cyclic collector? */
void rcp_record_objects(bool (*collecting)(void));
bool rcp_record_follows_objects(void);

/* An object of TYPE (a number of rcp_object_type()) was born at BEFORE bytes
 * behind the beginning of BLOCK; SIZE bytes are sure to belong to the block,
 * should it not be known.  COLLECTING: false, if neither the thread is inside
 * the collector nor rcp_record_born_inside(). */
void rcp_record_born(struct rcp_tls *t, uintptr_t block, uint32_t type,
		     unsigned before, size_t size, bool collecting);

/* What makes births and deaths rare.  The hooks ask for all of it at once, and
 * where there is something go the whole way. */
union rcp_object_special {
	struct {
		bool off;      /* nothing is recorded */
		bool settings; /* rcp_record_settings.special */
		bool inside;  /* rcp_record_born_inside */
		/* src/pyhooks': deallocators wait to be patched, objects may
		 * come back to life, garbage is being looked at. */
		bool due, doubts, garbage;
	} is;
	uint64_t any;
};
extern union rcp_object_special rcp_object_special RCP_HIDDEN;

/* When `due` is to be set, by the clock; UINT64_MAX: never.  Until then births
 * and deaths go the short way. */
extern uint64_t rcp_object_due_at RCP_HIDDEN;

/* Is something there that was born in a collection that may be over by now? */
static inline bool
rcp_record_born_inside(void)
{
	return rcp_object_special.is.inside;
}

/* --- sample mode ------------------------------------------------------------ */

/* Are objects followed, and only those in sampled blocks? */
bool rcp_record_samples_objects(void);

/* P was allocated in the object domain: it may hold an object.  False: it is no
 * sample. */
bool rcp_record_maybe_object(void *p);

/* The first words of such a block, and its size in bytes.  False: it has been
 * freed, or it is known what it is. */
bool rcp_record_peek(uintptr_t p, uint64_t words[6], uint64_t *bytes);

/* Addresses of such blocks, ROOM at most; *AT, from 0, is where the next call
 * goes on. */
uint32_t rcp_record_maybe_objects(uint32_t *at, uintptr_t *out,
				  uint32_t room);

/* BLOCK has turned out to hold one, BEFORE bytes behind its beginning. */
void rcp_record_is_object(struct rcp_tls *t, uintptr_t block, unsigned before,
			  uint32_t type);

/* The filter lets OP by from now on, whatever it is; or no longer. */
void rcp_record_let_by(uintptr_t op, bool on);

/* What such a block holds could not be told. */
void rcp_record_untold(void);

/* How to tell what the words of such a block are when it is freed and no death
 * was told of: the type, and where its object begins; 0: it can not be told.
 * Called wherever that block is freed: it looks, and does nothing else. */
void rcp_record_tell_by(uint32_t (*tell)(const uint64_t words[6],
					 uint64_t bytes, unsigned *before));

/* --- types ------------------------------------------------------------------ */

/* Objects of TYPE die by being freed: its deallocator does nothing else. */
void rcp_record_type_is_freed(uint32_t type);

/* Some type is gone, and another one may be where it was. */
void rcp_record_type_forgotten(void);

/* The number of the type called NAME, "module.qualname" as UTF-8, with FLAGS
 * (RCP_TYPE_*); 0: no room. */
uint32_t rcp_record_type(const char *name, size_t size, uint32_t flags);

/* A deallocator was called with what turned out to be no object. */
void rcp_record_no_object(void);

/* What stands at an address that a deallocator was called with. */
enum rcp_dying {
	RCP_DYING_NOTHING, /* no object that we know of */
	RCP_DYING_AGAIN,   /* has been counted before */
	RCP_DYING_NOW,     /* has been counted now */
	RCP_DYING_UNBORN,  /* a block whose object's birth was not seen */
};

/* The object at OP is dying; ENTRY is where its deallocator's return address
 * stands; COLLECTING as above.  For RCP_DYING_UNBORN *BEFORE is how far behind
 * the block's beginning it stands; the memory may be read then. */
enum rcp_dying rcp_record_dying(struct rcp_tls *t, uintptr_t op,
				const void *const *entry, unsigned *before,
				bool collecting);

/* The cell of deaths of L, whose last ones were elsewhere, at WHERE as of EPOCH (see
 * struct rcp_life).  NULL: there is none yet, or it has to be looked for. */
struct rcp_object_cell;
struct rcp_objects;
struct rcp_life;
struct rcp_object_cell *rcp_object_other_place(struct rcp_thread *th,
					       const struct rcp_objects *o,
					       struct rcp_life *l,
					       uintptr_t where,
					       uint32_t epoch);

/* After RCP_DYING_UNBORN, when OP has turned out to be an object of TYPE: it
 * was born when its block was allocated, and dies now. */
void rcp_record_died_unborn(struct rcp_tls *t, uintptr_t op, unsigned before,
			    uint32_t type, const void *const *entry);

/* OP, whose death was counted, has references after its deallocator returned:
 * it lives again, unless something else has been done with its block. */
void rcp_record_resurrected(struct rcp_tls *t, uintptr_t op);

/* The head of the block of OP if an object whose birth was seen lives there;
 * else NULL. */
const uint32_t *rcp_record_alive(uintptr_t op, unsigned *before);

/* Has OP been counted as dead, and still has its block? */
bool rcp_record_is_dead(uintptr_t op);

/* The collector ran from TIME (ns since start) on for PAUSE ns. */
void rcp_record_collected(struct rcp_tls *t, uint64_t time, uint64_t pause,
			  uint8_t generation, uint64_t collected,
			  uint64_t uncollectable);

/* The program has set its collector so: "disable", "set_threshold 700 10 10". */
void rcp_record_gc_control(const char *text);

/* The calling thread's part before the last snapshot. */
void rcp_record_objects_rest(struct rcp_tls *t);

/* BLOCK is to be freed.  Does an object live there, of which no deallocator has
 * told?  *OP: it.  Counts that, if one should have; rcp_record_dying() is next. */
bool rcp_record_frees_alive(uintptr_t block, uintptr_t *op);

/* The memory at BLOCK of an object that may still be alive is gone: its death,
 * if no deallocator told of it.  BLOCK 0: nobody freed it either. */
void rcp_record_object_gone(struct rcp_thread *th, uintptr_t block,
			    uint32_t object, uint64_t size, uint32_t birth);

#endif
