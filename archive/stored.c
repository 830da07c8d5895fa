// SPDX-License-Identifier: LGPL-2.1-or-later
/* RFC 1952 and, for the block, RFC 1951. */
#include "archive/stored.h"

#include <string.h>

enum { HEADER = 10, BLOCK = 5, TRAILER = 8 };

_Static_assert(HEADER + BLOCK + TRAILER == STORED_OVERHEAD, "the parts of a file");

/* deflate, no flags, no time, no hint, Unix; the last block, stored. */
static const unsigned char begin[HEADER + 1] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };

/* Four bits at a time: the table is small, and so is the data. */
static uint32_t crc32_of(const unsigned char *data, size_t size)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
					    0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
					    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = ~0U;

	for (size_t i = 0; i < size; i++) {
		crc = table[(crc ^ data[i]) & 15] ^ crc >> 4;
		crc = table[(crc ^ data[i] >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

static void stored_put(unsigned char *to, uint32_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static uint32_t get(const unsigned char *from, size_t n)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint32_t)from[i] << 8 * i;
	return value;
}

size_t stored_pack(const void *data, size_t size, unsigned char file[STORED_SIZE])
{
	unsigned char *p = file + HEADER + BLOCK;

	memcpy(file, begin, sizeof(begin));
	stored_put(file + sizeof(begin), (uint32_t)size, 2);
	stored_put(file + sizeof(begin) + 2, ~(uint32_t)size, 2);
	memcpy(p, data, size);
	stored_put(p + size, crc32_of(p, size), 4);
	stored_put(p + size + 4, (uint32_t)size, 4);
	return size + STORED_OVERHEAD;
}

int stored_unpack(const unsigned char *file, size_t size, const unsigned char **ret,
		  size_t *ret_size, const char **ret_reason)
{
	const unsigned char *p = file + HEADER + BLOCK;

	*ret_reason = "the gzip is not of the kind that the image says";
	if (size < STORED_OVERHEAD || size > STORED_SIZE || memcmp(file, begin, sizeof(begin)) != 0)
		return -EBADMSG;
	size_t n = size - STORED_OVERHEAD;

	size_t said = get(file + sizeof(begin), 2);

	*ret_reason =
		said < n ? "there is something behind the end of the gzip" : "the gzip is cut off";
	if (said != n)
		return -EBADMSG;
	*ret_reason = "incorrect data check";
	if (get(file + sizeof(begin) + 2, 2) != (~(uint32_t)n & 0xffff) ||
	    get(p + n, 4) != crc32_of(p, n) || get(p + n + 4, 4) != n)
		return -EBADMSG;
	*ret = p;
	*ret_size = n;
	return 0;
}
