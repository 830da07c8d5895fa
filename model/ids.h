/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ids in the options of superblocks. The kernel shows uid= and gid= of a tmpfs as ids of the host,
 * to every reader, and takes them as ids of the process that sets them. In an image they are the
 * caller's ids, as the owners of files are.
 */
#ifndef REBIND_MODEL_IDS_H
#define REBIND_MODEL_IDS_H

#include "model/mount.h"

/**
 * ids_are_in - does this filesystem show ids in its options
 */
bool ids_are_in(const struct mount *m);

/**
 * ids_inside - one id by a map from first (inside) to lower (outside)
 *
 * Return: the id inside; the same one where the map does not have it.
 */
uint32_t ids_inside(const struct mount_id_extent *map, uint32_t n, uint32_t id);

/**
 * ids_outside - the same the other way round
 *
 * Return: the id outside, or UINT32_MAX: the map does not have it.
 */
uint32_t ids_outside(const struct mount_id_extent *map, uint32_t n, uint32_t id);

/**
 * ids_has - does a map have this id outside
 */
bool ids_has(const struct mount_id_extent *map, uint32_t n, uint32_t id);

/**
 * ids_options_lack - the first id in a mount's options that the maps do not have outside
 * @ret_word: "uid" or "gid"
 *
 * Return: whether there is one.
 */
bool ids_options_lack(const struct mount_idmap *map, const struct mount *m, const char **ret_word,
		      uint32_t *ret_id);

/**
 * ids_owner - the id outside of an owner that was recorded inside
 *
 * Return: as ids_outside(); that of the root inside where the map does not have it: the number
 * itself would be a user of the host.
 */
uint32_t ids_owner(const struct mount_id_extent *map, uint32_t n, uint32_t id);

/**
 * ids_shown, ids_shown_uid, ids_shown_gid - an id as the inside of a user namespace sees it
 * @map: NULL: there is none
 *
 * Return: the id inside; 65534 where the map does not have it, as the kernel shows it there.
 */
uint32_t ids_shown(const struct mount_id_extent *map, uint32_t n, uint32_t id);
uint32_t ids_shown_uid(const struct mount_idmap *map, uint32_t id);
uint32_t ids_shown_gid(const struct mount_idmap *map, uint32_t id);

/**
 * ids_options_outside - the other way round from ids_options_inside()
 *
 * A tmpfs without an id is of the root inside, and the host sees who that is.
 *
 * Return: malloc()ed, or NULL (no memory).
 */
char *ids_options_outside(const struct mount_idmap *map, const struct mount *m);

/**
 * ids_options_inside - a mount's options with the ids of the inside
 *
 * What belongs to 0 on the host does not show it, but for devpts, where to set it has a meaning: so
 * say the options for the inside.
 *
 * Return: malloc()ed, or NULL (no memory).
 */
char *ids_options_inside(const struct mount_idmap *map, const struct mount *m);

/**
 * ids_parse_map - the text of /proc/PID/uid_map
 * @ret: malloc()ed, NULL for an empty map
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int ids_parse_map(const char *text, struct mount_id_extent **ret, uint32_t *ret_n);

/**
 * ids_same_maps - do two id-mapped mounts have the same maps, extent by extent
 */
bool ids_same_maps(const struct mount_idmap *left, const struct mount_idmap *right);

/**
 * ids_map_text - "uid 0:1000:1, gid 0:1000:1": of each extent the first id on disk, the one shown,
 * and how many Return: malloc()ed, or NULL (no memory).
 */
char *ids_map_text(const struct mount_idmap *map);

#endif
