// SPDX-License-Identifier: LGPL-2.1-or-later
/* Doing one step. What the kernel refuses is refused: the errno is the answer. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "random.h"

#define TMPFS_FS   0x01021994
#define RAMFS_FS   0x858458f6
#define OVERLAY_FS 0x794c7630
#define BENEATH	   0x00000200 /* MOVE_MOUNT_BENEATH, Linux 6.5 */
#define SET_GROUP  0x00000100 /* MOVE_MOUNT_SET_GROUP */
#define ATTR(name)                       \
	{                                \
#name, MOUNT_ATTR_##name \
	}

static int result_of(long result)
{
	return result < 0 ? -errno : 0;
}

/* --- files --- */

static bool is_private_fs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == TMPFS_FS || fs.f_type == RAMFS_FS);
}

/* Not into what the kernel shows of itself: a directory in a cgroup is a cgroup. */
bool step_may_write(const char *path)
{
	char parent[PATH_MAX + 2], *slash;
	struct statfs fs;
	struct stat st, root;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash)
		return false;
	slash[slash == parent] = '\0';
	if (is_private_fs(parent))
		return true;
	if (statfs(parent, &fs) || stat(parent, &st))
		return false;
	return fs.f_type == OVERLAY_FS || (!stat("/", &root) && root.st_dev == st.st_dev);
}

static int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	dprintf(fd, "%s\n", path);
	close(fd);
	return 0;
}

static int do_file(const char *verb, char **words)
{
	if (!step_may_write(words[0]))
		return -EPERM;
	if (!strcmp(verb, "mkdir"))
		return result_of(mkdir(words[0], 0755));
	if (!strcmp(verb, "touch"))
		return write_file(words[0]);
	if (!strcmp(verb, "fifo"))
		return result_of(mkfifo(words[0], 0644));
	if (!strcmp(verb, "rmdir"))
		return result_of(rmdir(words[0]));
	if (!strcmp(verb, "unlink"))
		return result_of(unlink(words[0]));
	return step_may_write(words[1]) ? result_of(rename(words[0], words[1])) : -EPERM;
}

/* --- flags --- */

static const struct attribute {
	const char *name;
	unsigned long long bits;
} attributes[] = {
	ATTR(RDONLY),  ATTR(NOSUID),	  ATTR(NODEV),	    ATTR(NOEXEC),
	ATTR(NOATIME), ATTR(STRICTATIME), ATTR(NODIRATIME), ATTR(NOSYMFOLLOW),
};

static unsigned long long attributes_of(const char *words)
{
	unsigned long long bits = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		const char *found = strcasestr(words, attributes[i].name);

		if (found && (found == words || found[-1] == ','))
			bits |= attributes[i].bits;
	}
	return bits;
}

static int do_attributes(char **words, unsigned int flags)
{
	struct mount_attr attr = { .attr_set = attributes_of(words[1]),
				   .attr_clr = attributes_of(words[2]) };

	/* relatime is the mode that has no bit: it comes with clearing the others. */
	if (attr.attr_set & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME) ||
	    strstr(words[2], "atime-mode"))
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	return result_of(mount_setattr(AT_FDCWD, words[0], flags, &attr, sizeof(attr)));
}

static int do_share(char **words, unsigned long flags)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} kinds[] = {
		{ "shared", MS_SHARED },
		{ "slave", MS_SLAVE },
		{ "private", MS_PRIVATE },
		{ "unbindable", MS_UNBINDABLE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(words[1], kinds[i].name))
			return result_of(mount(NULL, words[0], NULL, kinds[i].flag | flags, NULL));
	return -EINVAL;
}

/* --- mounts --- */

/* new TYPE PATH FLAGS SOURCE OPTIONS */
static int do_new(char **words)
{
	unsigned long flags = strstr(words[2], "ro") ? MS_RDONLY : 0;

	return result_of(mount(words[3], words[1], words[0], flags, words[4]));
}

/* A superblock that nobody else has: to remount another one would change the host. */
bool step_is_ours(const struct world *world, const char *path)
{
	struct stat st;

	if (!is_private_fs(path) || stat(path, &st))
		return false;
	for (size_t i = 0; i < world->outside_count; i++)
		if (st.st_dev == world->outside[i])
			return false;
	return true;
}

static int do_remount(const struct world *world, char **words)
{
	unsigned long flags = !strcmp(words[1], "ro") ? MS_RDONLY : 0;

	if (!step_is_ours(world, words[0]))
		return -EPERM;
	return result_of(mount(NULL, words[0], NULL, MS_REMOUNT | flags, NULL));
}

/* from|rfrom SOURCE PATH */
static int do_from(const struct world *world, char **words, bool recursive)
{
	int tree = outside_clone(world, words[0], recursive), err;

	if (tree < 0)
		return tree;
	err = result_of(move_mount(tree, "", AT_FDCWD, words[1], MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	return err;
}

/* idmap SOURCE PATH FIRST */
static int do_idmap(const struct world *world, char **words)
{
	int tree = open_tree(AT_FDCWD, words[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), err;

	if (tree < 0)
		return -errno;
	err = outside_map_ids(world, tree, (unsigned int)atoi(words[2]));
	if (!err)
		err = result_of(move_mount(tree, "", AT_FDCWD, words[1], MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	return err;
}

/* The root of the namespace stays, and its filesystem is the host's: it must not become read-only.
 */
static int do_umount(const struct world *world, char **words, int flags)
{
	struct stat st, root;

	if (stat(words[0], &st) || stat("/", &root))
		return -errno;
	if (!strcmp(words[0], "/") && !table_has_cover(world, "/"))
		return -EBUSY;
	if (!strcmp(words[0], "/"))
		flags = MNT_DETACH;
	return result_of(umount2(words[0], flags));
}

static int do_mount(struct world *world, const char *verb, char **words)
{
	if (!strcmp(verb, "new"))
		return do_new(words);
	if (!strcmp(verb, "bind"))
		return result_of(mount(words[0], words[1], NULL, MS_BIND, NULL));
	if (!strcmp(verb, "rbind"))
		return result_of(mount(words[0], words[1], NULL, MS_BIND | MS_REC, NULL));
	if (!strcmp(verb, "from") || !strcmp(verb, "rfrom"))
		return do_from(world, words, *verb == 'r');
	if (!strcmp(verb, "idmap"))
		return do_idmap(world, words);
	if (!strcmp(verb, "move"))
		return result_of(mount(words[0], words[1], NULL, MS_MOVE, NULL));
	if (!strcmp(verb, "beneath"))
		return result_of(move_mount(AT_FDCWD, words[0], AT_FDCWD, words[1], BENEATH));
	if (!strcmp(verb, "group"))
		return result_of(move_mount(AT_FDCWD, words[0], AT_FDCWD, words[1], SET_GROUP));
	if (!strcmp(verb, "umount") || !strcmp(verb, "detach"))
		return do_umount(world, words, *verb == 'd' ? MNT_DETACH : 0);
	if (!strcmp(verb, "share") || !strcmp(verb, "rshare"))
		return do_share(words, *verb == 'r' ? MS_REC : 0);
	if (!strcmp(verb, "set") || !strcmp(verb, "rset"))
		return do_attributes(words, *verb == 'r' ? AT_RECURSIVE : 0);
	if (!strcmp(verb, "remount"))
		return do_remount(world, words);
	return do_file(verb, words);
}

/* A guest does what its host has done already. EXFULL is our own word, no answer of the kernel. */
static bool is_too_much(const struct world *world, const char *verb, char **words)
{
	static const char *const trees[] = { "rbind", "move", "beneath" };
	static const char *const others[] = { "new", "bind", "from", "rfrom", "idmap" };

	if (world->mountinfo_fd < 0)
		return false;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (!strcmp(verb, trees[i]))
			return !bound_fits(world, words[0], words[1]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(verb, others[i]))
			return !bound_fits(world, NULL, words[1]);
	return false;
}

/* Whoever enters the namespace finds the top of what is mounted at its root: so do we. */
static int find_root(const struct world *world)
{
	return result_of(setns(world->mntns_fd, CLONE_NEWNS));
}

int step_do(struct world *world, char **words, int count)
{
	static char nothing[1];
	int err;

	for (int i = count; i < MAX_WORDS; i++)
		words[i] = nothing;
	err = is_too_much(world, words[0], words + 1) ? -EXFULL
						      : do_mount(world, words[0], words + 1);
	return find_root(world) ? -EIO : err;
}
