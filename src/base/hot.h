/* SPDX-License-Identifier: MIT
 *
 * hot.h - what the hot paths say to the compiler.
 */
#ifndef RCP_BASE_HOT_H
#define RCP_BASE_HOT_H

/* A variable of ours that hooks read: -fvisibility=hidden is about what is
 * defined, and a mere declaration would be read by way of its address in a
 * table. */
#define RCP_HIDDEN __attribute__((visibility("hidden")))

#define RCP_LIKELY(x) __builtin_expect(!!(x), 1)
#define RCP_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Of a function that reads memory, found readable, which is nobody's object: a
 * test under AddressSanitizer would take it for a mistake. */
#ifdef __SANITIZE_ADDRESS__
#define RCP_READS_ANY __attribute__((no_sanitize_address))
#else
#define RCP_READS_ANY
#endif

/* X += N, of one word that the calling thread alone writes and others may
 * read meanwhile: one instruction, where the compiler makes three of a relaxed
 * load and store. */
#if defined(__x86_64__)
#define RCP_ADD(x, n) \
	do { \
		if (sizeof(x) == 8) \
			__asm__("addq %q1, %0" \
				: "+m"(x) \
				: "er"((unsigned long)(n)) \
				: "cc"); \
		else \
			__asm__("addl %k1, %0" \
				: "+m"(x) \
				: "er"((unsigned)(n)) \
				: "cc"); \
	} while (0)
#else
#define RCP_ADD(x, n) \
	__atomic_store_n(&(x), __atomic_load_n(&(x), __ATOMIC_RELAXED) + (n), \
			 __ATOMIC_RELAXED)
#endif

#endif
