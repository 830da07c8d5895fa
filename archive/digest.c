// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/digest.h"

#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

#define BLOCK 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t turn(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const unsigned char block[64])
{
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
}

/* The words stay where they are, and their names turn: v[0] is a in round 0, b in round 1. */
static inline void round_plain(uint32_t v[8], unsigned int i, uint32_t in)
{
	uint32_t a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
	uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
	uint32_t s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
	uint32_t one = v[(7 - i) & 7] + s1 + ((e & f) ^ (~e & g)) + in;
	uint32_t s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);

	v[(3 - i) & 7] += one;
	v[(7 - i) & 7] = one + s0 + ((a & b) ^ (a & c) ^ (b & c));
}

static void compress_plain(uint32_t state[8], const unsigned char *data, size_t blocks)
{
	uint32_t w[64], v[8];

	for (; blocks; blocks--, data += BLOCK) {
		schedule(w, data);
		memcpy(v, state, sizeof(v));
		/* By eight, so that every index of v is a constant. */
		for (unsigned int i = 0; i < 64; i += 8) {
			round_plain(v, 0, rounds[i] + w[i]);
			round_plain(v, 1, rounds[i + 1] + w[i + 1]);
			round_plain(v, 2, rounds[i + 2] + w[i + 2]);
			round_plain(v, 3, rounds[i + 3] + w[i + 3]);
			round_plain(v, 4, rounds[i + 4] + w[i + 4]);
			round_plain(v, 5, rounds[i + 5] + w[i + 5]);
			round_plain(v, 6, rounds[i + 6] + w[i + 6]);
			round_plain(v, 7, rounds[i + 7] + w[i + 7]);
		}
		for (int i = 0; i < 8; i++)
			state[i] += v[i];
	}
}

/* ---- with the SHA instructions of x86: some six times as fast ---- */

#ifdef __x86_64__
#define X86_SHA __attribute__((target("sha,sse4.1")))

/* __builtin_cpu_supports("sha") is unknown to clang 14. CPUID may cost a VM exit: asked once. */
static bool has_sha(void)
{
	static _Atomic int known; /* 0: not asked yet */
	unsigned int a, b, c, d;

	if (!known) {
		bool sse = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1);
		bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);

		known = sse && sha ? 1 : -1;
	}
	return known > 0;
}

/* Four rounds with the four words of @w, which become those of sixteen rounds later. */
static inline X86_SHA void four_rounds(__m128i state[2], __m128i *w, __m128i w1, __m128i w2,
				       __m128i w3, const uint32_t *constants)
{
	__m128i in = _mm_add_epi32(*w, _mm_loadu_si128((const __m128i *)constants));

	state[1] = _mm_sha256rnds2_epu32(state[1], state[0], in);
	state[0] = _mm_sha256rnds2_epu32(state[0], state[1], _mm_shuffle_epi32(in, 0x0e));
	__m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(*w, w1), _mm_alignr_epi8(w3, w2, 4));

	*w = _mm_sha256msg2_epu32(next, w3);
}

static inline X86_SHA __m128i load_big_endian(const unsigned char *data)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data), order);
}

static X86_SHA void compress_x86(uint32_t state[8], const unsigned char *data, size_t blocks)
{
	/* The instructions want the words as ABEF and CDGH, from the highest to the lowest. */
	__m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((__m128i *)state), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((__m128i *)(state + 4)), 0x1b);
	__m128i v[2] = { _mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xf0) };

	for (; blocks; blocks--, data += BLOCK) {
		__m128i before[2] = { v[0], v[1] };
		__m128i w0 = load_big_endian(data), w1 = load_big_endian(data + 16);
		__m128i w2 = load_big_endian(data + 32), w3 = load_big_endian(data + 48);

		for (int i = 0; i < 64; i += 16) {
			four_rounds(v, &w0, w1, w2, w3, rounds + i);
			four_rounds(v, &w1, w2, w3, w0, rounds + i + 4);
			four_rounds(v, &w2, w3, w0, w1, rounds + i + 8);
			four_rounds(v, &w3, w0, w1, w2, rounds + i + 12);
		}
		v[0] = _mm_add_epi32(v[0], before[0]);
		v[1] = _mm_add_epi32(v[1], before[1]);
	}
	__m128i feba = _mm_shuffle_epi32(v[0], 0x1b);
	__m128i dchg = _mm_shuffle_epi32(v[1], 0xb1);

	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static void compress(uint32_t state[8], const unsigned char *data, size_t blocks)
{
	if (has_sha())
		compress_x86(state, data, blocks);
	else
		compress_plain(state, data, blocks);
}
#else
static void compress(uint32_t state[8], const unsigned char *data, size_t blocks)
{
	compress_plain(state, data, blocks);
}
#endif

/* ---- of any size ---- */

void digest_start(struct digest *digest)
{
	*digest = (struct digest){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			   0x1f83d9ab, 0x5be0cd19 },
	};
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
	const unsigned char *p = data;
	size_t used = digest->size % BLOCK;

	digest->size += size;
	if (used) {
		size_t n = size < BLOCK - used ? size : BLOCK - used;

		memcpy(digest->block + used, p, n);
		p += n;
		size -= n;
		if (used + n == BLOCK)
			compress(digest->state, digest->block, 1);
	}
	compress(digest->state, p, size / BLOCK);
	/* Nothing is left if the block above is not full yet. */
	if (size % BLOCK)
		memcpy(digest->block, p + size / BLOCK * BLOCK, size % BLOCK);
}

void digest_end(struct digest *digest, uint8_t ret[DIGEST_SIZE])
{
	static const unsigned char padding[BLOCK] = { 0x80 };
	uint64_t bits = digest->size * 8;
	size_t used = digest->size % BLOCK;
	unsigned char length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	digest_add(digest, padding, used < 56 ? 56 - used : 120 - used);
	digest_add(digest, length, sizeof(length));
	for (int i = 0; i < DIGEST_SIZE; i++)
		ret[i] = (uint8_t)(digest->state[i / 4] >> (24 - 8 * (i % 4)));
}

const char *digest_end_hex(struct digest *digest, char hex[65])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[DIGEST_SIZE];

	digest_end(digest, bytes);
	for (int i = 0; i < 2 * DIGEST_SIZE; i++)
		hex[i] = digits[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
	hex[64] = '\0';
	return hex;
}
