/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of an OCI image layout, by libmd, loaded when one is read (base/library.h). */
#ifndef REBIND_RUNTIME_OCI_SHA2_H
#define REBIND_RUNTIME_OCI_SHA2_H

#include "base/util.h"

/**
 * sha2_is_digest - is it "sha256:" or "sha512:" and as many hexadecimal digits as that has
 */
bool sha2_is_digest(const char *digest);

/**
 * sha2_check - do the bytes of a file have this digest
 * @fd: read from its beginning to its end; then it stands at its beginning
 * @digest: sha2_is_digest()
 *
 * Return: 1, 0 if they have another, or a negative errno: -ELIBACC with @ret_reason filled.
 */
int sha2_check(int fd, const char *digest, const char **ret_reason);

#endif
