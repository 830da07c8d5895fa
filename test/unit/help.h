/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the unit tests of base/, model/ and mnt/ share: trees as tables, namespaces to look at. */
#ifndef REBIND_TEST_HELP_H
#define REBIND_TEST_HELP_H

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "model/tree.h"

#define assert_ok(call) assert_int_equal((call), 0)

/* One row of a tree; what is not named is "/" of a tmpfs with the device number of its id. */
struct row {
	uint32_t id, parent;
	const char *path;
	uint8_t owner;
	uint32_t shared, master, dev;
	const char *root, *fstype, *options;
	uint32_t sb_flags, attributes;
	bool unbindable, host_shared;
};

static inline struct mount *help_put(struct mount_tree *tree, const struct row *row)
{
	struct mount *m = tree_add(tree);

	assert_non_null(m);
	m->id = row->id;
	m->parent_id = row->parent;
	m->mountpoint = row->path;
	m->owner = row->owner;
	m->shared = row->shared;
	m->master = row->master;
	m->dev = row->dev ? row->dev : row->id;
	m->root = row->root ? row->root : "/";
	m->fstype = row->fstype ? row->fstype : "tmpfs";
	m->options = row->options ? row->options : "";
	m->sb_flags = row->sb_flags;
	m->attributes = row->attributes;
	m->unbindable = row->unbindable;
	m->host_shared = row->host_shared;
	return m;
}

static inline int help_link(struct mount_tree *tree, const struct row *rows, size_t n,
			    struct tree_fault *fault)
{
	*tree = (struct mount_tree){ 0 };
	for (size_t i = 0; i < n; i++)
		help_put(tree, &rows[i]);
	return tree_link(tree, fault);
}

static inline void help_tree(struct mount_tree *tree, const struct row *rows, size_t n)
{
	struct tree_fault fault;

	assert_ok(help_link(tree, rows, n, &fault));
}

/* ---- namespaces ---- */

/* A namespace of this process' own, with an empty /tmp; nothing of it is seen outside. */
static inline int help_unshare(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("test", "/tmp", "tmpfs", 0, "mode=0755") < 0) {
		perror("a mount namespace for the tests");
		return 1;
	}
	return 0;
}

static inline void help_write(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)))
		_exit(99);
}

/* In a child: a step that must work. */
#define help_must(call)                \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			_exit(98);     \
		}                      \
	} while (0)

struct space {
	pid_t pid;
	int ns_fd;
};

static inline void help_pivot_here(void)
{
	help_must(fchdir(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
	if (sys_pivot_root(".", ".") || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		_exit(97);
}

/*
 * A child in a namespace whose root is a tmpfs. @build makes it, in the working directory, while
 * the parent's root can still be seen.
 */
static inline void help_space(struct space *space, void (*build)(void))
{
	int pair[2];

	assert_ok(fd_pair(pair));
	space->pid = child_fork();
	assert_true(space->pid >= 0);
	if (space->pid == 0) {
		help_must(unshare(CLONE_NEWNS));
		help_must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		help_must(mkdir("/tmp/new-root", 0755) < 0 && errno != EEXIST ? -1 : 0);
		help_must(mount("root", "/tmp/new-root", "tmpfs", 0, "mode=0755"));
		help_must(chdir("/tmp/new-root"));
		build();
		help_pivot_here();
		fd_send(pair[1], "y", 1, -1);
		for (;;)
			pause();
	}
	char answer = 0;

	close(pair[1]);
	assert_int_equal(fd_recv(pair[0], &answer, 1, NULL), 1);
	close(pair[0]);
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", (int)space->pid);
	space->ns_fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(space->ns_fd >= 0);
}

static inline void help_space_end(struct space *space)
{
	fd_close(&space->ns_fd);
	child_kill(&space->pid);
}

/* Run something inside of it. */
static inline void help_inside(const struct space *space, void (*run)(void))
{
	pid_t pid = child_fork();

	if (pid == 0) {
		help_must(setns(space->ns_fd, CLONE_NEWNS));
		run();
		_exit(0);
	}
	assert_ok(child_wait(pid, NULL));
}

/* ---- the log ---- */

static char help_log_text[65536];

static inline void help_keep_line(void *data, enum log_level level, const char *line)
{
	size_t n = strlen(help_log_text);

	snprintf(help_log_text + n, sizeof(help_log_text) - n, "%d %s\n", (int)level, line);
}

static inline void help_keep_log(void)
{
	help_log_text[0] = '\0';
	log_to(help_keep_line, NULL, LOG_DEBUG);
}

/* ---- descriptors ---- */

static inline unsigned int help_open_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
