/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4), so that archives and comparisons need no library for it. */
#ifndef REBIND_ARCHIVE_DIGEST_H
#define REBIND_ARCHIVE_DIGEST_H

#include "base/util.h"

#define DIGEST_SIZE 32

struct digest {
	uint32_t state[8];
	uint64_t size;
	unsigned char block[64];
};

void digest_start(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);

/**
 * digest_end - the digest of all that was added; it must be started again
 */
void digest_end(struct digest *digest, uint8_t ret[DIGEST_SIZE]);

/**
 * digest_end_hex - Return: @hex, 64 lower-case digits. The digest must be started again.
 */
const char *digest_end_hex(struct digest *digest, char hex[65]);

#endif
