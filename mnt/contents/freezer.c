// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The two versions differ in names only: a file takes the wish, another one tells when it is so.
 * Both freeze what is below the cgroup as well, and both are for all processes in it, also those
 * in other mount namespaces.
 */
#include "mnt/contents/freezer.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "model/filesystem.h"

#define FREEZE_MS 10000
#define LOOK_MS	  5

/* ---- which cgroup ---- */

/* Return: the path behind "0::", or behind "N:freezer:"; malloc()ed, or NULL: there is none. */
static char *cgroup_of(const char *pid, bool is_v1)
{
	cleanup_free char *name = NULL, *line = NULL;
	char *found = NULL;
	size_t size = 0;

	if (asprintf(&name, "/proc/%s/cgroup", pid) < 0)
		return NULL;
	FILE *file = fopen(name, "re");

	while (file && !found && getline(&line, &size, file) > 0) {
		char *words = strchr(line, ':'), *path = words ? strchr(words + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (strcmp(words + 1, is_v1 ? "freezer" : "") == 0)
			found = strdup(path);
	}
	if (file)
		fclose(file);
	return found;
}

static bool shows_cgroups(const struct mount *m, bool is_v1)
{
	if (!is_v1)
		return filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP2;
	return filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP && m->options &&
	       text_has_word(m->options, "freezer");
}

static int open_below(const struct mount *m, const char *rest, bool is_v1)
{
	cleanup_free char *path = path_join(m->mountpoint, rest + strspn(rest, "/"));
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct statfs st;

	if (!path || fd < 0)
		return path ? -errno : -ENOMEM;
	/* Something may be mounted over it. */
	if (fstatfs(fd, &st) < 0 || st.f_type != (is_v1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC))
		return -ENOENT;
	return fd_take(&fd);
}

/* Where the caller has it mounted. */
static int open_cgroup(const struct mount_tree *callers, const char *cgroup, bool is_v1)
{
	int fd = -ENOENT;

	for (uint32_t i = 0; i < callers->n && fd < 0; i++) {
		const struct mount *m = &callers->mounts[i];
		const char *rest =
			shows_cgroups(m, is_v1) ? path_rest_below(cgroup, m->root) : NULL;

		if (rest)
			fd = open_below(m, rest, is_v1);
	}
	return fd;
}

static const char *freeze_file(bool is_v1)
{
	return is_v1 ? "freezer.state" : "cgroup.freeze";
}

/* Return: why the cgroup cannot be frozen, or NULL. */
static const char *freezer_refuse(const char *cgroup, bool is_v1)
{
	cleanup_free char *own = cgroup_of("self", is_v1);

	if (strcmp(cgroup, "/") == 0)
		return "it is the root cgroup, which cannot be frozen";
	if (strncmp(cgroup, "/..", 3) == 0 || strstr(cgroup, "/../"))
		return "it lies outside of the caller's cgroup namespace";
	if (!own || path_rest_below(own, cgroup))
		return "the caller is in it too";
	return NULL;
}

/* Return: NULL, and it is found; or why not. */
static const char *find_version(struct freezer *f, const struct mount_tree *callers, char *cgroup,
				bool is_v1)
{
	const char *why = freezer_refuse(cgroup, is_v1);

	if (why)
		return why;
	cleanup_fd int dir = open_cgroup(callers, cgroup, is_v1);

	if (dir < 0)
		return "it cannot be found in the cgroup filesystems that are mounted here";
	if (faccessat(dir, freeze_file(is_v1), W_OK, AT_EACCESS) < 0)
		return errno == ENOENT ? "this kernel cannot freeze it"
				       : "the caller may not freeze it";
	f->dir_fd = fd_take(&dir);
	f->is_v1 = is_v1;
	return NULL;
}

int freezer_find(struct freezer *f, pid_t pid, const struct mount_tree *callers,
		 struct findings *findings)
{
	const char *why = "it has none", *shown = "";
	char name[16];

	f->pid = pid;
	snprintf(name, sizeof(name), "%d", (int)pid);
	cleanup_free char *v2 = cgroup_of(name, false), *v1 = cgroup_of(name, true);

	if (v2) {
		why = find_version(f, callers, v2, false);
		shown = v2;
	}
	if (why && v1) {
		const char *other = find_version(f, callers, v1, true);

		/* What is in a hierarchy only because all processes are in it says little. */
		if (!other || !v2 || strcmp(v2, "/") == 0) {
			why = other;
			shown = v1;
		}
	}
	if (why)
		return findings_add(findings, FINDING_FREEZE, 0, NULL,
				    "freeze its processes yourself, without --freeze",
				    "the cgroup '%s' of process %d cannot be frozen: %s", shown,
				    (int)pid, why);
	f->cgroup = strdup(shown);
	return f->cgroup ? 0 : -ENOMEM;
}

/* ---- frozen and thawed ---- */

static int write_word(int dir_fd, const char *file, const char *word)
{
	cleanup_fd int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, word, strlen(word));
}

static int set_frozen(int dir_fd, bool is_v1, bool frozen)
{
	const char *word = is_v1 ? (frozen ? "FROZEN" : "THAWED") : (frozen ? "1" : "0");

	return write_word(dir_fd, freeze_file(is_v1), word);
}

/* Return: does the file hold this line; false also where it cannot be read. */
static bool has_line(int dir_fd, const char *file, const char *line)
{
	char text[256];
	cleanup_fd int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	for (char *p = text; *p;) {
		size_t end = strcspn(p, "\n");

		if (end == strlen(line) && strncmp(p, line, end) == 0)
			return true;
		p += end + (p[end] == '\n');
	}
	return false;
}

static bool is_frozen(const struct freezer *f)
{
	return f->is_v1 ? has_line(f->dir_fd, "freezer.state", "FROZEN")
			: has_line(f->dir_fd, "cgroup.events", "frozen 1");
}

/* By the caller, and not only because what is above it is. */
static bool was_frozen(const struct freezer *f)
{
	return f->is_v1 ? has_line(f->dir_fd, "freezer.self_freezing", "1")
			: has_line(f->dir_fd, "cgroup.freeze", "1");
}

/* Version 1 tries once for each wish, and a process may have been born meanwhile. */
static int await_frozen(const struct freezer *f)
{
	for (int waited = 0; !is_frozen(f); waited += LOOK_MS) {
		if (waited >= FREEZE_MS)
			return log_error(-ETIMEDOUT,
					 "the cgroup '%s' is not frozen after %d seconds",
					 f->cgroup, FREEZE_MS / 1000);
		usleep(LOOK_MS * 1000);
		int err = f->is_v1 ? set_frozen(f->dir_fd, true, true) : 0;

		if (err)
			return log_error(err, "cannot freeze the cgroup '%s'", f->cgroup);
	}
	return 0;
}

/* It may have moved between the look and the freeze. */
static int check_still_in(const struct freezer *f)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)f->pid);
	cleanup_free char *now = cgroup_of(name, f->is_v1);

	if (now && path_rest_below(now, f->cgroup))
		return 0;
	return log_error(-EAGAIN, "process %d has left the cgroup '%s' that was frozen",
			 (int)f->pid, f->cgroup);
}

static void thaw_v1(void *data, int dir_fd)
{
	set_frozen(dir_fd, true, false);
}

static void thaw_v2(void *data, int dir_fd)
{
	set_frozen(dir_fd, false, false);
}

int freezer_freeze(struct freezer *f)
{
	if (was_frozen(f)) {
		log_info("the cgroup '%s' is frozen already, and stays so", f->cgroup);
		return await_frozen(f);
	}
	int err = guard_start(&f->guard, GUARD_WE_GONE, f->is_v1 ? thaw_v1 : thaw_v2, NULL,
			      f->dir_fd);

	if (err)
		return err;
	f->is_ours = true;
	err = set_frozen(f->dir_fd, f->is_v1, true);
	if (err)
		return log_error(err, "cannot freeze the cgroup '%s'", f->cgroup);
	err = await_frozen(f);
	if (!err)
		err = check_still_in(f);
	if (!err)
		log_info("the cgroup '%s' is frozen", f->cgroup);
	return err;
}

int freezer_thaw(struct freezer *f)
{
	if (!f->is_ours)
		return 0;
	int err = set_frozen(f->dir_fd, f->is_v1, false);

	/* Removed meanwhile: then there is no process in it. */
	if (err == -ENOENT || err == -ENODEV)
		err = 0;
	if (err)
		return log_error(err, "cannot thaw the cgroup '%s'; it is tried again at the end",
				 f->cgroup);
	f->is_ours = false;
	guard_end(&f->guard);
	log_info("the cgroup '%s' is thawed", f->cgroup);
	return 0;
}

void freezer_free(struct freezer *f)
{
	freezer_thaw(f);
	/* Where even that failed the guard is left: it acts when this process ends. */
	if (!f->is_ours)
		guard_end(&f->guard);
	fd_close(&f->dir_fd);
	free(f->cgroup);
	*f = FREEZER_NONE;
}
