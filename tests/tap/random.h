/* SPDX-License-Identifier: MIT
 *
 * random.h - numbers for tests that are the same in each run: Marsaglia's
 * xorshift of 64 bits.
 */
#ifndef RCP_TAP_RANDOM_H
#define RCP_TAP_RANDOM_H

#include <stdint.h>

/* The next one; *STATE begins with the test's own seed, not 0. */
static inline uint64_t
tap_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
