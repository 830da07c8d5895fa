// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/mount-index.h"

#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "runtime/oci/device-node.h"

void mount_index_free(struct mount_index *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->list[i].path);
	free(places->list);
	names_free(&places->by_path);
	*places = (struct mount_index){ 0 };
}

/* Takes @path over. */
static int mount_index_put(struct mount_index *places, char *path, enum mount_index_kind kind,
			   size_t index)
{
	if (!path)
		return -ENOMEM;
	places->list[places->n] = (struct mount_index_entry){ kind, index, path };
	return names_put(&places->by_path, path, strlen(path), (uint32_t)places->n++);
}

/*
 * The part of a path that is there, as the root has it, and the rest as it is written: a mountpoint
 * may lie in a mount, where the root has nothing. @dir is shortened.
 */
static char *resolve(int root_fd, const char *path, char *dir, const char *root)
{
	for (;;) {
		cleanup_fd int fd = path_open_in_root(root_fd, dir);
		cleanup_free char *real = fd >= 0 ? path_of_fd(fd) : NULL;
		const char *below = real ? path_rest_below(real, root) : NULL;
		cleanup_free char *all = below ? path_join(below, path + strlen(dir)) : NULL;

		if (fd >= 0)
			return all ? path_normalize(all) : NULL;
		char *slash = strrchr(dir, '/');

		if (fd != -ENOENT || !slash)
			return NULL;
		*slash = '\0';
	}
}

/* Return: NULL if there is nothing to tell beyond what is written. */
static char *in_root(int root_fd, const char *path)
{
	cleanup_free char *dir = path_join("/", path);
	cleanup_free char *whole = dir ? strdup(dir) : NULL;
	cleanup_free char *root = root_fd >= 0 ? path_of_fd(root_fd) : NULL;

	return whole && root ? resolve(root_fd, whole, dir, root) : NULL;
}

static int mount_index_add(struct mount_index *places, int root_fd, const char *path,
			   enum mount_index_kind kind, size_t index)
{
	char *real = in_root(root_fd, path);
	int err = mount_index_put(places, path_normalize(path), kind, index);

	if (!err && real)
		return mount_index_put(places, real, kind, index);
	free(real);
	return err;
}

int mount_index_make(const struct config *config, int root_fd, struct mount_index *ret)
{
	size_t n = device_node_n_common() + config->n_devices + config->n_masked + config->n_binds;
	int err = 0;

	ret->list = calloc(2 * n + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < device_node_n_common() && !err; i++)
		err = mount_index_add(ret, -EBADF, device_node_common(i)->path,
				      MOUNT_INDEX_COMMON_DEVICE, i);
	for (size_t i = 0; i < config->n_devices && !err; i++)
		err = mount_index_add(ret, root_fd, config->devices[i].path, MOUNT_INDEX_DEVICE, i);
	for (size_t i = 0; i < config->n_masked && !err; i++)
		err = mount_index_add(ret, root_fd, config->masked[i], MOUNT_INDEX_MASKED, i);
	for (size_t i = 0; i < config->n_binds && !err; i++)
		err = mount_index_add(ret, root_fd, config->binds[i].destination, MOUNT_INDEX_BIND,
				      i);
	return err;
}

const struct mount_index_entry *mount_index_find(const struct mount_index *places, const char *path)
{
	cleanup_free char *normal = path_normalize(path);
	uint32_t i = normal ? names_get(&places->by_path, normal, strlen(normal)) : TABLE_NONE;

	return i != TABLE_NONE ? &places->list[i] : NULL;
}
