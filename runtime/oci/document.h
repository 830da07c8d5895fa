/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file in JSON that another program wrote. */
#ifndef REBIND_RUNTIME_OCI_DOCUMENT_H
#define REBIND_RUNTIME_OCI_DOCUMENT_H

#include "runtime/oci/jansson.h"

#define DOCUMENT_MAX (16U << 20) /* more than the configuration of any container has */

/**
 * document_read - read one, of 16 MiB at the most
 * @dir_fd, @file: where it is
 * @name: what messages call it
 * @ret: the caller's; numbers are reals
 *
 * Return: 0 or a negative errno, logged: -EBADMSG for what is no JSON, with line and column.
 */
int document_read(int dir_fd, const char *file, const char *name, json_t **ret);
int document_read_fd(int fd, const char *name, json_t **ret);

#endif
