/* SPDX-License-Identifier: MIT
 *
 * arch_x86_64.c - patches of functions' entries: what may be moved, stubs,
 * jumps.  Zydis decodes instructions; it is loaded privately at run time and
 * never while the program runs through one of our hooks.
 *
 * A function that begins with endbr64 keeps it: the jump comes behind.
 */
#include <Zydis/Zydis.h>
#include <dlfcn.h>
#include <string.h>

#include "pyhooks/objects.h"
#include "record/record.h"

#define JUMP 5
#define SHORT_REACH 130 /* bytes: as far as a jump with one byte goes */

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

static ZydisDecoder decoder;
static ZyanStatus (*decode)(const ZydisDecoder *decoder,
			    ZydisDecoderContext *context, const void *buffer,
			    ZyanUSize length,
			    ZydisDecodedInstruction *instruction);

static bool
load(void)
{
	ZyanStatus (*init)(ZydisDecoder *decoder, ZydisMachineMode mode,
			   ZydisStackWidth width);
	ZyanU64 (*version)(void);
	void *library, *p;

	library = dlopen("libZydis.so.4.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		library = dlopen("libZydis.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
	p = dlsym(library, "ZydisGetVersion");
	memcpy(&version, &p, sizeof(p));
	p = dlsym(library, "ZydisDecoderInit");
	memcpy(&init, &p, sizeof(p));
	p = dlsym(library, "ZydisDecoderDecodeInstruction");
	memcpy(&decode, &p, sizeof(p));
	return version && init && decode &&
	       ZYDIS_VERSION_MAJOR(version()) ==
		       ZYDIS_VERSION_MAJOR(ZYDIS_VERSION) &&
	       ZYAN_SUCCESS(init(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64));
}

bool
rcp_arch_begin(const char **why)
{
	static bool tried, loaded;
	struct rcp_tls *t = &rcp_tls;

	if (!tried) {
		t->boot++;
		loaded = load();
		/* Not the program's next dlerror(). */
		dlerror();
		t->boot--;
		tried = true;
	}
	if (!loaded)
		*why = "libZydis 4 is not there (package libzydis4.0)";
	return loaded;
}

/* --- decoding --------------------------------------------------------------- */

static bool
read_one(const uint8_t *at, const uint8_t *end, ZydisDecodedInstruction *out)
{
	size_t room = (size_t)(end - at);

	if (at >= end)
		return false;
	return ZYAN_SUCCESS(decode(&decoder, NULL, at,
				   room < ZYDIS_MAX_INSTRUCTION_LENGTH ?
					   room :
					   ZYDIS_MAX_INSTRUCTION_LENGTH,
				   out));
}

/* A branch or call to an address relative to the next instruction. */
static bool
is_branch(const ZydisDecodedInstruction *i)
{
	return i->raw.imm[0].is_relative;
}

static const uint8_t *
target_of(const ZydisDecodedInstruction *i, const uint8_t *at)
{
	return at + i->length + i->raw.imm[0].value.s;
}

/* mod 0, r/m 5: an address relative to the next instruction. */
static bool
is_rip_relative(const ZydisDecodedInstruction *i)
{
	return (i->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
	       i->raw.modrm.mod == 0 && i->raw.modrm.rm == 5;
}

static bool
is_jcc(const ZydisDecodedInstruction *i)
{
	return i->meta.category == ZYDIS_CATEGORY_COND_BR &&
	       i->mnemonic != ZYDIS_MNEMONIC_JCXZ &&
	       i->mnemonic != ZYDIS_MNEMONIC_JECXZ &&
	       i->mnemonic != ZYDIS_MNEMONIC_JRCXZ &&
	       i->mnemonic != ZYDIS_MNEMONIC_LOOP &&
	       i->mnemonic != ZYDIS_MNEMONIC_LOOPE &&
	       i->mnemonic != ZYDIS_MNEMONIC_LOOPNE;
}

static bool
can_move(const ZydisDecodedInstruction *i)
{
	if (!is_branch(i))
		return !is_rip_relative(i) || i->raw.disp.size == 32;
	return is_jcc(i) || i->mnemonic == ZYDIS_MNEMONIC_JMP ||
	       i->mnemonic == ZYDIS_MNEMONIC_CALL;
}

/* Nothing behind it is reached. */
static bool
is_last(const ZydisDecodedInstruction *i)
{
	return i->mnemonic == ZYDIS_MNEMONIC_RET ||
	       i->mnemonic == ZYDIS_MNEMONIC_JMP ||
	       i->mnemonic == ZYDIS_MNEMONIC_UD2;
}

static bool
is_padding(const ZydisDecodedInstruction *i)
{
	return i->mnemonic == ZYDIS_MNEMONIC_NOP ||
	       i->mnemonic == ZYDIS_MNEMONIC_INT3;
}

static bool
is_inside(const struct rcp_patch *p, const uint8_t *target)
{
	return target > p->at && target < p->at + JUMP;
}

static bool
is_short_branch(uint8_t opcode)
{
	return (opcode & 0xf0) == 0x70 || (opcode & 0xfc) == 0xe0 ||
	       opcode == 0xeb;
}

/* Whatever instructions there are up to END: might one of them jump into what
 * will be written over?  Decoding all of them takes far longer. */
static bool
may_jump_back(const struct rcp_patch *p, const uint8_t *at,
	      const uint8_t *end)
{
	int32_t far;

	for (; end - at >= 2; at++) {
		if (is_short_branch(at[0]) &&
		    is_inside(p, at + 2 + (int8_t)at[1]))
			return true;
		if (end - at < 4)
			continue;
		memcpy(&far, at, 4);
		if (far < 0 && far >= -SHORT_REACH - JUMP - 4 &&
		    is_inside(p, at + 4 + far))
			return true;
	}
	return false;
}

/* Does the function itself jump into what will be written over? */
static bool
jumps_back(const struct rcp_patch *p, const uint8_t *function,
	   const uint8_t *end)
{
	ZydisDecodedInstruction i;

	if (end - function > SHORT_REACH + JUMP)
		end = function + SHORT_REACH + JUMP;
	if (!may_jump_back(p, function, end))
		return false;
	for (; read_one(function, end, &i); function += i.length)
		if (is_branch(&i) && is_inside(p, target_of(&i, function)))
			return true;
	return false;
}

bool
rcp_arch_plan(struct rcp_patch *p, const uint8_t *function,
	      const uint8_t *end)
{
	ZydisDecodedInstruction i;
	bool over = false;

	p->at = function;
	if (end - function > 16 && memcmp(function, endbr64, 4) == 0)
		p->at += sizeof(endbr64);
	p->jump = JUMP;
	for (p->size = 0; p->size < JUMP; p->size += i.length) {
		if (!read_one(p->at + p->size, end, &i) || !can_move(&i) ||
		    (over && !is_padding(&i)))
			return false;
		over = over || is_last(&i);
	}
	return p->size <= RCP_PATCH_MOVED && !jumps_back(p, function, end);
}

/* --- writing code ----------------------------------------------------------------- */

struct code {
	uint8_t *out;
	size_t size;
	uintptr_t at; /* address that OUT is for */
	bool failed;
};

static void
put(struct code *c, const void *bytes, size_t size)
{
	if (size > RCP_PATCH_STUB || c->size > RCP_PATCH_STUB - size) {
		c->failed = true;
		return;
	}
	memcpy(c->out + c->size, bytes, size);
	c->size += size;
}

/* The 32 bits that lead from the end of an instruction, MORE bytes behind
 * them, to TARGET. */
static void
put_distance(struct code *c, uintptr_t target, unsigned more)
{
	int64_t d = (int64_t)(target - (c->at + c->size + 4 + more));
	int32_t d32 = (int32_t)d;

	c->failed |= d != d32;
	put(c, &d32, 4);
}

static void
put_opcode(struct code *c, uint8_t opcode, uintptr_t target)
{
	put(c, &opcode, 1);
	put_distance(c, target, 0);
}

/* The call's return address is the original one, so that whoever unwinds from
 * below finds the function's own rules. */
static void
put_call(struct code *c, uintptr_t target, uintptr_t back)
{
	static const uint8_t push[] = { 0xff, 0x35, 5, 0, 0, 0 };

	put(c, push, sizeof(push));
	put_opcode(c, 0xe9, target);
	put(c, &back, 8);
}

static void
put_branch(struct code *c, const ZydisDecodedInstruction *i,
	   const uint8_t *from)
{
	uintptr_t target = (uintptr_t)target_of(i, from);
	uint8_t jcc[2] = { 0x0f, 0x80 };

	if (i->mnemonic == ZYDIS_MNEMONIC_CALL) {
		put_call(c, target, (uintptr_t)from + i->length);
	} else if (i->mnemonic == ZYDIS_MNEMONIC_JMP) {
		put_opcode(c, 0xe9, target);
	} else {
		jcc[1] |= i->opcode & 0x0f;
		put(c, jcc, 2);
		put_distance(c, target, 0);
	}
}

static void
put_moved(struct code *c, const ZydisDecodedInstruction *i,
	  const uint8_t *from)
{
	unsigned offset = i->raw.disp.offset;

	if (is_branch(i)) {
		put_branch(c, i, from);
	} else if (is_rip_relative(i)) {
		put(c, from, offset);
		put_distance(c,
			     (uintptr_t)from + i->length +
				     (uintptr_t)i->raw.disp.value,
			     i->length - offset - 4);
		put(c, from + offset + 4, i->length - offset - 4u);
	} else {
		put(c, from, i->length);
	}
}

/* Equal: the common part is not called. */
static void
put_flag(struct code *c, uintptr_t flag)
{
	static const uint8_t cmp[] = { 0x80, 0x3d }, zero[] = { 0 };

	put(c, cmp, sizeof(cmp));
	put_distance(c, flag, 1);
	put(c, zero, 1);
}

/* The counters of an address and of the 48 bytes before it are neighbours.
 * rax and r11 are nobody's at a function's entry (see rcp_arch_common). */
static void
put_filter(struct code *c, uintptr_t filter)
{
	static const uint8_t index[] = {
		0x89, 0xf8,       /* mov eax, edi */
		0xc1, 0xe8, 0x04, /* shr eax, 4 */
		0x25,             /* and eax, RCP_FILTER_SLOTS - 1 */
	};
	static const uint8_t base[] = { 0x49, 0xbb }; /* mov r11, FILTER */
	/* cmp dword [r11 + rax - 3], 0 */
	static const uint8_t cmp[] = { 0x41, 0x83, 0x7c, 0x03, 0xfd, 0x00 };
	uint32_t mask = RCP_FILTER_SLOTS - 1;

	put(c, index, sizeof(index));
	put(c, &mask, 4);
	put(c, base, sizeof(base));
	put(c, &filter, 8);
	put(c, cmp, sizeof(cmp));
}

size_t
rcp_arch_stub(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
	      const struct rcp_patch *p, uintptr_t common, enum rcp_ask ask,
	      uintptr_t what)
{
	static const uint8_t je_over_call[] = { 0x74, 0x05 };
	const uint8_t *from = p->at, *end = p->at + p->size;
	struct code c = { .out = out, .at = at };
	ZydisDecodedInstruction i;

	if (ask == RCP_ASK_FILTER)
		put_filter(&c, what);
	else
		put_flag(&c, what);
	put(&c, je_over_call, sizeof(je_over_call));
	put_opcode(&c, 0xe8, common);
	for (; from < end; from += i.length) {
		if (!read_one(from, end, &i))
			return 0;
		put_moved(&c, &i, from);
	}
	put_opcode(&c, 0xe9, (uintptr_t)end);
	return c.failed ? 0 : c.size;
}

/* All registers that a function may change stay as they were, but for those
 * of floating point: no deallocator is given any, and each calls functions
 * through pointers, so that no caller counts on them. */
size_t
rcp_arch_common(uint8_t out[RCP_PATCH_STUB], uintptr_t at,
		void (*hook)(void *op, const void *const *entry))
{
	static const uint8_t before[] = {
		0x50, 0x51, 0x52, 0x56, 0x57, /* push rax rcx rdx rsi rdi */
		0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53, /* r8-r11 */
		0x48, 0x8d, 0x74, 0x24, 0x50, /* lea rsi, [rsp + 80] */
		0x48, 0x83, 0xec, 0x08,       /* sub rsp, 8 */
		0x48, 0xb8,                   /* mov rax, HOOK */
	};
	static const uint8_t after[] = {
		0xff, 0xd0,             /* call rax */
		0x48, 0x83, 0xc4, 0x08, /* add rsp, 8 */
		0x41, 0x5b, 0x41, 0x5a, 0x41, 0x59, 0x41, 0x58,
		0x5f, 0x5e, 0x5a, 0x59, 0x58, 0xc3,
	};
	struct code c = { .out = out, .at = at };

	put(&c, before, sizeof(before));
	put(&c, &hook, 8);
	put(&c, after, sizeof(after));
	return c.size;
}

size_t
rcp_arch_jump(uint8_t out[RCP_PATCH_JUMP], uintptr_t from, uintptr_t to)
{
	uint8_t room[RCP_PATCH_STUB] = { 0 };
	struct code c = { .out = room, .at = from };

	put_opcode(&c, 0xe9, to);
	memcpy(out, room, JUMP);
	return c.failed ? 0 : c.size;
}

size_t
rcp_arch_far_jump(uint8_t out[RCP_PATCH_STUB], const void *to)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	struct code c = { .out = out };

	put(&c, jump, sizeof(jump));
	put(&c, &to, 8);
	return c.size;
}

size_t
rcp_arch_return(uint8_t out[RCP_PATCH_JUMP], int value)
{
	out[0] = 0xb8; /* mov eax, VALUE */
	memcpy(out + 1, &value, 4);
	out[5] = 0xc3;
	return 6;
}

const uint8_t *
rcp_arch_first_call(const uint8_t *function, size_t size)
{
	const uint8_t *end = function + size;
	ZydisDecodedInstruction i;

	for (; read_one(function, end, &i); function += i.length)
		if (i.mnemonic == ZYDIS_MNEMONIC_CALL && is_branch(&i))
			return target_of(&i, function);
	return NULL;
}
