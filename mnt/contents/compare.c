// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A live side is dumped into a directory that vanishes; then both are archives, and what an archive
 * holds is a sorted list of lines.
 */
#include "mnt/contents/compare.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "archive/archive.h"
#include "image/image.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/rules.h"
#include "model/visible.h"
#include "base/tmpfs.h"

/* Mounts correspond as in compare_trees(): by their place, in the order of the children. */
static void pair_children(const struct mount_tree *lt, uint32_t l, const struct mount_tree *rt,
			  uint32_t r, uint32_t *partner)
{
	l = lt->mounts[l].first_child;
	r = rt->mounts[r].first_child;
	while (l != MOUNT_NONE && r != MOUNT_NONE) {
		/* Descending: the side with the greater path has no partner for it. */
		int order = strcmp(lt->mounts[l].mountpoint, rt->mounts[r].mountpoint);

		if (order == 0)
			partner[l] = r;
		l = order >= 0 ? lt->mounts[l].next : l;
		r = order <= 0 ? rt->mounts[r].next : r;
	}
}

/* By mount of the left side: its partner, or MOUNT_NONE. Return: malloc()ed, or NULL. */
static uint32_t *pair_all(const struct mount_tree *lt, const struct mount_tree *rt)
{
	uint32_t *partner = malloc((lt->n + 1) * sizeof(*partner));

	if (!partner)
		return NULL;
	memset(partner, 0xff, (lt->n + 1) * sizeof(*partner));
	tree_pair_roots(lt, rt, partner);
	for (uint32_t i = lt->root; i != MOUNT_NONE; i = tree_next(lt, i))
		if (partner[i] != MOUNT_NONE)
			pair_children(lt, i, rt, partner[i], partner);
	return partner;
}

/* What the other side, an image, has for external need not be readable: what it looks like here
 * does not count. */
static int take_owners(struct mount_tree *tree, const struct mount_tree *image)
{
	cleanup_free uint32_t *partner = pair_all(tree, image);

	if (!partner)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n; i++)
		if (partner[i] != MOUNT_NONE)
			tree->mounts[i].owner = image->mounts[partner[i]].owner;
	return 0;
}

/* A copy of the tree's owners that a dump of contents goes by. */
static void set_owners(struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];

		if (m->owner == MOUNT_UNDECIDED && compare_is_internal(tree, m))
			m->owner = MOUNT_INTERNAL;
	}
}

static int archive_live(const struct contents_side *side, const struct contents_side *other,
			struct scan_set *set, struct mount_tree *again, int *ret_dir)
{
	cleanup_visible struct visible visible = { 0 };
	cleanup_changes struct changes changes = { 0 };
	cleanup_fd int dir = tmpfs_directory();
	int err = dir < 0 ? dir : scan_set_copy(side->live, set);

	if (!err)
		err = scan_set_open(set);
	if (!err)
		err = scan_set_read(set, SCAN_BEST, again, &visible);
	if (!err && other->image_dir_fd >= 0)
		err = take_owners(again, other->tree);
	if (err)
		return scan_failed(err, "cannot read the namespace for its contents");
	set_owners(again);
	err = contents_dump(scan_set_target(set), again, dir, &(struct progress){ .sock = -EBADF },
			    NULL, &changes, side->ids, 0);
	contents_warn(&changes);
	*ret_dir = err ? -EBADF : fd_take(&dir);
	return err;
}

static int list_one(int dir, const struct mount *m, uint64_t *taken, struct archive_list *ret)
{
	struct archive_rules rules = contents_list_rules(m->contents, taken);
	struct archive_fault fault = { "" };
	char name[64];

	if (contents_are_elsewhere(m))
		return 0;
	cleanup_fd int fd =
		openat(dir, image_contents_name(m, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return log_error(-errno, "cannot open the contents of mount %u '%s'", m->id,
				 m->mountpoint);
	int err = archive_list(fd, &rules, ret, &fault);

	if (!err)
		err = archive_list_add_sockets(ret, m->contents);
	return err ? log_error(err, "cannot read the contents of mount %u '%s': %s", m->id,
			       m->mountpoint, fault.text)
		   : 0;
}

static void differ(struct differences *out, const struct mount *m, const char *entry,
		   const char *left, const char *right)
{
	cleanup_free char *path =
		path_join(m->mountpoint, strncmp(entry, "./", 2) ? entry : entry + 2);

	differences_add(out, path ? path : m->mountpoint, "contents", left, right);
}

static void merge(const struct mount *m, const struct archive_list *left,
		  const struct archive_list *right, struct differences *out)
{
	for (size_t l = 0, r = 0; l < left->n || r < right->n;) {
		const struct archive_entry_info *a = l < left->n ? &left->list[l] : NULL;
		const struct archive_entry_info *b = r < right->n ? &right->list[r] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);

		if (order < 0)
			differ(out, m, a->path, a->describe, "-");
		else if (order > 0)
			differ(out, m, b->path, "-", b->describe);
		else if (strcmp(a->describe, b->describe) != 0)
			differ(out, m, a->path, a->describe, b->describe);
		l += order <= 0;
		r += order >= 0;
	}
}

/* The name that a deleted root still has. */
static const char *link_of(const struct mount *m)
{
	return m->contents && m->contents->link ? m->contents->link : "-";
}

static int compare_one(int left_dir, const struct mount *l, int right_dir, const struct mount *r,
		       struct differences *out)
{
	cleanup(archive_list_free) struct archive_list left = { 0 }, right = { 0 };
	uint64_t taken = 0; /* at a time */
	int err = list_one(left_dir, l, &taken, &left);

	if (!err)
		err = list_one(right_dir, r, &taken, &right);
	if (!err)
		merge(l, &left, &right, out);
	if (!err && l->deleted && strcmp(link_of(l), link_of(r)) != 0)
		differences_add(out, l->mountpoint, "other name", link_of(l), link_of(r));
	return err;
}

static int compare_all(const struct mount_tree *lt, int left_dir, const struct mount_tree *rt,
		       int right_dir, struct differences *out)
{
	cleanup_free uint32_t *partner = pair_all(lt, rt);
	int err = 0;

	if (!partner)
		return -ENOMEM;
	for (uint32_t i = lt->root; i != MOUNT_NONE && !err; i = tree_next(lt, i)) {
		if (partner[i] == MOUNT_NONE)
			continue;
		const struct mount *l = &lt->mounts[i], *r = &rt->mounts[partner[i]];

		if (contents_is_first(lt, l) && r->owner == MOUNT_INTERNAL &&
		    l->deleted == r->deleted && strcmp(l->fstype, r->fstype) == 0)
			err = compare_one(left_dir, l, right_dir, r, out);
	}
	return err;
}

static int open_side(const struct contents_side *side, const struct contents_side *other,
		     struct scan_set *set, struct mount_tree *again,
		     const struct mount_tree **ret_tree, int *ret_dir)
{
	*ret_tree = side->tree;
	if (side->image_dir_fd >= 0) {
		*ret_dir = fcntl(side->image_dir_fd, F_DUPFD_CLOEXEC, 3);
		return *ret_dir < 0 ? -errno : 0;
	}
	if (!side->live)
		return log_error(-EINVAL, "a saved mountinfo has no contents to compare");
	*ret_tree = again;
	return archive_live(side, other, set, again, ret_dir);
}

int compare_contents(const struct contents_side *left, const struct contents_side *right,
		     struct differences *differences)
{
	cleanup_scan_set struct scan_set left_set = { 0 }, right_set = { 0 };
	cleanup_tree struct mount_tree left_again = { .root = MOUNT_NONE };
	cleanup_tree struct mount_tree right_again = { .root = MOUNT_NONE };
	cleanup_fd int left_dir = -EBADF, right_dir = -EBADF;
	const struct mount_tree *lt, *rt;
	int err = open_side(left, right, &left_set, &left_again, &lt, &left_dir);

	if (!err)
		err = open_side(right, left, &right_set, &right_again, &rt, &right_dir);
	return err ? err : compare_all(lt, left_dir, rt, right_dir, differences);
}
