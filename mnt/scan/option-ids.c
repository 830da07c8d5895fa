// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/scan/option-ids.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "model/ids.h"

#define MAP_MAX 16384 /* 340 lines of 36 bytes at most (user_namespaces(7)) */

void option_ids_free_maps(struct mount_idmap *maps)
{
	free(maps->uid);
	free(maps->gid);
	*maps = (struct mount_idmap){ 0 };
}

static int read_map(const char *file, struct mount_id_extent **ret, uint32_t *ret_n)
{
	cleanup_free char *text = malloc(MAP_MAX);
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (!text || fd < 0)
		return text ? -errno : -ENOMEM;
	/* A map comes with one read; the kernel has it in a page or two. */
	n = read(fd, text, MAP_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return ids_parse_map(text, ret, ret_n);
}

int option_ids_read_own(struct mount_idmap *ret)
{
	int err = read_map("/proc/self/uid_map", &ret->uid, &ret->n_uid);

	if (!err)
		err = read_map("/proc/self/gid_map", &ret->gid, &ret->n_gid);
	if (err)
		option_ids_free_maps(ret);
	return err;
}

static bool has_ids(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (ids_are_in(&tree->mounts[i]))
			return true;
	return false;
}

static bool is_identity(const struct mount_idmap *maps)
{
	return maps->n_uid == 1 && maps->n_gid == 1 && maps->uid->first == maps->uid->lower &&
	       maps->gid->first == maps->gid->lower;
}

int option_ids_translate(struct mount_tree *tree)
{
	cleanup(option_ids_free_maps) struct mount_idmap maps = { 0 };
	int err = has_ids(tree) ? option_ids_read_own(&maps) : 0;

	if (err || !maps.uid || is_identity(&maps))
		return err;
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];
		cleanup_free char *options = ids_are_in(m) ? ids_options_inside(&maps, m) : NULL;

		if (!options)
			continue;
		m->options = arena_intern(&tree->strings, options, strlen(options));
		if (!m->options)
			return -ENOMEM;
	}
	return 0;
}

bool option_ids_same(const struct mount *m, const char *raw)
{
	const struct mount shown = { .fstype = m->fstype, .options = raw };
	cleanup(option_ids_free_maps) struct mount_idmap maps = { 0 };

	if (strcmp(m->options, raw) == 0)
		return true;
	if (!ids_are_in(&shown) || option_ids_read_own(&maps) || !maps.uid)
		return false;
	cleanup_free char *inside = ids_options_inside(&maps, &shown);

	return inside && strcmp(m->options, inside) == 0;
}
