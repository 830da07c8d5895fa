// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/criu-merge.h"
#include "runtime/criu/criu.h"

/* A file of the image that CRIU shall find otherwise. */
static int change(int images_fd, int upper_fd, const char *name,
		  int (*write_changed)(int dir_fd, int out_fd, struct findings *findings))
{
	cleanup_fd int fd = openat(upper_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	cleanup(findings_free) struct findings findings = { 0 };
	int got = fd < 0 ? -errno : write_changed(images_fd, fd, &findings);

	if (got < 0 && findings.n)
		return log_error(got, "%s", findings.list[0].text);
	if (got < 0)
		return log_error(got, "cannot write %s as CRIU shall find it", name);
	return got;
}

static int change_files(int images_fd, int upper_fd)
{
	int changed = change(images_fd, upper_fd, "files.img", criu_merge_write_criu_files);

	if (changed == 0 && unlinkat(upper_fd, "files.img", 0) < 0)
		return log_error(-errno, "cannot leave files.img to CRIU as it is");
	return changed < 0 ? changed : 0;
}

static int make_directory(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0700) < 0)
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

int criu_view(int images_fd, int scratch_fd)
{
	int err = criu_images_check_parent(images_fd);

	if (err)
		return err;
	cleanup_fd int upper = make_directory(scratch_fd, "changed");
	cleanup_fd int work = make_directory(scratch_fd, "work");

	if (upper < 0 || work < 0)
		return log_error(upper < 0 ? upper : work, "cannot make a scratch directory");
	err = change(images_fd, upper, "inventory.img", criu_merge_write_criu_inventory);
	if (!err)
		err = change_files(images_fd, upper);
	if (err)
		return err;
	int fd = mount_layers(images_fd, upper, work);

	return fd < 0 ? log_error(fd,
				  "cannot lay an overlay over the image directory for CRIU (on a "
				  "stack of overlays there is no room for one more: copy the image "
				  "to another filesystem)")
		      : fd;
}
