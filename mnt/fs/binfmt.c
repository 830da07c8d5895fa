// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/fs/binfmt.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ns.h"
#include "base/path.h"
#include "model/advice.h"
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

/* Return: -ENOMEM, or 0: what is wrong with it is a finding, or known as unknown. */
static int refuse_format(struct formats *f, const char *name, const char *fault)
{
	cleanup_free char *help = advice_external(f->tree, f->m);

	if (f->findings)
		findings_mount(f->findings, FINDING_CONTENTS, f->m, help,
			       "the format '%s' registered in it is not kept: it %s", name, fault);
	else
		f->m->formats->unknown = true;
	return 0;
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
			    : f->findings   ? format_fault(&format)
					    : NULL;

	if (!fault && formats->n == FORMATS_MAX)
		fault = "is one too many";
	if (fault)
		return refuse_format(f, name, fault);
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
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int err = dir ? 0 : -errno, more = 0;

	while (!err && (more = fd_next_entry(dir, &entry)) > 0)
		if (!filesystem_own_file(fs, entry->d_name))
			err = add_format(f, dir_fd, entry->d_name);
	turn_round(f->m->formats);
	return err ? err : more;
}

static int read_status(int dir_fd, bool *ret_disabled)
{
	cleanup_free char *status = NULL;
	int err = read_text(dir_fd, "status", &status);

	if (!err)
		*ret_disabled = strcmp(status, "disabled\n") == 0;
	return err;
}

int binfmt_in(int dir_fd)
{
	const struct filesystem *fs = filesystem_find("binfmt_misc");
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	bool disabled = false;
	int more = dir ? read_status(dir_fd, &disabled) : -errno;

	if (more || disabled)
		return more ? more : 1;
	while ((more = fd_next_entry(dir, &entry)) > 0)
		if (!filesystem_own_file(fs, entry->d_name))
			return 1;
	return more;
}

/* The device number of the caller's own user namespace's binfmt_misc; 0: it cannot be had. */
static uint32_t own_device(void)
{
	cleanup_fd int fs_fd = fsopen("binfmt_misc", FSOPEN_CLOEXEC);

	if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return 0;
	cleanup_fd int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
	struct sys_mount_stat stat;

	return fd < 0 || sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat) ? 0 : stat.dev;
}

/*
 * Is it the host's, though the caller has not mounted it? Asked only where formats are registered
 * in a namespace of the caller's user namespace: that one has a binfmt_misc then, and to mount it
 * makes none.
 */
static bool is_callers(const struct scan_target *target, const struct mount *m)
{
	cleanup_fd int owner = ioctl(target->ns_fd, NS_GET_USERNS);

	return ns_is_own(owner, "user") && own_device() == m->dev;
}

static void say_unseen(struct formats *f)
{
	cleanup_free char *help = advice_external(f->tree, f->m);

	if (f->findings)
		findings_mount(f->findings, FINDING_CONTENTS, f->m, help,
			       "whether the %s holds anything, which would be lost, cannot be seen",
			       f->m->fstype);
	else
		f->m->formats->unknown = true;
}

static int read_one(const struct scan_target *target, struct formats *f)
{
	const struct mount *seen = advice_seen_whole(f->tree, tree_index(f->tree, f->m));
	const struct scan_target *of = scan_target_of(target, seen ? seen : f->m);
	cleanup_fd int fd = seen ? path_open_in_root(of->root_fd, mount_path(seen)) : -ENOENT;
	int any = fd < 0 ? fd : binfmt_in(fd);

	if (any > 0 && is_callers(of, f->m))
		return 0;
	f->m->formats = calloc(1, sizeof(*f->m->formats));
	if (!f->m->formats)
		return -ENOMEM;
	int err = any > 0 ? read_status(fd, &f->m->formats->disabled) : any;

	if (!err && any > 0)
		err = read_directory(f, fd);
	if (err && err != -ENOMEM)
		say_unseen(f);
	return err == -ENOMEM ? err : 0;
}

static bool is_wanted(const struct mount_tree *tree, const struct mount_tree *callers, uint32_t i)
{
	const struct mount *m = &tree->mounts[i];
	const struct filesystem *fs = m->owner == MOUNT_INTERNAL || m->owner == MOUNT_UNDECIDED
					      ? filesystem_find(m->fstype)
					      : NULL;

	return fs && (fs->flags & FILESYSTEM_FORMATS) && tree_first_of_superblock(tree, m) == i &&
	       (!callers || table_get(&callers->by_dev, m->dev) == TABLE_NONE);
}

int binfmt_read(const struct scan_target *target, struct mount_tree *tree,
		const struct mount_tree *callers, struct findings *findings)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct formats f = { .tree = tree, .m = &tree->mounts[i], .findings = findings };

		if (is_wanted(tree, callers, i))
			err = read_one(target, &f);
	}
	return err;
}

static bool any_wanted(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (is_wanted(tree, NULL, i))
			return true;
	return false;
}

int binfmt_look(const struct scan_target *target, struct mount_tree *tree)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;
	cleanup_tree struct mount_tree callers = { .root = MOUNT_NONE };

	if (!any_wanted(tree))
		return 0;
	int err = scan_open_own(&own);

	if (!err)
		err = scan_read(&own, SCAN_BEST, &callers);
	return err ? err : binfmt_read(target, tree, &callers, NULL);
}

int binfmt_unknown(struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];

		if (!is_wanted(tree, NULL, i))
			continue;
		m->formats = calloc(1, sizeof(*m->formats));
		if (!m->formats)
			return -ENOMEM;
		m->formats->unknown = true;
	}
	return 0;
}
