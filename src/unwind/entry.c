/* SPDX-License-Identifier: MIT
 *
 * entry.c - from an address to its entry of .eh_frame, by the sorted table
 * that the linker leaves in PT_GNU_EH_FRAME.  The formats are those of the
 * Linux Standard Base, "Exception Frames".
 */
#include <dlfcn.h>
#include <string.h>

#include "unwind/cfi.h"
#include "unwind/unwind.h"

int _dl_find_object(void *address, struct dl_find_object *out)
	__attribute__((weak));

/* Encodings of pointers. */
#define PE_FORMAT 0x0f
#define PE_APPLY 0x70
#define PE_ABSPTR 0x00
#define PE_UDATA2 0x02
#define PE_UDATA4 0x03
#define PE_UDATA8 0x04
#define PE_SDATA2 0x0a
#define PE_SDATA4 0x0b
#define PE_SDATA8 0x0c
#define PE_PCREL 0x10
#define PE_DATAREL 0x30
#define PE_OMIT 0xff

#define LINKER_TABLE (PE_DATAREL | PE_SDATA4)

uint64_t
rcp_cfi_fixed(struct rcp_cfi_bytes *b, unsigned size)
{
	uint64_t value = 0;

	if ((size_t)(b->end - b->p) < size) {
		b->failed = true;
		b->p = b->end;
		return 0;
	}
	memcpy(&value, b->p, size); /* little-endian, as the machine */
	b->p += size;
	return value;
}

uint64_t
rcp_cfi_uleb(struct rcp_cfi_bytes *b)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)rcp_cfi_fixed(b, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

int64_t
rcp_cfi_sleb(struct rcp_cfi_bytes *b)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)rcp_cfi_fixed(b, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && byte & 0x40)
		value |= ~(uint64_t)0 << shift;
	return (int64_t)value;
}

static uint64_t
encoded(struct rcp_cfi_bytes *b, unsigned encoding)
{
	uintptr_t here = (uintptr_t)b->p;
	uint64_t value;

	switch (encoding & PE_FORMAT) {
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8:
		value = rcp_cfi_fixed(b, 8);
		break;
	case PE_UDATA4:
		value = rcp_cfi_fixed(b, 4);
		break;
	case PE_SDATA4:
		value = (uint64_t)(int64_t)(int32_t)rcp_cfi_fixed(b, 4);
		break;
	case PE_UDATA2:
		value = rcp_cfi_fixed(b, 2);
		break;
	case PE_SDATA2:
		value = (uint64_t)(int64_t)(int16_t)rcp_cfi_fixed(b, 2);
		break;
	default:
		b->failed = true;
		return 0;
	}
	if ((encoding & PE_APPLY) == PE_PCREL)
		value += here;
	else if (encoding & PE_APPLY)
		b->failed = true;
	return value;
}

/* A record's length; B becomes its contents.  ALL ends it. */
static bool
open_record(struct rcp_cfi_bytes *b, const uint8_t *all)
{
	uint64_t size;

	b->end = all;
	b->failed = false;
	size = rcp_cfi_fixed(b, 4);
	if (size == UINT32_MAX)
		size = rcp_cfi_fixed(b, 8);
	if (b->failed || size < 4 || size > (uint64_t)(all - b->p))
		return false;
	b->end = b->p + size;
	return true;
}

/* What a common part's augmentation says of pointers; UNKNOWN_AUGMENTATION
 * for one that we do not know. */
#define UNKNOWN_AUGMENTATION 0x100u

static unsigned
augmentation(struct rcp_cfi_bytes *b, const char *letters)
{
	unsigned encoding = PE_ABSPTR;
	struct rcp_cfi_bytes data;
	uint64_t size;

	if (!letters[0])
		return encoding;
	if (letters[0] != 'z')
		return UNKNOWN_AUGMENTATION;
	size = rcp_cfi_uleb(b);
	if (b->failed || size > (uint64_t)(b->end - b->p))
		return UNKNOWN_AUGMENTATION;
	data = *b;
	data.end = data.p + size;
	b->p += size;
	for (letters++; *letters; letters++) {
		if (*letters == 'R')
			encoding = (unsigned)rcp_cfi_fixed(&data, 1);
		else if (*letters == 'L')
			rcp_cfi_fixed(&data, 1);
		else if (*letters == 'P') /* of no size that matters here */
			encoded(&data, rcp_cfi_fixed(&data, 1) & PE_FORMAT);
		else if (*letters != 'S' && *letters != 'B')
			return UNKNOWN_AUGMENTATION;
	}
	return data.failed ? UNKNOWN_AUGMENTATION : encoding;
}

/* The common part at P.  Returns the encoding of the entry's pointers. */
static unsigned
read_common(const uint8_t *p, const uint8_t *all, struct rcp_cfi_entry *e,
	    bool *has_data)
{
	struct rcp_cfi_bytes b = { .p = p };
	const char *letters;
	unsigned version, encoding;

	if (!open_record(&b, all) || rcp_cfi_fixed(&b, 4) != 0)
		return UNKNOWN_AUGMENTATION;
	version = (unsigned)rcp_cfi_fixed(&b, 1);
	letters = (const char *)b.p;
	b.p = memchr(b.p, 0, (size_t)(b.end - b.p));
	if (!b.p || (version != 1 && version != 3))
		return UNKNOWN_AUGMENTATION;
	b.p++;
	e->code_align = rcp_cfi_uleb(&b);
	e->data_align = rcp_cfi_sleb(&b);
	if (rcp_cfi_uleb(&b) != 16 /* the return address */)
		return UNKNOWN_AUGMENTATION;
	encoding = augmentation(&b, letters);
	e->common = b;
	*has_data = letters[0] == 'z';
	return b.failed ? UNKNOWN_AUGMENTATION : encoding;
}

static bool
read_entry(const uint8_t *p, const uint8_t *low, const uint8_t *high,
	   struct rcp_cfi_entry *e)
{
	struct rcp_cfi_bytes b = { .p = p };
	const uint8_t *at;
	bool has_data;
	unsigned encoding;
	uint64_t back, size;

	if (p < low || p >= high || !open_record(&b, high))
		return false;
	at = b.p;
	back = rcp_cfi_fixed(&b, 4);
	if (back == 0 || back > (uint64_t)(at - low))
		return false;
	encoding = read_common(at - back, high, e, &has_data);
	if (encoding == UNKNOWN_AUGMENTATION || encoding == PE_OMIT)
		return false;
	e->begin = encoded(&b, encoding);
	e->end = e->begin + encoded(&b, encoding & PE_FORMAT);
	if (has_data) {
		size = rcp_cfi_uleb(&b);
		if (b.failed || size > (uint64_t)(b.end - b.p))
			return false;
		b.p += size;
	}
	e->own = b;
	return !b.failed;
}

/* The place in TABLE, of COUNT pairs (code, entry) relative to BASE, sorted, of
 * the last one that begins at or before PC. */
static const uint8_t *
search(const uint8_t *base, const uint8_t *table, uint64_t count, uintptr_t pc)
{
	int64_t want = (int64_t)(pc - (uintptr_t)base);
	uint64_t low = 0, high = count;
	int32_t pair[2];

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		memcpy(pair, table + middle * 8, sizeof(pair));
		if (pair[0] <= want)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	memcpy(pair, table + (low - 1) * 8, sizeof(pair));
	return base + pair[1];
}

bool
rcp_cfi_find(uintptr_t pc, struct rcp_cfi_entry *e)
{
	struct dl_find_object found;
	const uint8_t *low, *high, *head, *at;
	struct rcp_cfi_bytes b = { 0 };
	uint64_t count;
	uint8_t version, frame, number, table;

	if (!_dl_find_object || _dl_find_object((void *)pc, &found) != 0 ||
	    !found.dlfo_eh_frame)
		return false;
	low = found.dlfo_map_start;
	high = found.dlfo_map_end;
	head = found.dlfo_eh_frame;
	if (head < low || high - head < 8)
		return false;
	b.p = head;
	b.end = high;
	version = (uint8_t)rcp_cfi_fixed(&b, 1);
	frame = (uint8_t)rcp_cfi_fixed(&b, 1);
	number = (uint8_t)rcp_cfi_fixed(&b, 1);
	table = (uint8_t)rcp_cfi_fixed(&b, 1);
	if (version != 1 || table != LINKER_TABLE || number == PE_OMIT)
		return false;
	encoded(&b, frame);
	count = encoded(&b, number);
	if (b.failed || count > (uint64_t)(high - b.p) / 8)
		return false;
	at = search(head, b.p, count, pc);
	return at && read_entry(at, low, high, e) && pc >= e->begin &&
	       pc < e->end;
}

bool
rcp_unwind_works(void)
{
	return _dl_find_object != NULL;
}
