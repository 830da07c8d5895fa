// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/sha2.h"

#include <sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/library.h"

#define SHA2_CHUNK (1 << 16)

#define SHA2_FUNCTIONS(X) \
	X(SHA256Init)     \
	X(SHA256Update)   \
	X(SHA256End)      \
	X(SHA512Init)     \
	X(SHA512Update)   \
	X(SHA512End)

struct sha2_functions {
	SHA2_FUNCTIONS(LIBRARY_FIELD)
};

static struct sha2_functions sha2;

LIBRARY_NOTE("oci-layout", "Digests of OCI image layouts", "suggested", "libmd.so.0");

#define ROW(name) LIBRARY_ROW(struct sha2_functions, name)

static const struct library_symbol symbols[] = { SHA2_FUNCTIONS(ROW) };

static struct library library = {
	.soname = "libmd.so.0",
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &sha2,
};

bool sha2_is_digest(const char *digest)
{
	size_t size = strncmp(digest, "sha256:", 7) == 0   ? 64
		      : strncmp(digest, "sha512:", 7) == 0 ? 128
							   : 0;

	return size && strlen(digest) == 7 + size && strspn(digest + 7, "0123456789abcdef") == size;
}

static int add_file(int fd, bool is_512, SHA2_CTX *context)
{
	cleanup_free uint8_t *buf = malloc(SHA2_CHUNK);
	off_t at = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	for (; (n = pread(fd, buf, SHA2_CHUNK, at)) > 0; at += n)
		(is_512 ? sha2.SHA512Update : sha2.SHA256Update)(context, buf, (size_t)n);
	return n < 0 ? -errno : 0;
}

int sha2_check(int fd, const char *digest, const char **ret_reason)
{
	bool is_512 = strncmp(digest, "sha512:", 7) == 0;
	char hex[SHA512_DIGEST_STRING_LENGTH];
	SHA2_CTX context;
	int err = library_load(&library);

	*ret_reason = library.reason;
	if (err)
		return err;
	if (is_512)
		sha2.SHA512Init(&context);
	else
		sha2.SHA256Init(&context);
	err = add_file(fd, is_512, &context);
	if (err)
		return err;
	(is_512 ? sha2.SHA512End : sha2.SHA256End)(&context, hex);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return strcmp(hex, digest + 7) == 0;
}
