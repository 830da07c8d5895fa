// SPDX-License-Identifier: LGPL-2.1-or-later
/* The formats of a new user namespace's binfmt_misc. */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "mnt/fs/binfmt.h"
#include "mnt/fs/fs.h"
#include "mnt/ns/request.h"
#include "model/format.h"

/* In one write: the kernel takes it as a whole. */
static int binfmt_create_put(int dir_fd, const char *name, const char *text, size_t size)
{
	cleanup_fd int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || write(fd, text, size) < 0 ? -errno : 0;
}

static int put_format(int dir_fd, const struct mount_format *format)
{
	char line[FORMAT_LINE_ROOM];
	size_t size = format_fault(format) ? 0 : format_line(format, line);
	int err = size ? binfmt_create_put(dir_fd, "register", line, size) : -EINVAL;

	return err || format->enabled ? err : binfmt_create_put(dir_fd, format->name, "0", 1);
}

/* The oldest first: the kernel asks the newest first. */
static int put_all(const struct mount *m, const struct mount_formats *formats, int dir_fd)
{
	for (uint32_t i = 0; i < formats->n; i++) {
		int err = put_format(dir_fd, &formats->list[i]);

		if (err)
			return log_error(err, "mount %u '%s': its format '%s' cannot be registered",
					 m->id, m->mountpoint, formats->list[i].name);
	}
	int err = formats->disabled ? binfmt_create_put(dir_fd, "status", "0", 1) : 0;

	return err ? log_error(err, "mount %u '%s': binfmt_misc cannot be disabled", m->id,
			       m->mountpoint)
		   : 0;
}

/* In a child that is in the user namespace: only its processes may write to these files. */
static int put_as_user(const struct build *b, const struct mount *m,
		       const struct mount_formats *formats, int dir_fd)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		int err = ns_helper_enter_user(b->ns_helper);

		if (err)
			log_error(err, "mount %u '%s': cannot enter its user namespace", m->id,
				  m->mountpoint);
		else
			err = put_all(m, formats, dir_fd);
		_exit(-err);
	}
	return pid < 0 ? log_error(pid, "cannot fork") : child_wait_errno(pid);
}

/* Those of a mount's binfmt_misc, if there is anything to be done for them. */
static const struct mount_formats *formats_of(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount_formats *formats =
		tree->mounts[tree_first_of_superblock(tree, m)].formats;

	return formats_any(formats) ? formats : NULL;
}

bool fs_binfmt_any(const struct build *b, const struct mount *m)
{
	return formats_of(b->tree, m);
}

/* The first mount of a binfmt_misc that something is registered in; or NULL. */
static const struct mount *next(const struct mount_tree *tree, uint32_t *i)
{
	while (*i < tree->n) {
		const struct mount *m = &tree->mounts[(*i)++];

		if (m->owner == MOUNT_INTERNAL && formats_any(m->formats) &&
		    tree_index(tree, m) == tree_first_of_superblock(tree, m))
			return m;
	}
	return NULL;
}

void fs_binfmt_check(const struct mount_tree *tree, const struct rebind_restore_options *o,
		     struct findings *findings)
{
	const struct mount *m;

	for (uint32_t i = 0; (m = next(tree, &i)) && !ns_request_names(o, "user");)
		findings_mount(findings, FINDING_CONTENTS, m, "--new-ns user or --join-ns user:PID",
			       "formats are registered in it, which belong to a user namespace of "
			       "its own, and would be the caller's");
}

/*
 * Formats are not added to a binfmt_misc that has some, or that is mounted elsewhere. They end with
 * its last mount, so a restore that fails leaves none behind. (This can be checked on kernels with
 * several binfmt_misc, since 6.7.)
 */
int fs_binfmt_check_place(struct build *b)
{
	uint32_t i = 0;
	const struct mount *m = next(b->tree, &i);
	cleanup_fd int fd = m ? fs_create_empty(b, m, FS_CREATE_EXCL) : -EBADF;

	if (!m)
		return 0;
	int any = fd < 0 ? fd : binfmt_in(fd);

	if (any > 0)
		return log_error(-EEXIST,
				 "mount %u '%s': formats are registered in this user namespace's "
				 "binfmt_misc already, or it is disabled (--new-ns user)",
				 m->id, m->mountpoint);
	return any < 0 && fd >= 0
		       ? log_error(any, "mount %u '%s': its new binfmt_misc cannot be read", m->id,
				   m->mountpoint)
		       : any;
}

int fs_binfmt_register(struct build *b, const struct mount *m, int fd)
{
	const struct mount_formats *formats = formats_of(b->tree, m);

	/* The same one, which was mounted by another name before. */
	if (formats && binfmt_in(fd) > 0)
		return 0;
	int err = formats ? put_as_user(b, m, formats, fd) : 0;

	/* As a whole it can be made read-only when all that was in it is there again. */
	if (err || !formats || !(m->sb_flags & MS_RDONLY))
		return err;
	err = fs_seal(m, fd);
	return err ? log_error(err, "mount %u '%s': its binfmt_misc cannot be made read-only",
			       m->id, m->mountpoint)
		   : 0;
}
