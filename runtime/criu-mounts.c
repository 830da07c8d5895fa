// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/criu.h"

#define NAME	 "mnt"
#define NEW_NAME "mnt.new"

/* A symlink there: in one step, since CRIU may look at any time. */
static int lead_to(int dir_fd, const char *target)
{
	if (symlinkat(target, dir_fd, NEW_NAME) < 0 || renameat(dir_fd, NEW_NAME, dir_fd, NAME) < 0)
		return log_error(-errno, "cannot make the name of the namespace for CRIU");
	return 0;
}

int criu_mounts_prepare(struct criu_mounts *mounts, char ret[80])
{
	snprintf(ret, 80, "%s/" NAME, mounts->actions->path);
	return lead_to(mounts->actions->dir_fd, "/proc/self/ns/mnt");
}

/* Is this namespace of the process another than ours? One's own user namespace cannot be joined. */
static int differs(pid_t pid, const char *ns)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
	if (stat(path, &own) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, ns);
	if (stat(path, &its) < 0)
		return -errno;
	return own.st_dev != its.st_dev || own.st_ino != its.st_ino;
}

/* What the caller joins goes before what CRIU made. */
static bool is_given(const struct rebind_restore_options *how, const char *ns)
{
	size_t n = strlen(ns);

	for (size_t i = 0; i < how->n_join_ns; i++)
		if (strncmp(how->join_ns[i], ns, n) == 0 && how->join_ns[i][n] == ':')
			return true;
	return false;
}

static int join_words(const struct rebind_restore_options *how, pid_t pid, struct strings *words)
{
	static const char *const all[] = { "user", "pid", "net", "ipc", "uts", "cgroup" };

	for (size_t i = 0; i < how->n_join_ns; i++)
		if (strings_print(words, "%s", how->join_ns[i]))
			return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		int joins = is_given(how, all[i]) ? 0 : differs(pid, all[i]);

		if (joins < 0)
			return log_error(joins, "cannot look at the %s namespace of process %d",
					 all[i], (int)pid);
		if (joins && strings_print(words, "%s:%d", all[i], (int)pid))
			return -ENOMEM;
	}
	return 0;
}

int criu_mounts_build(struct criu_mounts *mounts, pid_t root_task)
{
	struct rebind_restore_options how = *mounts->how;
	cleanup(strings_free) struct strings words = { 0 };
	char target[64];

	if (root_task <= 0 || mounts->ns)
		return log_error(-EPROTO, "CRIU's action setup-namespaces came without a process, "
					  "or twice");
	int err = join_words(&how, root_task, &words);

	if (err)
		return err;
	how.join_ns = words.list;
	how.n_join_ns = words.n;
	how.on_action = NULL; /* CRIU's are the container's */
	err = rebind_restore(&how, mounts->report, &mounts->ns);
	if (!err)
		err = actions_path(rebind_namespace_peek(mounts->ns), target);
	return err ? err : lead_to(mounts->actions->dir_fd, target);
}

void criu_mounts_end(struct criu_mounts *mounts, bool kept)
{
	if (mounts->ns && kept)
		rebind_namespace_fd(mounts->ns);
	if (mounts->ns)
		rebind_namespace_free(mounts->ns);
	mounts->ns = NULL;
}
