// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/idmap.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/sys.h"
#include "model/ids.h"

#define EXTENT_TEXT 36 /* three numbers of ten digits, with what separates them */

void idmaps_free(struct idmaps *idmaps)
{
	for (uint32_t i = 0; i < idmaps->n; i++)
		fd_close(&idmaps->list[i].fd);
	free(idmaps->list);
	table_free(&idmaps->by_maps);
	*idmaps = (struct idmaps){ 0 };
}

static uint64_t hash_of(const struct mount_idmap *map)
{
	return table_hash_bytes(map->uid, map->n_uid * sizeof(*map->uid)) * 31 +
	       table_hash_bytes(map->gid, map->n_gid * sizeof(*map->gid));
}

/* A map is taken in one write(2) only. */
static int write_map(pid_t pid, const char *file, const struct mount_id_extent *extents, uint32_t n)
{
	cleanup_free char *text = malloc((size_t)n * EXTENT_TEXT + 1);
	char name[64], *end = text;

	if (!text)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		end += sprintf(end, "%u %u %u\n", extents[i].first, extents[i].lower,
			       extents[i].count);
	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	cleanup_fd int fd = open(name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : n ? fd_write_all(fd, text, (size_t)(end - text)) : 0;
}

/* A child that does nothing but be in a new user namespace while its maps are written. */
int idmap_namespace(const struct mount_idmap *map)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	char word;

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) == 0 && fd_send(sock, "u", 1, -1) == 0)
			fd_recv(sock, &word, 1, NULL);
		_exit(0);
	}
	if (pid < 0)
		return pid;
	if (fd_recv(sock, &word, 1, NULL) != 1)
		return -EPERM;
	int err = write_map(pid, "uid_map", map->uid, map->n_uid);
	if (!err)
		err = write_map(pid, "gid_map", map->gid, map->n_gid);
	return err ? err : ns_open(pid, "user");
}

/* Its user namespace, and the key that is its own or would be. Return: or TABLE_NONE. */
static uint32_t find_maps(const struct idmaps *idmaps, const struct mount_idmap *maps,
			  uint64_t *ret_key)
{
	uint32_t i;

	for (*ret_key = hash_of(maps);; ++*ret_key) {
		i = table_get(&idmaps->by_maps, *ret_key);
		if (i == TABLE_NONE || ids_same_maps(idmaps->list[i].maps, maps))
			return i;
	}
}

static int idmap_add(struct idmaps *idmaps, const struct mount *m)
{
	uint64_t key;

	if (find_maps(idmaps, m->idmap, &key) != TABLE_NONE)
		return 0;
	struct idmaps_one *list = realloc(idmaps->list, (idmaps->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	idmaps->list = list;
	int fd = idmap_namespace(m->idmap);

	if (fd < 0)
		return log_error(fd, "cannot make a user namespace with the maps of mount %u '%s'",
				 m->id, m->mountpoint);
	list[idmaps->n++] = (struct idmaps_one){ m->idmap, fd };
	return table_put(&idmaps->by_maps, key, idmaps->n - 1, NULL);
}

int idmaps_make(const struct mount_tree *tree, struct idmaps *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (tree->mounts[i].idmap)
			err = idmap_add(ret, &tree->mounts[i]);
	return err;
}

int idmaps_apply(const struct idmaps *idmaps, const struct mount *m, int fd)
{
	uint64_t key;
	uint32_t index = find_maps(idmaps, m->idmap, &key);

	if (index == TABLE_NONE)
		return -ENOENT;
	return sys_mount_setattr(fd, 0, MOUNT_ATTR_IDMAP, 0, 0, idmaps->list[index].fd);
}

void idmaps_check_source(const struct mount *m, const struct mount *source,
			 struct findings *findings)
{
	if (!(source->attributes & MOUNT_ATTR_IDMAP))
		return;
	if (!m->idmap)
		findings_mount(findings, FINDING_IDMAPPED, m, "give another source",
			       "its source is id-mapped, and it was not");
	else if (!source->idmap || !ids_same_maps(m->idmap, source->idmap))
		findings_mount(findings, FINDING_IDMAPPED, m, "give another source",
			       "its source is id-mapped with other maps than it had, or with maps "
			       "that the kernel does not tell");
}
