/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must be the same afterwards: mounts, files, processes, descriptors. */
#ifndef REBIND_PLUGIN_TEST_SNAPSHOT_H
#define REBIND_PLUGIN_TEST_SNAPSHOT_H

#include <sys/types.h>

#include "base/util.h"

/* A mount table: mountinfo, as it was. */
struct kit_table {
	char *text;
};

void kit_table_free(struct kit_table *table);
#define cleanup_kit_table cleanup(kit_table_free)

/**
 * kit_table_read - the mounts that this process sees
 * Return: 0 or a negative errno.
 */
int kit_table_read(struct kit_table *ret);

/**
 * kit_table_added - mounts that were not there before
 * @except: mounts below this path do not count; may be NULL
 * @ret_path: the mountpoint of the last of them
 *
 * Return: how many, or a negative errno.
 */
int kit_table_added(const struct kit_table *before, const struct kit_table *after,
		    const char *except, char *ret_path, size_t size);

/* The files of a directory, or one file: kinds, owners, modes, sizes, times. */
struct kit_files {
	char *text;
	size_t used, room;
	unsigned int n;
};

void kit_files_free(struct kit_files *files);
#define cleanup_kit_files cleanup(kit_files_free)

/**
 * kit_files_read - what is at a path and below it, on the same filesystem
 *
 * No more than some 100,000 of them. Return: 0 or a negative errno.
 */
int kit_files_read(const char *path, struct kit_files *ret);

/**
 * kit_files_changed - Return: whether there is a difference; its path in @ret_path.
 */
bool kit_files_changed(const struct kit_files *before, const struct kit_files *after,
		       char *ret_path, size_t size);

/**
 * kit_others - processes of this pid namespace that are neither this one, its parent, nor @known
 * @ret_name: "name (pid)" of the first
 *
 * Those that have ended are reaped first. Return: how many, or a negative errno.
 */
int kit_others(pid_t known, char *ret_name, size_t size);

/**
 * kit_descriptors - how many descriptors are open in the plugin process
 * @supervisor: its parent
 *
 * Return: how many, or a negative errno where that cannot be found out.
 */
int kit_descriptors(pid_t supervisor);

#endif
