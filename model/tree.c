// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/tree.h"

#include <string.h>

#include "base/pages.h"

static void free_mount(struct mount *m)
{
	if (m->idmap) {
		free(m->idmap->uid);
		free(m->idmap->gid);
		free(m->idmap);
	}
	if (m->contents) {
		mount_contents_clear(m->contents);
		free(m->contents);
	}
	if (m->formats) {
		free(m->formats->list);
		free(m->formats);
	}
}

void tree_free(struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		free_mount(&tree->mounts[i]);
	free(tree->mounts);
	arena_free(&tree->strings);
	table_free(&tree->by_id);
	table_free(&tree->lost);
	table_free(&tree->by_dev);
	*tree = (struct mount_tree){ .root = MOUNT_NONE };
}

int tree_reserve(struct mount_tree *tree, uint32_t n)
{
	if (n <= tree->room)
		return 0;
	struct mount *mounts = realloc(tree->mounts, n * sizeof(*mounts));

	if (!mounts)
		return -ENOMEM;
	pages_use(mounts + tree->room, (n - tree->room) * sizeof(*mounts));
	tree->mounts = mounts;
	tree->room = n;
	return 0;
}

struct mount *tree_add(struct mount_tree *tree)
{
	if (tree->n == tree->room) {
		/* By half: what is not used of the array is memory that a mount costs. */
		uint32_t room = tree->room ? tree->room + tree->room / 2 : 64;

		if (tree_reserve(tree, room))
			return NULL;
	}
	tree->root = MOUNT_NONE;
	struct mount *m = &tree->mounts[tree->n++];

	*m = (struct mount){
		.parent = MOUNT_NONE,
		.first_child = MOUNT_NONE,
		.next = MOUNT_NONE,
		.sb_next = MOUNT_NONE,
		.root = "/",
		.mountpoint = "/",
		.fstype = "",
		.source = "",
		.options = "",
	};
	return m;
}

struct mount *tree_find(const struct mount_tree *tree, uint32_t id)
{
	uint32_t index = table_get(&tree->by_id, id);

	return index == TABLE_NONE ? NULL : &tree->mounts[index];
}

uint32_t tree_root_of(const struct mount_tree *tree, uint32_t ns)
{
	tree_for_each_root(i, tree) if (tree->mounts[i].ns == ns) return i;
	return MOUNT_NONE;
}

void tree_pair_roots(const struct mount_tree *left, const struct mount_tree *right,
		     uint32_t *partner)
{
	tree_for_each_root(l, left) tree_for_each_root(
		r, right) if (strcmp(left->mounts[l].mountpoint, right->mounts[r].mountpoint) == 0)
		partner[l] = r;
}

static int fault_at(struct tree_fault *fault, const struct mount *m, const char *reason)
{
	*fault = (struct tree_fault){ .id = m->id, .reason = reason };
	return -EBADMSG;
}

static int index_ids(struct mount_tree *tree, struct tree_fault *fault)
{
	table_free(&tree->by_id);
	int err = table_reserve(&tree->by_id, tree->n);

	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t old;

		if (!err)
			err = table_put(&tree->by_id, tree->mounts[i].id, i, &old);
		if (err)
			return err;
		if (old != TABLE_NONE)
			return fault_at(fault, &tree->mounts[i], "has the id of another mount");
	}
	return 0;
}

static int find_parents(struct mount_tree *tree, struct tree_fault *fault)
{
	struct mount *last = NULL; /* root */

	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];

		m->first_child = m->next = MOUNT_NONE;
		m->parent = table_get(&tree->by_id, m->parent_id);
		if (m->parent == i)
			m->parent = MOUNT_NONE; /* the very first mount is its own parent */
		if (m->parent != MOUNT_NONE)
			continue;
		if (last && last->ns == m->ns)
			return fault_at(fault, m,
					"has a parent that is not there, and is not the only one");
		if (last)
			last->next = i;
		else
			tree->root = i;
		last = m;
	}
	if (tree->root == MOUNT_NONE)
		return tree->n ? fault_at(fault, &tree->mounts[0], "belongs to a tree without root")
			       : fault_at(fault, &(struct mount){ 0 },
					  "is missing: no mount at all");
	return 0;
}

struct sort_item {
	const struct mount *m;
};

static int by_parent_and_path(const void *a, const void *b)
{
	const struct mount *left = ((const struct sort_item *)a)->m;
	const struct mount *right = ((const struct sort_item *)b)->m;

	if (left->parent != right->parent)
		return left->parent < right->parent ? -1 : 1;
	return strcmp(left->mountpoint, right->mountpoint);
}

/* Chained from the back of the sorted list: the last one put in front is the greatest path. */
static int chain_children(struct mount_tree *tree, struct tree_fault *fault)
{
	cleanup_free struct sort_item *items = malloc((tree->n + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n; i++)
		items[i].m = &tree->mounts[i];
	qsort(items, tree->n, sizeof(*items), by_parent_and_path);
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[tree_index(tree, items[i].m)];

		if (m->parent == MOUNT_NONE)
			continue;
		if (i && items[i - 1].m->parent == m->parent &&
		    strcmp(items[i - 1].m->mountpoint, m->mountpoint) == 0)
			return fault_at(fault, m,
					"has the parent and the mountpoint of another mount");
		struct mount *parent = &tree->mounts[m->parent];

		m->next = parent->first_child;
		parent->first_child = tree_index(tree, m);
	}
	return 0;
}

static bool lies_below(const char *path, const char *parent)
{
	size_t n = strlen(parent);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, parent, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Each mount is reached from the root exactly once, unless parents run in a circle. */
static int check_shape(struct mount_tree *tree, struct tree_fault *fault)
{
	uint32_t reached = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		tree->mounts[i].processed = false;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];
		const struct mount *parent = tree_parent(tree, m);

		tree->mounts[i].processed = true;
		reached++;
		if (parent && !lies_below(m->mountpoint, parent->mountpoint))
			return fault_at(fault, m, "does not lie below its parent");
	}
	if (reached == tree->n)
		return 0;
	for (uint32_t i = 0; i < tree->n; i++)
		if (!tree->mounts[i].processed)
			return fault_at(fault, &tree->mounts[i], "is among its own parents");
	return 0;
}

static int chain_superblocks(struct mount_tree *tree)
{
	table_free(&tree->by_dev);
	/* Those that show the whole filesystem are put in front last, and so stand first. */
	for (int fsroots = 0; fsroots < 2; fsroots++) {
		for (uint32_t i = tree->n; i-- > 0;) {
			struct mount *m = &tree->mounts[i];

			if (mount_is_fsroot(m) != fsroots)
				continue;
			int err = table_put(&tree->by_dev, m->dev, i, &m->sb_next);

			if (err)
				return err;
		}
	}
	return 0;
}

uint32_t tree_first_of_superblock(const struct mount_tree *tree, const struct mount *m)
{
	return table_get(&tree->by_dev, m->dev);
}

int tree_link(struct mount_tree *tree, struct tree_fault *fault)
{
	tree->root = MOUNT_NONE;
	int err = index_ids(tree, fault);

	if (!err)
		err = find_parents(tree, fault);
	if (!err)
		err = chain_children(tree, fault);
	if (!err)
		err = check_shape(tree, fault);
	if (!err)
		err = chain_superblocks(tree);
	return err;
}

/* The first mount of a superblock carries what is saved once for all of them. */
static void hand_on(struct mount_tree *tree, struct mount *m, const bool *out)
{
	uint32_t i = m->sb_next;

	while (i != MOUNT_NONE && out[i])
		i = tree->mounts[i].sb_next;
	if (i == MOUNT_NONE || m->deleted)
		return;
	struct mount *next = &tree->mounts[i];

	if (!next->contents) {
		next->contents = m->contents;
		m->contents = NULL;
	}
	if (!next->formats) {
		next->formats = m->formats;
		m->formats = NULL;
	}
}

int tree_leave_out(struct mount_tree *tree, bool *out)
{
	struct tree_fault fault;
	uint32_t n = 0;

	tree_for_each (i, tree) {
		struct mount *m = &tree->mounts[i];

		out[i] |= m->parent != MOUNT_NONE && out[m->parent];
	}
	for (uint32_t i = 0; i < tree->n; i++)
		if (out[i] && tree_first_of_superblock(tree, &tree->mounts[i]) == i)
			hand_on(tree, &tree->mounts[i], out);
	for (uint32_t i = 0; i < tree->n; i++) {
		if (out[i])
			free_mount(&tree->mounts[i]);
		else
			tree->mounts[n++] = tree->mounts[i];
	}
	tree->n = n;
	return tree_link(tree, &fault);
}

uint32_t tree_next(const struct mount_tree *tree, uint32_t index)
{
	const struct mount *m = &tree->mounts[index];

	if (m->first_child != MOUNT_NONE)
		return m->first_child;
	while (m->next == MOUNT_NONE) {
		if (m->parent == MOUNT_NONE)
			return MOUNT_NONE;
		m = &tree->mounts[m->parent];
	}
	return m->next;
}

const char *tree_relative(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *parent = tree_parent(tree, m);

	if (!parent || (parent->mountpoint[0] == '/' && parent->mountpoint[1] == '\0'))
		return m->mountpoint;
	const char *rest = m->mountpoint + strlen(parent->mountpoint);

	return *rest ? rest : "/";
}

bool tree_is_all_deleted(const struct mount_tree *tree, const struct mount *m)
{
	for (uint32_t i = tree_first_of_superblock(tree, m); i != MOUNT_NONE;
	     i = tree->mounts[i].sb_next)
		if (!tree->mounts[i].deleted)
			return false;
	return true;
}

uint32_t tree_covering(const struct mount_tree *tree, uint32_t index)
{
	const struct mount *m = &tree->mounts[index];

	for (uint32_t c = m->first_child; c != MOUNT_NONE; c = tree->mounts[c].next)
		if (strcmp(tree->mounts[c].mountpoint, m->mountpoint) == 0)
			return c;
	return MOUNT_NONE;
}

uint32_t tree_top(const struct mount_tree *tree, uint32_t index)
{
	for (uint32_t c; (c = tree_covering(tree, index)) != MOUNT_NONE;)
		index = c;
	return index;
}
