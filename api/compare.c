// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two trees compared, and what one of them cannot tell. */
#include "api/library.h"

#include <stdio.h>
#include <string.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/criu-merge.h"
#include "image/image.h"
#include "mnt/contents/compare.h"
#include "mnt/owner-ids.h"
#include "mnt/scan/scan.h"
#include "model/compare.h"
#include "model/filesystem.h"

static bool is_text(const struct rebind_tree *tree)
{
	return !tree->live.n && tree->image_dir_fd < 0;
}

static bool has_idmaps(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].attributes & MOUNT_ATTR_IDMAP)
			return true;
	return false;
}

/* Mounts of which a mountinfo does not tell whether they are a directory or a file. */
static bool has_parts(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (i != tree->root && !mount_is_fsroot(&tree->mounts[i]))
			return true;
	return false;
}

static bool has_contents(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];
		const struct filesystem *fs = filesystem_find(m->fstype);

		if (fs && (fs->flags & FILESYSTEM_CONTENTS) && compare_is_internal(tree, m))
			return true;
	}
	return false;
}

/* What is registered with a binfmt_misc, and cannot be told of a text, nor where it is covered. */
static const struct mount *unknown_formats(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].formats && tree->mounts[i].formats->unknown)
			return &tree->mounts[i];
	return NULL;
}

static bool may_have_formats(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].formats)
			return true;
	return false;
}

static void say_what_is_covered(const struct rebind_tree *tree)
{
	const struct mount *m = is_text(tree) ? NULL : unknown_formats(&tree->tree);

	if (m)
		log_warn("mount %u '%s': what is registered in this binfmt_misc cannot be seen, "
			 "and is not compared",
			 m->id, m->mountpoint);
}

/* What a saved mountinfo does not tell, as far as these mounts have it: "equal" does not mean that.
 */
static void say_what_is_untold(const struct rebind_tree *left, const struct rebind_tree *right)
{
	const struct mount_tree *l = &left->tree, *r = &right->tree;
	const char *side = !is_text(right) ? "the left side is"
			   : is_text(left) ? "both sides are"
					   : "the right side is";
	char fields[192] = "";

	say_what_is_covered(left);
	say_what_is_covered(right);
	if (!is_text(left) && !is_text(right))
		return;
	if (has_contents(l) && has_contents(r))
		strcat(fields, ", the contents of tmpfs");
	if (has_idmaps(l) && has_idmaps(r))
		strcat(fields, ", the maps of id-mapped mounts");
	if (has_parts(l) && has_parts(r))
		strcat(fields, ", whether a mount is a directory or a file");
	if (may_have_formats(l) && may_have_formats(r))
		strcat(fields, ", the formats registered with binfmt_misc");
	if (*fields)
		log_warn("%s a saved mountinfo, which does not tell: %s", side, fields + 2);
}

/* One side of a comparison. */
struct side {
	const struct rebind_tree *of;
	const struct mount_tree *tree;
	struct owner_ids_copy copy;
};

static void side_free(struct side *side)
{
	owner_ids_copy_free(&side->copy);
}

/* An image of processes in a user namespace has the numbers of that. */
static int settle_side(struct side *side, const struct rebind_tree *other)
{
	bool differs = side->of->live.n && other->image_dir_fd >= 0 &&
		       criu_merge_has_user(other->image_dir_fd);

	side->tree = &side->of->tree;
	if (!differs)
		return 0;
	caps_raise();
	int copied =
		owner_ids_copy_live(&side->of->tree, side->of->live.list[0].ns_fd, &side->copy);

	caps_drop();
	if (copied < 0)
		return log_error(copied, "cannot tell who owns what in the user namespace");
	if (copied)
		side->tree = &side->copy.tree;
	return 0;
}

static struct contents_side contents_of(const struct side *side)
{
	return (struct contents_side){ side->tree, side->of->live.n ? &side->of->live : NULL,
				       side->of->image_dir_fd,
				       side->copy.map.uid ? &side->copy.map : NULL };
}

static int compare_what_they_hold(const struct side *left, const struct side *right,
				  struct differences *differences)
{
	struct contents_side l = contents_of(left), r = contents_of(right);

	caps_raise();
	return compare_contents(&l, &r, differences);
}

static int compare_sides(const struct side *left, const struct side *right, unsigned int flags,
			 struct differences *differences)
{
	int err = compare_trees(left->tree, right->tree,
				flags & REBIND_COMPARE_SOURCES ? COMPARE_SOURCES : 0, differences);

	if (!err && (flags & REBIND_COMPARE_CONTENTS))
		err = compare_what_they_hold(left, right, differences);
	return err ? err : differences->n > 0;
}

int rebind_compare(const struct rebind_tree *left, const struct rebind_tree *right,
		   unsigned int flags, struct rebind_report *report)
{
	cleanup_caps struct caps_state caps = caps_hold();
	cleanup_fd_limit struct fd_limit limit = fd_limit_raise();
	cleanup(side_free) struct side l = { .of = left };
	cleanup(side_free) struct side r = { .of = right };

	if ((flags & REBIND_COMPARE_CONTENTS) && (is_text(left) || is_text(right)))
		return log_error(
			-EINVAL,
			"contents cannot be compared: the %s side is a saved mountinfo, which has none",
			is_text(left) ? "left" : "right");
	say_what_is_untold(left, right);
	int err = settle_side(&l, right);

	if (!err)
		err = settle_side(&r, left);
	return err ? err : compare_sides(&l, &r, flags, &report->differences);
}
