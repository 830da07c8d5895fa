/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much an archive may hold, looked at entry by entry and block by block. */
#ifndef REBIND_ARCHIVE_ARCHIVE_LIMIT_H
#define REBIND_ARCHIVE_ARCHIVE_LIMIT_H

#include "archive/tar.h"

struct archive_limit {
	const struct archive_rules *rules;
	uint64_t own;	   /* memory so far, where no other archive counts */
	uint64_t data;	   /* of it, what is data */
	int64_t last_page; /* of the file that is being written: it is counted already; or -1 */
};

/**
 * archive_limit_entry - may there be this entry
 * @done: what there is, this entry among it
 *
 * Return: 0, or -EFBIG with @fault filled.
 */
int archive_limit_entry(struct archive_limit *limit, const struct mount_contents *done,
			struct archive_entry *entry, struct archive_fault *fault);

/**
 * archive_limit_data - may there be this block of its data
 *
 * A page counts once, and a hole does not. Return: 0, or -EFBIG with @fault filled.
 */
int archive_limit_data(struct archive_limit *limit, size_t size, int64_t offset, const char *name,
		       struct archive_fault *fault);

#endif
