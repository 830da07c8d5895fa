// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/criu-merge.h"
#include "runtime/criu/criu.h"

typedef int (*write_fn)(int dir_fd, int out_fd, const struct removed_files *removed,
			struct findings *findings);

static int write_inventory(int dir_fd, int out_fd, const struct removed_files *removed,
			   struct findings *findings)
{
	int err = criu_merge_write_criu_inventory(dir_fd, out_fd, findings);

	return err ? err : 1;
}

/* Others than we read it: the root of a user namespace is one. */
#define VIEW_DIR_MODE  0755
#define VIEW_FILE_MODE 0644

/* A file of the image that CRIU shall find otherwise. Return: 1, 0 if it stays as it is, or a
 * negative errno, logged. */
static int write_changed(int images_fd, int upper_fd, const char *name, write_fn write,
			 const struct removed_files *removed)
{
	cleanup_fd int fd = openat(upper_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	cleanup(findings_free) struct findings findings = { 0 };
	int got = fd < 0 ? -errno : write(images_fd, fd, removed, &findings);

	if (got >= 0 && fchmod(fd, VIEW_FILE_MODE) < 0)
		got = -errno;
	if (got < 0 && findings.n)
		return log_error(got, "%s", findings.list[0].text);
	if (got < 0)
		return log_error(got, "cannot write %s as CRIU shall find it", name);
	return got;
}

static int change(int images_fd, int upper_fd, const struct removed_files *removed)
{
	static const struct {
		const char *name;
		write_fn write;
	} files[] = {
		{ "inventory.img", write_inventory },
		{ "files.img", criu_merge_write_criu_files },
		{ "remap-fpath.img", criu_merge_write_criu_remaps },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *name = files[i].name;
		int changed = write_changed(images_fd, upper_fd, name, files[i].write, removed);

		if (changed < 0)
			return changed;
		if (!changed && unlinkat(upper_fd, name, 0) < 0)
			return log_error(-errno, "cannot leave %s to CRIU as it is", name);
	}
	return 0;
}

static int make_directory(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0700) < 0 || fchmodat(dir_fd, name, VIEW_DIR_MODE, 0) < 0)
		return -errno;
	int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int set_layer(int fs_fd, const char *option, int layer_fd)
{
	char path[32];

	return fsconfig(fs_fd, FSCONFIG_SET_STRING, option, fd_proc_path(layer_fd, path), 0) < 0
		       ? -errno
		       : 0;
}

static int mount_layers(int lower_fd, int upper_fd, int work_fd)
{
	cleanup_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int err = fs < 0 ? -errno : set_layer(fs, "lowerdir", lower_fd);

	if (!err)
		err = set_layer(fs, "upperdir", upper_fd);
	if (!err)
		err = set_layer(fs, "workdir", work_fd);
	if (!err && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		err = -errno;
	if (err)
		return err;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int criu_view(int images_fd, int scratch_fd, const struct removed_files *removed)
{
	int err = criu_images_check_parent(images_fd);

	if (err)
		return err;
	cleanup_fd int upper = make_directory(scratch_fd, "changed");
	cleanup_fd int work = make_directory(scratch_fd, "work");

	if (upper < 0 || work < 0)
		return log_error(upper < 0 ? upper : work, "cannot make a scratch directory");
	err = change(images_fd, upper, removed);
	if (err)
		return err;
	int fd = mount_layers(images_fd, upper, work);

	return fd < 0 ? log_error(fd,
				  "cannot mount an overlay over the image directory for CRIU (the "
				  "kernel limits how many are stacked: if the directory is on an "
				  "overlay, copy the image to another filesystem)")
		      : fd;
}
