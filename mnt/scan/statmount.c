// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fast reader. STATMOUNT_PROPAGATE_FROM is never asked for: where a group has many slaves it
 * costs a walk over all of them for each mount.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "mnt/scan/option-ids.h"
#include "mnt/scan/reader.h"
#include "mnt/scan/scan.h"

#define BATCH	 512
#define BUF_SIZE (sizeof(struct sys_statmount) + 8192)
#define BUF_MAX	 (16U << 20)

#define WANTED                                                                       \
	(SYS_STATMOUNT_SB_BASIC | SYS_STATMOUNT_MNT_BASIC | SYS_STATMOUNT_MNT_ROOT | \
	 SYS_STATMOUNT_MNT_POINT | SYS_STATMOUNT_FS_TYPE | SYS_STATMOUNT_MNT_OPTS |  \
	 SYS_STATMOUNT_FS_SUBTYPE | SYS_STATMOUNT_SB_SOURCE)

#define ATTR_IDMAP 0x100000

/* The buffer grows when a mount's strings do not fit. */
struct reader {
	uint64_t ns_id;
	struct sys_statmount *buf;
	size_t size;
};

static void free_reader(struct reader *reader)
{
	free(reader->buf);
}

static int stat_one(struct reader *reader, uint64_t id, uint64_t mask)
{
	for (;;) {
		if (!reader->buf) {
			reader->buf = malloc(reader->size);
			if (!reader->buf)
				return -ENOMEM;
		}
		int err = sys_statmount(id, reader->ns_id, mask, reader->buf, reader->size);

		if (err == -ENOENT)
			return -EAGAIN;
		if (err != -EOVERFLOW || reader->size >= BUF_MAX)
			return err;
		free(take_ptr(&reader->buf));
		reader->size *= 4;
	}
}

static uint64_t own_ns_id(void)
{
	cleanup_fd int ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id;

	return ns_fd >= 0 && sys_mntns_id(ns_fd, &id) == 0 ? id : 0;
}

static bool probe(uint64_t ns_id, uint64_t id)
{
	cleanup(free_reader) struct reader reader = { .ns_id = ns_id ? ns_id : own_ns_id(),
						      .size = BUF_SIZE };
	uint64_t supported = WANTED | SYS_STATMOUNT_MNT_UIDMAP;

	if (!reader.ns_id || (!id && sys_listmount(SYS_LSMT_ROOT, reader.ns_id, 0, &id, 1) != 1) ||
	    stat_one(&reader, id, SYS_STATMOUNT_SUPPORTED_MASK))
		return false;
	return (reader.buf->mask & SYS_STATMOUNT_SUPPORTED_MASK) &&
	       (reader.buf->supported_mask & supported) == supported;
}

/* The kernel's answer stays the same; a child inherits it. */
bool scan_statmount_probe(uint64_t ns_id, uint64_t id)
{
	static bool is_known, has;

	if (!is_known)
		has = probe(ns_id, id);
	is_known = true;
	return has;
}

bool scan_has_statmount(void)
{
	return scan_statmount_probe(0, 0);
}

int scan_set_root(struct mount_tree *tree, struct mount *m, const char *root)
{
	static const char mark[] = SCAN_DELETED;
	size_t n = strlen(root);

	m->deleted = n > sizeof(mark) - 1 && strcmp(root + n - (sizeof(mark) - 1), mark) == 0;
	if (m->deleted)
		n -= sizeof(mark) - 1;
	m->root = arena_copy(&tree->strings, root, n);
	return m->root ? 0 : -ENOMEM;
}

/* Pairs of "inner outer count", each ended by a NUL. */
static int parse_map(const char *text, uint32_t n, struct mount_id_extent **ret, uint32_t *ret_n)
{
	struct mount_id_extent *map = calloc(n ? n : 1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++, text += strlen(text) + 1) {
		if (sscanf(text, "%u %u %u", &map[i].first, &map[i].lower, &map[i].count) == 3)
			continue;
		free(map);
		return -EBADMSG;
	}
	*ret = map;
	*ret_n = n;
	return 0;
}

static int read_idmap(struct reader *reader, uint64_t id, struct mount *m)
{
	int err = stat_one(reader, id, SYS_STATMOUNT_MNT_UIDMAP | SYS_STATMOUNT_MNT_GIDMAP);
	const struct sys_statmount *s = reader->buf;

	if (err || !(s->mask & SYS_STATMOUNT_MNT_UIDMAP))
		return err;
	m->idmap = calloc(1, sizeof(*m->idmap));
	if (!m->idmap)
		return -ENOMEM;
	err = parse_map(s->str + s->mnt_uidmap, s->mnt_uidmap_num, &m->idmap->uid,
			&m->idmap->n_uid);
	if (!err && (s->mask & SYS_STATMOUNT_MNT_GIDMAP))
		err = parse_map(s->str + s->mnt_gidmap, s->mnt_gidmap_num, &m->idmap->gid,
				&m->idmap->n_gid);
	return err;
}

static const char *text_of(const struct sys_statmount *s, uint64_t bit, uint32_t offset)
{
	return s->mask & bit ? s->str + offset : "";
}

static int set_strings(struct mount_tree *tree, struct mount *m, const struct sys_statmount *s)
{
	const char *type = text_of(s, SYS_STATMOUNT_FS_TYPE, s->fs_type);
	const char *subtype = text_of(s, SYS_STATMOUNT_FS_SUBTYPE, s->fs_subtype);
	const char *point = text_of(s, SYS_STATMOUNT_MNT_POINT, s->mnt_point);
	const char *source = text_of(s, SYS_STATMOUNT_SB_SOURCE, s->sb_source);
	const char *options = text_of(s, SYS_STATMOUNT_MNT_OPTS, s->mnt_opts);
	char full[256];

	snprintf(full, sizeof(full), "%s%s%s", type, *subtype ? "." : "", subtype);
	m->fstype = arena_intern(&tree->strings, full, strlen(full));
	m->mountpoint = arena_copy(&tree->strings, point, strlen(point));
	m->source = arena_intern(&tree->strings, source, strlen(source));
	m->options = arena_intern(&tree->strings, options, strlen(options));
	if (!m->fstype || !m->mountpoint || !m->source || !m->options)
		return -ENOMEM;
	return scan_set_root(tree, m, text_of(s, SYS_STATMOUNT_MNT_ROOT, s->mnt_root));
}

static void set_numbers(struct mount *m, const struct sys_statmount *s)
{
	m->unique_id = s->mnt_id;
	m->id = s->mnt_id_old;
	m->parent_id = s->mnt_parent_id_old;
	m->dev = MOUNT_DEV(s->sb_dev_major, s->sb_dev_minor);
	m->sb_flags = s->sb_flags;
	m->attributes = (uint32_t)s->mnt_attr;
	m->shared = (uint32_t)s->mnt_peer_group;
	m->master = (uint32_t)s->mnt_master;
	m->unbindable = s->mnt_propagation & MS_UNBINDABLE;
}

static int add_read(struct reader *reader, uint64_t id, struct mount_tree *tree)
{
	struct mount *m = tree_add(tree);
	int err;

	if (!m)
		return -ENOMEM;
	set_numbers(m, reader->buf);
	err = set_strings(tree, m, reader->buf);
	if (!err && (m->attributes & ATTR_IDMAP))
		err = read_idmap(reader, id, m);
	return err;
}

static int add_one(struct reader *reader, uint64_t id, struct mount_tree *tree)
{
	int err = stat_one(reader, id, WANTED);

	if (err)
		return err;
	if (reader->buf->mask & SYS_STATMOUNT_MNT_POINT)
		return add_read(reader, id, tree);
	/* The namespace's root does not reach it, or its mountpoint was moved out of its parent. */
	return table_put(&tree->lost, reader->buf->mnt_parent_id_old, reader->buf->mnt_id_old,
			 NULL);
}

int scan_statmount_idmap(uint64_t ns_id, struct mount *m)
{
	cleanup(free_reader) struct reader reader = { .ns_id = ns_id, .size = BUF_SIZE };

	return m->attributes & ATTR_IDMAP ? read_idmap(&reader, m->unique_id, m) : 0;
}

int scan_statmount_one(uint64_t ns_id, uint64_t id, struct mount_tree *tree)
{
	cleanup(free_reader) struct reader reader = { .ns_id = ns_id, .size = BUF_SIZE };
	int err = stat_one(&reader, id, WANTED);

	if (!err)
		err = add_read(&reader, id, tree);
	if (!err)
		tree->mounts[tree->n - 1].mountpoint = "/";
	return err;
}

int scan_statmount_add(uint64_t ns_id, uint64_t id, struct mount_tree *tree)
{
	cleanup(free_reader) struct reader reader = { .ns_id = ns_id, .size = BUF_SIZE };
	int err = stat_one(&reader, id, WANTED);

	if (err)
		return err == -EAGAIN ? -ENOENT : err;
	return reader.buf->mask & SYS_STATMOUNT_MNT_POINT ? add_read(&reader, id, tree) : -ENOENT;
}

int scan_statmount_count(uint64_t ns_id, uint32_t *ret)
{
	uint64_t ids[BATCH], last = 0;
	uint32_t count = 0;
	long n;

	do {
		n = sys_listmount(SYS_LSMT_ROOT, ns_id, last, ids, BATCH);
		if (n < 0)
			return (int)n;
		count += (uint32_t)n;
		last = n ? ids[n - 1] : 0;
	} while (n == BATCH);
	*ret = count;
	return 0;
}

int scan_statmount_ids(uint64_t ns_id, uint64_t **ret, uint32_t *ret_n)
{
	cleanup_free uint64_t *ids = NULL;
	uint32_t used = 0;
	long n;

	do {
		uint64_t *larger = realloc(ids, (used + BATCH) * sizeof(*ids));

		if (!larger)
			return -ENOMEM;
		ids = larger;
		n = sys_listmount(SYS_LSMT_ROOT, ns_id, used ? ids[used - 1] : 0, ids + used,
				  BATCH);
		if (n < 0)
			return (int)n;
		used += (uint32_t)n;
	} while (n == BATCH);
	*ret = take_ptr(&ids);
	*ret_n = used;
	return 0;
}

/* Room for all of them and no more. @listed: in the first batch */
static int reserve(uint64_t ns_id, long listed, struct mount_tree *tree)
{
	uint32_t n = (uint32_t)listed;
	int err = listed == BATCH ? scan_statmount_count(ns_id, &n) : 0;

	return err ? err : tree_reserve(tree, n);
}

int scan_statmount(uint64_t ns_id, struct mount_tree *tree)
{
	cleanup(free_reader) struct reader reader = { .ns_id = ns_id, .size = BUF_SIZE };
	uint64_t ids[BATCH], last = 0;
	long n;

	do {
		n = sys_listmount(SYS_LSMT_ROOT, ns_id, last, ids, BATCH);
		if (n < 0)
			return (int)n;
		int reserved = last ? 0 : reserve(ns_id, n, tree);

		if (reserved)
			return reserved;
		for (long i = 0; i < n; i++) {
			int err = add_one(&reader, ids[i], tree);

			if (err)
				return err;
		}
		last = n ? ids[n - 1] : 0;
	} while (n == BATCH);
	return 0;
}

static bool same_mount(const struct mount *m, const struct sys_statmount *s)
{
	return m->unique_id == s->mnt_id && m->parent_id == s->mnt_parent_id_old &&
	       m->attributes == (uint32_t)s->mnt_attr && m->shared == (uint32_t)s->mnt_peer_group &&
	       m->master == (uint32_t)s->mnt_master &&
	       m->unbindable == !!(s->mnt_propagation & MS_UNBINDABLE);
}

/* What is changed without a word: the superblock, by fsconfig(2), and a root's name. */
static uint64_t mask_of(const struct scan_target *target, const struct mount_tree *tree, uint32_t i)
{
	const struct mount *m = &tree->mounts[i];
	uint64_t mask = SYS_STATMOUNT_MNT_BASIC;

	if (tree_first_of_superblock(tree, m) == i)
		mask |= SYS_STATMOUNT_SB_BASIC | SYS_STATMOUNT_MNT_OPTS;
	if (scan_root_counts(target, m))
		mask |= SYS_STATMOUNT_MNT_ROOT;
	return mask;
}

static bool is_same_root(const struct mount *m, const char *root)
{
	size_t n = strlen(m->root);

	return strncmp(root, m->root, n) == 0 &&
	       strcmp(root + n, m->deleted ? SCAN_DELETED : "") == 0;
}

static bool same_superblock(const struct mount *m, const struct sys_statmount *s, uint64_t asked)
{
	if ((asked & SYS_STATMOUNT_SB_BASIC) && m->sb_flags != s->sb_flags)
		return false;
	if ((asked & SYS_STATMOUNT_MNT_ROOT) &&
	    !is_same_root(m, text_of(s, SYS_STATMOUNT_MNT_ROOT, s->mnt_root)))
		return false;
	return !(asked & SYS_STATMOUNT_MNT_OPTS) ||
	       option_ids_same(m, text_of(s, SYS_STATMOUNT_MNT_OPTS, s->mnt_opts));
}

int scan_statmount_same(const struct scan_target *target, const struct mount_tree *tree)
{
	cleanup(free_reader) struct reader reader = { .ns_id = target->ns_id, .size = BUF_SIZE };

	for (uint32_t i = 0; i < tree->n; i++) {
		uint64_t mask = mask_of(target, tree, i);
		int err = stat_one(&reader, tree->mounts[i].unique_id, mask);

		if (err)
			return err == -EAGAIN ? 0 : err;
		if (!same_mount(&tree->mounts[i], reader.buf) ||
		    !same_superblock(&tree->mounts[i], reader.buf, mask))
			return 0;
	}
	return 1;
}
