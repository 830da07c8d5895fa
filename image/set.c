// SPDX-License-Identifier: LGPL-2.1-or-later
/* Several mount namespaces of one image, read together. */
#include "image/image-internal.h"
#include "image/inventory.h"

/* What is not there is missed when it is opened. */
static void check_listed(const struct image_set *listed, const struct image_set *found,
			 struct findings *findings)
{
	for (uint32_t i = 0; i < found->n; i++)
		if (!inventory_has(listed, found->ids[i]))
			findings_add(findings, FINDING_IMAGE_NAMESPACE, 0, NULL, "--ns-id ID",
				     "mountpoints-%u.img is not of this image: its inventory does "
				     "not list that mount namespace",
				     found->ids[i]);
}

/* The namespaces that are read: none, if it is not taken for a set. */
static int find_set(int dir_fd, enum image_set_kind kind, struct image_set *ret,
		    struct findings *findings)
{
	struct image_set found = { .n = 0 };
	int err = inventory_listed(dir_fd, ret, findings);

	if (!err && (ret->n || kind == IMAGE_SET_ANY))
		err = inventory_find_all(dir_fd, &found, findings);
	else
		return err;
	if (err)
		return err;
	if (ret->n)
		check_listed(ret, &found, findings);
	else
		*ret = found;
	return 0;
}

/* Each namespace is written so that it can be restored alone. Together, the first of all counts. */
static void settle_contents(struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];
		struct mount *first = &tree->mounts[tree_first_of_superblock(tree, m)];

		if (first == m || first->ns == m->ns || m->deleted)
			continue;
		if (m->contents)
			mount_contents_clear(m->contents);
		free(m->contents);
		m->contents = NULL;
		if (m->formats)
			free(m->formats->list);
		free(m->formats);
		m->formats = NULL;
	}
}

/* All that are read at last: @from on. */
static int name_mounts(struct mount_tree *tree, uint32_t from, uint32_t ns)
{
	for (uint32_t i = from; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];
		int err = from ? set_name(tree, m, ns) : 0;

		if (err)
			return err;
		m->ns = ns;
	}
	return 0;
}

static int read_members(int dir_fd, const struct image_set *set, struct mount_tree *tree,
			struct image_info *info, struct findings *findings)
{
	struct convert to = { .tree = tree, .findings = findings, .file = "the set" };
	int err = 0;

	/* What is wrong with one of them does not hide what is wrong with the others. */
	for (uint32_t i = 0; i < set->n; i++) {
		uint32_t from = tree->n;

		info->ns_id = set->ids[i];
		int got = image_read_mounts(dir_fd, info, tree, findings);

		if (got && got != -EBADMSG)
			return got;
		err = got ? got : err;
		got = name_mounts(tree, from, set->ids[i]);
		if (got)
			return got;
	}
	info->ns_id = set->ids[0];
	if (!err)
		err = image_link(&to);
	if (!err)
		settle_contents(tree);
	return err;
}

static int read_set(int dir_fd, enum image_set_kind kind, struct mount_tree *tree,
		    struct image_info *info, struct findings *findings)
{
	struct image_set set = { .n = 0 };
	int err = inventory_select(dir_fd, info, findings);

	if (!err)
		err = find_set(dir_fd, kind, &set, findings);
	if (err || set.n < 2)
		return err ? err : image_read_all(dir_fd, tree, info, findings);
	return read_members(dir_fd, &set, tree, info, findings);
}

int image_read_set(int dir_fd, enum image_set_kind kind, uint32_t max, struct mount_tree *tree,
		   struct image_info *info, struct findings *findings)
{
	size_t before = findings->n;

	*info = (struct image_info){ .mounts_max = max };
	int err = read_set(dir_fd, kind, tree, info, findings);

	/* No inventory, or one that cannot be read: said in one way. */
	if (err == -ENOENT && findings->n == before)
		return image_read_bounded(dir_fd, 0, max, tree, info, findings);
	return image_said_why(err, before, findings);
}
