// SPDX-License-Identifier: LGPL-2.1-or-later
/* The way back: from an entry to a file. */
#include <endian.h>
#include <string.h>
#include <sys/xattr.h>

#include "archive/attributes.h"
#include "model/attribute-ids.h"

static int set_value(struct attributes_of of, const char *key, const void *value, size_t size)
{
	int r = of.fd < 0 ? lsetxattr(of.name, key, value, size, 0)
			  : fsetxattr(of.fd, key, value, size, 0);

	return r < 0 ? -errno : 0;
}

static int set_translated(struct attributes_of of, const char *key, const void *value, size_t size)
{
	cleanup_free void *copy = of.ids && size ? malloc(size) : NULL;

	if (!of.ids || !size)
		return set_value(of, key, value, size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, value, size);
	attribute_ids_outside(of.ids, key, copy, size);
	return set_value(of, key, copy, size);
}

int attributes_set(struct attributes_of of, struct archive_entry *entry)
{
	const char *key;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	int err = 0;

	while (!err && archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK)
		err = set_translated(of, key, value, size);
	return err;
}

/* ---- ACLs ---- */

struct acl {
	uint32_t version;
	struct attributes_acl_entry entries[];
};

static int convert(int tag, int perm, int id, struct attributes_acl_entry *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes_acl_tags); i++) {
		if (attributes_acl_tags[i].tag != tag)
			continue;
		/* A name that no number is known for. */
		if (attributes_acl_tags[i].has_id && id == -1)
			return -EBADMSG;
		ret->tag = htole16(attributes_acl_tags[i].kernel);
		ret->perm = htole16((uint16_t)(perm & 7));
		ret->id = htole32(attributes_acl_tags[i].has_id ? (uint32_t)id : UINT32_MAX);
		return 0;
	}
	return -EBADMSG;
}

/* The kernel wants them in the order of their tags. */
static void insert(struct attributes_acl_entry *list, size_t n, struct attributes_acl_entry entry)
{
	for (; n && le16toh(list[n - 1].tag) > le16toh(entry.tag); n--)
		list[n] = list[n - 1];
	list[n] = entry;
}

/* Return: 0 with NULL if there is none, or a negative errno. */
static int attributes_set_build(struct archive_entry *entry, int type, struct acl **ret,
				size_t *ret_size)
{
	*ret = NULL;
	if (archive_entry_acl_types(entry) & ~ARCHIVE_ENTRY_ACL_TYPE_POSIX1E)
		return -EOPNOTSUPP;
	if (!(archive_entry_acl_types(entry) & type))
		return 0;
	int room = archive_entry_acl_reset(entry, type), got, perm, tag, id, n = 0, err;
	cleanup_free struct acl *acl =
		calloc(1, sizeof(*acl) + (size_t)room * sizeof(*acl->entries));
	struct attributes_acl_entry *list = acl ? acl->entries : NULL;
	const char *name;

	if (!acl)
		return -ENOMEM;
	while (n < room &&
	       archive_entry_acl_next(entry, type, &got, &perm, &tag, &id, &name) == ARCHIVE_OK) {
		struct attributes_acl_entry one;

		err = convert(tag, perm, id, &one);
		if (err)
			return err;
		insert(list, (size_t)n++, one);
	}
	acl->version = htole32(ATTRIBUTES_ACL_VERSION);
	*ret_size = sizeof(*acl) + (size_t)n * sizeof(*list);
	*ret = take_ptr(&acl);
	return 0;
}

int attributes_set_acl(struct attributes_of of, struct archive_entry *entry)
{
	size_t size;
	cleanup_free struct acl *acl = NULL;
	int err = attributes_set_build(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, &acl, &size);

	if (err || !acl)
		return err;
	attribute_ids_outside(of.ids, ATTRIBUTES_ACL_ACCESS, acl, size);
	return set_value(of, ATTRIBUTES_ACL_ACCESS, acl, size);
}

int attributes_default_acl(struct archive_entry *entry, const struct mount_idmap *ids,
			   struct arena *arena, const char **ret, size_t *ret_size)
{
	cleanup_free struct acl *acl = NULL;
	int err = attributes_set_build(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, &acl, ret_size);

	*ret = NULL;
	if (err || !acl)
		return err;
	attribute_ids_outside(ids, ATTRIBUTES_ACL_DEFAULT, acl, *ret_size);
	*ret = arena_copy(arena, (const char *)acl, *ret_size);
	return *ret ? 0 : -ENOMEM;
}

int attributes_set_default_acl(const char *acl, size_t size)
{
	return lsetxattr(".", ATTRIBUTES_ACL_DEFAULT, acl, size, 0) < 0 ? -errno : 0;
}

/* ---- ids ---- */

static int check_acl_ids(struct archive_entry *entry, int type, const char *key,
			 const struct mount_idmap *within)
{
	size_t size = 0;
	cleanup_free struct acl *acl = NULL;
	int err = attributes_set_build(entry, type, &acl, &size);
	int has = err || !acl ? 1 : attribute_ids_has(within, key, acl, size);

	return err ? err : has < 0 ? has : has ? 0 : -EOVERFLOW;
}

int attributes_check_ids(struct archive_entry *entry, const struct mount_idmap *within)
{
	const char *key;
	const void *value;
	size_t size;
	int has = 1;

	archive_entry_xattr_reset(entry);
	while (has > 0 && archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK)
		has = attribute_ids_has(within, key, value, size);
	if (has <= 0)
		return has ? has : -EOVERFLOW;
	int err =
		check_acl_ids(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ATTRIBUTES_ACL_ACCESS, within);

	return err ? err
		   : check_acl_ids(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ATTRIBUTES_ACL_DEFAULT,
				   within);
}
