/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file in JSON that another program wrote. */
#ifndef REBIND_RUNTIME_OCI_DOCUMENT_H
#define REBIND_RUNTIME_OCI_DOCUMENT_H

#include "runtime/oci/jansson.h"

/**
 * document_read - read one, of 16 MiB at the most
 * @dir_fd, @file: where it is
 * @name: what messages call it
 * @ret: the caller's; numbers are reals
 *
 * Return: 0 or a negative errno, logged: -EBADMSG for what is no JSON, with line and column.
 */
int document_read(int dir_fd, const char *file, const char *name, json_t **ret);

#endif
