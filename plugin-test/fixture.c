// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "plugin-test/kit.h"

#define OLD_ROOT   KIT_BASE "/old-root"
#define OWN_SOURCE KIT_BASE "/source"
#define A_FILE	   "/a-file"

/* A directory and those above it, or a file in one. */
static int make_path(const char *root, const char *path, bool is_file)
{
	char name[4096];
	size_t start = strlen(root);

	if (snprintf(name, sizeof(name), "%s%s", root, path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	for (char *slash = strchr(name + start + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(name, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (!is_file)
		return mkdir(name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	cleanup_fd int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

static int make_tmpfs(const char *path)
{
	return mount("rebind", path, "tmpfs", 0, "mode=755") < 0 ? -errno : 0;
}

/* Where no source was given: a tmpfs with a file in it. */
static int make_source(struct kit *kit)
{
	struct stat st;

	if (!kit->source) {
		int err = make_path(OWN_SOURCE, "", false);

		if (!err)
			err = make_tmpfs(OWN_SOURCE);
		if (!err)
			err = make_path(OWN_SOURCE, A_FILE, true);
		kit->source = OWN_SOURCE;
		return err;
	}
	if (stat(kit->source, &st) < 0)
		return -errno;
	kit->is_file = !S_ISDIR(st.st_mode);
	return 0;
}

static int make_directories(void)
{
	static const char *const names[] = { "/old-root", "/new-root", "/bare-root" };
	int err = make_tmpfs(KIT_BASE);

	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++)
		err = make_path(KIT_BASE, names[i], false);
	return err;
}

int kit_world(struct kit *kit)
{
	/* Nothing that happens to these mounts is seen by those that they are copies of. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return log_error(-errno, "cannot have mounts of its own");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return log_error(-errno, "cannot mount /proc");
	int err = make_directories();

	if (err)
		return log_error(err, "cannot make the directories for the test");
	err = make_source(kit);
	if (err)
		return log_error(err, "cannot use '%s'", kit->source);
	if (!err)
		err = make_path(OLD_ROOT, kit->mountpoint, kit->is_file);
	if (!err)
		err = make_path(KIT_BASE "/new-root", kit->mountpoint, kit->is_file);
	return err ? log_error(err, "cannot make the mountpoint '%s'", kit->mountpoint) : 0;
}

int kit_image(const char *name, char ret[64])
{
	snprintf(ret, 64, KIT_BASE "/%s", name);
	return mkdir(ret, 0700) < 0 ? log_error(-errno, "cannot make '%s'", ret) : 0;
}

/* The image says nosuid: what a plugin mounts has to get it. */
static int mount_source(const struct kit *kit)
{
	char place[4096];

	snprintf(place, sizeof(place), OLD_ROOT "%s", kit->mountpoint);
	if (mount(kit->source, place, NULL, MS_BIND, NULL) < 0)
		return log_error(-errno, "cannot bind '%s'", kit->source);
	cleanup_fd int fd = open(place, O_PATH | O_CLOEXEC);
	int err = fd < 0 ? -errno : sys_mount_setattr(fd, 0, MOUNT_ATTR_NOSUID, 0, 0, -1);
	return err ? log_error(err, "cannot make '%s' nosuid", kit->mountpoint) : 0;
}

static int enter_old_root(void)
{
	if (mount(OLD_ROOT, OLD_ROOT, NULL, MS_BIND, NULL) < 0 || chdir(OLD_ROOT) < 0)
		return log_error(-errno, "cannot use " OLD_ROOT);
	return 0;
}

static int build_target(const struct kit *kit, int times)
{
	if (unshare(CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot make a mount namespace");
	int err = enter_old_root();

	for (int i = 0; i < times && !err; i++)
		err = mount_source(kit);
	if (err)
		return err;
	err = sys_pivot_root(".", ".");
	if (err || umount2(".", MNT_DETACH) < 0)
		return log_error(err ? err : -errno, "cannot enter the root to be dumped");
	return 0;
}

int kit_target_start(struct kit *kit, int times)
{
	cleanup_fd int sock = -EBADF;
	char word;

	child_kill(&kit->target);
	kit->target = child_fork_socket(&sock);
	if (kit->target < 0)
		return log_error(kit->target, "cannot fork");
	if (kit->target == 0) {
		if (build_target(kit, times))
			_exit(1);
		fd_send(sock, "r", 1, -1);
		for (;;)
			pause();
	}
	return fd_recv(sock, &word, 1, NULL) == 1 ? 0 : -EIO;
}
