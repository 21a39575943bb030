/* SPDX-License-Identifier: MIT
 *
 * unwind_tail.c - calls through code that is in no module: where it ends right
 * behind the call, its end leads to the caller; where it does not, the stack
 * ends there.
 */
#include <string.h>
#include <sys/mman.h>

#include "tap/tap.h"
#include "unwind/unwind.h"

#define NOINLINE __attribute__((noinline, noipa))
#define PAGE 4096

static struct rcp_trace trace;
static uint8_t *page;

/* What was found from inside the call. */
static struct {
	uintptr_t ip[64];
	unsigned n;
	bool broken;
} found;

/* Code: up to and with a call of the first argument, and the rest. */
static const struct code {
	const char *what;
	uint8_t head[16], head_size, tail[16], tail_size;
	bool known;
} codes[] = {
	{ "add rsp, 8",
	  { 0x48, 0x83, 0xec, 0x08, 0xff, 0xd7 },
	  6,
	  { 0x48, 0x83, 0xc4, 0x08, 0xc3 },
	  5,
	  true },
	{ "pop rbp",
	  { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7 },
	  6,
	  { 0x5d, 0xc3 },
	  2,
	  true },
	{ "a large frame, rbx, rbp and r12",
	  { 0x41, 0x54, 0x55, 0x53, 0x48, 0x81, 0xec, 0x00, 0x04, 0, 0, 0xff,
	    0xd7 },
	  13,
	  { 0x48, 0x81, 0xc4, 0x00, 0x04, 0, 0, 0x5b, 0x5d, 0x41, 0x5c, 0xc3 },
	  12,
	  true },
	{ "more to do behind the call",
	  { 0x48, 0x83, 0xec, 0x08, 0xff, 0xd7 },
	  6,
	  { 0x31, 0xc0, 0x48, 0x83, 0xc4, 0x08, 0xc3 },
	  7,
	  false },
};

static void
write_code(uint8_t *at, const struct code *c)
{
	memcpy(at, c->head, c->head_size);
	memcpy(at + c->head_size, c->tail, c->tail_size);
}

static NOINLINE void
look(void)
{
	struct rcp_step *changed, *e;

	found.n = 0;
	rcp_unwind(&trace, __builtin_frame_address(0), &changed);
	found.broken = trace.broken;
	for (e = trace.leaf; e < rcp_trace_end(&trace); e++)
		if (rcp_step_is_frame(e) && found.n < 64)
			found.ip[found.n++] = e->value;
}

static NOINLINE void
inner(void)
{
	look();
	__asm__ volatile("" ::: "memory");
}

/* AT's code calls inner() from here.  Its frame is in `found`, and this one,
 * whose own stack, the same but for its call, is taken before. */
static NOINLINE void
check(const uint8_t *at, const struct code *c, const char *what)
{
	uintptr_t outer[64], here, back = (uintptr_t)at + c->head_size;
	void (*call)(void (*)(void));
	unsigned n, i;

	trace.start = NULL;
	look();
	n = found.n;
	memcpy(outer, found.ip, sizeof(outer));
	memcpy(&call, &at, sizeof(call));
	call(inner);
	here = (uintptr_t)check;
	for (i = 0; i < found.n && found.ip[i] != back; i++)
		;
	ok(i < found.n, "%s, %s: the code's frame", c->what, what);
	if (!c->known) {
		ok(found.broken && i + 1 == found.n, "%s, %s: and no more",
		   c->what, what);
		return;
	}
	ok(!found.broken && found.n - i == n + 1 &&
		   found.ip[i + 1] - here < PAGE &&
		   memcmp(&found.ip[i + 2], &outer[1],
			  (n - 1) * sizeof(outer[0])) == 0,
	   "%s, %s: and its caller's", c->what, what);
}

int
main(void)
{
	const size_t count = sizeof(codes) / sizeof(codes[0]);

	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		ok(true, "no page for code # SKIP the system refuses");
		return done_testing();
	}
	mprotect(page + PAGE, PAGE, PROT_NONE);
	rcp_trace_begin(&trace);
	for (size_t i = 0; i < count; i++) {
		const struct code *c = &codes[i];

		write_code(page + 64 * i, c);
		check(page + 64 * i, c, "in the page");
		/* Behind the last byte nothing can be read. */
		write_code(page + PAGE - c->head_size - c->tail_size, c);
		check(page + PAGE - c->head_size - c->tail_size, c,
		      "at its end");
	}
	/* Other code at the same place, with the same return address. */
	for (size_t i = 0; i < 4; i++) {
		write_code(page + 2048, &codes[i % 2 ? 3 : 0]);
		check(page + 2048, &codes[i % 2 ? 3 : 0], "overwritten");
	}
	return done_testing();
}
