// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/fs/fs.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "mnt/contents/unlinked.h"
#include "model/filesystem.h"

/* The kernel's own words about what it refused; they are in the context's log. */
static void kernel_says(int fs_fd, char *buf, size_t size)
{
	ssize_t n = read(fs_fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static int fs_refuse(int fs_fd, const struct mount *m, int err, const char *what)
{
	char words[512];

	kernel_says(fs_fd, words, sizeof(words));
	return log_error(err, "cannot create the %s of mount %u '%s'%s%s%s%s", m->fstype, m->id,
			 m->mountpoint, *what ? ": " : "", what, *words ? ": " : "", words);
}

int fs_set_option(int fs_fd, const struct mount *m, const char *name, const char *value)
{
	int done = value ? fsconfig(fs_fd, FSCONFIG_SET_STRING, name, value, 0)
			 : fsconfig(fs_fd, FSCONFIG_SET_FLAG, name, NULL, 0);

	return done < 0 ? fs_refuse(fs_fd, m, -errno, name) : 0;
}

static int set_flags(int fs_fd, const struct mount *m)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ MS_SYNCHRONOUS, "sync" },
		{ MS_DIRSYNC, "dirsync" },
		{ MS_MANDLOCK, "mand" },
		{ MS_LAZYTIME, "lazytime" },
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags) && !err; i++)
		if (m->sb_flags & flags[i].flag)
			err = fs_set_option(fs_fd, m, flags[i].name, NULL);
	return err;
}

int fs_set_options(int fs_fd, const struct mount *m, const char *options)
{
	struct filesystem_option option;
	int err = set_flags(fs_fd, m), more = 1;

	while (!err && (more = filesystem_next_option(&options, &option)) > 0) {
		if (!filesystem_ignores(option.name))
			err = fs_set_option(fs_fd, m, option.name, option.value);
		filesystem_free_option(&option);
	}
	return err ? err : more;
}

/* What the running kernel has set for all: to mount it without these words would take them away. */
static const char *host_options(const struct build *b, const struct mount *m)
{
	for (uint32_t i = 0; i < b->callers->n; i++)
		if (strcmp(b->callers->mounts[i].fstype, m->fstype) == 0)
			return b->callers->mounts[i].options;
	return "";
}

/* binfmt_misc belongs to the user namespace of the process that creates it. */
static int create_as_user(const struct build *b, int fs_fd, unsigned int how)
{
	pid_t pid = child_fork();
	int status = 0;

	if (pid == 0) {
		int err = ns_helper_enter_user(b->ns_helper);

		if (!err && fsconfig(fs_fd, how, NULL, NULL, 0) < 0)
			err = -errno;
		_exit(-err);
	}
	if (pid < 0)
		return pid;
	int err = child_wait(pid, &status);

	return WIFEXITED(status) ? -WEXITSTATUS(status) : err;
}

static int fs_do_create(const struct build *b, const struct filesystem *fs, int fs_fd,
			unsigned int how)
{
	if (fs->namespace && strcmp(fs->namespace, "user") == 0)
		return create_as_user(b, fs_fd, how);
	return fsconfig(fs_fd, how, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* devtmpfs shows the size and mode of its one superblock; they cannot be given again. */
static const char *options_of(const struct build *b, const struct mount *m)
{
	if (!(filesystem_find(m->fstype)->flags & FILESYSTEM_HOST_OPTIONS))
		return m->options;
	return filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP2 ? host_options(b, m) : "";
}

int fs_set_source(int fs_fd, const struct mount *m)
{
	/* What has none is shown with this word; debugfs takes no empty one. */
	return strcmp(m->source, "none") ? fs_set_option(fs_fd, m, "source", m->source) : 0;
}

static int configure(struct build *b, int fs_fd, const struct mount *m, unsigned int how)
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	bool host = fs->flags & FILESYSTEM_HOST_OPTIONS;
	/* One that is only looked at needs no name. */
	int err = how == FS_CREATE_EXCL ? 0 : fs_set_source(fs_fd, m);

	if (!err)
		err = fs_set_options(fs_fd, m, options_of(b, m));
	/*
	 * The one superblock of a namespace is made read-only when it is made, or not at all: it
	 * may be in use by others. (PLAN_SEAL is for those that are ours alone; a binfmt_misc that
	 * gets its formats first is.)
	 */
	if (!err && (fs->flags & FILESYSTEM_SINGLE) && !host && (m->sb_flags & MS_RDONLY) &&
	    !fs_binfmt_any(b, m))
		err = fs_set_option(fs_fd, m, "ro", NULL);
	if (err)
		return err;
	err = fs_do_create(b, fs, fs_fd, how);
	if (err == -EBUSY && how == FS_CREATE_EXCL)
		return log_error(
			err,
			"mount %u '%s': others have the %s of this user namespace mounted, "
			"and would keep what is put into it (--new-ns user)",
			m->id, m->mountpoint, m->fstype);
	return err ? fs_refuse(fs_fd, m, err, "") : 0;
}

int fs_create_empty(struct build *b, const struct mount *m, unsigned int how)
{
	bool ours = filesystem_find(m->fstype)->flags & FILESYSTEM_OF_HOST;
	const char *options = options_of(b, m);

	if (how != FS_CREATE_EXCL && fs_is_too_long(m, options, true))
		return fs_mount_call(ours ? NULL : b->ns_helper, m, options);
	cleanup_fd int fs_fd = ns_helper_fsopen(ours ? NULL : b->ns_helper, m->fstype);

	if (fs_fd < 0)
		return log_error(fs_fd, "cannot create a %s for mount %u '%s'", m->fstype, m->id,
				 m->mountpoint);
	int err = configure(b, fs_fd, m, how);

	if (err)
		return err;
	cleanup_fd int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? fs_refuse(fs_fd, m, -errno, "") : fd_take(&fd);
}

static int fill_contents(struct build *b, const struct mount *m, int fd)
{
	return unlinked_is_all(b->tree, m) ? 0 : fs_tmpfs_fill(b, m, fd);
}

/* What is done for a type, where its options are not all. */
static const struct fs_operations {
	int (*create)(struct build *b, uint32_t i);
	/* What goes into a new one. */
	int (*fill)(struct build *b, const struct mount *m, int fd);
	/* What it is not told again when it is sealed goes back to its default. */
	bool forgets;
} operations[N_FILESYSTEM_TYPES] = {
	[FILESYSTEM_TYPE_OVERLAY] = { .create = fs_overlay_create },
	[FILESYSTEM_TYPE_TMPFS] = { .fill = fill_contents },
	[FILESYSTEM_TYPE_RAMFS] = { .fill = fill_contents },
	[FILESYSTEM_TYPE_HUGETLBFS] = { .fill = fill_contents },
	[FILESYSTEM_TYPE_BINFMT_MISC] = { .fill = fs_binfmt_register },
	[FILESYSTEM_TYPE_DEVPTS] = { .forgets = true },
};

int fs_create(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (!fs)
		return log_error(-EINVAL, "mount %u '%s': rebind does not create a %s", m->id,
				 m->mountpoint, m->fstype);
	const struct fs_operations *own = &operations[fs->type];

	if (own->create)
		return own->create(b, i);
	cleanup_fd int fd = fs_create_empty(b, m, FSCONFIG_CMD_CREATE);
	int err = fd >= 0 && own->fill ? own->fill(b, m, fd) : 0;

	return err ? err : fd_take(&fd);
}

int fs_seal(const struct mount *m, int fd)
{
	cleanup_fd int fs_fd = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return -errno;
	int err = operations[filesystem_type_of(m->fstype)].forgets
			  ? fs_set_options(fs_fd, m, m->options)
			  : 0;

	if (!err && fsconfig(fs_fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		err = -errno;
	return err;
}
