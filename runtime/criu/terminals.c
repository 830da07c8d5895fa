// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A runtime binds the container's terminal, /dev/pts/0, to /dev/console. It is there as long as its
 * master is open, and CRIU opens that among mounts that are built already: until then a null device
 * stands for it.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/table.h"
#include "model/filesystem.h"
#include "model/flags.h"
#include "runtime/criu/criu.h"
#include "runtime/oci/device-node.h"

#define MISSING 2 /* exit status: CRIU restored no such terminal */

struct terminal {
	char *place, *name; /* "/dev/console", "/dev/pts/0" */
	uint32_t attributes;
};

struct criu_terminals {
	struct rebind_inherit_fd *inherit; /* the caller's, and a null for each terminal */
	struct terminal *list;
	size_t n;
	int null_fd;
};

void criu_terminals_free(struct criu_terminals *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->list[i].place);
		free(t->list[i].name);
	}
	fd_close(&t->null_fd);
	free(t->list);
	free(t->inherit);
	free(t);
}

/* ---- before ---- */

/* Did the caller say what is to be there? Then it is that. */
static bool is_given(const struct rebind_restore_options *how, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < how->n_inherit_fd; i++)
		if (strcmp(how->inherit_fd[i].key, key) == 0)
			return true;
	for (size_t i = 0; i < how->n_external; i++)
		if (strncmp(how->external[i], "mnt[", 4) == 0 &&
		    strncmp(how->external[i] + 4, key, n) == 0 &&
		    strncmp(how->external[i] + 4 + n, "]:", 2) == 0)
			return true;
	return false;
}

/* The mounts of an image: each by its id, and by its device the one that shows a devpts whole. */
struct index {
	struct table by_id, devpts;
};

static void index_free(struct index *index)
{
	table_free(&index->by_id);
	table_free(&index->devpts);
}

static uint64_t device_of(const struct rebind_mount *m)
{
	return (uint64_t)m->dev_major << 32 | m->dev_minor;
}

static int index_mounts(const struct rebind_tree *tree, struct index *ret)
{
	struct rebind_mount m = { .size = sizeof(m) };
	int err = 0;

	for (uint32_t i = 0; i < rebind_tree_count(tree) && !err; i++) {
		rebind_tree_get(tree, i, &m);
		err = table_put(&ret->by_id, m.id, i, NULL);
		if (!err && strcmp(m.root, "/") == 0 && !m.covered &&
		    table_get(&ret->devpts, device_of(&m)) == TABLE_NONE)
			err = table_put(&ret->devpts, device_of(&m), i, NULL);
	}
	return err;
}

static bool get(const struct rebind_tree *tree, uint32_t i, struct rebind_mount *ret)
{
	if (i != TABLE_NONE)
		rebind_tree_get(tree, i, ret);
	return i != TABLE_NONE;
}

/* Of the host: it is out of sight when the container runs. */
static int open_null(struct criu_terminals *t)
{
	static const struct config_device null = { "/dev/null", false, 1, 3 };

	t->null_fd = device_node_open(&null);
	return t->null_fd < 0 ? log_error(t->null_fd, "'%s' is not the device %u:%u", null.path,
					  null.major, null.minor)
			      : 0;
}

/* Has the mount that it stands on peers? What is done there is done to each of them. */
static bool is_on_shared(const struct rebind_tree *tree, const struct index *index,
			 const struct rebind_mount *m)
{
	struct rebind_mount parent = { .size = sizeof(parent) };

	return get(tree, table_get(&index->by_id, m->parent_id), &parent) && parent.shared;
}

static int add_terminal(struct criu_terminals *t, const struct rebind_mount *devpts,
			const struct rebind_mount *m, bool on_shared, size_t n_inherit)
{
	struct terminal *terminal = &t->list[t->n];
	int err = t->n ? 0 : open_null(t);

	if (err)
		return err;
	if (m->covered || m->shared || m->master || on_shared)
		return log_error(
			-EOPNOTSUPP,
			"mount %u '%s' shows a terminal, and could not be put in place after CRIU "
			"has opened that: it is covered, or it or its parent shares its mounts",
			m->id, m->mountpoint);
	if (asprintf(&terminal->name, "%s%s", devpts->mountpoint, m->root) < 0)
		return -ENOMEM;
	t->n++;
	terminal->place = strdup(m->mountpoint);
	if (!terminal->place)
		return -ENOMEM;
	/* Of an image that was read: there are no words that are not known. */
	flags_attr_from_options(m->attributes, &terminal->attributes, NULL);
	t->inherit[n_inherit] = (struct rebind_inherit_fd){
		.size = sizeof(struct rebind_inherit_fd), .fd = t->null_fd, .key = terminal->place
	};
	return 0;
}

static int find_terminals(struct criu_terminals *t, const struct rebind_tree *tree,
			  struct rebind_restore_options *how)
{
	cleanup(index_free) struct index index = { 0 };
	struct rebind_mount m = { .size = sizeof(m) }, devpts = { .size = sizeof(devpts) };
	size_t n = rebind_tree_count(tree);
	int err = index_mounts(tree, &index);

	if (err)
		return err;

	t->list = calloc(n + 1, sizeof(*t->list));
	t->inherit = calloc(n + how->n_inherit_fd + 1, sizeof(*t->inherit));
	if (!t->list || !t->inherit)
		return -ENOMEM;
	for (size_t i = 0; i < how->n_inherit_fd; i++)
		t->inherit[i] = how->inherit_fd[i];
	for (size_t i = 0; i < n && !err; i++) {
		rebind_tree_get(tree, i, &m);
		if (filesystem_shows_terminal(m.fstype, m.root) && !is_given(how, m.mountpoint) &&
		    /* Else it is of a devpts from outside. */
		    get(tree, table_get(&index.devpts, device_of(&m)), &devpts))
			err = add_terminal(t, &devpts, &m, is_on_shared(tree, &index, &m),
					   how->n_inherit_fd + t->n);
	}
	how->inherit_fd = t->inherit;
	how->n_inherit_fd += t->n;
	return err;
}

static void close_tree(struct rebind_tree **tree)
{
	rebind_tree_free(*tree);
}

int criu_terminals_find(struct rebind *rebind, struct rebind_restore_options *how,
			struct rebind_report *report, struct criu_terminals **ret)
{
	cleanup(close_tree) struct rebind_tree *tree = NULL;
	struct criu_terminals *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->null_fd = -EBADF;
	*ret = t;
	int err = rebind_tree_open(rebind, how->images_dir, how->ns_id, report, &tree);

	return err ? err : find_terminals(t, tree, how);
}

/* ---- when CRIU has opened them ---- */

/* In the namespace. Return: a detached mount of a terminal, or a negative errno. */
static int clone_terminal(const struct terminal *terminal)
{
	const uint64_t all = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			     MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW;
	cleanup_fd int place = sys_openat2(AT_FDCWD, terminal->name, O_PATH, RESOLVE_NO_SYMLINKS);
	struct statfs fs;

	if (place < 0)
		return place;
	if (fstatfs(place, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return -ENOENT;
	cleanup_fd int fd = sys_open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int err = fd < 0 ? fd
			 : sys_mount_setattr(fd, 0, terminal->attributes,
					     FLAGS_ATTR_ATIME |
						     (all & ~(uint64_t)terminal->attributes),
					     MS_PRIVATE, -1);

	return err < 0 ? err : fd_take(&fd);
}

static int put_terminal(const struct terminal *terminal)
{
	cleanup_fd int fd = clone_terminal(terminal);

	if (fd < 0)
		return fd;
	if (umount2(terminal->place, UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
		return -errno;
	cleanup_fd int place = sys_openat2(AT_FDCWD, terminal->place, O_PATH, RESOLVE_NO_SYMLINKS);

	return place < 0 ? place
			 : sys_move_mount(fd, "", place, "",
					  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int put_in_namespace(int ns_fd, const struct terminal *terminal)
{
	int status = 0;
	pid_t pid = child_fork();

	if (pid == 0) {
		int err = setns(ns_fd, CLONE_NEWNS) < 0 ? -errno : put_terminal(terminal);

		_exit(err == -ENOENT ? MISSING : err != 0);
	}
	if (pid > 0)
		child_wait(pid, &status);
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
		log_warn("'%s' is a null device: CRIU restored nothing that has its terminal, '%s'",
			 terminal->place, terminal->name);
	else if (pid < 0 || status)
		return log_error(pid < 0 ? pid : -EPERM,
				 "cannot put the terminal '%s' of the new namespace at '%s'",
				 terminal->name, terminal->place);
	return 0;
}

int criu_terminals_put(const struct criu_terminals *t, int ns_fd)
{
	int err = 0;

	for (size_t i = 0; t && i < t->n && !err; i++)
		err = put_in_namespace(ns_fd, &t->list[i]);
	return err;
}
