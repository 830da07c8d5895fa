// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/owner-ids.h"

#include <stdlib.h>
#include <string.h>

#include "mnt/scan/option-ids.h"
#include "model/attribute-ids.h"
#include "model/filesystem.h"
#include "model/ids.h"

static int translate(const struct mount_idmap *map, struct mount_tree *tree, struct mount *m,
		     char *(*fn)(const struct mount_idmap *map, const struct mount *m))
{
	cleanup_free char *options = fn(map, m);

	if (!options)
		return -ENOMEM;
	m->options = arena_intern(&tree->strings, options, strlen(options));
	return m->options ? 0 : -ENOMEM;
}

int owner_ids_inside(const struct mount_idmap *map, struct mount_tree *tree)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (ids_are_in(&tree->mounts[i]))
			err = translate(map, tree, &tree->mounts[i], ids_options_inside);
	return err;
}

static bool may_have_ids(const struct mount *m)
{
	return m->owner == MOUNT_INTERNAL &&
	       (ids_are_in(m) || filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_TMPFS);
}

static int translate_attribute(const struct mount_idmap *map, struct arena *arena,
			       struct mount_attribute *attribute)
{
	cleanup_free void *value = malloc(attribute->size + 1);

	if (!value)
		return -ENOMEM;
	memcpy(value, attribute->value, attribute->size);
	attribute_ids_outside(map, attribute->name, value, attribute->size);
	attribute->value = (const uint8_t *)arena_copy(arena, value, attribute->size);
	return attribute->value ? 0 : -ENOMEM;
}

static int translate_sockets(const struct mount_idmap *map, struct arena *arena,
			     struct mount_contents *contents)
{
	int err = 0;

	for (uint32_t i = 0; i < contents->n_sockets; i++) {
		struct mount_socket *socket = &contents->sockets[i];

		socket->uid = ids_owner(map->uid, map->n_uid, socket->uid);
		socket->gid = ids_owner(map->gid, map->n_gid, socket->gid);
	}
	for (uint32_t i = 0; i < contents->n_attributes && !err; i++)
		err = translate_attribute(map, arena, &contents->attributes[i]);
	return err;
}

int owner_ids_outside(const struct mount_idmap *map, struct mount_tree *tree)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct mount *m = &tree->mounts[i];

		if (may_have_ids(m))
			err = translate(map, tree, m, ids_options_outside);
		if (!err && m->contents)
			err = translate_sockets(map, &tree->strings, m->contents);
	}
	return err;
}

static int copy_options(const struct mount_tree *tree, struct owner_ids_copy *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct mount *m = &ret->tree.mounts[i];

		if (!ids_are_in(m))
			continue;
		cleanup_free char *options = ids_options_inside(&ret->map, m);

		err = options ? strings_add(&ret->texts, options, strlen(options)) : -ENOMEM;
		m->options = err ? m->options : ret->texts.list[ret->texts.n - 1];
	}
	return err;
}

int owner_ids_copy_live(const struct mount_tree *tree, int ns_fd, struct owner_ids_copy *ret)
{
	int err = option_ids_read_owner(ns_fd, &ret->map);

	if (err || !ret->map.uid)
		return err;
	ret->tree = *tree;
	ret->tree.mounts = malloc((tree->n + 1) * sizeof(*tree->mounts));
	if (!ret->tree.mounts)
		return -ENOMEM;
	memcpy(ret->tree.mounts, tree->mounts, tree->n * sizeof(*tree->mounts));
	err = copy_options(tree, ret);
	return err ? err : 1;
}

void owner_ids_copy_free(struct owner_ids_copy *copy)
{
	free(copy->tree.mounts);
	strings_free(&copy->texts);
	option_ids_free_maps(&copy->map);
	*copy = (struct owner_ids_copy){ 0 };
}
