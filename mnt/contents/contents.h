/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contents of the tmpfs mounts of a namespace, into the image. */
#ifndef REBIND_MNT_CONTENTS_CONTENTS_H
#define REBIND_MNT_CONTENTS_CONTENTS_H

#include "hooks/hooks.h"
#include "archive/archive.h"
#include "mnt/ipc/progress.h"
#include "mnt/scan/scan.h"
#include "model/changes.h"

/**
 * contents_dump - archive every tmpfs that is ours to create
 * @target: of a set the first; each superblock is read once, in whichever namespace shows it
 * @image_dir_fd: where the archives go
 * @tree: the first mount of each superblock gets its contents (counts, sockets)
 * @progress: the function that is told the progress, and its data
 * @host: plugins that are asked for each socket; or NULL
 * @changes: files that changed while they were copied are added
 *
 * A child enters the namespace. A visible mount is read through a clone of it, which has nothing
 * mounted on top. Covered mounts are read in a copy of the namespace, where the covers are moved
 * away one after the other.
 *
 * @ids: owners are written as its inside has them; or NULL
 *
 * Return: 0 or a negative errno, logged. Archives already written stay in the directory until
 * contents_forget() removes them.
 */
int contents_dump(const struct scan_target *target, struct mount_tree *tree, int image_dir_fd,
		  const struct progress *progress, struct hooks_host *host, struct changes *changes,
		  const struct mount_idmap *ids, unsigned int compress);

/**
 * contents_warn - a warning for each file that changed; of very many the first, and their number
 */
void contents_warn(const struct changes *changes);

/**
 * contents_forget - remove the archives of a dump that failed
 */
void contents_forget(const struct mount_tree *tree, int image_dir_fd);

/**
 * contents_is_first - are contents saved with this mount: is it the first one of its superblock, or
 * one with a deleted root
 */
bool contents_is_first(const struct mount_tree *tree, const struct mount *m);

/**
 * contents_are_elsewhere - need the contents of a deleted root not be saved: another mount has the
 * same root, or it has another name, or the image is CRIU's, which does not save them
 */
static inline bool contents_are_elsewhere(const struct mount *m)
{
	return m->deleted && (!m->contents || !m->contents->has_digest);
}

/**
 * contents_any - is there any such mount
 * @ret_writers: the writers of their archives, a bit each: 1 << ARCHIVE_OURS, ...; or NULL
 */
bool contents_any(const struct mount_tree *tree, unsigned int *ret_writers);

#endif
