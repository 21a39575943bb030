/* SPDX-License-Identifier: MIT
 *
 * unwind_pages.c - stacks that take turns and stand on two pages: they are
 * known, and the second page is left alone unless unwinding would get there.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "tap/tap.h"
#include "unwind/unwind.h"
#include "unwind/variants.h"

#define PAGE 4096
#define FRAMES 14
#define TURNING 6 /* of those, the innermost */
#define FRAME_BYTES 32

/* Code whose frames have that many bytes: any of its instructions may be where a
 * call returns to. */
#ifdef __x86_64__
__asm__(".text\n"
	"pages_code:\n"
	".cfi_startproc\n"
	"	sub $24, %rsp\n"
	".cfi_def_cfa_offset 32\n"
	".rept 80\n"
	"	nop\n"
	".endr\n"
	"	add $24, %rsp\n"
	".cfi_def_cfa_offset 8\n"
	"	ret\n"
	".cfi_endproc\n");
extern const char pages_code[] __attribute__((visibility("hidden")));
#else
static const char pages_code[1];
#endif

static struct rcp_trace trace;
static char *pages; /* three of them */
static unsigned known, wrong;

static uintptr_t
site(unsigned i)
{
	return (uintptr_t)pages_code + 8 + i;
}

static uintptr_t *
word(uintptr_t *frame, unsigned i)
{
	return frame + 1 + (size_t)i * (FRAME_BYTES / sizeof(*frame));
}

/* Is the trace what stands there?  The node of each step is 1. */
static void
compare(uintptr_t *frame, const struct rcp_variant *v)
{
	const struct rcp_step *e = trace.leaf;
	uintptr_t ip;

	for (unsigned i = 0; i <= FRAMES; i++, e++) {
		ip = v && e < rcp_variant_base(&trace) ? v->value[i] : e->value;
		wrong += e->slot != word(frame, i) || ip != *word(frame, i);
	}
	wrong += e != rcp_trace_end(&trace);
}

static void
look(uintptr_t *frame)
{
	const struct rcp_variant *v = rcp_variant_find(&trace, frame);
	struct rcp_step *changed;

	if (v) {
		known++;
	} else if (rcp_unwind(&trace, frame, &changed) ==
		   RCP_UNWOUND_CHANGED) {
		(void)rcp_variant_keep(&trace, trace.leaf + 1, changed);
	}
	compare(frame, v);
}

/* A few hundred stacks from FRAME on. */
static void
turns(uintptr_t *frame)
{
	uint32_t random = 1;

	known = 0;
	for (unsigned n = 0; n < 600; n++) {
		random = random * 1664525 + 1013904223;
		for (unsigned i = 1; i < TURNING; i++)
			*word(frame, i) = site(2 * i + (random >> (16 + i) & 1));
		look(frame);
	}
}

/* So that NEAR of the words are on the first page. */
static void
two_pages(unsigned near)
{
	uintptr_t *frame = (uintptr_t *)(void *)(pages + 2 * PAGE) - 1 -
			   (size_t)near * (FRAME_BYTES / sizeof(*frame));
	const struct rcp_variant *v;
	struct rcp_step *changed;
	unsigned n = 0;

	memset(pages, 0, 3 * PAGE);
	for (unsigned i = 0; i < FRAMES; i++)
		*word(frame, i) = site(i);
	rcp_trace_forget(&trace);
	turns(frame);
	ok(near ? known > 300 : known == 0, "%u words on the first page: %u known",
	   near, known);
	if (!near || near > TURNING)
		return;
	/* As on a stack that ends there. */
	mprotect(pages + 2 * PAGE, PAGE, PROT_NONE);
	for (unsigned i = 0; i < near; i++) {
		uintptr_t old = *word(frame, i);

		*word(frame, i) = 0;
		v = rcp_variant_find(&trace, frame);
		n += v != NULL;
		*word(frame, i) = old;
	}
	*word(frame, near - 1) = 0;
	n += rcp_unwind(&trace, frame, &changed) != RCP_UNWOUND_CHANGED;
	ok(n == 0 && rcp_trace_end(&trace) - trace.leaf == near,
	   "and the other one is left alone, with stacks of at most %u", near);
	mprotect(pages + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

int
main(void)
{
	if (!rcp_unwind_works())
		skip_all("this libc has no _dl_find_object");
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return 1;
	rcp_trace_begin(&trace);
	for (unsigned near = 0; near <= FRAMES; near++)
		two_pages(near);
	ok(wrong == 0, "each word of each stack is what stands there");
	return done_testing();
}
