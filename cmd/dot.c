// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names are bytes of others. Each is made printable first (path_printable(): \ooo), then written as
 * the inside of a quoted string of the DOT language, where a quote ends it, a backslash begins one
 * of many escapes (\N is the node's name) and an ampersand an entity of HTML.
 */
#include "cmd/dot.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "cmd/groups.h"
#include "cmd/print-tree.h"

static void put_quoted_part(const char *printable, size_t n)
{
	for (const char *p = printable; p < printable + n; p++) {
		if (*p == '&')
			fputs("&amp;", stdout);
		else if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else
			putchar(*p);
	}
}

static void put_quoted(const char *printable)
{
	put_quoted_part(printable, strlen(printable));
}

/* One line of a label. */
static int put_line(const char *before, const char *text)
{
	cleanup_free char *safe = path_printable(text ? text : "?");

	if (!safe)
		return -ENOMEM;
	fputs(before, stdout);
	put_quoted(safe);
	return 0;
}

/* The end of the character that begins before @at, or @at. */
static size_t next_character(const char *text, size_t at)
{
	while ((text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* A path, its middle left out if it is long: all of it is in the tooltip. */
static int put_path(const char *path)
{
	enum { SHOWN = 40, HALF = 19 };
	cleanup_free char *safe = path_printable(path);

	if (!safe)
		return -ENOMEM;
	size_t n = strlen(safe), begin = n > SHOWN ? next_character(safe, HALF) : n;

	put_quoted_part(safe, begin);
	if (n > SHOWN) {
		fputs("...", stdout);
		put_quoted(safe + next_character(safe, n - HALF));
	}
	return 0;
}

static const char *colour_of(enum rebind_owner owner)
{
	return owner == REBIND_OWNER_EXTERNAL ? "khaki"
	       : owner == REBIND_OWNER_PLUGIN ? "plum"
					      : "white";
}

static int put_node(const struct rebind_mount *mount)
{
	cleanup_free char *key = print_tree_key(mount);

	if (!key)
		return -ENOMEM;
	printf("\tm%u [label=\"", mount->id);
	int err = put_path(mount->mountpoint);

	if (!err)
		err = put_line("\\n", mount->fstype);
	if (err)
		return err;
	if (*key) {
		fputs("\\n", stdout);
		put_quoted(key);
	}
	err = put_line("\", tooltip=\"", mount->mountpoint);
	printf("\", style=\"%s\", fillcolor=\"%s\"];\n",
	       mount->covered ? "filled,dashed" : "filled", colour_of(mount->owner));
	return err;
}

static int put_nodes(const struct rebind_tree *tree)
{
	size_t n = rebind_tree_count(tree);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		err = put_node(&mount);
	}
	for (size_t i = 0; i < n && !err; i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		if (mount.depth)
			printf("\tm%u -> m%u;\n", mount.parent_id, mount.id);
	}
	return err;
}

/* Mounts by group: one list for each, in the order of the tree. Or NULL: no memory. */
static uint32_t *chain_members(const struct rebind_tree *tree, const struct groups *groups)
{
	size_t n = rebind_tree_count(tree);
	uint32_t *next = malloc((n + 1) * sizeof(*next));
	uint32_t *head = malloc((groups->n + 1) * sizeof(*head));

	for (size_t i = 0; head && i < groups->n; i++)
		head[i] = TABLE_NONE;
	for (size_t i = n; next && head && i-- > 0;) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		if (!mount.shared)
			continue;
		uint32_t group = table_get(&groups->by_id, mount.shared);

		next[i] = head[group];
		head[group] = (uint32_t)i;
	}
	if (!head)
		util_free(&next);
	free(head);
	return next;
}

static void put_cluster(const struct rebind_tree *tree, const struct group *group,
			const uint32_t *next)
{
	printf("\tsubgraph \"cluster_%u\" {\n\t\tlabel=\"shared:%u\";\n", group->id, group->id);
	for (uint32_t i = (uint32_t)group->first_peer; i != TABLE_NONE; i = next[i]) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		printf("\t\tm%u;\n", mount.id);
	}
	fputs("\t}\n", stdout);
}

static int put_groups(const struct rebind_tree *tree, const struct groups *groups)
{
	cleanup_free uint32_t *next = chain_members(tree, groups);

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < groups->n; i++) {
		const struct group *group = &groups->list[i];

		if (group->n_peers)
			put_cluster(tree, group, next);
		else
			printf("\tg%u [label=\"shared:%u\\n(outside)\", shape=\"ellipse\", style=\"dashed\"];\n",
			       group->id, group->id);
	}
	return 0;
}

/* From a group to a mount, which stands for its own group if it is in one. */
static void put_master(const struct rebind_tree *tree, const struct groups *groups,
		       const struct rebind_mount *slave)
{
	const struct group *master = &groups->list[table_get(&groups->by_id, slave->master)];
	struct rebind_mount peer = { .size = sizeof(peer) };

	if (master->n_peers) {
		rebind_tree_get(tree, master->first_peer, &peer);
		printf("\tm%u -> m%u [ltail=\"cluster_%u\", ", peer.id, slave->id, master->id);
	} else {
		printf("\tg%u -> m%u [", master->id, slave->id);
	}
	if (slave->shared)
		printf("lhead=\"cluster_%u\", ", slave->shared);
	printf("label=\"master:%u\", style=\"dashed\", constraint=\"false\"];\n", master->id);
}

static void put_masters(const struct rebind_tree *tree, const struct groups *groups)
{
	for (size_t i = 0; i < rebind_tree_count(tree); i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		if (!mount.master)
			continue;
		/* Members of a group have one master: one arrow says it. */
		if (!mount.shared ||
		    groups->list[table_get(&groups->by_id, mount.shared)].first_peer == i)
			put_master(tree, groups, &mount);
	}
}

int dot_print(const struct rebind_tree *tree)
{
	cleanup_groups struct groups groups = { 0 };
	int err = groups_find(tree, &groups);

	if (err)
		return err;
	fputs("digraph mounts {\n\trankdir=\"LR\";\n\tcompound=\"true\";\n"
	      "\tnode [shape=\"box\", fontname=\"sans-serif\"];\n",
	      stdout);
	err = put_nodes(tree);
	if (!err)
		err = put_groups(tree, &groups);
	if (!err)
		put_masters(tree, &groups);
	fputs("}\n", stdout);
	return err;
}
