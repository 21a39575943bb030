/* SPDX-License-Identifier: MIT
 *
 * crc32_arch.h - the bulk of a CRC-32 by multiplication of polynomials, where the
 * processor can ("Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ", Gopal and others, 2009).  Pure; runs inside malloc.
 */
#ifndef RCP_FORMAT_CRC32_ARCH_H
#define RCP_FORMAT_CRC32_ARCH_H

#include <stddef.h>
#include <stdint.h>

#define RCP_CRC32_LEAST 128u /* bytes that are worth it */

/* CRC is the state (not inverted) before the LEN bytes at P, at least
 * RCP_CRC32_LEAST.  Returns how many of them, whole 16s, are done with when
 * REST has been gone through from the state 0; 0: the processor can not. */
static inline size_t rcp_crc32_fold(uint32_t crc, const uint8_t *p, size_t len,
				    uint8_t rest[16]);

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define RCP_PCLMUL __attribute__((target("pclmul")))

static inline int
rcp_crc32_can_fold(void)
{
	static int known; /* -1: no */
	unsigned a, b, c, d;
	int is = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (!is) {
		is = __get_cpuid(1, &a, &b, &c, &d) && c & bit_PCLMUL ? 1 : -1;
		__atomic_store_n(&known, is, __ATOMIC_RELAXED);
	}
	return is > 0;
}

static inline RCP_PCLMUL __m128i
rcp_crc32_at(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* X, so much farther on as BY says, and NEXT, which stands there. */
static inline RCP_PCLMUL __m128i
rcp_crc32_on(__m128i x, __m128i by, __m128i next)
{
	return _mm_xor_si128(next,
			     _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00),
					   _mm_clmulepi64_si128(x, by, 0x11)));
}

static RCP_PCLMUL size_t
rcp_crc32_fold_wide(uint32_t crc, const uint8_t *p, size_t len,
		    uint8_t rest[16])
{
	/* x^(4*128+32), x^(4*128-32) and x^(128+32), x^(128-32) modulo the
	 * polynomial, bits reversed. */
	const __m128i by64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
	const __m128i by16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
	__m128i x[4];
	size_t n = 64;

	for (int i = 0; i < 4; i++)
		x[i] = rcp_crc32_at(p + 16 * i);
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)crc));
	for (; len - n >= 64; n += 64)
		for (int i = 0; i < 4; i++)
			x[i] = rcp_crc32_on(x[i], by64,
					    rcp_crc32_at(p + n + 16 * i));
	for (int i = 1; i < 4; i++)
		x[0] = rcp_crc32_on(x[0], by16, x[i]);
	for (; len - n >= 16; n += 16)
		x[0] = rcp_crc32_on(x[0], by16, rcp_crc32_at(p + n));
	_mm_storeu_si128((__m128i *)(void *)rest, x[0]);
	return n;
}

static inline size_t
rcp_crc32_fold(uint32_t crc, const uint8_t *p, size_t len, uint8_t rest[16])
{
	return rcp_crc32_can_fold() ? rcp_crc32_fold_wide(crc, p, len, rest)
				    : 0;
}
#else
static inline size_t
rcp_crc32_fold(uint32_t crc, const uint8_t *p, size_t len, uint8_t rest[16])
{
	(void)crc;
	(void)p;
	(void)len;
	(void)rest;
	return 0;
}
#endif

#endif
