/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file, unpacked if it is a gzip. libarchive would do it, too, but it looks at neither the CRC
 * nor the length at the end: damage that still inflates would go unnoticed. A long file is unpacked
 * ahead of its reader (base/pipeline.h).
 */
#ifndef REBIND_ARCHIVE_GUNZIP_H
#define REBIND_ARCHIVE_GUNZIP_H

#include "archive/digest.h"

#define GUNZIP_BLOCK 262144

struct gunzip {
	int fd;		       /* borrowed */
	struct digest *digest; /* of the bytes read so far; NULL if it is not needed */
	bool zstd;	       /* it may be that: given out as it is */
	bool stored;	       /* it is of one stored block: archive/stored.h */
	uint64_t position;     /* bytes given out: to be looked at when the end was */
	uint64_t last_used;    /* position behind the last of them that was not zero: likewise */
	struct gunzip_state *state;
};

void gunzip_free(struct gunzip *gz);
#define cleanup_gunzip cleanup(gunzip_free)

/**
 * gunzip_next - the next piece of the data, all of a block but at the end
 * @gz: @fd and @digest are set, all else is zero
 * @ret: valid until the next call
 * @ret_reason: what is wrong with the file
 *
 * Several gzip members are one stream, as for gzip(1); zeros may stand behind the last. The file
 * is read in order and to its end, nothing skipped.
 *
 * Return: the number of bytes, 0 at the end, or a negative errno: -EBADMSG if it is damaged.
 */
ssize_t gunzip_next(struct gunzip *gz, const void **ret, const char **ret_reason);

#endif
