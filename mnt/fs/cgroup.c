// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hierarchies of cgroup version 1. Each is one superblock for the whole host, known by its
 * controllers and its name; /proc/self/cgroup has a line "ID:CONTROLLERS:PATH" for each.
 *
 * A container without a cgroup namespace shows its own cgroup of each, by a path of the host's that
 * another container has not got: --cgroup-root says which one stands for it.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/path.h"
#include "base/text.h"
#include "mnt/fs/fs.h"
#include "mnt/ns/request.h"
#include "model/advice.h"
#include "model/filesystem.h"

/* Is the line that of the hierarchy which these options name? Both lists are in one order. */
static bool is_of(char *line, const char *options)
{
	char *start = strchr(line, ':'), *end = start ? strchr(start + 1, ':') : NULL;

	/* A name may have a colon in it, a path begins with a slash. */
	while (end && end[1] != '/')
		end = strchr(end + 1, ':');
	if (!end)
		return false;
	*end = '\0';
	bool same = filesystem_same_options(start + 1, options);

	*end = ':';
	return same;
}

static bool is_there(const struct mount *m)
{
	cleanup_file FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (is_of(line, m->options))
			return true;
	return false;
}

static bool is_cgroup(const struct mount *m)
{
	return m->owner == MOUNT_INTERNAL &&
	       (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP ||
		filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP2);
}

/* ---- another cgroup in the place of the one that was dumped ---- */

/* Is one of the words before the colon among the options, "pids" or "name=systemd"? */
static bool names_hierarchy(const char *words, size_t size, const struct mount *m)
{
	if (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP2)
		return size == 7 && memcmp(words, "cgroup2", 7) == 0;
	for (const char *end = words + size, *p = words; p < end; p++) {
		size_t n = strcspn(p, ",:");
		const char *option = m->options;

		for (size_t k; n && *option; option += k + (option[k] == ',')) {
			k = strcspn(option, ",");
			if (k == n && memcmp(option, p, n) == 0)
				return true;
		}
		p += n;
	}
	return false;
}

/* The mounts of a hierarchy show the container's cgroup, and what is in it. */
static const char *dumped_root(const struct mount_tree *tree, const struct mount *m)
{
	const char *shortest = NULL;

	for (uint32_t i = tree_first_of_superblock(tree, m); i != MOUNT_NONE;
	     i = tree->mounts[i].sb_next) {
		const char *root = tree->mounts[i].root;

		if (root[1] && (!shortest || strlen(root) < strlen(shortest)))
			shortest = root;
	}
	return shortest;
}

static int replace(struct mount_tree *tree, struct mount *m, const char *new_root)
{
	const char *old = dumped_root(tree, m), *rest = old ? path_rest_below(m->root, old) : NULL;
	cleanup_free char *path = rest ? path_join(new_root, rest) : NULL;
	cleanup_free char *normal = path ? path_normalize(path) : NULL;

	if (!rest)
		return 0;
	m->root = normal ? arena_copy(&tree->strings, normal, strlen(normal)) : NULL;
	return m->root ? 0 : -ENOMEM;
}

/* [CONTROLLERS:]/PATH. Return: how many mounts it is for, or a negative errno. */
static int apply_root(struct mount_tree *tree, const char *word, const char **roots)
{
	const char *slash = strchr(word, '/');
	int n = 0;

	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];

		if (!is_cgroup(m) ||
		    (slash != word && !names_hierarchy(word, (size_t)(slash - word), m)))
			continue;
		roots[i] = slash;
		n++;
	}
	return n;
}

static bool is_well_formed(const char *word)
{
	const char *slash = strchr(word, '/');

	return slash && (slash == word || (slash - word > 1 && slash[-1] == ':'));
}

void fs_cgroup_check_root(const char *word, struct findings *findings)
{
	if (!is_well_formed(word))
		findings_add(findings, FINDING_USAGE, 0, NULL, NULL,
			     "--cgroup-root '%s' is not of the form [CONTROLLERS:]/PATH", word);
}

static int apply_roots(struct mount_tree *tree, const struct rebind_restore_options *o,
		       struct findings *findings)
{
	cleanup_free const char **roots = calloc(tree->n + 1, sizeof(*roots));
	struct tree_fault fault;
	int err = roots ? 0 : -ENOMEM;

	for (size_t i = 0; i < o->n_cgroup_root && !err; i++) {
		if (is_well_formed(o->cgroup_root[i]) &&
		    !apply_root(tree, o->cgroup_root[i], roots) && !o->lenient)
			findings_add(findings, FINDING_OPTION, 0, NULL,
				     "list the mounts with rebind show IMAGE",
				     "--cgroup-root '%s' is for no cgroup mount of the image",
				     o->cgroup_root[i]);
	}
	/* From the longest to the shortest: by the shortest it is told what the others are below.
	 */
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (roots[i] && dumped_root(tree, &tree->mounts[i]) != tree->mounts[i].root)
			err = replace(tree, &tree->mounts[i], roots[i]);
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (roots[i] && dumped_root(tree, &tree->mounts[i]) == tree->mounts[i].root)
			err = replace(tree, &tree->mounts[i], roots[i]);
	return err ? err : tree_link(tree, &fault);
}

/* ---- is it there? ---- */

/* The hierarchy, attached nowhere. It exists: nothing is made by that. */
static int open_hierarchy(const struct mount *m)
{
	cleanup_fd int fs = fsopen(m->fstype, FSOPEN_CLOEXEC);
	const char *options =
		filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP ? m->options : "";
	struct filesystem_option option;
	int more, err = fs < 0 ? -errno : 0;

	while (!err && (more = filesystem_next_option(&options, &option)) > 0) {
		unsigned int how = option.value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (!filesystem_ignores(option.name) &&
		    fsconfig(fs, how, option.name, option.value, 0) < 0)
			err = -errno;
		filesystem_free_option(&option);
	}
	if (err || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err ? err : -errno;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* What is in the brackets of the hierarchy: its controllers, or its name. */
static const char *hierarchy_name(const struct mount *m)
{
	return filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP2 ? "cgroup2" : m->options;
}

static void say_removed(const struct mount_tree *tree, const struct mount *m,
			struct findings *findings)
{
	cleanup_free char *help = advice_external(tree, m);

	findings_mount(findings, FINDING_NO_CGROUP, m, help,
		       "its cgroup '%s' of the hierarchy '%s' has been removed: no restore would "
		       "find it",
		       m->root, hierarchy_name(m));
}

static void say_missing(const struct mount *m, struct findings *findings)
{
	cleanup_free char *word = NULL, *help = NULL;

	word = text_quoted("%s:/CGROUP", hierarchy_name(m));
	if (!word ||
	    asprintf(&help, "name the one that stands for it here; --cgroup-root %s", word) < 0)
		return;
	findings_mount(findings, FINDING_NO_CGROUP, m, help,
		       "its cgroup '%s' does not exist in the hierarchy '%s' of this host", m->root,
		       hierarchy_name(m));
}

/* Such a path is told to a cgroup namespace of what is not below its root: no name leads there. */
static bool is_above(const struct mount *m)
{
	return path_rest_below(m->root, "/..") != NULL;
}

static void say_above(const struct mount_tree *tree, const struct mount *m,
		      struct findings *findings)
{
	cleanup_free char *help = advice_external(tree, m);

	findings_mount(findings, FINDING_NO_CGROUP, m, help,
		       "it shows a cgroup of the hierarchy '%s' outside of its cgroup namespace, "
		       "which sees it as '%s'",
		       hierarchy_name(m), m->root);
}

static bool has_to_be_there(const struct mount *m)
{
	return is_cgroup(m) && !mount_is_fsroot(m) && !m->deleted && !is_above(m);
}

/* One look at each hierarchy. What is another cgroup namespace's is seen when it is there. */
static void check_roots(const struct mount_tree *tree, uint32_t first, struct findings *findings)
{
	cleanup_fd int hierarchy = -EBADF;

	for (uint32_t i = first; i != MOUNT_NONE; i = tree->mounts[i].sb_next) {
		const struct mount *m = &tree->mounts[i];

		if (!has_to_be_there(m))
			continue;
		if (hierarchy < 0)
			hierarchy = open_hierarchy(m);
		if (hierarchy < 0)
			return;
		cleanup_fd int fd = path_open_beneath(hierarchy, m->root);

		if (fd == -ENOENT)
			say_missing(m, findings);
	}
}

/* ---- in the cgroup namespaces that the roots are told from ---- */

/* In the child: where it is, and the hierarchy as it is seen there. */
struct look {
	const struct scan_target *target; /* NULL: nowhere yet */
	uint32_t dev;
	int own_fd, hierarchy;
};

static int go_to(struct look *look, const struct scan_target *target, const struct mount *m)
{
	if (look->target == target && look->dev == m->dev)
		return 0;
	fd_close(&look->hierarchy);
	if (look->target != target &&
	    setns(target->cgroup_fd < 0 ? look->own_fd : target->cgroup_fd, CLONE_NEWCGROUP) < 0)
		return -errno;
	look->target = target;
	look->dev = m->dev;
	look->hierarchy = open_hierarchy(m);
	return 0;
}

/* In the child: the index of each mount that shows a cgroup which is not there. */
static int send_removed(const struct scan_target *target, const struct mount_tree *tree, int sock)
{
	struct look look = { .own_fd = ns_open(0, "cgroup"), .hierarchy = -EBADF };
	int err = look.own_fd < 0 ? look.own_fd : 0;

	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (err || !has_to_be_there(m))
			continue;
		err = go_to(&look, scan_target_of(target, m), m);
		cleanup_fd int fd = err || look.hierarchy < 0
					    ? -EBADF
					    : path_open_beneath(look.hierarchy, m->root);

		if (fd == -ENOENT)
			err = fd_send(sock, &i, sizeof(i), -1);
	}
	return err;
}

static int find_removed(const struct scan_target *target, const struct mount_tree *tree,
			struct findings *findings)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	uint32_t i;
	ssize_t n;

	if (pid == 0)
		_exit(-send_removed(target, tree, sock));
	if (pid < 0)
		return pid;
	while ((n = fd_recv(sock, &i, sizeof(i), NULL)) == sizeof(i) && i < tree->n)
		say_removed(tree, &tree->mounts[i], findings);
	int err = n ? (n < 0 ? (int)n : -EPROTO) : child_wait_errno(pid);

	pid = n ? pid : 0;
	return err;
}

int fs_cgroup_check_dump(const struct scan_target *target, const struct mount_tree *tree,
			 struct findings *findings)
{
	bool look = false;

	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (is_cgroup(m) && is_above(m))
			say_above(tree, m, findings);
		look |= has_to_be_there(m);
	}
	int err = look ? find_removed(target, tree, findings) : 0;

	return err ? log_error(err, "cannot look for the cgroups of the namespace") : 0;
}

int fs_cgroup_check(struct mount_tree *tree, const struct rebind_restore_options *o,
		    struct findings *findings)
{
	int err = o->n_cgroup_root ? apply_roots(tree, o, findings) : 0;

	if (err)
		return err;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (is_cgroup(m) && is_above(m))
			say_missing(m, findings);
		if (!is_cgroup(m) || tree_first_of_superblock(tree, m) != i)
			continue;
		if (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP && !is_there(m))
			findings_mount(findings, FINDING_NO_HIERARCHY, m,
				       "mount it on the host first",
				       "this host has no cgroup hierarchy '%s'", m->options);
		else if (!ns_request_names(o, "cgroup"))
			check_roots(tree, i, findings);
	}
	return 0;
}
