// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/swept-dir.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"

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

static int start_sweeper(struct swept_dir *dir, struct made *made)
{
	int ends[2];
	int err = fd_pair(ends);

	if (err)
		return err;
	cleanup_fd int its = ends[0];

	dir->life_fd = ends[1];
	dir->sweeper = fork();
	if (dir->sweeper == 0) {
		close(dir->life_fd);
		sweep(made, its);
	}
	if (dir->sweeper < 0)
		return -errno;
	fd_close(&its);
	return fd_recv(dir->life_fd, made, sizeof(*made), NULL) == sizeof(*made) ? made->err : -EIO;
}

int swept_dir_make(struct swept_dir *ret)
{
	cleanup_swept_dir struct swept_dir dir = SWEPT_DIR_NONE;
	const char *parent = secure_getenv("TMPDIR");
	struct made made = { 0 };

	if (!parent || *parent != '/')
		parent = "/var/tmp";
	int n = snprintf(made.dir, sizeof(made.dir), "%s/rebind-XXXXXX", parent);
	int err = n < (int)sizeof(made.dir) ? start_sweeper(&dir, &made) : -ENAMETOOLONG;

	if (err)
		return log_error(err, "cannot make a directory in '%s'", parent);
	dir.fd = open(made.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir.fd < 0)
		return log_error(-errno, "cannot open '%s'", made.dir);
	dir.path = strdup(made.dir);
	if (!dir.path)
		return -ENOMEM;
	*ret = dir;
	dir = SWEPT_DIR_NONE;
	return 0;
}

void swept_dir_remove(struct swept_dir *dir)
{
	int saved = errno;

	/* Others may have the descriptor too, for a moment. */
	if (dir->life_fd >= 0 && dir->sweeper > 0 && fd_send(dir->life_fd, "", 1, -1) == 0)
		child_wait(dir->sweeper, NULL);
	fd_close(&dir->life_fd);
	fd_close(&dir->fd);
	free(dir->path);
	*dir = SWEPT_DIR_NONE;
	errno = saved;
}
