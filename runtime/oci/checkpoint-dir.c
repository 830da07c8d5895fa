// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/checkpoint-dir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "archive/checkpoint.h"
#include "runtime/oci/layout.h"

/* A tenth of what is free stays so. */
static uint64_t room_of(const struct checkpoint_dir *u)
{
	struct statvfs vfs;

	if (fstatvfs(u->dir.fd, &vfs) < 0)
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

static int unpack_tar(struct checkpoint_dir *u, const char *path, int fd, unsigned int parts)
{
	struct archive_fault fault = { "" };
	cleanup(strings_free) struct strings unused = { 0 };
	int err = checkpoint_unpack(fd, u->dir.fd, room_of(u), parts, &unused, &fault);

	if (!err)
		warn_of_unused(path, &unused);
	else
		log_error(0, "cannot unpack '%s': %s", path,
			  *fault.text ? fault.text : strerror(-err));
	return err;
}

static bool has_checkpoint(const struct checkpoint_dir *u)
{
	return faccessat(u->dir.fd, CHECKPOINT_DIR, F_OK, 0) == 0;
}

static int unpack_layout(struct checkpoint_dir *u, const char *path, int dir_fd, unsigned int parts)
{
	const struct layout layout = { dir_fd, path };
	cleanup_layout_checkpoint struct layout_checkpoint found = LAYOUT_CHECKPOINT_NONE;
	int err = layout_find(&layout, &found);

	if (!err)
		err = unpack_tar(u, path, found.files_fd,
				 parts | (found.is_bare ? CHECKPOINT_BARE : 0));
	if (!err && found.spec_fd >= 0)
		err = layout_write_spec(&layout, found.spec_fd, u->dir.fd, "spec.dump");
	if (err || has_checkpoint(u))
		return err;
	log_error(0, "the image in '%s' is not that of a checkpoint: it has no checkpoint/", path);
	return -EBADMSG;
}

static int unpack_file(struct checkpoint_dir *u, const char *path, int fd, unsigned int parts)
{
	int err = unpack_tar(u, path, fd, parts);

	if (err || has_checkpoint(u))
		return err;
	if (layout_is_here(u->dir.fd))
		return unpack_layout(u, path, u->dir.fd, parts);
	log_error(
		0,
		"'%s' is not the archive of a checkpoint: it has no checkpoint/, and no OCI image "
		"layout (which podman save --format oci-archive makes)",
		path);
	return -EBADMSG;
}

static int unpack_directory(struct checkpoint_dir *u, const char *path, int fd, unsigned int parts)
{
	if (layout_is_here(fd))
		return unpack_layout(u, path, fd, parts);
	log_error(0,
		  "'%s' is a directory, and no OCI image layout: for a directory with an image "
		  "give -D DIR",
		  path);
	return -EINVAL;
}

static int unpack(const char *path, unsigned int parts, struct checkpoint_dir *u)
{
	cleanup_fd int fd = caps_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return log_error(fd, "cannot open the archive '%s'", path);
	if (fstat(fd, &st) < 0)
		return log_error(-errno, "cannot look at '%s'", path);
	int err = swept_dir_make(&u->dir);

	if (err)
		return err;
	u->images_dir = path_join(u->dir.path, CHECKPOINT_DIR);
	if (!u->images_dir)
		return -ENOMEM;
	return S_ISDIR(st.st_mode) ? unpack_directory(u, path, fd, parts)
				   : unpack_file(u, path, fd, parts);
}

int checkpoint_dir_open(const char *path, bool with_root, struct checkpoint_dir *ret)
{
	cleanup_checkpoint_dir struct checkpoint_dir u = UNPACKED_NONE;
	int err = unpack(path, with_root ? CHECKPOINT_WITH_ROOT : 0, &u);

	if (err)
		return err;
	*ret = u;
	u = UNPACKED_NONE;
	return 0;
}

void checkpoint_dir_close(struct checkpoint_dir *unpacked)
{
	swept_dir_remove(&unpacked->dir);
	free(unpacked->images_dir);
	*unpacked = UNPACKED_NONE;
}
