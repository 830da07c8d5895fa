/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the archives of an image may do, and how much they may hold. */
#ifndef REBIND_MNT_CONTENTS_RULES_H
#define REBIND_MNT_CONTENTS_RULES_H

#include "archive/archive.h"
#include "include/rebind.h"

/**
 * contents_rules - the rules for one archive
 * @in_fd: the archive
 * @m: its filesystem, which may have a limit of its own
 * @recorded: what the image says about its contents, or NULL
 * @taken: what the archives of this restore take together; starts at 0
 *
 * The caller's limit is for all archives together. The default is half of the memory, which is also
 * the default size of a tmpfs. Archives without a record, such as CRIU's, may take a quarter of the
 * memory together, and each of them 256 MiB or 32 times the size of its file, whichever is more.
 */
struct archive_rules contents_rules(const struct rebind_restore_options *options, int in_fd,
				    const struct mount *m, const struct mount_contents *recorded,
				    uint64_t *taken);

/**
 * contents_writer - the program that wrote an archive, and how
 * @recorded: what the image says about it, or NULL
 */
enum archive_writer contents_writer(const struct mount_contents *recorded);

/**
 * contents_list_rules - the rules for an archive that is only listed
 *
 * A list takes memory for each entry. Lists that are compared with each other may take half of the
 * memory together.
 */
struct archive_rules contents_list_rules(const struct mount_contents *recorded, uint64_t *taken);

#endif
