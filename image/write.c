// SPDX-License-Identifier: LGPL-2.1-or-later
/* From mounts to records; the reverse of convert.c. */
#include <string.h>
#include <sys/mount.h>

#include "image/convert.h"
#include "image/fstype.h"
#include "model/flags.h"

#define FLAGS_STRICTATIME (1U << 24)

static ProtobufCBinaryData text(const char *s)
{
	return (ProtobufCBinaryData){ .len = strlen(s), .data = (uint8_t *)s };
}

/* CRIU names the default of mount(2)'s older days; its readers would take nothing for relatime. */
static uint32_t flags_of(const struct mount *m)
{
	uint32_t flags = flags_attr_to_ms(m->attributes);

	if (!(flags & (MS_NOATIME | MS_RELATIME)))
		flags |= FLAGS_STRICTATIME;
	if (m->shared)
		flags |= MS_SHARED;
	if (m->master)
		flags |= MS_SLAVE;
	if (m->unbindable)
		flags |= MS_UNBINDABLE;
	return flags;
}

static bool is_outside(const struct mount *m)
{
	return m->owner != MOUNT_INTERNAL && m->owner != MOUNT_UNDECIDED;
}

/* CRIU refuses a record with an fsname that is not "auto": the name is in our part then. */
static bool has_own_fsname(const struct mount *m)
{
	return is_outside(m) && fstype_number(m->fstype) == FSTYPE_AUTO;
}

static void write_fstype(const struct mount *m, Rebind__MntEntry *record)
{
	record->fstype = fstype_number(m->fstype);
	if (record->fstype != FSTYPE_AUTO)
		return;
	/* CRIU would create what is "auto"; what is not ours it must not try to. */
	if (is_outside(m)) {
		record->fstype = FSTYPE_UNSUPPORTED;
		return;
	}
	record->has_fsname = true;
	record->fsname = text(m->fstype);
}

static void write_owner(const struct mount *m, Rebind__MntEntry *record)
{
	if (m->owner == MOUNT_PLUGIN)
		record->has_with_plugin = record->with_plugin = true;
	if (m->key) {
		record->has_ext_key = true;
		record->ext_key = text(m->key);
	}
}

static void write_numbers(const struct mount *m, Rebind__MntEntry *record)
{
	record->mnt_id = m->id;
	record->parent_mnt_id = m->parent_id;
	record->root_dev = m->dev;
	record->flags = flags_of(m);
	record->has_shared_id = record->has_master_id = record->has_sb_flags = true;
	record->shared_id = m->shared;
	record->master_id = m->master;
	record->sb_flags = m->sb_flags;
	if (m->deleted)
		record->has_deleted = record->deleted = true;
}

/* ---- our submessage ---- */

static uint32_t extra_attributes(const struct mount *m)
{
	return m->attributes & ~flags_attr_from_ms(flags_attr_to_ms(m->attributes));
}

static bool has_extra(const struct mount *m)
{
	return m->kind || m->on_symlink || m->unique_id || m->idmap || m->contents || m->formats ||
	       m->parent_key || m->host_shared || m->file_id || extra_attributes(m) ||
	       has_own_fsname(m);
}

static Rebind__IdExtent **write_extents(struct record_pool *pool, uint32_t n,
					const struct mount_id_extent *extents)
{
	Rebind__IdExtent **list = record_pool_alloc(pool, (n + 1) * sizeof(*list));

	for (uint32_t i = 0; list && i < n; i++) {
		list[i] = record_pool_alloc(pool, sizeof(**list));
		if (!list[i])
			return NULL;
		rebind__id_extent__init(list[i]);
		list[i]->first = extents[i].first;
		list[i]->lower = extents[i].lower;
		list[i]->count = extents[i].count;
	}
	return list;
}

static int write_idmap(const struct mount_idmap *idmap, struct record_pool *pool,
		       Rebind__RebindMount *extra)
{
	extra->n_uid_map = idmap->n_uid;
	extra->uid_map = write_extents(pool, idmap->n_uid, idmap->uid);
	extra->n_gid_map = idmap->n_gid;
	extra->gid_map = write_extents(pool, idmap->n_gid, idmap->gid);
	return extra->uid_map && extra->gid_map ? 0 : -ENOMEM;
}

static int write_attributes(const struct mount_contents *contents,
			    const struct mount_socket *socket, struct record_pool *pool,
			    Rebind__SocketEntry *entry)
{
	Rebind__AttributeEntry **list =
		record_pool_alloc(pool, (socket->n_attributes + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < socket->n_attributes; i++) {
		const struct mount_attribute *attribute =
			&contents->attributes[socket->first_attribute + i];

		list[i] = record_pool_alloc(pool, sizeof(**list));
		if (!list[i])
			return -ENOMEM;
		rebind__attribute_entry__init(list[i]);
		list[i]->name = text(attribute->name);
		list[i]->value.len = attribute->size;
		list[i]->value.data = (uint8_t *)attribute->value;
	}
	entry->n_attributes = socket->n_attributes;
	entry->attributes = list;
	return 0;
}

static void write_times(const struct mount_socket *socket, Rebind__SocketEntry *entry)
{
	if (!socket->has_times)
		return;
	entry->has_atime = entry->has_atime_ns = entry->has_mtime = entry->has_mtime_ns = true;
	entry->atime = socket->atime.seconds;
	entry->atime_ns = socket->atime.nanoseconds;
	entry->mtime = socket->mtime.seconds;
	entry->mtime_ns = socket->mtime.nanoseconds;
}

static Rebind__SocketEntry *write_socket(const struct mount_contents *contents,
					 const struct mount_socket *socket,
					 struct record_pool *pool)
{
	Rebind__SocketEntry *entry = record_pool_alloc(pool, sizeof(*entry));

	if (!entry)
		return NULL;
	rebind__socket_entry__init(entry);
	entry->path = text(socket->path);
	entry->mode = socket->mode;
	entry->uid = socket->uid;
	entry->gid = socket->gid;
	entry->has_inode = true;
	entry->inode = socket->inode;
	entry->has_with_plugin = entry->with_plugin = socket->with_plugin;
	write_times(socket, entry);
	return write_attributes(contents, socket, pool, entry) ? NULL : entry;
}

static int write_contents(const struct mount_contents *contents, struct record_pool *pool,
			  Rebind__RebindMount *extra)
{
	extra->has_entries = extra->has_bytes = true;
	extra->entries = contents->entries;
	extra->bytes = contents->bytes;
	extra->has_takes = contents->takes != 0;
	extra->takes = contents->takes;
	extra->has_packing = contents->packing != MOUNT_PACKED_GZIP;
	extra->packing = contents->packing;
	extra->has_digest = contents->has_digest;
	extra->digest.len = sizeof(contents->digest);
	extra->digest.data = (uint8_t *)contents->digest;
	extra->has_deleted_inode = contents->inode != 0;
	extra->deleted_inode = contents->inode;
	extra->has_deleted_link = contents->link != NULL;
	extra->deleted_link = text(contents->link ? contents->link : "");
	extra->sockets =
		record_pool_alloc(pool, (contents->n_sockets + 1) * sizeof(*extra->sockets));
	if (!extra->sockets)
		return -ENOMEM;
	for (uint32_t i = 0; i < contents->n_sockets; i++) {
		extra->sockets[i] = write_socket(contents, &contents->sockets[i], pool);
		if (!extra->sockets[i])
			return -ENOMEM;
	}
	extra->n_sockets = contents->n_sockets;
	return 0;
}

static void write_format(const struct mount_format *format, Rebind__BinfmtEntry *entry)
{
	rebind__binfmt_entry__init(entry);
	entry->name = text(format->name);
	entry->enabled = format->enabled;
	entry->interpreter = text(format->interpreter);
	entry->flags = text(format->flags);
	entry->has_extension = format->extension != NULL;
	entry->has_offset = entry->has_magic = !format->extension;
	entry->extension = text(format->extension ? format->extension : "");
	entry->offset = format->offset;
	entry->magic = (ProtobufCBinaryData){ format->n_magic, (uint8_t *)format->magic };
	entry->has_mask = format->n_mask != 0;
	entry->mask = (ProtobufCBinaryData){ format->n_mask, (uint8_t *)format->mask };
}

static int write_formats(const struct mount_formats *formats, struct record_pool *pool,
			 Rebind__RebindMount *extra)
{
	extra->has_binfmt_disabled = extra->binfmt_disabled = formats->disabled;
	extra->binfmt = record_pool_alloc(pool, (formats->n + 1) * sizeof(*extra->binfmt));
	if (!extra->binfmt)
		return -ENOMEM;
	for (uint32_t i = 0; i < formats->n; i++) {
		extra->binfmt[i] = record_pool_alloc(pool, sizeof(**extra->binfmt));
		if (!extra->binfmt[i])
			return -ENOMEM;
		write_format(&formats->list[i], extra->binfmt[i]);
	}
	extra->n_binfmt = formats->n;
	return 0;
}

static void write_plain(const struct mount *m, Rebind__RebindMount *extra)
{
	if (m->kind != MOUNT_KIND_UNKNOWN) {
		extra->has_kind = true;
		extra->kind = m->kind == MOUNT_KIND_FILE ? REBIND__ROOT_KIND__FILE
							 : REBIND__ROOT_KIND__DIRECTORY;
	}
	extra->has_on_symlink = extra->on_symlink = m->on_symlink;
	extra->has_unique_id = m->unique_id != 0;
	extra->unique_id = m->unique_id;
	extra->attributes = extra_attributes(m);
	extra->has_attributes = extra->attributes != 0;
	extra->has_host_shared = extra->host_shared = m->host_shared;
	extra->has_file_id = m->file_id != 0;
	extra->file_id = m->file_id;
	if (has_own_fsname(m)) {
		extra->has_fsname = true;
		extra->fsname = text(m->fstype);
	}
	if (m->parent_key) {
		extra->has_parent_key = true;
		extra->parent_key = text(m->parent_key);
	}
	if (m->parent_path) {
		extra->has_parent_path = true;
		extra->parent_path = text(m->parent_path);
	}
}

static int write_extra(const struct mount *m, struct record_pool *pool, Rebind__MntEntry *record)
{
	Rebind__RebindMount *extra = record_pool_alloc(pool, sizeof(*extra));

	if (!extra)
		return -ENOMEM;
	rebind__rebind_mount__init(extra);
	write_plain(m, extra);
	int err = m->idmap ? write_idmap(m->idmap, pool, extra) : 0;

	if (!err && m->contents)
		err = write_contents(m->contents, pool, extra);
	if (!err && m->formats)
		err = write_formats(m->formats, pool, extra);
	record->rebind = extra;
	return err;
}

int convert_write(const struct mount *m, struct record_pool *pool, Rebind__MntEntry *ret)
{
	Rebind__MntEntry record = REBIND__MNT_ENTRY__INIT;

	if (m->owner == MOUNT_EXTERNAL && !m->key && !m->parent_key)
		return -EINVAL;
	write_numbers(m, &record);
	write_fstype(m, &record);
	record.root = text(m->root);
	record.mountpoint = text(m->mountpoint);
	record.source = text(m->source);
	record.options = text(m->options);
	write_owner(m, &record);
	int err = has_extra(m) ? write_extra(m, pool, &record) : 0;

	if (!err)
		*ret = record;
	return err;
}
