// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void write_map(pid_t pid, const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	int fd = open(name, O_WRONLY);

	expect(fd >= 0 && write(fd, "0 70000 1000\n", 13) == 13, "%s: %s", name, strerror(errno));
	close(fd);
}

/* A user namespace in which 0 to 999 are 70000 to 70999 outside. */
static int user_namespace(void)
{
	int ready[2];
	char name[64], word;

	expect(!pipe(ready), "pipe: %s", strerror(errno));
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER))
			fail("unshare: %s", strerror(errno));
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	expect(pid > 0 && read(ready[0], &word, 1) == 1, "no user namespace");
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	snprintf(name, sizeof(name), "/proc/%d/ns/user", (int)pid);
	int fd = open(name, O_RDONLY);

	expect(fd >= 0, "%s: %s", name, strerror(errno));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static void map_ids(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned int)user_namespace() };
	int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);

	expect(tree >= 0, "open_tree: %s", strerror(errno));
	expect(!mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)), "mount_setattr: %s",
	       strerror(errno));
	expect(!move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH), "move_mount: %s",
	       strerror(errno));
	close(tree);
	close((int)attr.userns_fd);
}

static void build(void)
{
	mount_new("proc", "/proc", 0, NULL);
	bind("vol", "/mapped");
	mount_new("tmpfs", "/tmp", 0, "size=1m");
	make_file("/tmp/own", "own\n");
	bind("vol", "/plain");
}

/* No user namespace can be made while the host's root is stacked on ours. */
static void settle(void)
{
	map_ids("/mapped");
	map_ids("/tmp");
}

static void expect_owner(const char *path, uid_t uid)
{
	struct stat stat_buf;

	expect(!stat(path, &stat_buf), "%s: %s", path, strerror(errno));
	expect(stat_buf.st_uid == uid && stat_buf.st_gid == uid, "%s belongs to %u, not to %u", path,
	       stat_buf.st_uid, uid);
}

static void check(void)
{
	expect_owner("/mapped/marker", 70000);
	expect_owner("/plain/marker", 0);
	expect_owner("/tmp/own", 70000);
}

const struct zdtm_case zdtm_case = {
	.about = "Id-mapped mounts, a volume and a tmpfs, show the owners that they showed.",
	.dump = LIST("--external", "mnt[/mapped]:mapped", "--external", "mnt[/plain]:plain"),
	.restore = LIST("--external", "mnt[mapped]:@SRC@/vol", "--external", "mnt[plain]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.settle = settle,
	.check = check,
	.flavours = FLAVOUR_HOST, /* in another user namespace the maps are told in its ids */
	.reader = "statmount",
};
