// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/formats.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "mnt/validate.h"
#include "model/filesystem.h"
#include "model/format.h"

struct formats {
	struct mount_tree *tree;
	struct mount *m;
	struct findings *findings;
};

static int read_text(int dir_fd, const char *name, char **ret)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t size;

	return fd < 0 ? -errno : fd_slurp(fd, ret, &size);
}

static int add_format(struct formats *f, int dir_fd, const char *name)
{
	struct mount_formats *formats = f->m->formats;
	struct mount_format format;
	cleanup_free char *text = NULL;
	int err = read_text(dir_fd, name, &text);

	if (!err)
		err = format_parse(&f->tree->strings, name, text, &format);
	if (err == -ENOMEM)
		return err;
	const char *fault = err == -EBADMSG ? "is described in a way that is not known"
			    : err	    ? "cannot be read"
					    : format_fault(&format);

	if (!fault && formats->n == FORMATS_MAX)
		fault = "is one too many";
	if (fault) {
		cleanup_free char *help = validate_external_word(f->tree, f->m);

		findings_mount(f->findings, "contents", f->m, help,
			       "the format '%s' registered in it is not kept: it %s", name, fault);
		return 0;
	}
	struct mount_format *list =
		realloc(formats->list, ((size_t)formats->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	formats->list = list;
	list[formats->n++] = format;
	return 0;
}

/* The kernel lists the newest first, and asks it first: the oldest is to be registered first. */
static void turn_round(struct mount_formats *formats)
{
	for (uint32_t i = 0; i < formats->n / 2; i++) {
		struct mount_format *left = &formats->list[i];
		struct mount_format *right = &formats->list[formats->n - 1 - i];
		struct mount_format kept = *left;

		*left = *right;
		*right = kept;
	}
}

static int read_directory(struct formats *f, int dir_fd)
{
	const struct filesystem *fs = filesystem_find(f->m->fstype);
	cleanup_free char *status = NULL;
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	int err = dir ? read_text(dir_fd, "status", &status) : -errno, more = 0;
	const struct dirent *entry;

	if (err)
		return err;
	f->m->formats->disabled = strcmp(status, "disabled\n") == 0;
	while (!err && (more = fd_next_entry(dir, &entry)) > 0)
		if (!filesystem_own_file(fs, entry->d_name))
			err = add_format(f, dir_fd, entry->d_name);
	turn_round(f->m->formats);
	return err ? err : more;
}

static int read_one(const struct scan_target *target, struct formats *f)
{
	const struct mount *seen = validate_seen_whole(f->tree, tree_index(f->tree, f->m));
	cleanup_fd int fd = seen ? path_open_in_root(target->root_fd, seen->mountpoint) : -ENOENT;

	f->m->formats = calloc(1, sizeof(*f->m->formats));
	if (!f->m->formats)
		return -ENOMEM;
	int err = fd < 0 ? fd : read_directory(f, fd);
	cleanup_free char *help = validate_external_word(f->tree, f->m);

	if (err && err != -ENOMEM)
		findings_mount(f->findings, "contents", f->m, help,
			       "whether the %s holds anything, which would be lost, cannot be seen",
			       f->m->fstype);
	else if (!err && (f->m->formats->n || f->m->formats->disabled) &&
		 (f->m->sb_flags & MS_RDONLY))
		findings_mount(
			f->findings, "contents", f->m, help,
			"it is read-only, so that no format could be registered in it again");
	return err == -ENOMEM ? err : 0;
}

int formats_read(const struct scan_target *target, struct mount_tree *tree,
		 const struct mount_tree *callers, struct findings *findings)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct formats f = { .tree = tree, .m = &tree->mounts[i], .findings = findings };
		const struct filesystem *fs =
			f.m->owner == MOUNT_INTERNAL ? filesystem_find(f.m->fstype) : NULL;

		if (fs && (fs->flags & FILESYSTEM_FORMATS) &&
		    tree_first_of_superblock(tree, f.m) == i &&
		    table_get(&callers->by_dev, f.m->dev) == TABLE_NONE)
			err = read_one(target, &f);
	}
	return err;
}
