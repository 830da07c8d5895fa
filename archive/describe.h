/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line for each entry, for a comparison: archive.h says what is in it. */
#ifndef REBIND_ARCHIVE_DESCRIBE_H
#define REBIND_ARCHIVE_DESCRIBE_H

#include "archive/tar.h"

/* Text that grows. Zero it to start; the data is malloc()ed. */
struct describe_text {
	char *data;
	size_t size;
};

/* Return: 0 or -ENOMEM. */
int describe_add(struct describe_text *text, const char *format, ...) printf_like(2, 3);

/**
 * describe_entry - the entry that was read last, with a digest of its data, which is read
 *
 * Return: 0, -ENOMEM, or a negative errno with @fault filled.
 */
int describe_entry(struct archive *a, struct archive_entry *entry, struct describe_text *text,
		   struct archive_fault *fault);

/**
 * describe_socket - a socket of the contents
 *
 * Return: 0 or -ENOMEM.
 */
int describe_socket(const struct mount_contents *contents, const struct mount_socket *socket,
		    struct describe_text *text);

#endif
