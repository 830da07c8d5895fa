// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From records to mounts. A record comes from outside: each field is checked, and an unknown one is
 * a finding. The way back is in write.c.
 */
#include "image/convert-part.h"

#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "image/fstype.h"
#include "model/filesystem.h"
#include "model/flags.h"
#include "model/served.h"

#define FLAGS_STRICTATIME \
	(1U << 24) /* MS_STRICTATIME: CRIU writes it where no atime mode is named */
#define PATH_SIZE	 4096
#define EXTENTS_MAX	 340 /* user_namespaces(7) */
#define EXTRA_ATTRIBUTES MOUNT_ATTR_IDMAP

/* ---- text ---- */

void convert_check_text(struct convert *to, const struct mount *m, const char *what,
			const ProtobufCBinaryData *text)
{
	if (text->len && memchr(text->data, '\0', text->len))
		bad_mount(to, m, FINDING_IMAGE_TEXT, NULL, "has a NUL byte in its %s", WHO(to, m),
			  what);
}

static int convert_keep(const char *copy, const char **ret)
{
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* Empty bytes have no address, and the arena wants one. */
static const char *bytes_of(const ProtobufCBinaryData *text)
{
	return text->len ? (const char *)text->data : "";
}

int convert_copy_text(struct convert *to, const ProtobufCBinaryData *text, const char **ret)
{
	return convert_keep(arena_copy(&to->tree->strings, bytes_of(text), text->len), ret);
}

static int intern_text(struct convert *to, const ProtobufCBinaryData *text, const char **ret)
{
	return convert_keep(arena_intern(&to->tree->strings, bytes_of(text), text->len), ret);
}

/* Few are like another; CRIU's own words are. */
static int keep_key(struct convert *to, const ProtobufCBinaryData *text, const char **ret)
{
	bool is_word = text->len >= 5 && memcmp(text->data, "CRIU:", 5) == 0;

	return is_word ? intern_text(to, text, ret) : convert_copy_text(to, text, ret);
}

static bool is_text(const ProtobufCBinaryData *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* ---- paths ---- */

static bool is_nsfs_root(const char *root)
{
	size_t word = strspn(root, "abcdefghijklmnopqrstuvwxyz_");

	if (word == 0 || strncmp(root + word, ":[", 2) != 0)
		return false;
	size_t digits = strspn(root + word + 2, "0123456789");

	return digits && strcmp(root + word + 2 + digits, "]") == 0;
}

/* A cgroup outside of the cgroup namespace is shown with leading "/..". */
static bool is_cgroup_root(const struct mount *m)
{
	const char *root = m->root;

	if (!*root || strncmp(m->fstype, "cgroup", 6) != 0)
		return false;
	while (strncmp(root, "/..", 3) == 0 && (root[3] == '/' || root[3] == '\0'))
		root += 3;
	return *root == '\0' || path_is_normal(root);
}

static bool has_long_name(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n > 255)
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}

static void check_mountpoint(struct convert *to, const struct mount *m)
{
	if (!path_is_normal(m->mountpoint))
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has a mountpoint that is not an absolute, normal path", WHO(to, m));
	else if (strlen(m->mountpoint) >= PATH_SIZE || has_long_name(m->mountpoint))
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has a mountpoint that is longer than a path can be", WHO(to, m));
}

static void check_root(struct convert *to, const struct mount *m)
{
	if (!path_is_normal(m->root) && !is_nsfs_root(m->root) && !is_cgroup_root(m))
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has the root '%s', which is not an absolute, normal path", WHO(to, m),
			  m->root);
	else if (strlen(m->root) >= PATH_SIZE || has_long_name(m->root))
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has a root that is longer than a path can be", WHO(to, m));
}

/* ---- fields ---- */

static int read_mountpoint(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	int err = convert_copy_text(to, &record->mountpoint, &m->mountpoint);

	if (err)
		return err;
	convert_check_text(to, m, "mountpoint", &record->mountpoint);
	check_mountpoint(to, m);
	return 0;
}

/* mountinfo marks the root of a deleted directory by a suffix; the model has a bit for it. */
static size_t without_deleted(const ProtobufCBinaryData *root)
{
	static const char suffix[] = "//deleted";
	size_t n = sizeof(suffix) - 1;

	if (root->len > n && memcmp(root->data + root->len - n, suffix, n) == 0)
		return root->len - n;
	return root->len;
}

/* To be called when the filesystem is known. */
static int read_root(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	ProtobufCBinaryData root = record->root;

	if (record->ext_mount && !record->has_ext_key) {
		convert_check_text(to, m, "key", &root);
		return intern_text(to, &root, &m->key);
	}
	convert_check_text(to, m, "root", &root);
	root.len = without_deleted(&root);
	m->deleted = record->deleted || root.len != record->root.len;
	int err = convert_copy_text(to, &root, &m->root);

	if (!err)
		check_root(to, m);
	return err;
}

static int read_texts(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	convert_check_text(to, m, "source", &record->source);
	int err = intern_text(to, &record->source, &m->source);

	if (err)
		return err;
	convert_check_text(to, m, "options", &record->options);
	return intern_text(to, &record->options, &m->options);
}

static int read_fsname(struct convert *to, const ProtobufCBinaryData *name, struct mount *m)
{
	if (name->len == 0) {
		bad_mount(to, m, FINDING_IMAGE_FSTYPE, NULL, "has an empty filesystem name",
			  WHO(to, m));
		return 0;
	}
	convert_check_text(to, m, "filesystem name", name);
	return intern_text(to, name, &m->fstype);
}

static int read_fstype(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	const char *name = fstype_name(record->fstype);
	bool by_name = record->fstype == FSTYPE_AUTO || record->fstype == FSTYPE_UNSUPPORTED;

	if (name)
		m->fstype = name;
	if (by_name && record->has_fsname)
		return read_fsname(to, &record->fsname, m);
	if (record->fstype == FSTYPE_UNSUPPORTED && record->rebind && record->rebind->has_fsname)
		return read_fsname(to, &record->rebind->fsname, m);
	if (record->fstype == FSTYPE_AUTO)
		bad_mount(to, m, FINDING_IMAGE_FSTYPE, NULL, "has no filesystem name", WHO(to, m));
	else if (!name)
		bad_mount(to, m, FINDING_IMAGE_FSTYPE, NULL,
			  "is of the filesystem number %u, which is not known", WHO(to, m),
			  record->fstype);
	else if (record->has_fsname && !is_text(&record->fsname, name))
		bad_mount(to, m, FINDING_IMAGE_FSTYPE, NULL, "is of two filesystems, %s and '%.*s'",
			  WHO(to, m), name, (int)record->fsname.len, (char *)record->fsname.data);
	return 0;
}

static void check_propagation(struct convert *to, const Rebind__MntEntry *record,
			      const struct mount *m)
{
	uint32_t flags = record->flags;
	bool grouped = m->shared || m->master;

	if (!(flags & MS_SHARED) != !m->shared)
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL,
			  "is %s by its flags and has the peer group %u", WHO(to, m),
			  flags & MS_SHARED ? "shared" : "not shared", m->shared);
	if (!(flags & MS_SLAVE) != !m->master)
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL,
			  "is %s by its flags and has the master group %u", WHO(to, m),
			  flags & MS_SLAVE ? "a slave" : "no slave", m->master);
	if ((flags & MS_PRIVATE && grouped) || (flags & MS_UNBINDABLE && grouped))
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL, "is both %s and in a peer group",
			  WHO(to, m), flags & MS_PRIVATE ? "private" : "unbindable");
}

static void check_atime(struct convert *to, const Rebind__MntEntry *record, const struct mount *m)
{
	uint32_t modes = record->flags & (MS_NOATIME | MS_RELATIME | FLAGS_STRICTATIME);

	if (modes & (modes - 1))
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL,
			  "has more than one atime mode: flags 0x%x", WHO(to, m), record->flags);
}

static void read_flags(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	uint32_t known = FLAGS_MS_ATTRIBUTES | FLAGS_MS_PROPAGATION | FLAGS_STRICTATIME;

	if (record->flags & ~known)
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL, "has flags that are not known: 0x%x",
			  WHO(to, m), record->flags & ~known);
	if (record->sb_flags & ~FLAGS_SB_KNOWN)
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL,
			  "has superblock flags that are not known: 0x%x", WHO(to, m),
			  record->sb_flags & ~FLAGS_SB_KNOWN);
	m->attributes = flags_attr_from_ms(record->flags & FLAGS_MS_ATTRIBUTES);
	m->sb_flags = record->sb_flags;
	m->shared = record->shared_id;
	m->master = record->master_id;
	m->unbindable = record->flags & MS_UNBINDABLE;
	check_propagation(to, record, m);
	check_atime(to, record, m);
}

static int read_owner(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	if (record->has_ext_key) {
		convert_check_text(to, m, "key", &record->ext_key);
		int err = keep_key(to, &record->ext_key, &m->key);

		if (err)
			return err;
	}
	if (m->key && !*m->key)
		bad_mount(to, m, FINDING_IMAGE_KEY, NULL, "has an empty key", WHO(to, m));
	m->need_plugin = record->with_plugin;
	if (m->file_id && (!record->with_plugin || served_kind(m->fstype) == SERVED_NOT))
		bad_mount(to, m, FINDING_IMAGE_FIELD, NULL,
			  "is a %s of %s, and cannot be served through a descriptor", WHO(to, m),
			  m->fstype, record->with_plugin ? "a plugin" : "no plugin");
	m->owner = record->with_plugin	     ? MOUNT_PLUGIN
		   : m->key || m->parent_key ? MOUNT_EXTERNAL
					     : MOUNT_INTERNAL;
	/* It has no key: a CRIU that restores the processes opens the terminal itself. */
	if (m->owner != MOUNT_INTERNAL || m->deleted ||
	    !filesystem_shows_terminal(m->fstype, m->root))
		return 0;
	m->owner = MOUNT_EXTERNAL;
	return intern_text(to, &record->mountpoint, &m->key);
}

void convert_check_unknown(struct convert *to, const struct mount *m, const ProtobufCMessage *part)
{
	for (unsigned int i = 0; i < part->n_unknown_fields; i++)
		bad_mount(to, m, FINDING_IMAGE_FIELD, NULL,
			  "has the field %u in its %s, which is not known", WHO(to, m),
			  part->unknown_fields[i].tag, part->descriptor->name);
}

/* ---- our submessage ---- */

static void check_extent(struct convert *to, const struct mount *m, const Rebind__IdExtent *extent)
{
	convert_check_unknown(to, m, &extent->base);
	if (extent->count == 0 || extent->count > UINT32_MAX - extent->first ||
	    extent->count > UINT32_MAX - extent->lower)
		bad_mount(to, m, FINDING_IMAGE_IDMAP, NULL,
			  "has an id-mapping that cannot be: %u %u %u", WHO(to, m), extent->first,
			  extent->lower, extent->count);
}

static int read_extents(struct convert *to, const struct mount *m, size_t n,
			Rebind__IdExtent **extents, struct mount_id_extent **ret)
{
	struct mount_id_extent *list = calloc(n ? n : 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		check_extent(to, m, extents[i]);
		list[i].first = extents[i]->first;
		list[i].lower = extents[i]->lower;
		list[i].count = extents[i]->count;
	}
	*ret = list;
	return 0;
}

static int read_idmap(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	if (extra->n_uid_map == 0 && extra->n_gid_map == 0)
		return 0;
	if (extra->n_uid_map > EXTENTS_MAX || extra->n_gid_map > EXTENTS_MAX) {
		bad_mount(to, m, FINDING_IMAGE_IDMAP, NULL,
			  "has an id-mapping of more than %d lines", WHO(to, m), EXTENTS_MAX);
		return 0;
	}
	m->idmap = calloc(1, sizeof(*m->idmap));
	if (!m->idmap)
		return -ENOMEM;
	m->idmap->n_uid = (uint32_t)extra->n_uid_map;
	m->idmap->n_gid = (uint32_t)extra->n_gid_map;
	int err = read_extents(to, m, extra->n_uid_map, extra->uid_map, &m->idmap->uid);

	return err ? err : read_extents(to, m, extra->n_gid_map, extra->gid_map, &m->idmap->gid);
}

static void read_kind(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	if (!extra->has_kind)
		return;
	if (extra->kind == REBIND__ROOT_KIND__DIRECTORY)
		m->kind = MOUNT_KIND_DIRECTORY;
	else if (extra->kind == REBIND__ROOT_KIND__FILE)
		m->kind = MOUNT_KIND_FILE;
	else
		bad_mount(to, m, FINDING_IMAGE_FIELD, NULL, "is of the kind %d, which is not known",
			  WHO(to, m), (int)extra->kind);
}

static int read_parent(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	int err = 0;

	if (extra->has_parent_key) {
		convert_check_text(to, m, "parent's key", &extra->parent_key);
		m->comes_along = true;
		err = intern_text(to, &extra->parent_key, &m->parent_key);
	}
	if (err || !extra->has_parent_path)
		return err;
	convert_check_text(to, m, "path below its parent", &extra->parent_path);
	err = convert_copy_text(to, &extra->parent_path, &m->parent_path);
	if (!err && (!m->parent_key || !path_is_normal(m->parent_path) ||
		     strlen(m->parent_path) >= PATH_SIZE))
		bad_mount(to, m, FINDING_IMAGE_PATH, NULL,
			  "has no parent to have a path below, or one that is not a normal path",
			  WHO(to, m));
	return err;
}

static int read_extra(struct convert *to, const Rebind__RebindMount *extra, struct mount *m)
{
	convert_check_unknown(to, m, &extra->base);
	read_kind(to, extra, m);
	m->unique_id = extra->unique_id;
	if (extra->attributes & ~(uint64_t)EXTRA_ATTRIBUTES)
		bad_mount(to, m, FINDING_IMAGE_FLAGS, NULL,
			  "has attributes that are not known: 0x%llx", WHO(to, m),
			  (unsigned long long)(extra->attributes & ~(uint64_t)EXTRA_ATTRIBUTES));
	m->attributes |= (uint32_t)extra->attributes & EXTRA_ATTRIBUTES;
	m->on_symlink = extra->on_symlink;
	m->file_id = extra->file_id;
	m->host_shared = extra->has_host_shared && extra->host_shared && m->shared;
	int err = read_parent(to, extra, m);

	if (!err)
		err = read_idmap(to, extra, m);
	if (!err)
		err = convert_formats(to, extra, m);
	return err ? err : convert_contents(to, extra, m);
}

/* ---- the whole record ---- */

static int read_fields(struct convert *to, const Rebind__MntEntry *record, struct mount *m)
{
	int err = read_mountpoint(to, record, m);

	if (err)
		return err;
	convert_check_unknown(to, m, &record->base);
	read_flags(to, record, m);
	err = read_fstype(to, record, m);
	if (!err)
		err = read_root(to, record, m);
	if (!err)
		err = read_texts(to, record, m);
	if (!err && record->rebind)
		err = read_extra(to, record->rebind, m);
	return err ? err : read_owner(to, record, m);
}

int convert_read(struct convert *to, const Rebind__MntEntry *record)
{
	struct mount *m = tree_add(to->tree);

	if (!m)
		return -ENOMEM;
	m->id = record->mnt_id;
	m->parent_id = record->parent_mnt_id;
	m->dev = record->root_dev;
	int err = read_fields(to, record, m);

	/* Refused above by the name that it has. What follows counts on a path. */
	if (m->mountpoint[0] != '/')
		m->mountpoint = "/";
	return err;
}

void convert_root(struct convert *to)
{
	tree_for_each_root(i, to->tree)
	{
		struct mount *m = &to->tree->mounts[i];

		if (strcmp(mount_path(m), "/") != 0)
			bad_mount(to, m, FINDING_IMAGE_TREE, NULL,
				  "is the root of the tree and not mounted at '/'", WHO(to, m));
	}
	to->tree->mounts[to->tree->root].owner = MOUNT_ROOT;
}
