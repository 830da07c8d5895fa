// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/compare.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "model/compare-formats.h"
#include "model/filesystem.h"
#include "model/flags.h"
#include "model/ids.h"

/* What is equal up to renaming: each id has one partner on the other side. */
struct renaming {
	struct table forth, back;
};

struct comparison {
	const struct mount_tree *left, *right;
	const uint32_t *attributes; /* compare_built() */
	unsigned int flags;
	struct differences *out;
	struct renaming groups, superblocks;
	struct table left_groups, right_groups; /* peer groups that a mount of the tree is in */
	int err;
};

void differences_free(struct differences *differences)
{
	for (size_t i = 0; i < differences->n; i++) {
		free(differences->list[i].path);
		free(differences->list[i].left);
		free(differences->list[i].right);
	}
	free(differences->list);
	*differences = (struct differences){ 0 };
}

void differences_add(struct differences *differences, const char *path, const char *field,
		     const char *left, const char *right)
{
	if ((differences->n & (differences->n - 1)) == 0) {
		size_t room = differences->n ? differences->n * 2 : 1;
		struct difference *list = realloc(differences->list, room * sizeof(*list));

		if (!list) {
			differences->lost = true;
			return;
		}
		differences->list = list;
	}
	differences->list[differences->n++] = (struct difference){
		.size = sizeof(struct difference),
		.path = strdup(path),
		.field = field,
		.left = strdup(left),
		.right = strdup(right),
	};
}

static bool shows_all(const struct mount_tree *tree, const struct mount *m)
{
	return mount_is_fsroot(&tree->mounts[tree_first_of_superblock(tree, m)]);
}

bool compare_is_internal(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *root = &tree->mounts[tree->root];
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (m->owner != MOUNT_UNDECIDED)
		return m->owner == MOUNT_INTERNAL;
	if (m == root)
		return false;
	if (m->dev == root->dev)
		return path_rest_below(m->root, root->root) != NULL;
	return fs && ((fs->flags & FILESYSTEM_SINGLE) || shows_all(tree, m));
}

static void differ(struct comparison *c, const struct mount *m, const char *field, const char *left,
		   const char *right)
{
	differences_add(c->out, mount_shown(m), field, left, right);
}

static void compare_text(struct comparison *c, const struct mount *m, const char *field,
			 const char *left, const char *right)
{
	if (strcmp(left, right) != 0)
		differ(c, m, field, left, right);
}

/* Return: does the pair (left, right) fit all pairs before? 0 stands for "none". */
static bool renames(struct comparison *c, struct renaming *renaming, uint32_t left, uint32_t right)
{
	uint32_t forth, back;

	if (!left || !right)
		return left == right;
	forth = table_get(&renaming->forth, left);
	back = table_get(&renaming->back, right);
	if (forth == TABLE_NONE && back == TABLE_NONE) {
		c->err = table_put(&renaming->forth, left, right, NULL);
		if (!c->err)
			c->err = table_put(&renaming->back, right, left, NULL);
		return true;
	}
	return forth == right && back == left;
}

static const char *group_text(const char *word, uint32_t id, char buf[32])
{
	snprintf(buf, 32, id ? "%s:%u" : "private", word, id);
	return buf;
}

static void compare_groups(struct comparison *c, const struct mount *l, const struct mount *r)
{
	char left[32], right[32];
	bool inside = table_get(&c->left_groups, l->master) != TABLE_NONE;
	bool right_inside = table_get(&c->right_groups, r->master) != TABLE_NONE;

	if (!renames(c, &c->groups, l->shared, r->shared))
		differ(c, l, "peer group", group_text("shared", l->shared, left),
		       group_text("shared", r->shared, right));
	/* A master outside has no partner here: that both have one is what can be seen. */
	bool same = inside || right_inside
			    ? inside == right_inside && renames(c, &c->groups, l->master, r->master)
			    : !l->master == !r->master;

	if (!same)
		differ(c, l, "master", group_text("master", l->master, left),
		       group_text("master", r->master, right));
	if (l->unbindable != r->unbindable)
		differ(c, l, "propagation", l->unbindable ? "unbindable" : "bindable",
		       r->unbindable ? "unbindable" : "bindable");
}

static void compare_attributes(struct comparison *c, const struct mount *l, const struct mount *r)
{
	uint32_t wanted = c->attributes ? c->attributes[tree_index(c->left, l)] : l->attributes;
	char left[96], right[96];

	if (wanted != r->attributes)
		differ(c, l, "attributes", flags_attr_text(wanted, left),
		       flags_attr_text(r->attributes, right));
}

static void compare_idmaps(struct comparison *c, const struct mount *l, const struct mount *r)
{
	/* A side that only knows "idmapped" (mountinfo) cannot tell more. */
	if (!l->idmap || !r->idmap || ids_same_maps(l->idmap, r->idmap))
		return;
	cleanup_free char *left = ids_map_text(l->idmap), *right = ids_map_text(r->idmap);

	if (left && right)
		differ(c, l, "id-mapping", left, right);
	else
		c->err = -ENOMEM;
}

static bool has_host_options(const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return fs && (fs->flags & FILESYSTEM_HOST_OPTIONS);
}

static void compare_filesystem(struct comparison *c, const struct mount *l, const struct mount *r)
{
	char left[64], right[64];

	compare_text(c, l, "filesystem", l->fstype, r->fstype);
	compare_text(c, l, "source", l->source, r->source);
	if (!has_host_options(l) && !has_host_options(r))
		if (!filesystem_same_options(l->options, r->options))
			differ(c, l, "options", l->options, r->options);
	if (l->sb_flags != r->sb_flags)
		differ(c, l, "superblock", flags_sb_text(l->sb_flags, left),
		       flags_sb_text(r->sb_flags, right));
}

static bool root_tells(const struct mount_tree *tree, const struct mount *m)
{
	return m->dev != tree->mounts[tree->root].dev;
}

/* A bind of the new root has another prefix: what counts is the rest below it. */
static const char *root_text(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *root = &tree->mounts[tree->root];
	const char *rest = root_tells(tree, m) ? NULL : path_rest_below(m->root, root->root);

	return rest ? rest : m->root;
}

/* Do we make it on both sides? What one side knows counts more than what the other's looks like. */
static bool is_ours(const struct comparison *c, const struct mount *l, const struct mount *r)
{
	bool left = compare_is_internal(c->left, l), right = compare_is_internal(c->right, r);

	if (c->flags & COMPARE_CALLERS_OWNERS)
		return left;
	if ((l->owner == MOUNT_UNDECIDED) != (r->owner == MOUNT_UNDECIDED))
		return l->owner == MOUNT_UNDECIDED ? right : left;
	return left && right;
}

/* Whose superblock it is: that of the mount that stands for all that show the same. */
static char *superblock_text(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *first = &tree->mounts[tree_first_of_superblock(tree, m)];
	char *text;

	if (first == m)
		return strdup("its own");
	return asprintf(&text, "that of %s", first->mountpoint) < 0 ? NULL : text;
}

static void compare_superblocks(struct comparison *c, const struct mount *l, const struct mount *r)
{
	if (renames(c, &c->superblocks, l->dev + 1, r->dev + 1))
		return;
	cleanup_free char *left = superblock_text(c->left, l);
	cleanup_free char *right = superblock_text(c->right, r);
	bool tells = left && right && strcmp(left, right) != 0;

	differ(c, l, "superblock", tells ? left : "shared otherwise",
	       tells ? right : "shared otherwise");
}

/* They are kept with the first mount of each superblock. */
static void compare_registered(struct comparison *c, const struct mount *l, const struct mount *r)
{
	const struct mount *other = &c->right->mounts[tree_first_of_superblock(c->right, r)];

	if (tree_first_of_superblock(c->left, l) != tree_index(c->left, l))
		return;
	if ((l->formats || other->formats) && !c->err)
		c->err = compare_formats(l->mountpoint, l->formats, other->formats, c->out);
}

static void compare_made_of(struct comparison *c, const struct mount *l, const struct mount *r)
{
	bool all = c->flags & COMPARE_SOURCES, ours = is_ours(c, l, r);
	bool of_root = !root_tells(c->left, l) && !root_tells(c->right, r);

	if (all)
		compare_text(c, l, "root", l->root, r->root);
	else if (ours)
		compare_text(c, l, "root", root_text(c->left, l), root_text(c->right, r));
	if ((all || ours) && l->deleted != r->deleted)
		differ(c, l, "deleted", l->deleted ? "yes" : "no", r->deleted ? "yes" : "no");
	/* A bind of the root's filesystem is made of the caller's source, as the root is. */
	if (all || (ours && !of_root))
		compare_filesystem(c, l, r);
	if (ours) {
		compare_superblocks(c, l, r);
		compare_registered(c, l, r);
	}
}

static void compare_pair(struct comparison *c, const struct mount *l, const struct mount *r)
{
	compare_made_of(c, l, r);
	compare_attributes(c, l, r);
	compare_idmaps(c, l, r);
	compare_groups(c, l, r);
}

/* Everything below a mount that has no partner; without recursion. */
static void report_missing(struct comparison *c, const struct mount_tree *tree, uint32_t top)
{
	bool left = tree == c->left;

	for (uint32_t i = top;;) {
		const struct mount *m = &tree->mounts[i];

		differ(c, m, "mount", left ? m->fstype : "-", left ? "-" : m->fstype);
		if (m->first_child != MOUNT_NONE) {
			i = m->first_child;
			continue;
		}
		while (i != top && tree->mounts[i].next == MOUNT_NONE)
			i = tree->mounts[i].parent;
		if (i == top)
			return;
		i = tree->mounts[i].next;
	}
}

/* Children stand in the same order on both sides, so this is a merge. */
static void compare_children(struct comparison *c, uint32_t l, uint32_t r, uint32_t *partner)
{
	l = c->left->mounts[l].first_child;
	r = c->right->mounts[r].first_child;
	while (l != MOUNT_NONE || r != MOUNT_NONE) {
		const struct mount *left = l == MOUNT_NONE ? NULL : &c->left->mounts[l];
		const struct mount *right = r == MOUNT_NONE ? NULL : &c->right->mounts[r];
		int order = !left ? -1 : !right ? 1 : strcmp(left->mountpoint, right->mountpoint);

		if (order > 0) {
			report_missing(c, c->left, l);
			l = left->next;
		} else if (order < 0) {
			report_missing(c, c->right, r);
			r = right->next;
		} else {
			partner[l] = r;
			l = left->next;
			r = right->next;
		}
	}
}

/* Of a set. */
static void report_missing_namespaces(struct comparison *c, const uint32_t *partner)
{
	tree_for_each_root(l, c->left) if (partner[l] == MOUNT_NONE) report_missing(c, c->left, l);
	tree_for_each_root(r, c->right)
	{
		bool found = false;

		tree_for_each_root(l, c->left) found |= partner[l] == r;
		if (!found)
			report_missing(c, c->right, r);
	}
}

static int collect_groups(const struct mount_tree *tree, struct table *groups)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t id = tree->mounts[i].shared;
		int err = id ? table_put(groups, id, i, NULL) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int compare_all(struct comparison *c)
{
	cleanup_free uint32_t *partner = malloc((c->left->n + 1) * sizeof(*partner));
	int err = collect_groups(c->left, &c->left_groups);

	if (!partner)
		return -ENOMEM;
	if (!err)
		err = collect_groups(c->right, &c->right_groups);
	if (err)
		return err;
	memset(partner, 0xff, (c->left->n + 1) * sizeof(*partner));
	tree_pair_roots(c->left, c->right, partner);
	report_missing_namespaces(c, partner);
	tree_for_each (i, c->left) {
		if (partner[i] == MOUNT_NONE)
			continue;
		compare_pair(c, &c->left->mounts[i], &c->right->mounts[partner[i]]);
		compare_children(c, i, partner[i], partner);
	}
	return c->err ? c->err : c->out->lost ? -ENOMEM : 0;
}

static void comparison_free(struct comparison *c)
{
	table_free(&c->groups.forth);
	table_free(&c->groups.back);
	table_free(&c->superblocks.forth);
	table_free(&c->superblocks.back);
	table_free(&c->left_groups);
	table_free(&c->right_groups);
}

int compare_trees(const struct mount_tree *left, const struct mount_tree *right, unsigned int flags,
		  struct differences *differences)
{
	cleanup(comparison_free) struct comparison c = {
		.left = left,
		.right = right,
		.flags = flags,
		.out = differences,
	};

	return compare_all(&c);
}

int compare_built(const struct mount_tree *wanted, const uint32_t *attributes,
		  const struct mount_tree *built, struct differences *differences)
{
	cleanup(comparison_free) struct comparison c = {
		.left = wanted,
		.right = built,
		.attributes = attributes,
		.flags = COMPARE_CALLERS_OWNERS,
		.out = differences,
	};

	return compare_all(&c);
}
