// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/checkpoint-dir.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "archive/checkpoint.h"

/* ---- the directory ---- */

/* What the sweeper says when it has made it, or not. */
struct made {
	int err;
	char dir[PATH_MAX];
};

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

/* Nothing that ends rebind may end this, and nothing of the caller's may wait for it. */
static int stand_apart(int life_fd)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
	setsid();
	if (life_fd != 3)
		life_fd = dup2(life_fd, 3);
	child_close_from(4);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	return life_fd;
}

/* The process that removes the directory also creates it: so it is never left without an owner. */
_Noreturn static void sweep(struct made *made, int life_fd)
{
	char byte;

	life_fd = stand_apart(life_fd);
	if (!mkdtemp(made->dir))
		made->err = -errno;
	fd_send(life_fd, made, sizeof(*made), -1);
	if (made->err)
		_exit(1);
	while (read(life_fd, &byte, 1) < 0 && errno == EINTR)
		;
	nftw(made->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	_exit(0);
}

static int start_sweeper(struct checkpoint_dir *u, struct made *made)
{
	int ends[2];
	int err = fd_pair(ends);

	if (err)
		return err;
	cleanup_fd int its = ends[0];

	u->life_fd = ends[1];
	u->sweeper = fork();
	if (u->sweeper == 0) {
		close(u->life_fd);
		sweep(made, its);
	}
	if (u->sweeper < 0)
		return -errno;
	fd_close(&its);
	return fd_recv(u->life_fd, made, sizeof(*made), NULL) == sizeof(*made) ? made->err : -EIO;
}

static int make_directory(struct checkpoint_dir *u)
{
	const char *parent = secure_getenv("TMPDIR");
	struct made made = { 0 };

	if (!parent || *parent != '/')
		parent = "/var/tmp";
	int n = snprintf(made.dir, sizeof(made.dir), "%s/rebind-XXXXXX", parent);
	int err = n < (int)sizeof(made.dir) ? start_sweeper(u, &made) : -ENAMETOOLONG;

	if (err)
		return log_error(err, "cannot make a directory in '%s'", parent);
	u->dir_fd = open(made.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (u->dir_fd < 0)
		return log_error(-errno, "cannot open '%s'", made.dir);
	u->images_dir = path_join(made.dir, "checkpoint");
	return u->images_dir ? 0 : -ENOMEM;
}

/* ---- unpacking ---- */

/* A tenth of what is free stays so. */
static uint64_t room_of(const struct checkpoint_dir *u)
{
	struct statvfs vfs;

	if (fstatvfs(u->dir_fd, &vfs) < 0)
		return 0;
	return (uint64_t)vfs.f_bavail * vfs.f_frsize / 10 * 9;
}

static bool is_of_root(const char *name)
{
	return strcmp(name, CHECKPOINT_ROOT_DIFF) == 0 || strcmp(name, CHECKPOINT_DELETED) == 0;
}

static void warn_of_unused(const char *file, const struct strings *unused)
{
	for (size_t i = 0; i < unused->n; i++)
		log_warn("'%s' in '%s' is not used%s", unused->list[i], file,
			 is_of_root(unused->list[i])
				 ? ": what the container had changed in its root is put into the "
				   "new root by --apply-rootfs-diff"
				 : " (it has no meaning to rebind)");
}

static int unpack(const char *file, bool with_root, struct checkpoint_dir *u)
{
	struct archive_fault fault = { "" };
	cleanup(strings_free) struct strings unused = { 0 };
	cleanup_fd int fd = caps_openat(AT_FDCWD, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return log_error(fd, "cannot open the archive '%s'", file);
	int err = make_directory(u);

	if (err)
		return err;
	err = checkpoint_unpack(fd, u->dir_fd, room_of(u), with_root, &unused, &fault);
	if (err) {
		log_error(0, "cannot unpack '%s': %s", file,
			  *fault.text ? fault.text : strerror(-err));
		return err;
	}
	if (faccessat(u->dir_fd, "checkpoint", F_OK, 0) == 0) {
		warn_of_unused(file, &unused);
		return 0;
	}
	log_error(0, "'%s' is not the archive of a checkpoint: it has no checkpoint/", file);
	return -EBADMSG;
}

int checkpoint_dir_open(const char *file, bool with_root, struct checkpoint_dir *ret)
{
	cleanup_checkpoint_dir struct checkpoint_dir u = UNPACKED_NONE;
	int err = unpack(file, with_root, &u);

	if (err)
		return err;
	*ret = u;
	u = UNPACKED_NONE;
	return 0;
}

void checkpoint_dir_close(struct checkpoint_dir *unpacked)
{
	int saved = errno;

	/* Others may have the descriptor too, for a moment. */
	if (unpacked->life_fd >= 0 && unpacked->sweeper > 0 &&
	    fd_send(unpacked->life_fd, "", 1, -1) == 0)
		child_wait(unpacked->sweeper, NULL);
	fd_close(&unpacked->life_fd);
	fd_close(&unpacked->dir_fd);
	free(unpacked->images_dir);
	*unpacked = UNPACKED_NONE;
	errno = saved;
}
