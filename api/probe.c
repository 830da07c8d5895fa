// SPDX-License-Identifier: LGPL-2.1-or-later
/* rebind check: each thing that rebind uses is tried, in a namespace that is thrown away. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/call.h"
#include "archive/archive.h"
#include "base/caps.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/sys.h"
#include "include/rebind.h"
#include "mnt/scan/libmount.h"
#include "mnt/scan/scan.h"
#include "mnt/ns/idmap.h"
#include "mnt/ns/unshare.h"
#include "base/tmpfs.h"

/* Return: 0 or a negative errno. Run in a child with a mount namespace of its own. */
typedef int (*probe_fn)(void);

static int probe_openat2(void)
{
	cleanup_fd int fd = sys_openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS);

	return fd < 0 ? fd : 0;
}

static int probe_namespace(void)
{
	return 0; /* it is in one */
}

static int probe_new_mount(void)
{
	cleanup_fd int fd = tmpfs_directory();

	return fd < 0 ? fd : 0;
}

static int attach_scratch(int *ret)
{
	cleanup_fd int fd = tmpfs_directory();

	if (fd < 0)
		return fd;
	int err = sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	*ret = err ? -EBADF : fd_take(&fd);
	return err;
}

static int probe_attach(void)
{
	cleanup_fd int fd = -EBADF;

	return attach_scratch(&fd);
}

static int probe_clone(void)
{
	int flags = OPEN_TREE_CLONE;
	cleanup_fd int fd = sys_open_tree(AT_FDCWD, "/", flags);

	/* In a user namespace what is mounted on it can be locked to it. */
	if (fd == -EINVAL)
		fd = sys_open_tree(AT_FDCWD, "/", flags | AT_RECURSIVE);
	return fd < 0 ? fd : 0;
}

static int probe_setattr(void)
{
	cleanup_fd int fd = tmpfs_directory();

	return fd < 0 ? fd : sys_mount_setattr(fd, 0, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, -1);
}

static int probe_pivot(void)
{
	cleanup_fd int fd = -EBADF;
	int err = attach_scratch(&fd);

	if (err || fchdir(fd) < 0)
		return err ? err : -errno;
	return sys_pivot_root(".", ".");
}

static int probe_groups(void)
{
	cleanup_fd int fd = -EBADF;
	int err = attach_scratch(&fd);
	cleanup_fd int clone = err ? err : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	if (err || clone < 0)
		return err ? err : clone;
	err = sys_mount_setattr(fd, 0, 0, 0, MS_SHARED, -1);
	if (err)
		return err;
	return sys_move_mount(fd, "", clone, "",
			      MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH |
				      MOVE_MOUNT_T_EMPTY_PATH);
}

static int probe_clone_detached(void)
{
	cleanup_fd int fd = tmpfs_directory();
	cleanup_fd int clone = fd < 0 ? fd : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return clone < 0 ? clone : 0;
}

static int probe_attach_detached(void)
{
	cleanup_fd int fd = tmpfs_directory();
	cleanup_fd int below = tmpfs_directory();

	if (fd < 0 || below < 0)
		return fd < 0 ? fd : below;
	if (mkdirat(fd, "below", 0700) < 0)
		return -errno;
	return sys_move_mount(below, "", fd, "below", MOVE_MOUNT_F_EMPTY_PATH);
}

/* ENOSYS: there is none; EOPNOTSUPP: it does not tell all that is needed. */
static int probe_statmount(void)
{
	uint64_t id;

	if (scan_has_statmount())
		return 0;
	return sys_listmount(SYS_LSMT_ROOT, 0, 0, &id, 1) == -ENOSYS ? -ENOSYS : -EOPNOTSUPP;
}

/* Of a tmpfs, which is what is created with contents. */
static int probe_idmap(void)
{
	struct mount_id_extent all = { .first = 0, .lower = 1, .count = 1 };
	const struct mount_idmap map = { .uid = &all, .n_uid = 1, .gid = &all, .n_gid = 1 };
	cleanup_fd int fd = tmpfs_directory();
	cleanup_fd int user = fd < 0 ? fd : idmap_namespace(&map);

	return user < 0 ? user : sys_mount_setattr(fd, 0, MOUNT_ATTR_IDMAP, 0, 0, user);
}

/* What is not known is told by the making only. */
static int probe_layers(void)
{
	cleanup_fd int dir = -EBADF;
	int err = attach_scratch(&dir);

	if (!err &&
	    (fchdir(dir) < 0 || chroot(".") < 0 || mkdir("/a", 0700) < 0 || mkdir("/b", 0700) < 0))
		err = -errno;
	cleanup_fd int fd = err ? err : fsopen("overlay", FSOPEN_CLOEXEC);

	if (err)
		return err;
	return fd < 0 || fsconfig(fd, FSCONFIG_SET_STRING, "lowerdir+", "/a", 0) < 0 ||
			       fsconfig(fd, FSCONFIG_SET_STRING, "lowerdir+", "/b", 0) < 0 ||
			       fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0
		       ? -errno
		       : 0;
}

static pid_t take_pid(pid_t *pid)
{
	pid_t taken = *pid;

	*pid = 0;
	return taken;
}

/* A child in a namespace of its own, or a negative errno. */
static pid_t start_pinned(uint64_t above)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	int err = 0;

	if (pid == 0) {
		err = unshare_mounts(above, -EBADF);
		fd_send(sock, &err, sizeof(err), -1);
		for (;;)
			pause();
	}
	if (pid < 0)
		return pid;
	if (fd_recv(sock, &err, sizeof(err), NULL) != sizeof(err))
		err = -EIO;
	return err ? err : take_pid(&pid);
}

/* Is a new namespace bound to a file, as --pin does? */
static int probe_pin(void)
{
	char name[64];
	uint64_t above = 0;
	cleanup_fd int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_fd int dir = -EBADF;
	int err = own < 0 ? -errno : attach_scratch(&dir);

	if (!err && (fchdir(dir) < 0 || mknodat(dir, "pin", S_IFREG | 0600, 0) < 0))
		err = -errno;
	if (err)
		return err;
	if (sys_mntns_id(own, &above))
		above = 0;
	cleanup_child pid_t pid = start_pinned(above);

	if (pid < 0)
		return pid;
	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", (int)pid);
	return mount(name, "pin", NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int probe_overlay(void)
{
	cleanup_fd int fd = fsopen("overlay", FSOPEN_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int probe_user(void)
{
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	probe_fn probe;
	bool required;
	const char *without; /* what follows if it is missing */
} probes[] = {
	{ "unshare(CLONE_NEWNS)", probe_namespace, true, "no mount namespace can be made" },
	{ "fsopen, fsmount", probe_new_mount, true, "no filesystem can be created" },
	{ "open_tree(OPEN_TREE_CLONE)", probe_clone, true, "no mount can be cloned" },
	{ "move_mount", probe_attach, true, "no mount can be attached" },
	{ "mount_setattr", probe_setattr, true, "no attribute can be set (Linux 5.12)" },
	{ "pivot_root", probe_pivot, true, "the root cannot be changed" },
	{ "move_mount(MOVE_MOUNT_SET_GROUP)", probe_groups, false,
	  "peer groups of several mounts are not restored (Linux 5.15)" },
	{ "open_tree of a detached mount", probe_clone_detached, false,
	  "a detached mount given by --inherit-fd serves one restore (Linux 6.15)" },
	{ "move_mount to a detached mount", probe_attach_detached, false,
	  "rebind does without (Linux 6.15)" },
	{ "openat2", probe_openat2, false, "paths are walked component by component" },
	{ "listmount, statmount", probe_statmount, false,
	  "mountinfo is read instead: id-mapped mounts, and what no path leads to, are not dumped "
	  "(Linux 6.15)" },
	{ "MOUNT_ATTR_IDMAP of a tmpfs", probe_idmap, false,
	  "a tmpfs that was id-mapped is not restored (Linux 6.3)" },
	{ "--pin", probe_pin, false, "a restored namespace is not bound to a file" },
	{ "overlay", probe_overlay, false, "overlay mounts are not restored" },
	{ "overlay: lowerdir+", probe_layers, false,
	  "overlays with long or odd names of layers are not restored (Linux 6.8)" },
	{ "user namespaces", probe_user, false, "--new-ns user is not to be had" },
};

/* ---- libraries that are loaded when they are needed ---- */

static int load_zlib(struct archive_fault *fault)
{
	return archive_prepare(ARCHIVE_OURS, fault);
}

static int load_libarchive(struct archive_fault *fault)
{
	return archive_prepare(ARCHIVE_ANYBODY, fault);
}

static int load_libmount(struct archive_fault *fault)
{
	const char *reason;
	int err = libmount_load(&reason);

	if (err)
		snprintf(fault->text, sizeof(fault->text), "libmount cannot be loaded: %s", reason);
	return err;
}

static const struct {
	const char *name;
	int (*load)(struct archive_fault *fault);
	const char *without;
} libraries[] = {
	{ "zlib", load_zlib,
	  "contents of tmpfs of more than 16 KiB are neither dumped nor restored" },
	{ "libarchive", load_libarchive,
	  "contents that CRIU dumped are not restored, archives not unpacked or compared" },
	{ "libmount", load_libmount,
	  "saved mount tables are not read, nor any where statmount is missing" },
};

/* Here and not in a child, whose root is another: none of them has an effect of its own. */
static void probe_libraries(void (*each)(void *data, const struct rebind_probe *probe), void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		struct archive_fault fault = { "" };
		int err = libraries[i].load(&fault);
		char detail[sizeof(fault.text) + 128];

		snprintf(detail, sizeof(detail), "%s: %s", fault.text, libraries[i].without);
		struct rebind_probe probe = {
			.size = sizeof(probe),
			.name = libraries[i].name,
			.ok = !err,
			.detail = err ? detail : "ok",
		};

		each(data, &probe);
	}
}

/* In a child, so that nothing of it stays. */
static int try_probe(probe_fn probe)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	int err;

	if (pid == 0) {
		err = unshare_to_root();
		if (!err)
			err = probe();
		_exit(fd_send(sock, &err, sizeof(err), -1) ? 1 : 0);
	}
	if (pid < 0)
		return pid;
	return fd_recv(sock, &err, sizeof(err), NULL) == sizeof(err) ? err : -EIO;
}

static int check_all(void (*each)(void *data, const struct rebind_probe *probe), void *data)
{
	const struct caps_need *needs;
	size_t n = caps_needs(&needs);
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		struct rebind_probe probe = {
			.size = sizeof(probe),
			.name = needs[i].name,
			.ok = needs[i].permitted,
			.required = i == 0,
			.detail = needs[i].reason,
		};

		each(data, &probe);
		all = all && (probe.ok || !probe.required);
	}
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		int err = try_probe(probes[i].probe);
		char detail[256];

		snprintf(detail, sizeof(detail), "%s: %s", err ? strerrorname_np(-err) : "",
			 probes[i].without);
		struct rebind_probe probe = {
			.size = sizeof(probe),
			.name = probes[i].name,
			.ok = !err,
			.required = probes[i].required,
			.detail = err ? detail : "ok",
		};

		each(data, &probe);
		all = all && (probe.ok || !probe.required);
	}
	probe_libraries(each, data);
	return all ? 0 : 1;
}

int rebind_check(struct rebind *rebind, void (*each)(void *data, const struct rebind_probe *probe),
		 void *data)
{
	cleanup_call struct call call;

	call_begin(&call, rebind, NULL);
	return call_result(&call, check_all(each, data));
}
