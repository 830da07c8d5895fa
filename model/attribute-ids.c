// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/attribute-ids.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <string.h>

#include "model/ids.h"

/* One id by a map, in either direction. */
typedef uint32_t (*translate_fn)(const struct mount_id_extent *map, uint32_t n, uint32_t id);

static void translate_acl_entry(const struct mount_idmap *map, translate_fn fn, void *at)
{
	struct posix_acl_xattr_entry entry;
	uint32_t id;

	memcpy(&entry, at, sizeof(entry));
	id = le32toh(entry.e_id);
	if (le16toh(entry.e_tag) == ACL_USER)
		id = fn(map->uid, map->n_uid, id);
	else if (le16toh(entry.e_tag) == ACL_GROUP)
		id = fn(map->gid, map->n_gid, id);
	entry.e_id = htole32(id);
	memcpy(at, &entry, sizeof(entry));
}

static void translate_acl(const struct mount_idmap *map, translate_fn fn, char *value, size_t size)
{
	size_t at = sizeof(struct posix_acl_xattr_header);

	for (; at + sizeof(struct posix_acl_xattr_entry) <= size;
	     at += sizeof(struct posix_acl_xattr_entry))
		translate_acl_entry(map, fn, value + at);
}

static void translate_capability(const struct mount_idmap *map, translate_fn fn, void *value,
				 size_t size)
{
	struct vfs_ns_cap_data data;

	if (size != sizeof(data))
		return;
	memcpy(&data, value, sizeof(data));
	if ((le32toh(data.magic_etc) & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3)
		return;
	data.rootid = htole32(fn(map->uid, map->n_uid, le32toh(data.rootid)));
	memcpy(value, &data, sizeof(data));
}

static void translate(const struct mount_idmap *map, translate_fn fn, const char *key, void *value,
		      size_t size)
{
	if (!map)
		return;
	if (strcmp(key, XATTR_NAME_POSIX_ACL_ACCESS) == 0 ||
	    strcmp(key, XATTR_NAME_POSIX_ACL_DEFAULT) == 0)
		translate_acl(map, fn, value, size);
	else if (strcmp(key, XATTR_NAME_CAPS) == 0)
		translate_capability(map, fn, value, size);
}

void attribute_ids_inside(const struct mount_idmap *map, const char *key, void *value, size_t size)
{
	translate(map, ids_shown, key, value, size);
}

void attribute_ids_outside(const struct mount_idmap *map, const char *key, void *value, size_t size)
{
	translate(map, ids_owner, key, value, size);
}

static uint32_t spoil(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	return ids_has(map, n, id) ? id : ~id;
}

int attribute_ids_has(const struct mount_idmap *map, const char *key, const void *value,
		      size_t size)
{
	cleanup_free void *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, value, size);
	translate(map, spoil, key, copy, size);
	return memcmp(copy, value, size) == 0;
}
