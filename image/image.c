// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading goes on after an invalid record, as long as the next one can be found: so all that is
 * wrong with a damaged image is reported at once.
 *
 * CRIU writes the mounts of a namespace in reverse. The array of a tree has mountinfo's order, so
 * reading and writing both turn it round.
 */
#include "image/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/new-file.h"
#include "image/image-internal.h"
#include "image/inventory.h"
#include "image/record.h"

#define MOUNTS_MAX   (1U << 20) /* ten times fs.mount-max's default */
#define FINDINGS_MAX 1000	/* an image must not fill the memory with findings */

static const char *mounts_name(uint32_t ns_id, char buf[64])
{
	snprintf(buf, 64, "mountpoints-%u.img", ns_id);
	return buf;
}

/* ---- reading ---- */

/* A reading in progress. */
struct reading {
	struct record_file file;
	struct record_pool pool;
	struct convert to;
	uint32_t undecoded; /* records that are missing in the tree */
	uint32_t max;	    /* records that are read at most; 0: MOUNTS_MAX */
};

static void reading_end(struct reading *r)
{
	record_close(&r->file);
	record_pool_free(&r->pool);
}

/* Return: 1, 0 when there are no more, or a negative errno that ends it. */
static int read_record(struct reading *r)
{
	const uint8_t *data;
	size_t size;
	int more = record_next(&r->file, &data, &size, r->to.findings);

	if (more <= 0)
		return more;
	record_pool_reset(&r->pool);
	Rebind__MntEntry *record = rebind__mnt_entry__unpack(&r->pool.allocator, size, data);

	if (!record) {
		findings_add(r->to.findings, FINDING_IMAGE_RECORD, 0, NULL, NULL,
			     "%s: record %u cannot be decoded", r->file.name, r->file.number);
		r->undecoded++;
		return 1;
	}
	int err = convert_read(&r->to, record);

	return err ? err : 1;
}

static void check_amount(const struct reading *r)
{
	const char *name = r->file.name;

	if (r->file.number == 0)
		findings_add(r->to.findings, FINDING_IMAGE_EMPTY, 0, NULL, NULL, "%s has no record",
			     name);
	else if (r->to.findings->n >= FINDINGS_MAX)
		findings_add(r->to.findings, FINDING_IMAGE_RECORD, 0, NULL, NULL,
			     "%s was not read beyond record %u: too much is wrong with it", name,
			     r->file.number);
}

/* Before anything is made of them: a record costs a few bytes there, and some hundred here. */
static int count_first(struct reading *r)
{
	uint32_t max = r->max && r->max < MOUNTS_MAX ? r->max : MOUNTS_MAX;

	uint32_t n = record_count(&r->file, max);

	if (n <= max && n <= MOUNTS_MAX - r->to.tree->n)
		return tree_reserve(r->to.tree, r->to.tree->n + n);
	findings_add(r->to.findings, FINDING_TOO_MANY_MOUNTS, 0, NULL,
		     max < MOUNTS_MAX ? "raise sysctl fs.mount-max" : NULL,
		     max < MOUNTS_MAX ? "%s has more records than fs.mount-max lets one namespace "
					"have (%u)"
				      : "%s has more than %u records",
		     r->file.name, max);
	return -EBADMSG;
}

static int read_records(struct reading *r)
{
	int more = count_first(r);

	if (more < 0)
		return more;
	more = 1;
	while (more > 0 && r->file.number < MOUNTS_MAX && r->to.findings->n < FINDINGS_MAX)
		more = read_record(r);
	if (more < 0)
		return more;
	check_amount(r);
	/* A tree with holes in it would be blamed for what the records' findings say already. */
	return more || r->undecoded || r->file.number == 0 ? -EBADMSG : 0;
}

/* All from @first on. */
static void reverse(struct mount_tree *tree, uint32_t first)
{
	uint32_t n = tree->n - first;

	for (uint32_t i = 0; i < n / 2; i++) {
		struct mount m = tree->mounts[first + i];

		tree->mounts[first + i] = tree->mounts[first + n - 1 - i];
		tree->mounts[first + n - 1 - i] = m;
	}
}

int image_link(struct convert *to)
{
	struct tree_fault fault = { 0 };
	int err = tree_link(to->tree, &fault);

	if (err == -EBADMSG) {
		const struct mount *m = tree_find(to->tree, fault.id);

		findings_add(to->findings, FINDING_IMAGE_TREE, fault.id, m ? mount_shown(m) : NULL,
			     NULL, "%s: mount %u '%s' %s", to->file, fault.id,
			     m ? mount_shown(m) : "", fault.reason);
	}
	if (!err)
		convert_root(to);
	return err;
}

static int open_mounts(struct reading *r, int dir_fd)
{
	int err =
		record_open(&r->file, dir_fd, r->to.file, RECORD_MAGIC_MOUNTPOINTS, r->to.findings);

	if (err != -ENOENT)
		return err;
	findings_add(r->to.findings, FINDING_IMAGE_NAMESPACE, 0, NULL, NULL,
		     "%s is not there: the image does not have this mount namespace", r->to.file);
	return -EBADMSG;
}

int image_read_mounts(int dir_fd, const struct image_info *info, struct mount_tree *tree,
		      struct findings *findings)
{
	uint32_t first = tree->n;
	char name[64];
	cleanup(reading_end) struct reading r = {
		.file = RECORD_FILE_INIT,
		.to = { .tree = tree,
			.findings = findings,
			.file = mounts_name(info->ns_id, name) },
		.max = info->mounts_max,
	};
	int err = open_mounts(&r, dir_fd);

	if (!err)
		err = read_records(&r);
	reverse(tree, first);
	return err;
}

static int read_one(int dir_fd, const struct image_info *info, struct mount_tree *tree,
		    struct findings *findings)
{
	char name[64];
	struct convert to = {
		.tree = tree,
		.findings = findings,
		.file = mounts_name(info->ns_id, name),
	};
	int err = image_read_mounts(dir_fd, info, tree, findings);

	return err ? err : image_link(&to);
}

int image_read_info(int dir_fd, struct image_info *info, struct findings *findings)
{
	*info = (struct image_info){ 0 };
	return inventory_select(dir_fd, info, findings);
}

int image_read_all(int dir_fd, struct mount_tree *tree, struct image_info *info,
		   struct findings *findings)
{
	int err = inventory_select(dir_fd, info, findings);

	/* Whatever else is there belongs to no image, finished or not: nothing is wrong with it. */
	if (err == -ENOENT) {
		findings_add(findings, FINDING_IMAGE_INVENTORY, 0, NULL, NULL,
			     "inventory.img is not there: the directory is not an image");
		return -EBADMSG;
	}
	/* What is wrong with the inventory does not hide what is wrong with the mounts. */
	if (err && err != -EBADMSG)
		return err;
	err = info->ns_id ? 0 : inventory_select_namespace(dir_fd, &info->ns_id, findings);
	return err ? err : read_one(dir_fd, info, tree, findings);
}

int image_read(int dir_fd, uint32_t ns_id, struct mount_tree *tree, struct image_info *info,
	       struct findings *findings)
{
	return image_read_bounded(dir_fd, ns_id, 0, tree, info, findings);
}

int image_said_why(int err, size_t before, struct findings *findings)
{
	bool said = findings->n != before || findings->lost;

	if (err && !said)
		findings_add(findings, FINDING_IMAGE_READ, 0, NULL, NULL,
			     "the image cannot be read: %s", strerror(-err));
	return !err && said ? -EBADMSG : err;
}

int image_read_bounded(int dir_fd, uint32_t ns_id, uint32_t max, struct mount_tree *tree,
		       struct image_info *info, struct findings *findings)
{
	size_t before = findings->n;

	*info = (struct image_info){ .ns_id = ns_id, .mounts_max = max };
	return image_said_why(image_read_all(dir_fd, tree, info, findings), before, findings);
}
/* ---- writing ---- */

/* The mounts of a namespace, which stand side by side. */
struct part {
	uint32_t first, end;
	struct table by_dev; /* of a set: superblock -> the mount that tells its contents here */
};

static void part_free(struct part *part)
{
	table_free(&part->by_dev);
}

/* As tree_link() chains them, what shows the whole filesystem stands before what shows a part. */
static int index_superblocks(const struct mount_tree *tree, struct part *part)
{
	int err = table_reserve(&part->by_dev, part->end - part->first);

	for (int fsroots = 0; fsroots < 2; fsroots++)
		for (uint32_t i = part->end; i-- > part->first && !err;)
			if (mount_is_fsroot(&tree->mounts[i]) == fsroots)
				err = table_put(&part->by_dev, tree->mounts[i].dev, i, NULL);
	return err;
}

static int find_part(const struct mount_tree *tree, uint32_t root, struct part *ret)
{
	uint32_t ns = tree->mounts[root].ns;

	*ret = (struct part){ .first = root, .end = root + 1 };
	while (ret->first && tree->mounts[ret->first - 1].ns == ns)
		ret->first--;
	while (ret->end < tree->n && tree->mounts[ret->end].ns == ns)
		ret->end++;
	return tree_is_set(tree) ? index_superblocks(tree, ret) : 0;
}

static int put_mount(struct record_out *out, const struct mount_tree *tree, const struct part *part,
		     uint32_t i, struct record_pool *pool)
{
	const struct mount *m = &tree->mounts[i];
	const struct mount *first = &tree->mounts[tree_first_of_superblock(tree, m)];
	Rebind__MntEntry record;
	struct mount written = *m;

	if (m->owner == MOUNT_SKIPPED)
		return 0;
	written.mountpoint = mount_path(m);
	written.numbered = false;
	if (first->ns != m->ns && !m->deleted && table_get(&part->by_dev, m->dev) == i) {
		written.contents = first->contents;
		written.formats = first->formats;
	}
	record_pool_reset(pool);
	int err = convert_write(&written, pool, &record);

	return err ? err : record_put(out, &record.base);
}

static int put_mounts(struct record_out *out, const struct mount_tree *tree, uint32_t root)
{
	cleanup(part_free) struct part part = { 0 };
	cleanup_record_pool struct record_pool pool = { 0 };
	int err = find_part(tree, root, &part);

	if (!err)
		err = record_put_magic(out, RECORD_MAGIC_COMMON);

	if (!err)
		err = record_put_magic(out, RECORD_MAGIC_MOUNTPOINTS);
	for (uint32_t i = part.end; i-- > part.first && !err;)
		if (i != root)
			err = put_mount(out, tree, &part, i, &pool);
	if (!err)
		err = put_mount(out, tree, &part, root, &pool);
	return err ? err : record_flush(out);
}

int image_lock(int dir_fd)
{
	return flock(dir_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? -EBUSY : 0;
}

int image_write_mounts(int dir_fd, const struct mount_tree *tree, uint32_t ns_id)
{
	cleanup_new_file struct new_file file = NEW_FILE_NONE;
	cleanup_record_out struct record_out out = { 0 };
	char name[64];

	uint32_t root = tree_is_set(tree) ? tree_root_of(tree, ns_id) : tree->root;

	if (root >= tree->n || ns_id == 0)
		return -EINVAL;
	int err = new_file_start(&file, dir_fd, mounts_name(ns_id, name));

	if (err)
		return err;
	out.fd = file.fd;
	err = put_mounts(&out, tree, root);
	return err ? err : new_file_finish(&file);
}

static int put_inventory(struct record_out *out, const struct image_info *info)
{
	Rebind__RebindInventory ours = REBIND__REBIND_INVENTORY__INIT;
	Rebind__InventoryEntry entry = REBIND__INVENTORY_ENTRY__INIT;
	int err = record_put_magic(out, RECORD_MAGIC_INVENTORY);

	if (err)
		return err;
	ours.version = 1;
	ours.has_processes = true;
	ours.processes = info->has_processes;
	ours.has_namespaces = info->has_namespaces;
	ours.namespaces = info->namespaces;
	ours.n_mount_namespaces = info->set ? info->set->n : 0;
	ours.mount_namespaces = info->set ? (uint32_t *)info->set->ids : NULL;
	entry.img_version = 2;
	entry.has_fdinfo_per_id = entry.fdinfo_per_id = true;
	entry.has_ns_per_id = entry.ns_per_id = true;
	entry.rebind = &ours;
	err = record_put(out, &entry.base);
	return err ? err : record_flush(out);
}

static int sync_directory(int dir_fd)
{
	cleanup_fd int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a directory. */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int image_write_inventory(int dir_fd, const struct image_info *info)
{
	cleanup_new_file struct new_file file = NEW_FILE_NONE;
	cleanup_record_out struct record_out out = { 0 };
	/* The names of the other files must be on disk before this one makes an image of them. */
	int err = sync_directory(dir_fd);

	if (!err)
		err = new_file_start(&file, dir_fd, "inventory.img");
	if (err)
		return err;
	out.fd = file.fd;
	err = put_inventory(&out, info);
	if (!err)
		err = new_file_finish(&file);
	return err ? err : sync_directory(dir_fd);
}

int image_is_empty(int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, "inventory.img", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return errno == ENOENT ? 1 : -errno;
}

const char *image_contents_name(const struct mount *m, char buf[64])
{
	snprintf(buf, 64, m->deleted ? "deleted-%u.tar.gz.img" : "tmpfs-dev-%u.tar.gz.img",
		 m->deleted ? m->id : m->dev);
	return buf;
}

const char *image_of_symlink(int err)
{
	return err == -ELOOP ? " (it is a symlink, which is not followed in an image: copy the "
			       "file that it leads to)"
			     : "";
}
