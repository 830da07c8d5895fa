// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A mount is created as a descriptor, attached to its parent, and its descriptor is closed. Parents
 * come before children, and siblings in the order of tree_link(), "/a/b" before "/a", so that a
 * mountpoint is still visible when its turn comes. The descriptor of a parent is needed until its
 * last child is attached. So the depth of the tree limits how many descriptors are open, not its
 * size. The exception are mounts that get their propagation last of all: a mount attached below a
 * shared one would appear at all peers of that.
 *
 * A superblock that we create is created once. If one mount shows it, that mount is made from it
 * directly. If several do, they are cloned from a mount that is attached, because a detached mount
 * cannot be cloned before Linux 6.15. That is the first mount, if it shows the whole superblock and
 * stays as it was created; otherwise it is one in the yard. The latter has no children, so a clone
 * of it costs the same whatever is mounted below the others.
 *
 * An overlay is made of directories of the tree, by the paths that they had. Therefore it is
 * created after the other mounts; a mountpoint is reserved for it before a sibling can cover it.
 * Overlays on overlays follow in the order in which they were mounted. Everything below an overlay
 * waits for it. If an upper layer has become read-only since, it becomes so after all overlays.
 *
 * Each namespace of a set is built in turn. What one of them shows of another's superblock is cloned
 * from that, as within one namespace; groups are set after all are pivoted.
 *
 * Mounts of plugins come first: their code needs the caller's root.
 */
#include "model/plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "model/filesystem.h"
#include "model/plan-internal.h"

void plan_free(struct plan *plan)
{
	free(plan->steps);
	*plan = (struct plan){ 0 };
}

void plan_add(struct planner *p, enum plan_op op, uint32_t mount, uint32_t other)
{
	struct plan *plan = p->plan;

	if (plan->n == plan->room) {
		uint32_t room = plan->room ? plan->room + plan->room / 2 : 64;
		struct plan_step *steps = realloc(plan->steps, room * sizeof(*steps));

		if (!steps) {
			p->err = -ENOMEM;
			return;
		}
		plan->steps = steps;
		plan->room = room;
	}
	plan->steps[plan->n++] = (struct plan_step){ .op = op, .mount = mount, .other = other };
}

bool plan_may_turn_readonly(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *root = &tree->mounts[tree->root];
	bool root_is_readonly = (root->attributes & MOUNT_ATTR_RDONLY) != 0;

	return m->owner == MOUNT_INTERNAL && (m->dev != root->dev || !root_is_readonly);
}

bool plan_turns_readonly(const struct plan *plan, const struct mount_tree *tree,
			 const struct mount *m)
{
	return plan->has_upper && (m->attributes & MOUNT_ATTR_RDONLY) &&
	       plan_may_turn_readonly(tree, m);
}

static void find_upper(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n && !p->plan->has_upper; i++)
		p->plan->has_upper = plan_is_late(&p->tree->mounts[i]) &&
				     strstr(p->tree->mounts[i].options, "upperdir=");
}

static bool of_root(const struct planner *p, const struct mount *m)
{
	return m->dev == p->tree->mounts[p->tree->root].dev;
}

bool plan_is_late(const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return m->owner == MOUNT_INTERNAL && fs && (fs->flags & FILESYSTEM_LAYERS);
}

bool plan_is_sealed(const struct planner *p, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return m->owner == MOUNT_INTERNAL && (m->sb_flags & MS_RDONLY) && fs &&
	       !(fs->flags & FILESYSTEM_SINGLE) && !of_root(p, m) &&
	       tree_first_of_superblock(p->tree, m) == tree_index(p->tree, m);
}

static bool has_names(const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return fs && (fs->flags & FILESYSTEM_SINGLE);
}

/* The first mount of a superblock that has its name, and the key that is its own or would be. */
static uint32_t find_named(const struct planner *p, const struct table *by_name,
			   const struct mount *m, uint64_t *ret_key)
{
	*ret_key = table_hash_bytes(m->source, strlen(m->source)) ^ (uint64_t)m->dev << 32;
	for (;; ++*ret_key) {
		uint32_t i = table_get(by_name, *ret_key);
		const struct mount *named = i == TABLE_NONE ? NULL : &p->tree->mounts[i];

		if (!named || (named->dev == m->dev && strcmp(named->source, m->source) == 0))
			return i;
	}
}

/*
 * The mount that others of its superblock are cloned from is the first one. Of filesystems with one
 * instance (sysfs, mqueue, cgroup2), each mount(2) may use another source name: there it is the
 * first of that name.
 */
static void find_creators(struct planner *p)
{
	cleanup_table struct table by_name = { 0 };

	for (uint32_t i = 0; i < p->tree->n && !p->err; i++) {
		const struct mount *m = &p->tree->mounts[i];
		uint64_t key = 0;
		uint32_t creator = !has_names(m) ? tree_first_of_superblock(p->tree, m)
						 : find_named(p, &by_name, m, &key);

		if (m->owner != MOUNT_INTERNAL || of_root(p, m))
			continue;
		if (creator == TABLE_NONE) {
			creator = i;
			p->err = table_put(&by_name, key, i, NULL);
		}
		p->creator[i] = creator;
		p->uses[creator]++;
		p->unlinked[creator] |= m->deleted;
	}
}

/*
 * Only a detached mount can be id-mapped, or come into another namespace of a set than the first;
 * the one in the yard is none.
 */
static bool can_be_taken(const struct planner *p, const struct mount *m, uint32_t creator)
{
	bool moves = !m->idmap && m->ns == p->tree->mounts[p->tree->root].ns;

	return mount_is_fsroot(m) && !p->unlinked[creator] && (!p->yard[creator] || moves);
}

/* A clone of it, when it is attached, is what a clone of one in the yard would be. */
static bool can_be_lent(const struct planner *p, const struct mount *m, uint32_t creator)
{
	return mount_is_fsroot(m) && !p->unlinked[creator] && !m->idmap &&
	       m->first_child == MOUNT_NONE && !plan_is_alone(p, m);
}

static void plan_create(struct planner *p, uint32_t i, uint32_t creator)
{
	const struct mount *m = &p->tree->mounts[i];
	bool several = p->uses[creator] > 1, lend = several && can_be_lent(p, m, creator);

	plan_add(p, PLAN_CREATE, i, creator);
	p->created[creator] = true;
	p->yard[creator] = !lend && (several || !can_be_taken(p, m, creator));
	if (p->yard[creator])
		plan_add(p, PLAN_YARD, creator, MOUNT_NONE);
	p->lent[creator] = lend;
}

static void drop(struct planner *p, uint32_t creator)
{
	plan_anchor_new(p, creator);
	plan_add(p, PLAN_DROP, creator, MOUNT_NONE);
}

/* An internal mount: of a superblock that we create, or a bind of the new root's. */
static void make_internal(struct planner *p, uint32_t i)
{
	const struct mount *m = &p->tree->mounts[i];
	uint32_t creator = p->creator[i];

	if (of_root(p, m)) {
		plan_add(p, PLAN_CLONE, i, p->tree->root);
		return;
	}
	bool first = !p->created[creator];

	if (first)
		plan_create(p, i, creator);
	bool last = --p->uses[creator] == 0, lent = p->lent[creator];
	bool take = last && !lent && can_be_taken(p, m, creator);

	plan_add(p, take ? PLAN_TAKE : lent && first ? PLAN_LEND : PLAN_CLONE, i, creator);
	if (last && !take && !p->unlinked[creator])
		drop(p, creator);
}

/*
 * A mount with a deleted root cannot be attached, moved or cloned any more. So the root is deleted
 * last, when the last mount of the superblock is attached. Only the root is needed for that.
 */
static void delete_roots(struct planner *p, uint32_t i)
{
	const struct mount *m = &p->tree->mounts[i];
	uint32_t first = p->creator[i];

	if (m->owner != MOUNT_INTERNAL || of_root(p, m) || !p->unlinked[first] || p->uses[first])
		return;
	plan_add(p, PLAN_DELETE, first, MOUNT_NONE);
	drop(p, first);
}

static void plan_make(struct planner *p, uint32_t i)
{
	switch (p->tree->mounts[i].owner) {
	case MOUNT_INTERNAL:
		make_internal(p, i);
		break;
	case MOUNT_ROOT:
	case MOUNT_EXTERNAL:
		plan_add(p, PLAN_SOURCE, i, MOUNT_NONE);
		break;
	default:
		break; /* a plugin's stands already */
	}
	plan_add(p, p->tree->mounts[i].owner == MOUNT_PLUGIN ? PLAN_MOVE : PLAN_ATTACH, i,
		 MOUNT_NONE);
	delete_roots(p, i);
}

/* All children stand or have their place: nothing will look for one in it any more. */
static void complete(struct planner *p, uint32_t i)
{
	const struct mount *m = &p->tree->mounts[i];

	if (plan_is_alone(p, m))
		plan_add(p, PLAN_SHARE, i, MOUNT_NONE);
	if (plan_is_held(p, m) || !p->plan->n)
		return;
	struct plan_step *last = &p->plan->steps[p->plan->n - 1];

	if (last->mount == i)
		last->and_close = 1;
	else
		plan_add(p, PLAN_CLOSE, i, MOUNT_NONE);
}

static bool is_older(const struct mount_tree *tree, uint32_t a, uint32_t b)
{
	const struct mount *left = &tree->mounts[a], *right = &tree->mounts[b];

	return left->unique_id != right->unique_id ? left->unique_id < right->unique_id
						   : left->id < right->id;
}

/* A heap, the oldest first: an overlay below another comes in when that is built. */
static void late_add(struct planner *p, uint32_t mount)
{
	uint32_t at = p->n_late++;

	for (; at && is_older(p->tree, mount, p->late[(at - 1) / 2]); at = (at - 1) / 2)
		p->late[at] = p->late[(at - 1) / 2];
	p->late[at] = mount;
}

static uint32_t late_take(struct planner *p)
{
	uint32_t oldest = p->late[0], last = p->late[--p->n_late], at = 0;

	for (uint32_t child; (child = 2 * at + 1) < p->n_late; at = child) {
		if (child + 1 < p->n_late && is_older(p->tree, p->late[child + 1], p->late[child]))
			child++;
		if (!is_older(p->tree, p->late[child], last))
			break;
		p->late[at] = p->late[child];
	}
	p->late[at] = last;
	return oldest;
}

/* One mount and what follows from it: Return whether to go on with its children. */
static bool build_one(struct planner *p, uint32_t i, uint32_t top)
{
	const struct mount *m = &p->tree->mounts[i];
	bool later = i != top && plan_is_late(m);

	if (later) {
		plan_add(p, PLAN_RESERVE, i, MOUNT_NONE);
		late_add(p, i);
	} else {
		plan_make(p, i);
	}
	if (!later && m->first_child == MOUNT_NONE)
		complete(p, i);
	if (i != top && m->next == MOUNT_NONE)
		complete(p, m->parent);
	return !later;
}

static void build_subtree(struct planner *p, uint32_t top)
{
	for (uint32_t i = top;;) {
		const struct mount *m = &p->tree->mounts[i];
		bool descend = build_one(p, i, top);

		if (p->err)
			return;
		if (descend && m->first_child != MOUNT_NONE) {
			i = m->first_child;
			continue;
		}
		while (i != top && p->tree->mounts[i].next == MOUNT_NONE)
			i = p->tree->mounts[i].parent;
		if (i == top)
			return;
		i = p->tree->mounts[i].next;
	}
}

static void build_late(struct planner *p)
{
	while (p->n_late && !p->err)
		build_subtree(p, late_take(p));
}

/* Those of the new root's filesystem, which are told apart by their mounts alone. */
static void delete_in_root(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n; i++) {
		const struct mount *m = &p->tree->mounts[i];

		if (m->owner == MOUNT_INTERNAL && m->deleted && of_root(p, m)) {
			plan_add(p, PLAN_DELETE, p->tree->root, MOUNT_NONE);
			return;
		}
	}
}

static void seal(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n; i++) {
		const struct mount *m = &p->tree->mounts[i];

		if (plan_turns_readonly(p->plan, p->tree, m))
			plan_add(p, PLAN_READONLY, i, MOUNT_NONE);
		if (plan_is_sealed(p, m))
			plan_add(p, PLAN_SEAL, i, MOUNT_NONE);
	}
}

static void plan_do_build(struct planner *p)
{
	uint32_t n = p->tree->n;

	p->uses = calloc(n, sizeof(*p->uses));
	p->creator = calloc(n, sizeof(*p->creator));
	p->created = calloc(n, sizeof(*p->created));
	p->unlinked = calloc(n, sizeof(*p->unlinked));
	p->yard = calloc(n, sizeof(*p->yard));
	p->lent = calloc(n, sizeof(*p->lent));
	p->late = malloc(n * sizeof(*p->late));
	if (!p->uses || !p->creator || !p->created || !p->unlinked || !p->yard || !p->lent ||
	    !p->late) {
		p->err = -ENOMEM;
		return;
	}
	find_creators(p);
	for (uint32_t i = 0; i < n; i++)
		if (p->tree->mounts[i].owner == MOUNT_PLUGIN)
			plan_add(p, PLAN_PREMOUNT, i, MOUNT_NONE);
	tree_for_each_root(root, p->tree) build_subtree(p, root);
	build_late(p);
	delete_in_root(p);
	seal(p);
	plan_anchor_sources(p);
	tree_for_each_root(root, p->tree) plan_add(p, PLAN_PIVOT, root, MOUNT_NONE);
	plan_share(p);
}

int plan_build(const struct plan_input *input, struct plan *plan, struct findings *findings)
{
	struct planner p = {
		.input = input,
		.tree = input->tree,
		.plan = plan,
		.findings = findings,
	};

	find_upper(&p);
	plan_collect_groups(&p);
	if (!p.err)
		plan_do_build(&p);
	free(p.groups);
	free(p.next_member);
	free(p.anchors);
	free(p.uses);
	free(p.creator);
	free(p.created);
	free(p.unlinked);
	free(p.yard);
	free(p.lent);
	free(p.late);
	table_free(&p.group_of);
	return p.err;
}

char *plan_text(const struct mount_tree *tree, const struct plan_step *step)
{
	static const char *const words[] = {
		[PLAN_PREMOUNT] = "premount",
		[PLAN_CREATE] = "create",
		[PLAN_YARD] = "keep in the yard",
		[PLAN_SOURCE] = "clone source",
		[PLAN_CLONE] = "clone",
		[PLAN_TAKE] = "take",
		[PLAN_LEND] = "take, and clone others from it:",
		[PLAN_RESERVE] = "hold place",
		[PLAN_ATTACH] = "attach",
		[PLAN_MOVE] = "move premount",
		[PLAN_CLOSE] = "close",
		[PLAN_DROP] = "drop superblock root",
		[PLAN_DELETE] = "delete roots in the filesystem of",
		[PLAN_SEAL] = "make superblock read-only",
		[PLAN_READONLY] = "make read-only",
		[PLAN_PIVOT] = "pivot_root",
		[PLAN_ANCHOR] = "anchor a peer group from",
		[PLAN_ANCHOR_HOST] = "anchor a peer group from the source of",
		[PLAN_ANCHOR_NEW] = "anchor a peer group from the superblock of",
		[PLAN_SHARE] = "make shared",
		[PLAN_JOIN] = "join group of",
		[PLAN_JOIN_HOST] = "join the source's group",
		[PLAN_SLAVE] = "make slave",
		[PLAN_UNBINDABLE] = "make unbindable",
	};
	/*
	 * An anchor is nowhere mounted; it goes by what it was cloned from, which PLAN_ANCHOR
	 * tells.
	 */
	bool anchor = step->mount >= tree->n;
	bool anchors_group = step->op == PLAN_ANCHOR || step->op == PLAN_ANCHOR_HOST ||
			     step->op == PLAN_ANCHOR_NEW;
	const struct mount *m = &tree->mounts[anchors_group ? step->other
					      : anchor	    ? tree->root
							    : step->mount];
	cleanup_free char *path = path_printable(mount_shown(m));
	char *text;
	int n;

	if (!path)
		return NULL;
	if (anchors_group)
		n = asprintf(&text, "%s mount %u '%s': anchor %u", words[step->op], m->id, path,
			     step->mount - tree->n);
	else if (anchor)
		n = asprintf(&text, "%s: anchor %u", words[step->op], step->mount - tree->n);
	else if (step->op == PLAN_JOIN && step->other >= tree->n)
		n = asprintf(&text, "%s anchor %u: mount %u '%s'", words[step->op],
			     step->other - tree->n, m->id, path);
	else if (step->op == PLAN_JOIN)
		n = asprintf(&text, "%s mount %u: mount %u '%s'", words[step->op],
			     tree->mounts[step->other].id, m->id, path);
	else if (step->op == PLAN_CREATE)
		n = asprintf(&text, "%s %s for mount %u '%s'", words[step->op], m->fstype, m->id,
			     path);
	else
		n = asprintf(&text, "%s mount %u '%s'", words[step->op], m->id, path);
	return n < 0 ? NULL : text;
}
