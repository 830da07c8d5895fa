// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The processes are not frozen yet: each look may fail because the process is gone, and then there
 * is nothing to say of it. CRIU will see them once they are.
 */
#include "runtime/criu/process-tree.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define REMOVED	   " (deleted)"
#define LISTED_MAX 24 /* of one kind; more are counted */

/* ---- sentences ---- */

/* "process 42 (nginx)" */
static void name_process(pid_t pid, char ret[64])
{
	char comm[17] = "", path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	cleanup_file FILE *file = fopen(path, "re");

	if (!file || !fgets(comm, sizeof(comm), file))
		snprintf(comm, sizeof(comm), "?");
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(ret, 64, "process %d (%s)", (int)pid, comm);
}

static int say_more(size_t n, const char *what, struct strings *ret)
{
	return n > LISTED_MAX
		       ? strings_print(ret, "so it is with %zu more %s", n - LISTED_MAX, what)
		       : 0;
}

/* ---- removed sockets ---- */

struct removed {
	struct strings *ret;
	size_t n;
	struct {
		dev_t dev;
		ino_t ino;
	} seen[LISTED_MAX];
};

/* A file may really be called so. */
static bool is_there(pid_t pid, const char *name, const struct stat *st)
{
	cleanup_free char *path = NULL;
	struct stat named;

	return asprintf(&path, "/proc/%d/root%s", (int)pid, name) >= 0 &&
	       lstat(path, &named) == 0 && named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

static bool is_removed(pid_t pid, int dir_fd, const char *link, char *name, size_t size,
		       struct stat *st)
{
	ssize_t n = readlinkat(dir_fd, link, name, size - 1);
	size_t tail = strlen(REMOVED);

	if (n < (ssize_t)tail)
		return false;
	name[n] = '\0';
	return strcmp(name + n - tail, REMOVED) == 0 && fstatat(dir_fd, link, st, 0) == 0 &&
	       !is_there(pid, name, st);
}

static bool was_seen(struct removed *found, const struct stat *st)
{
	for (size_t i = 0; i < found->n && i < LISTED_MAX; i++)
		if (found->seen[i].dev == st->st_dev && found->seen[i].ino == st->st_ino)
			return true;
	return false;
}

static int look_at_link(struct removed *found, pid_t pid, int dir_fd, const char *link)
{
	char name[PATH_MAX], who[64];
	struct stat st;

	if (!is_removed(pid, dir_fd, link, name, sizeof(name), &st) || !S_ISSOCK(st.st_mode) ||
	    was_seen(found, &st))
		return 0;
	if (found->n >= LISTED_MAX)
		return found->n++, 0;
	found->seen[found->n].dev = st.st_dev;
	found->seen[found->n++].ino = st.st_ino;
	name_process(pid, who);
	return strings_print(found->ret,
			     "a socket that was removed is still open by its path: '%.*s' in %s",
			     (int)(strlen(name) - strlen(REMOVED)), name, who);
}

/* Only a descriptor can be of one. */
static int look_at_process(struct removed *found, pid_t pid)
{
	cleanup_dirp DIR *dir = processes_open_dir(pid, "fd");
	const struct dirent *entry;
	int err = 0;

	while (dir && !err && fd_next_entry(dir, &entry) > 0)
		err = look_at_link(found, pid, dirfd(dir), entry->d_name);
	return err;
}

int criu_tree_removed(const struct processes *tree, struct strings *ret)
{
	struct removed found = { .ret = ret };
	int err = 0;

	for (size_t i = 0; i < tree->n && !err; i++)
		err = look_at_process(&found, tree->pids[i]);
	return err ? err : say_more(found.n, "removed sockets", ret);
}

/* ---- namespaces ---- */

static bool stat_namespace(pid_t pid, const char *ns, struct stat *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, ns);
	return stat(path, ret) == 0;
}

int criu_tree_namespaces(const struct processes *tree, const char *ns, struct strings *ret)
{
	struct stat of_root, st;
	size_t n = 0;
	char who[64];

	if (!tree->n || !stat_namespace(tree->pids[0], ns, &of_root))
		return 0;
	for (size_t i = 1; i < tree->n; i++) {
		if (!stat_namespace(tree->pids[i], ns, &st) ||
		    (st.st_dev == of_root.st_dev && st.st_ino == of_root.st_ino) ||
		    ++n > LISTED_MAX)
			continue;
		name_process(tree->pids[i], who);
		if (strings_print(ret, "%s has a %s namespace of its own within the container", who,
				  strcmp(ns, "mnt") == 0 ? "mount" : ns))
			return -ENOMEM;
	}
	return say_more(n, "processes", ret);
}
