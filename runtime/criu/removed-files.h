/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The removed files of runtime/criu/removed.h: how they are created, named and removed. */
#ifndef REBIND_RUNTIME_CRIU_REMOVED_FILES_H
#define REBIND_RUNTIME_CRIU_REMOVED_FILES_H

#include "runtime/criu/removed.h"

/*
 * For a child that has the ids of who is to own them: the first two log what fails. Where a mount is
 * read-only it enters removed->ns_fd, and works on a writable clone.
 */

/**
 * removed_files_make - make removed->gone and removed->files
 *
 * Return: 0 or a negative errno, logged.
 */
int removed_files_make(const struct criu_removed *removed);

/**
 * removed_files_finish - give them the names that they had, and remove them
 *
 * Return: 0 or a negative errno, logged.
 */
int removed_files_finish(const struct criu_removed *removed);

/**
 * removed_files_take_back - remove what of them is there
 *
 * Return: 0.
 */
int removed_files_take_back(const struct criu_removed *removed);

/**
 * removed_files_outside - an id of the processes' user namespace as ours
 * @map: with no extent: it is ours
 *
 * Return: the id, or UINT32_MAX: it has none.
 */
uint32_t removed_files_outside(const struct mount_id_extent *map, uint32_t n, uint32_t id);

#endif
