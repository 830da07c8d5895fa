// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a record: what the contents of a filesystem amount to, and what no archive can hold. */
#include "image/convert-part.h"

#include <limits.h>
#include <string.h>

#include "base/path.h"

static int read_attribute(struct convert *to, const struct mount *m,
			  const Rebind__AttributeEntry *entry, struct mount_attribute *ret)
{
	const char *value;
	int err = convert_copy_text(to, &entry->name, &ret->name);

	if (!err)
		err = convert_copy_text(to, &entry->value, &value);
	if (err)
		return err;
	convert_check_unknown(to, m, &entry->base);
	convert_check_text(to, m, "attribute's name", &entry->name);
	if (entry->name.len == 0 || entry->name.len > XATTR_NAME_MAX ||
	    entry->value.len > XATTR_SIZE_MAX)
		bad_mount(to, m, FINDING_IMAGE_SOCKET, NULL,
			  "has an attribute that cannot be: '%s'", WHO(to, m), ret->name);
	ret->value = (const uint8_t *)value;
	ret->size = (uint32_t)entry->value.len;
	return 0;
}

static int read_attributes(struct convert *to, const struct mount *m,
			   const Rebind__SocketEntry *entry, struct mount_socket *ret)
{
	struct mount_contents *c = m->contents;
	int err = 0;

	ret->first_attribute = c->n_attributes;
	ret->n_attributes = (uint32_t)entry->n_attributes;
	for (size_t i = 0; i < entry->n_attributes && !err; i++)
		err = read_attribute(to, m, entry->attributes[i],
				     &c->attributes[c->n_attributes++]);
	return err;
}

static void read_times(struct convert *to, const struct mount *m, const Rebind__SocketEntry *entry,
		       struct mount_socket *ret)
{
	ret->has_times = entry->has_atime && entry->has_mtime;
	ret->atime = (struct mount_time){ entry->atime, entry->atime_ns };
	ret->mtime = (struct mount_time){ entry->mtime, entry->mtime_ns };
	if (entry->atime_ns > 999999999 || entry->mtime_ns > 999999999)
		bad_mount(to, m, FINDING_IMAGE_SOCKET, NULL,
			  "has the socket '%s' with a time that is not one", WHO(to, m), ret->path);
}

static int read_socket(struct convert *to, const struct mount *m, const Rebind__SocketEntry *entry,
		       struct mount_socket *ret)
{
	int err = convert_copy_text(to, &entry->path, &ret->path);

	if (err)
		return err;
	convert_check_unknown(to, m, &entry->base);
	convert_check_text(to, m, "socket's path", &entry->path);
	if (!path_is_normal(ret->path) || !ret->path[1])
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has the socket '%s', which is not an absolute, normal path", WHO(to, m),
			  ret->path);
	if (entry->mode & ~07777U)
		bad_mount(to, m, FINDING_IMAGE_SOCKET, NULL,
			  "has the socket '%s' with the mode 0%o, which is not one", WHO(to, m),
			  ret->path, entry->mode);
	ret->mode = entry->mode;
	ret->uid = entry->uid;
	ret->gid = entry->gid;
	ret->inode = entry->inode;
	ret->with_plugin = entry->with_plugin;
	read_times(to, m, entry, ret);
	return read_attributes(to, m, entry, ret);
}

static size_t count_attributes(const Rebind__RebindMount *extra)
{
	size_t n = 0;

	for (size_t i = 0; i < extra->n_sockets; i++)
		n += extra->sockets[i]->n_attributes;
	return n;
}

static int read_sockets(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	int err = 0;

	if (extra->n_sockets == 0)
		return 0;
	m->contents->sockets = calloc(extra->n_sockets, sizeof(*m->contents->sockets));
	m->contents->attributes =
		calloc(count_attributes(extra) + 1, sizeof(*m->contents->attributes));
	if (!m->contents->sockets || !m->contents->attributes)
		return -ENOMEM;
	m->contents->n_sockets = (uint32_t)extra->n_sockets;
	for (size_t i = 0; i < extra->n_sockets && !err; i++)
		err = read_socket(to, m, extra->sockets[i], &m->contents->sockets[i]);
	return err;
}

static void read_digest(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	if (!extra->has_digest)
		return;
	if (extra->digest.len != sizeof(m->contents->digest)) {
		bad_mount(to, m, FINDING_IMAGE_DIGEST, NULL,
			  "has a digest of %zu bytes, where %zu are expected", WHO(to, m),
			  extra->digest.len, sizeof(m->contents->digest));
		return;
	}
	m->contents->has_digest = true;
	memcpy(m->contents->digest, extra->digest.data, sizeof(m->contents->digest));
}

static int read_deleted(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	m->contents->inode = extra->deleted_inode;
	if (!extra->has_deleted_link)
		return 0;
	int err = convert_copy_text(to, &extra->deleted_link, &m->contents->link);

	if (err)
		return err;
	convert_check_text(to, m, "other name", &extra->deleted_link);
	if (!path_is_normal(m->contents->link) || !m->contents->link[1])
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has the other name '%s', which is not an absolute, normal path",
			  WHO(to, m), m->contents->link);
	return 0;
}

int convert_contents(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	if (!extra->has_entries && !extra->has_bytes && !extra->has_digest && !extra->has_takes &&
	    extra->n_sockets == 0 && !extra->has_deleted_inode && !extra->has_deleted_link)
		return 0;
	m->contents = calloc(1, sizeof(*m->contents));
	if (!m->contents)
		return -ENOMEM;
	m->contents->entries = extra->entries;
	m->contents->bytes = extra->bytes;
	m->contents->takes = extra->takes;
	if (extra->takes & ~(uint32_t)MOUNT_TAKES_ALL)
		bad_mount(to, m, FINDING_IMAGE_UNKNOWN, NULL,
			  "has contents that take 0x%x to be unpacked, which is not known",
			  WHO(to, m), extra->takes);
	if (extra->packing >= MOUNT_PACKED_END)
		bad_mount(to, m, FINDING_IMAGE_UNKNOWN, NULL,
			  "has contents that are packed in the way %u, which is not known",
			  WHO(to, m), extra->packing);
	m->contents->packing = (uint8_t)extra->packing;
	read_digest(to, extra, m);
	int err = read_deleted(to, extra, m);

	return err ? err : read_sockets(to, extra, m);
}
