/* SPDX-License-Identifier: MIT
 *
 * counter.h - what libcounter.so tells; a weak symbol, NULL without it.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <stddef.h>

struct counter {
	long long allocs, bytes, frees, freed;
	long long unknown; /* frees of blocks it had not seen */
	long long calls;   /* of any function, also failed ones */
};

void counter_read(struct counter *out) __attribute__((weak));

#endif
