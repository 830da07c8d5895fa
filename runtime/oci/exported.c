// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/exported.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "archive/checkpoint.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/names.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/oci/document.h"
#include "runtime/oci/remove.h"

#define SHM_SIZE    "65536000" /* podman's default */
#define VOLUMES_MAX 1000       /* of one container: mounts are looked for among them */

/* ---- config.dump ---- */

/* Return: NULL where there is none, or it is not understood: that was logged. */
static json_t *read_config(const struct exported *exported)
{
	json_t *document = NULL;

	if (faccessat(exported->dir_fd, "config.dump", F_OK, 0) == 0)
		document_read(exported->dir_fd, "config.dump", "config.dump", &document);
	return document;
}

static void unref(json_t **document)
{
	if (*document)
		json_decref(*document);
	*document = NULL;
}

/* The configuration's volumes: name -> index of "namedVolumes". Of two of a name the first counts. */
static int index_volumes(const json_t *config, struct names *ret)
{
	const json_t *list = config ? json_object_get(config, "namedVolumes") : NULL;
	const json_t *volume;
	int err = 0;
	size_t i;

	json_array_foreach((json_t *)list, i, volume)
	{
		const char *name = json_string_value(json_object_get(volume, "volumeName"));
		size_t n = strlen(name ? name : "");

		if (!err && n && names_get(ret, name, n) == TABLE_NONE)
			err = names_put(ret, name, n, (uint32_t)i);
	}
	return err;
}

/* Where the volume of "db.tar" was mounted, or NULL. */
static const char *find_volume(const json_t *config, const struct names *volumes, const char *tar)
{
	size_t n = strlen(tar), tail = strlen(".tar");
	uint32_t i = n > tail && strcmp(tar + n - tail, ".tar") == 0
			     ? names_get(volumes, tar, n - tail)
			     : TABLE_NONE;
	const json_t *volume =
		i == TABLE_NONE ? NULL : json_array_get(json_object_get(config, "namedVolumes"), i);
	const char *path = volume ? json_string_value(json_object_get(volume, "dest")) : NULL;

	return path && *path == '/' ? path : NULL;
}

/* ---- what there is ---- */

void exported_list_free(struct exported_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->list[i].tar);
		free(list->list[i].path);
	}
	free(list->list);
	*list = (struct exported_list){ 0 };
}

static int exported_add(struct exported_list *list, const char *tar, const char *path)
{
	struct exported_files *more = realloc(list->list, (list->n + 1) * sizeof(*more));
	struct exported_files files = { .tar = strdup(tar) };

	if (more)
		list->list = more;
	files.path = path ? path_normalize(path) : NULL;
	if (more && files.tar && (!path || files.path)) {
		list->list[list->n++] = files;
		return 0;
	}
	free(files.tar);
	free(files.path);
	return -ENOMEM;
}

static int add_volumes(const struct exported *exported, struct exported_list *list)
{
	cleanup_dirp DIR *dir = fd_open_dir(exported->dir_fd, CHECKPOINT_VOLUMES);
	cleanup(unref) json_t *config = NULL;
	cleanup_names struct names volumes = { 0 };
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	config = read_config(exported);
	int err = index_volumes(config, &volumes);

	while (!err && (err = fd_next_entry(dir, &entry)) > 0) {
		char tar[sizeof(CHECKPOINT_VOLUMES "/") + sizeof(entry->d_name)];

		snprintf(tar, sizeof(tar), CHECKPOINT_VOLUMES "/%s", entry->d_name);
		err = list->n >= VOLUMES_MAX
			      ? -E2BIG
			      : exported_add(list, tar,
					     find_volume(config, &volumes, entry->d_name));
	}
	return err;
}

int exported_find(const struct exported *exported, struct exported_list *ret)
{
	int err = 0;

	if (faccessat(exported->dir_fd, CHECKPOINT_SHM, F_OK, 0) == 0)
		err = exported_add(ret, CHECKPOINT_SHM, EXPORTED_SHM_PATH);
	if (!err)
		err = add_volumes(exported, ret);
	return err ? log_error(err, "cannot look into '%s'", exported->archive) : 0;
}

/* ---- unpacking ---- */

/* An archive is data: it fills neither a filesystem of the caller's nor the memory. */
static void bound(int dir_fd, struct archive_rules *rules)
{
	struct sysinfo info;
	struct statfs fs;

	if (fstatfs(dir_fd, &fs) < 0)
		return;
	/* A tmpfs of any size tells no blocks. */
	if (fs.f_blocks) {
		uint64_t room = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize / 10 * 9;

		rules->own = room ? room : 1;
	}
	if (fs.f_type == TMPFS_MAGIC && sysinfo(&info) == 0)
		rules->memory = (uint64_t)info.totalram * info.mem_unit / 2;
}

static int unpack(const struct exported *exported, const char *tar, int dir_fd, unsigned int policy)
{
	cleanup_fd int in = openat(exported->dir_fd, tar, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_archive_flags struct archive_flags flags = { 0 };
	struct archive_rules rules = {
		.writer = ARCHIVE_ANYBODY,
		.policy = policy | (exported->any_devices ? ARCHIVE_ANY_DEVICES : 0),
		.own_name = "nine tenths of what is free",
	};
	struct archive_fault fault = { "" };
	struct mount_contents done = { 0 };

	int err = in < 0 ? -errno : 0;

	if (!err) {
		bound(dir_fd, &rules);
		err = archive_unpack(in, dir_fd, &rules, &done, &flags, NULL, NULL, &fault);
	}
	if (!err && !(policy & ARCHIVE_LIST_ONLY))
		err = archive_flags_set(&flags, dir_fd, &fault);
	if (err)
		log_error(0, "cannot unpack '%s' of '%s': %s%s", tar, exported->archive,
			  *fault.text ? fault.text : strerror(-err),
			  err == -EPERM && !exported->any_devices && *fault.text
				  ? " (--allow-devices)"
				  : "");
	return err;
}

static int open_tmpfs(const char *size)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "shm", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "1777", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);

	return fd < 0 ? -errno : fd;
}

int exported_make_shm(const struct exported *exported)
{
	cleanup(unref) json_t *config = read_config(exported);
	double size = config ? json_real_value(json_object_get(config, "shmSize")) : 0;
	char text[32] = SHM_SIZE;

	if (size >= 4096 && size < 1e18)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	cleanup_fd int fd = open_tmpfs(text);

	if (fd < 0)
		return log_error(fd, "cannot make a tmpfs for " EXPORTED_SHM_PATH);
	int err = unpack(exported, CHECKPOINT_SHM, fd, 0);

	return err ? err : fd_take(&fd);
}

/* ---- the root ---- */

/* @ret: the caller's; NULL: there is none. */
static int read_deleted(const struct exported *exported, json_t **ret)
{
	cleanup(unref) json_t *list = NULL;
	const json_t *path;
	size_t i;

	if (faccessat(exported->dir_fd, CHECKPOINT_DELETED, F_OK, 0) < 0)
		return 0;
	int err = document_read(exported->dir_fd, CHECKPOINT_DELETED, CHECKPOINT_DELETED, &list);

	if (err)
		return err;
	if (!json_is_array(list) && !json_is_null(list))
		err = -EBADMSG;
	json_array_foreach(list, i, path)
	{
		const char *text = json_string_value(path);

		if (!text || *text != '/' || strlen(text) != json_string_length(path))
			err = -EBADMSG;
	}
	if (err)
		return log_error(err, "'" CHECKPOINT_DELETED "' of '%s' is no list of paths",
				 exported->archive);
	*ret = list;
	list = NULL;
	return 0;
}

static int remove_deleted(const struct exported *exported, const json_t *list, int root_fd)
{
	const json_t *path;
	size_t i;

	json_array_foreach((json_t *)list, i, path)
	{
		const char *text = json_string_value(path);
		int err = remove_path(root_fd, text);

		if (err && err != -ENOENT)
			return log_error(
				err,
				"cannot remove '%s', which '" CHECKPOINT_DELETED
				"' of '%s' names, from the new root%s",
				text, exported->archive,
				err == -ELOOP ? ": a symlink leads there"
				: err == -EXDEV
					? ": another filesystem is mounted there, or '..' leaves it"
					: "");
	}
	return 0;
}

int exported_apply_root(const struct exported *exported, const char *root)
{
	bool any = faccessat(exported->dir_fd, CHECKPOINT_ROOT_DIFF, F_OK, 0) == 0;
	cleanup(unref) json_t *deleted = NULL;
	int err = read_deleted(exported, &deleted);

	if (err)
		return err;
	if (!any && !deleted)
		log_warn("'%s' has neither '" CHECKPOINT_ROOT_DIFF "' nor '" CHECKPOINT_DELETED
			 "': nothing is applied to the new root",
			 exported->archive);
	/* A view of its filesystem alone: nothing else is mounted in that. */
	cleanup_fd int root_fd = sys_open_tree(AT_FDCWD, root, OPEN_TREE_CLONE);

	if (root_fd < 0)
		return log_error(root_fd, "cannot open the new root '%s'", root);
	err = any ? unpack(exported, CHECKPOINT_ROOT_DIFF, root_fd, ARCHIVE_LIST_ONLY) : 0;
	if (!err && any)
		err = unpack(exported, CHECKPOINT_ROOT_DIFF, root_fd, 0);
	return err ? err : remove_deleted(exported, deleted, root_fd);
}

/* ---- mounts of the new namespace ---- */

static int not_used(const struct exported *exported, const struct exported_files *files,
		    const char *why)
{
	log_warn("'%s' in '%s' is not used: %s%s%s", files->tar, exported->archive,
		 files->path ? files->path : "", files->path ? " " : "", why);
	return 0;
}

/* Return: 1, 0 or a negative errno. */
static int has_files(int dir_fd)
{
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;

	return dir ? fd_next_entry(dir, &entry) : -errno;
}

static int fill(const struct exported *exported, const struct exported_files *files, int root_fd)
{
	struct sys_mount_stat stat;

	if (!files->path)
		return not_used(exported, files, "config.dump does not say where it is mounted");
	cleanup_fd int fd = path_open_across(root_fd, files->path);

	if (fd < 0 || sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat) < 0 || !stat.is_mount_root ||
	    strcmp(files->path, "/") == 0)
		return not_used(exported, files, "is no mount below the root");
	if (!S_ISDIR(stat.mode))
		return not_used(exported, files, "is a file");
	int has = files->is_new ? 0 : has_files(fd);

	if (has < 0)
		return log_error(has, "cannot look into the source of %s", files->path);
	if (has)
		return not_used(exported, files, "has files already; unpack it with tar(1)");
	int err = unpack(exported, files->tar, fd, 0);
	int left = err && !files->is_new ? remove_below(fd) : 0;

	if (left)
		log_error(left, "cannot remove what was unpacked into %s", files->path);
	return err;
}

int exported_fill(const struct exported *exported, const struct exported_list *list, int root_fd)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		if (!list->list[i].is_placed)
			err = fill(exported, &list->list[i], root_fd);
	return err;
}
