/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A gzip of one stored block. It is one for everybody else, and needs no library here: to load zlib
 * takes longer than a tmpfs with a few small files is worth. An image says where it is so.
 */
#ifndef REBIND_ARCHIVE_STORED_H
#define REBIND_ARCHIVE_STORED_H

#include "base/util.h"

#define STORED_MAX	16384 /* of data; the format has room for 65,535 bytes */
#define STORED_OVERHEAD 23
#define STORED_SIZE	(STORED_MAX + STORED_OVERHEAD)

/**
 * stored_pack - make a gzip
 * @size: STORED_MAX at most
 *
 * Return: its size, @size + STORED_OVERHEAD.
 */
size_t stored_pack(const void *data, size_t size, unsigned char file[STORED_SIZE]);

/**
 * stored_unpack - what stored_pack() was given
 * @ret: points into @file
 * @ret_reason: what is wrong with it
 *
 * Return: 0 or -EBADMSG.
 */
int stored_unpack(const unsigned char *file, size_t size, const unsigned char **ret,
		  size_t *ret_size, const char **ret_reason);

#endif
