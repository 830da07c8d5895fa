// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two namespaces, compared by their mountinfo and listings alone. Ids, device numbers and group
 * numbers may differ as long as they differ everywhere in the same way. Of mounts whose filesystem
 * lies outside (`foreign`), filesystem and options are the volume's; but the root has to be the
 * volume of the new side, at the same place below the side's directory.
 */
#include "runner.h"

/* Names of the old side and what they are called on the new one. */
struct renaming {
	struct list old, new;
};

struct comparison {
	const struct snapshot *old, *new;
	struct renaming devices, groups;
	struct list lines;
};

static bool renaming_holds(struct renaming *renaming, const char *old, const char *new)
{
	for (size_t i = 0; i < renaming->old.count; i++) {
		bool same_old = !strcmp(renaming->old.items[i], old);
		bool same_new = !strcmp(renaming->new.items[i], new);

		if (same_old || same_new)
			return same_old && same_new;
	}
	list_add(&renaming->old, old);
	list_add(&renaming->new, new);
	return true;
}

static void differ(struct comparison *comparison, const struct mount *mount, const char *field,
		   const char *old, const char *new)
{
	list_add(&comparison->lines, format("%s: %s: %s | %s", mount->point, field, old, new));
}

static void compare_strings(struct comparison *comparison, const struct mount *mount,
			    const char *field, const char *old, const char *new)
{
	if (strcmp(old, new))
		differ(comparison, mount, field, old, new);
}

/* ".../zdtm-mnt.XXXXXX/old/src/vol" of the old side becomes "@/src/vol". */
static char *root_in_side(const char *root, const char *scratch, const char *side)
{
	char *prefix = format("%s/%s", strrchr(scratch, '/'), side);
	const char *found = strstr(root, prefix);

	if (!found || (found[strlen(prefix)] && found[strlen(prefix)] != '/'))
		return strdup(root);
	return format("@%s", found + strlen(prefix));
}

static void compare_roots(struct comparison *comparison, const struct mount *old,
			  const struct mount *new)
{
	compare_strings(comparison, old, "root",
			root_in_side(old->root, comparison->old->scratch, "old"),
			root_in_side(new->root, comparison->new->scratch, "new"));
}

static void compare_filesystems(struct comparison *comparison, const struct mount *old,
				const struct mount *new)
{
	if (old->foreign || new->foreign) {
		if (old->foreign != new->foreign)
			differ(comparison, old, "filesystem", old->foreign ? "outside" : "own",
			       new->foreign ? "outside" : "own");
		return;
	}
	compare_strings(comparison, old, "type", old->type, new->type);
	compare_strings(comparison, old, "source", old->source, new->source);
	compare_strings(comparison, old, "options", old->options, new->options);
	if (!renaming_holds(&comparison->devices, old->device, new->device))
		differ(comparison, old, "superblock", old->device,
		       format("%s, of which other mounts are", new->device));
}

/* A group that has members outside is named by what they are mounts of; others have no name. */
static char *outside_name(const struct snapshot *snapshot, int group, const char *side)
{
	for (size_t i = 0; group && i < snapshot->host->count; i++)
		if (snapshot->host->all[i]->shared == group)
			return format("with the host's %s",
				      root_in_side(snapshot->host->all[i]->root, snapshot->scratch,
						   side));
	return NULL;
}

static void compare_group(struct comparison *comparison, const struct mount *mount,
			  const char *field, int old, int new)
{
	char *from = outside_name(comparison->old, old, "old");
	char *to = outside_name(comparison->new, new, "new");
	bool named = from || to, same;

	from = from ? from : old ? format("%d", old) : strdup("none");
	to = to ? to : new ? format("%d", new) : strdup("none");
	if (named || !old || !new)
		same = !strcmp(from, to);
	else
		same = renaming_holds(&comparison->groups, from, to);
	if (!same)
		differ(comparison, mount, field, from, to);
}

static void compare_sharing(struct comparison *comparison, const struct mount *old,
			    const struct mount *new)
{
	compare_group(comparison, old, "shared", old->shared, new->shared);
	compare_group(comparison, old, "master", old->master, new->master);
	compare_group(comparison, old, "propagate_from", old->outside, new->outside);
	if (old->unbindable != new->unbindable)
		differ(comparison, old, "unbindable", old->unbindable ? "yes" : "no",
		       new->unbindable ? "yes" : "no");
}

static void compare_contents(struct comparison *comparison, const struct mount *old,
			     const struct mount *new)
{
	const char *before = comparison->old->contents[old->index];
	const char *after = comparison->new->contents[new->index];
	struct list lost, extra;

	if (!before || !after)
		return;
	lost = lines_only_in(before, after);
	extra = lines_only_in(after, before);
	for (size_t i = 0; i < lost.count; i++)
		differ(comparison, old, "contents", lost.items[i], "");
	for (size_t i = 0; i < extra.count; i++)
		differ(comparison, old, "contents", "", extra.items[i]);
}

static const struct mount *next_child(const struct mounts *mounts, const struct mount *parent,
				      size_t *index)
{
	while (*index < mounts->count) {
		const struct mount *mount = mounts->all[(*index)++];

		if (mount->parent == parent)
			return mount;
	}
	return NULL;
}

static void compare_mounts(struct comparison *comparison, const struct mount *old,
			   const struct mount *new);

/* The children of both come in the order of their mountpoints. */
static void compare_children(struct comparison *comparison, const struct mount *old_parent,
			     const struct mount *new_parent)
{
	size_t i = old_parent ? old_parent->index + 1 : 0;
	size_t j = new_parent ? new_parent->index + 1 : 0;
	const struct mount *old = next_child(comparison->old->mounts, old_parent, &i);
	const struct mount *new = next_child(comparison->new->mounts, new_parent, &j);

	while (old || new) {
		int order = !old ? 1 : !new ? -1 : strcmp(old->point, new->point);

		if (order < 0)
			differ(comparison, old, "mount", old->type, "none");
		else if (order > 0)
			differ(comparison, new, "mount", "none", new->type);
		else
			compare_mounts(comparison, old, new);
		if (order <= 0)
			old = next_child(comparison->old->mounts, old_parent, &i);
		if (order >= 0)
			new = next_child(comparison->new->mounts, new_parent, &j);
	}
}

static void compare_mounts(struct comparison *comparison, const struct mount *old,
			   const struct mount *new)
{
	compare_roots(comparison, old, new);
	compare_strings(comparison, old, "flags", old->flags, new->flags);
	compare_filesystems(comparison, old, new);
	compare_sharing(comparison, old, new);
	compare_contents(comparison, old, new);
	compare_children(comparison, old, new);
}

struct list compare_snapshots(const struct snapshot *old, const struct snapshot *new)
{
	struct comparison comparison = { .old = old, .new = new };

	compare_children(&comparison, NULL, NULL);
	return comparison.lines;
}
