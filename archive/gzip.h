/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A gzip that is being written, and the digest of it. What is long is compressed beside who finds
 * and reads it, as tar and gzip do it in two processes (base/pipeline.h).
 */
#ifndef REBIND_ARCHIVE_GZIP_H
#define REBIND_ARCHIVE_GZIP_H

#include "archive/archive.h"
#include "archive/digest.h"

struct gzip_state;

/**
 * gzip_start - begin
 * @fd: where it goes; borrowed
 * @watch: how to compress, and how to load zlib, where that was not done before. Lives as long.
 *
 * Return: 0 or -ENOMEM.
 */
int gzip_start(struct gzip_state **ret, int fd, const struct archive_watch *watch);

/**
 * gzip_add - more data
 *
 * Return: 0, or why something of the data so far could not be written.
 */
int gzip_add(struct gzip_state *gz, const void *data, size_t size);

/**
 * gzip_end - write what is left
 * @ret_packing: enum mount_packing
 * @digest: of all that was written
 *
 * Return: 0, or why something could not be written.
 */
int gzip_end(struct gzip_state *gz, uint8_t *ret_packing, uint8_t digest[DIGEST_SIZE]);

void gzip_free(struct gzip_state **gz);

#endif
