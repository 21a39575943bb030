/* native.c - what the Python programs under test do in C, where they know
 * every call to the allocator.  Loaded by ctypes: with PyDLL where the GIL is
 * to be held, with CDLL where not.  Knows CPython by dlsym only, so that one
 * build serves all versions. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RAW, MEM, OBJ, LIBC, DOMAINS };
enum { MAX_HELD = 200000, MAX_THREADS = 128 };

struct domain {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	long held;
	void *block[MAX_HELD];
};
static struct domain domains[DOMAINS] = {
	[LIBC] = { malloc, calloc, realloc, free, 0, { 0 } },
};

static void (*mark)(const char *);
static int (*gil_ensure)(void);
static void (*gil_release)(int);
static void *(*call_object)(void *, void *);
static void (*dec_ref)(void *);

static void
find(struct domain *d, const char *m, const char *c, const char *r,
     const char *f)
{
	*(void **)&d->malloc = dlsym(RTLD_DEFAULT, m);
	*(void **)&d->calloc = dlsym(RTLD_DEFAULT, c);
	*(void **)&d->realloc = dlsym(RTLD_DEFAULT, r);
	*(void **)&d->free = dlsym(RTLD_DEFAULT, f);
}

__attribute__((constructor)) static void
init(void)
{
	find(&domains[RAW], "PyMem_RawMalloc", "PyMem_RawCalloc",
	     "PyMem_RawRealloc", "PyMem_RawFree");
	find(&domains[MEM], "PyMem_Malloc", "PyMem_Calloc", "PyMem_Realloc",
	     "PyMem_Free");
	find(&domains[OBJ], "PyObject_Malloc", "PyObject_Calloc",
	     "PyObject_Realloc", "PyObject_Free");
	*(void **)&mark = dlsym(RTLD_DEFAULT, "rcprof_mark");
	*(void **)&gil_ensure = dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
	*(void **)&gil_release = dlsym(RTLD_DEFAULT, "PyGILState_Release");
	*(void **)&call_object = dlsym(RTLD_DEFAULT, "PyObject_CallObject");
	*(void **)&dec_ref = dlsym(RTLD_DEFAULT, "Py_DecRef");
}

/* --- blocks that are kept, by domain ------------------------------------- */

void
take(int domain, long n, size_t size)
{
	struct domain *d = &domains[domain];

	for (long i = 0; i < n; i++)
		d->block[d->held++] = d->malloc(size);
}

void
take_zeroed(int domain, long n, size_t count, size_t size)
{
	struct domain *d = &domains[domain];

	for (long i = 0; i < n; i++)
		d->block[d->held++] = d->calloc(count, size);
}

/* realloc of NULL allocates. */
void
take_by_realloc(int domain, long n, size_t size)
{
	struct domain *d = &domains[domain];

	for (long i = 0; i < n; i++)
		d->block[d->held++] = d->realloc(NULL, size);
}

void
resize(int domain, long n, size_t size)
{
	struct domain *d = &domains[domain];

	for (long i = 0; i < n && i < d->held; i++)
		d->block[i] = d->realloc(d->block[i], size);
}

/* No block gets this size: returns how many stayed as they were. */
long
resize_fails(int domain, long n)
{
	struct domain *d = &domains[domain];
	long failed = 0;

	for (long i = 0; i < n && i < d->held; i++) {
		void *p = d->realloc(d->block[i], (size_t)1 << 60);

		if (p)
			d->block[i] = p;
		else
			failed++;
	}
	return failed;
}

void
drop(int domain, long n)
{
	struct domain *d = &domains[domain];

	for (long i = 0; i < n; i++)
		d->free(NULL);
	while (n-- > 0 && d->held)
		d->free(d->block[--d->held]);
}

/* --- profile functions ----------------------------------------------------- */

static int
nothing(void *self, void *frame, int what, void *arg)
{
	(void)self;
	(void)frame;
	(void)what;
	(void)arg;
	return 0;
}

/* What the interpreter allocates to tell a profile function of a call, it
 * allocates for this one as well. */
void
profile_nothing(void)
{
	void (*set)(int (*)(void *, void *, int, void *), void *);

	*(void **)&set = dlsym(RTLD_DEFAULT, "PyEval_SetProfile");
	set(nothing, NULL);
}

/* --- lifetimes ------------------------------------------------------------ */

/* n times: `distance` blocks are made before the first of them is freed,
 * so that it lives to its thread's distance-th next allocation. */
void
queue(int domain, long n, long distance, size_t size)
{
	struct domain *d = &domains[domain];
	void *ring[64] = { 0 };

	for (long i = 0; i < n; i++) {
		long slot = i % (distance + 1);

		ring[slot] = d->malloc(size);
		if (i >= distance) {
			d->free(ring[(i + 1) % (distance + 1)]);
			ring[(i + 1) % (distance + 1)] = NULL;
		}
	}
	for (int i = 0; i < 64; i++)
		d->free(ring[i]);
}

/* --- a storm that keeps its own books -------------------------------------- */

struct books {
	int64_t allocations, allocated_bytes, frees, freed_bytes;
	int64_t live_bytes, live_blocks, peak_bytes, peak_blocks;
};

static uint64_t
next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
booked(struct books *b, size_t size, int sign)
{
	if (sign > 0) {
		b->allocations++;
		b->allocated_bytes += (int64_t)size;
	} else {
		b->frees++;
		b->freed_bytes += (int64_t)size;
	}
	b->live_bytes += sign * (int64_t)size;
	b->live_blocks += sign;
	if (b->live_bytes > b->peak_bytes) {
		b->peak_bytes = b->live_bytes;
		b->peak_blocks = b->live_blocks;
	}
}

/* Random calls in random domains on `slots` blocks; all freed at the end if
 * `clean`.  At the highest moment so far nothing else of the process moves. */
void
storm(uint64_t seed, long steps, long slots, int clean, struct books *b)
{
	struct slot { void *p; size_t size; int domain; } *slot;
	uint64_t state = seed * 2654435769u + 1;

	/* Not by an allocator: the books are of the storm's blocks alone. */
	static struct slot all[4096];
	slot = all;
	memset(b, 0, sizeof(*b));
	for (long i = 0; i < steps; i++) {
		struct slot *s = &slot[next(&state) % (uint64_t)slots];
		size_t size = next(&state) % 8 ? next(&state) % 700
					       : next(&state) % 70000;

		if (!s->p) {
			s->domain = (int)(next(&state) % DOMAINS);
			s->p = next(&state) % 4
				? domains[s->domain].malloc(size)
				: domains[s->domain].calloc(1, size);
			s->size = size;
			booked(b, size, 1);
		} else if (next(&state) % 3 == 0 && size) {
			void *p = domains[s->domain].realloc(s->p, size);

			s->p = p;
			booked(b, s->size, -1);
			booked(b, size, 1);
			s->size = size;
		} else {
			domains[s->domain].free(s->p);
			booked(b, s->size, -1);
			s->p = NULL;
		}
	}
	for (long i = 0; clean && i < slots; i++) {
		if (slot[i].p) {
			domains[slot[i].domain].free(slot[i].p);
			booked(b, slot[i].size, -1);
			slot[i].p = NULL;
		}
	}
}

void
mark_here(const char *text)
{
	if (mark)
		mark(text);
}

/* --- threads ------------------------------------------------------------- */

struct work {
	void *callable;
	long n;
	size_t size;
	int domain;
};

static void *
python_thread(void *arg)
{
	struct work *w = arg;

	for (long i = 0; i < w->n; i++) {
		int state = gil_ensure();
		void *result = call_object(w->callable, NULL);

		if (result)
			dec_ref(result);
		gil_release(state);
	}
	return NULL;
}

static void *
plain_thread(void *arg)
{
	struct work *w = arg;
	struct domain *d = &domains[w->domain];

	for (long i = 0; i < w->n; i++) {
		void *volatile p = d->malloc(w->size);

		*(volatile char *)p = 1;
		d->free(p);
	}
	return NULL;
}

static void
run_threads(int threads, void *(*body)(void *), struct work *w)
{
	static pthread_t thread[MAX_THREADS];

	for (int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, body, w);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

/* C threads that Python does not know call `callable` n times each, through
 * PyGILState.  Call without the GIL. */
void
python_threads(int threads, long n, void *callable)
{
	struct work w = { .callable = callable, .n = n };

	run_threads(threads, python_thread, &w);
}

/* C threads that never see Python malloc and free n blocks each. */
void
plain_threads(int threads, long n, size_t size)
{
	struct work w = { .n = n, .size = size, .domain = LIBC };

	run_threads(threads, plain_thread, &w);
}

/* Never comes back: ctypes has let go of the GIL. */
void
churn(void)
{
	for (unsigned n = 0;; n++) {
		void *volatile p = malloc(16 + n % 512);

		free(p);
	}
}

/* --- calling back ---------------------------------------------------------- */

void
call_back(void (*function)(void), int depth)
{
	if (depth > 0)
		call_back(function, depth - 1);
	else
		function();
}
