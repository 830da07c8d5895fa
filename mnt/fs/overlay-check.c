// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/fs/overlay-check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "mnt/fs/overlay-index.h"
#include "model/advice.h"
#include "model/filesystem.h"
#include "model/plan.h"

#define LAYERS_MAX 512 /* the kernel's limit is 500 lower ones */

/* Those that show their files by name, from the top: the upper one, if there is one, first. */
struct layers {
	int fds[LAYERS_MAX];
	char *paths[LAYERS_MAX];
	size_t n;
	bool incomplete; /* one is not to be seen, or only serves data to others */
};

static void layers_free(struct layers *layers)
{
	for (size_t i = 0; i < layers->n; i++) {
		fd_close(&layers->fds[i]);
		free(layers->paths[i]);
	}
}
#define cleanup_layers cleanup(layers_free)

struct check {
	const struct scan_target *target;
	const struct mount_tree *tree;
	const struct mount *m;
	struct findings *findings;
	const char *help;
	struct layers *layers;
	struct layer_paths *paths;
	int upper_fd, work_fd; /* or negative */
	bool copied;	       /* one of its layers is in the image, not in a root or a volume */
};

/* Where a layer lies in its filesystem, whatever mount shows it there. */
struct layer_path {
	uint32_t dev;
	bool lower;
	char *path, *name;
};

struct layer_paths {
	struct layer_path list[LAYERS_MAX + 1];
	size_t n;
};

static void layer_paths_free(struct layer_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		free(paths->list[i].path);
		free(paths->list[i].name);
	}
}
#define cleanup_layer_paths cleanup(layer_paths_free)

static void keep_layer(struct layers *layers, int *fd, const char *path, bool upper)
{
	size_t i = upper ? 0 : layers->n;
	char *copy = strdup(path);

	if (!copy || layers->n == LAYERS_MAX) {
		layers->incomplete = true;
		free(copy);
		return;
	}
	memmove(layers->fds + i + 1, layers->fds + i, (layers->n - i) * sizeof(*layers->fds));
	memmove(layers->paths + i + 1, layers->paths + i, (layers->n - i) * sizeof(*layers->paths));
	layers->fds[i] = fd_take(fd);
	layers->paths[i] = copy;
	layers->n++;
}

/* The mount that a layer is seen on, or NULL. */
static const struct mount *mount_of(const struct check *check, int fd)
{
	struct sys_mount_stat stat;

	if (sys_mount_stat(fd, "", AT_EMPTY_PATH | SYS_STAT_OLD_ID, &stat) < 0)
		return NULL;
	return tree_find(check->tree, stat.old_id);
}

static bool is_copied(const struct mount *on)
{
	const struct filesystem *fs = on ? filesystem_find(on->fstype) : NULL;

	return fs && (fs->flags & FILESYSTEM_CONTENTS) && on->owner == MOUNT_INTERNAL;
}

/* The kernel refuses a read-only upper layer; one that has become so later is made so later. */
static void check_writable(const struct check *check, const char *path, int fd)
{
	const struct mount *on = mount_of(check, fd);

	if (on && (on->attributes & MOUNT_ATTR_RDONLY) && !plan_may_turn_readonly(check->tree, on))
		findings_mount(
			check->findings, FINDING_OVERLAY_LAYER, check->m, check->help,
			"its overlay layer '%s' has become read-only since it was mounted, with mount %u '%s'",
			path, on->id, on->mountpoint);
}

/* How far below the root of its mount, or a negative errno. */
static int depth_of(int fd)
{
	cleanup_fd int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sys_mount_stat stat;
	int depth = 0;

	for (; at >= 0 && depth < PATH_MAX / 2; depth++) {
		int err = sys_mount_stat(at, "", AT_EMPTY_PATH, &stat);

		if (err || stat.is_mount_root)
			return err ? err : depth;
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at);
		at = up;
	}
	return at < 0 ? -errno : -ENAMETOOLONG;
}

/* Its path below the root of its mount: the last names of the whole one. */
static const char *last_names(int fd, char buf[PATH_MAX])
{
	char link[32];
	int depth = depth_of(fd);
	ssize_t n = depth < 0 ? -1 : readlink(fd_proc_path(fd, link), buf, PATH_MAX - 1);
	char *p = buf + (n < 0 ? 0 : n);

	if (n < 0 || n == PATH_MAX - 1)
		return NULL;
	*p = '\0';
	while (depth && p > buf)
		depth -= *--p == '/';
	return depth ? NULL : p;
}

/* What is on an overlay comes after all of them: when they are made again the path does not lead
 * there. */
static bool is_on_overlay(const struct mount_tree *tree, const struct mount *m)
{
	for (; m; m = tree_parent(tree, m))
		if (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_OVERLAY)
			return true;
	return false;
}

static void reserve(const struct check *check, const char *path, int fd, bool lower)
{
	struct layer_path *path_of_layer = &check->paths->list[check->paths->n];
	char buf[PATH_MAX];
	const char *names = last_names(fd, buf);
	const struct mount *on = mount_of(check, fd);

	if (!names || check->paths->n > LAYERS_MAX || !on || on->deleted ||
	    is_on_overlay(check->tree, on))
		return;
	path_of_layer->dev = on->dev;
	path_of_layer->lower = lower;
	path_of_layer->name = strdup(path);
	if (asprintf(&path_of_layer->path, "%s%s", mount_is_fsroot(on) && *names ? "" : on->root,
		     names) < 0)
		path_of_layer->path = NULL;
	check->paths->n++;
}

/* A path that was looked up when the overlay was mounted, by a process that may be gone. */
static bool is_of_a_process(const char *path)
{
	static const char *const prefixes[] = { "/proc/self/", "/proc/thread-self/", "/dev/fd/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9';
}

static const char *why_untold(const char *path)
{
	if (path[0] != '/')
		return "is a relative path, and the kernel does not tell what it is relative to";
	return is_of_a_process(path) ? "is a path of the process that mounted it, and the kernel "
				       "does not tell where it led"
				     : NULL;
}

static void check_layer(struct check *check, const char *option, const char *path)
{
	const char *untold = why_untold(path);
	cleanup_fd int fd = untold ? -ENOENT : path_open_in_root(check->target->root_fd, path);

	if (fd < 0) {
		check->layers->incomplete = true;
		findings_mount(check->findings, FINDING_OVERLAY_LAYER, check->m, check->help,
			       "its overlay layer '%s' %s", path,
			       untold ? untold : "is not to be seen inside the namespace");
		return;
	}
	bool upper = strcmp(option, "upperdir") == 0;

	check->copied |= is_copied(mount_of(check, fd));
	if (strcmp(option, "workdir") == 0) {
		check->work_fd = fd_take(&fd);
		return;
	}
	reserve(check, path, fd, !upper);
	if (upper) {
		check_writable(check, path, fd);
		check->upper_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	keep_layer(check->layers, &fd, path, upper);
}

/* In these names, odd bytes have a backslash before them; lowerdir is a list of such names. */
static void check_layers(struct check *check, const char *option, char *layers, char separator)
{
	char *out = layers, *start = layers;

	for (char *p = layers;; p++) {
		if (*p == '\\' && p[1]) {
			*out++ = *++p;
			continue;
		}
		if (*p && *p != separator) {
			*out++ = *p;
			continue;
		}
		bool end = !*p;

		*out++ = '\0';
		if (*start)
			check_layer(check, option, start);
		else
			check->layers->incomplete = true; /* "::", before layers of data */
		start = out;
		if (end)
			return;
	}
}

/* The root of the overlay, if it can be seen: else a negative errno. */
static int open_overlay(const struct check *check)
{
	cleanup_fd int fd = path_open_in_root(check->target->root_fd, mount_path(check->m));
	struct sys_mount_stat stat;

	if (fd < 0 || !mount_is_fsroot(check->m) ||
	    sys_mount_stat(fd, "", AT_EMPTY_PATH | SYS_STAT_OLD_ID, &stat) < 0 ||
	    stat.old_id != check->m->id || !stat.is_mount_root)
		return -ENOENT;
	return fd_take(&fd);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* What the overlay says of its root is what its topmost layer says. Something may be changing it.
 */
static bool is_top(int overlay_fd, int layer_fd)
{
	struct stat before, layer, after;

	do {
		if (fstat(overlay_fd, &before) < 0 || fstat(layer_fd, &layer) < 0 ||
		    fstat(overlay_fd, &after) < 0)
			return true;
	} while (!same_time(&before.st_ctim, &after.st_ctim));
	return same_time(&before.st_ctim, &layer.st_ctim) &&
	       same_time(&before.st_mtim, &layer.st_mtim) && before.st_mode == layer.st_mode;
}

/* An overlay keeps to itself what is a layer of it (ELOOP). */
static bool has(int dir_fd, const char *name)
{
	struct stat stat;

	return fstatat(dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 || errno == ELOOP;
}

static bool any_has(const struct layers *layers, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (has(layers->fds[i], name))
			return true;
	return false;
}

/* What is in this layer is in the overlay, or one above says why not. */
static bool is_shown(const struct layers *layers, size_t i, int overlay_fd)
{
	cleanup_fd int fd = openat(layers->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return true;
	fd = -EBADF;
	for (const struct dirent *entry; fd_next_entry(dir, &entry) > 0;) {
		struct stat stat;
		bool there =
			fstatat(layers->fds[i], entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0;
		/* Of a layer that was an overlay's own it is an empty file with an attribute. */
		bool whiteout = there && ((S_ISCHR(stat.st_mode) && stat.st_rdev == 0) ||
					  (S_ISREG(stat.st_mode) && stat.st_size == 0));

		if (there && !whiteout && !has(overlay_fd, entry->d_name) &&
		    !any_has(layers, i, entry->d_name))
			return false;
	}
	return true;
}

/* What the overlay shows is in one of them. */
static bool are_all(const struct layers *layers, int overlay_fd)
{
	cleanup_fd int fd = openat(overlay_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return true;
	fd = -EBADF;
	for (const struct dirent *entry; fd_next_entry(dir, &entry) > 0;)
		/* It may just have been removed. */
		if (!any_has(layers, layers->n, entry->d_name) && has(overlay_fd, entry->d_name))
			return false;
	return true;
}

static void find_changed(const struct check *check)
{
	const struct layers *layers = check->layers;
	cleanup_fd int overlay = open_overlay(check);

	if (overlay < 0 || layers->incomplete || !layers->n)
		return;
	for (size_t i = 0; i < layers->n; i++) {
		if (i == 0 ? is_top(overlay, layers->fds[0]) : is_shown(layers, i, overlay))
			continue;
		findings_mount(
			check->findings, FINDING_OVERLAY_LAYER, check->m, check->help,
			"its overlay layer '%s' was another directory when it was mounted: what was mounted, unmounted or renamed since hides it",
			layers->paths[i]);
		return;
	}
	if (!are_all(layers, overlay))
		findings_mount(
			check->findings, FINDING_OVERLAY_LAYER, check->m, check->help,
			"it shows files that none of its layers has: what was mounted, unmounted or renamed since it was mounted hides one of them");
}

/*
 * The kernel makes no overlay of which a lower layer is, or lies in, another (ELOOP). An upper one
 * may lie in a lower one.
 */
static void find_overlap(const struct check *check)
{
	const struct layer_path *list = check->paths->list;

	for (size_t i = 0; i < check->paths->n; i++)
		for (size_t k = 0; k < check->paths->n; k++) {
			const struct layer_path *in = &list[i], *of = &list[k];

			if (i == k || !in->lower || in->dev != of->dev || !in->path || !of->path ||
			    !in->name || !of->name || !path_rest_below(in->path, of->path))
				continue;
			findings_mount(
				check->findings, FINDING_OVERLAY_LAYER, check->m, check->help,
				"its overlay layer '%s' lies in another one, '%s': what was mounted, unmounted or renamed since leads there",
				in->name, of->name);
			return;
		}
}

/* What it has by file handles leads nowhere in layers that are made anew. */
static void find_handles(const struct check *check)
{
	struct overlay_index index;

	if (!overlay_index_look(check->m->options, &index) || !check->copied ||
	    check->upper_fd < 0 || check->work_fd < 0)
		return;
	int needed = overlay_index_needed(&index, check->upper_fd, check->work_fd);

	if (needed < 0)
		findings_mount(check->findings, FINDING_OVERLAY_INDEX, check->m, check->help,
			       "its index cannot be read: %s", strerror(-needed));
	else if (needed == 1)
		findings_mount(
			check->findings, FINDING_OVERLAY_INDEX, check->m, check->help,
			"its index (index=on%s) has entries, for hard links or what was handed out by handle: they are of the files of these layers, and the layers would be copied",
			index.export ? ", nfs_export=on" : "");
	else if (needed)
		findings_mount(
			check->findings, FINDING_OVERLAY_INDEX, check->m, check->help,
			"nfs_export=on: a directory of its upper layer has its lower one by handle, and the layers would be copied");
}

static void check_option(struct check *check, const struct filesystem_option *option)
{
	if (!strcmp(option->name, "lowerdir")) {
		check_layers(check, option->name, option->value, ':');
	} else if (!strcmp(option->name, "upperdir") || !strcmp(option->name, "workdir")) {
		check_layers(check, option->name, option->value, '\0');
	} else if (!strcmp(option->name, "lowerdir+")) {
		check_layer(check, option->name, option->value);
	} else if (!strcmp(option->name, "datadir+")) {
		check_layer(check, option->name, option->value);
		check->layers->incomplete = true;
	}
}

void overlay_check_layers(const struct scan_target *target, const struct mount_tree *tree,
			  const struct mount *m, struct findings *findings)
{
	cleanup_free char *help = advice_external(tree, m);
	cleanup_layers struct layers layers = { 0 };
	cleanup_layer_paths struct layer_paths paths = { 0 };
	struct check check = {
		scan_target_of(target, m), tree, m, findings, help, &layers, &paths, -EBADF, -EBADF
	};
	const char *options = m->options;
	struct filesystem_option option;

	while (filesystem_next_option(&options, &option) > 0) {
		if (option.value)
			check_option(&check, &option);
		filesystem_free_option(&option);
	}
	size_t known = findings->n;

	find_handles(&check);
	find_changed(&check);
	if (findings->n == known && !findings->lost)
		find_overlap(&check);
	fd_close(&check.upper_fd);
	fd_close(&check.work_fd);
}
