// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/criu/criu.h"

#define NAME	 "mnt"
#define NEW_NAME "mnt.new"

/*
 * When CRIU has joined it sets the host name through /proc/sys of the namespace, which in a
 * container is read-only. Until its namespaces are set up it is not: nobody runs in there yet.
 */
static const char *const of_sysctl[] = { "/proc/sys", "/proc" };

#define END_TIMEOUT 5000 /* ms; one whose tracer is stopped does not end */

#define CANNOT 128 /* an exit status that is no set of these */

/* In the namespace. Return: is it a mount of proc that is as it shall not be. */
static bool is_mount_with(int fd, bool readonly)
{
	struct sys_mount_stat st;
	struct statfs fs;

	return sys_mount_stat(fd, "", AT_EMPTY_PATH, &st) == 0 && st.is_mount_root &&
	       fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       !(fs.f_flags & ST_RDONLY) == !readonly;
}

static int set_readonly(int ns_fd, int which, bool readonly)
{
	uint64_t set = readonly ? MOUNT_ATTR_RDONLY : 0, clear = readonly ? 0 : MOUNT_ATTR_RDONLY;
	int done = 0;

	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return CANNOT;
	for (int i = 0; i < (int)ARRAY_SIZE(of_sysctl); i++) {
		cleanup_fd int fd =
			sys_openat2(AT_FDCWD, of_sysctl[i], O_PATH, RESOLVE_NO_SYMLINKS);

		if (fd < 0 || !(which & (1 << i)) || !is_mount_with(fd, !readonly))
			continue;
		if (sys_mount_setattr(fd, 0, set, clear, 0, -1))
			return CANNOT;
		done |= 1 << i;
	}
	return done;
}

/* Return: which of them were changed, or a negative errno, logged. */
static int change_readonly(int ns_fd, int which, bool readonly)
{
	int status = 0;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(set_readonly(ns_fd, which, readonly));
	if (pid > 0)
		child_wait(pid, &status);
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == CANNOT)
		return log_error(pid < 0 ? pid : -EPERM,
				 "cannot make /proc/sys of the new namespace %s",
				 readonly ? "read-only again" : "writable for CRIU");
	return WEXITSTATUS(status);
}

/* A symlink there: in one step, since CRIU may look at any time. */
static int lead_to(int dir_fd, const char *target)
{
	if (symlinkat(target, dir_fd, NEW_NAME) < 0 || renameat(dir_fd, NEW_NAME, dir_fd, NAME) < 0)
		return log_error(-errno, "cannot make the name of the namespace for CRIU");
	return 0;
}

int criu_mounts_prepare(struct criu_mounts *mounts, char ret[80])
{
	char dir[64];
	int err = actions_path(mounts->dir_fd, dir);

	snprintf(ret, 80, "%s/" NAME, err ? "" : dir);
	return err ? err : lead_to(mounts->dir_fd, "/proc/self/ns/mnt");
}

int criu_ns_differs(pid_t pid, const char *ns)
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
		int joins = is_given(how, all[i]) ? 0 : criu_ns_differs(pid, all[i]);

		if (joins < 0)
			return log_error(joins, "cannot look at the %s namespace of process %d",
					 all[i], (int)pid);
		if (joins && strings_print(words, "%s:%d", all[i], (int)pid))
			return -ENOMEM;
	}
	return 0;
}

int criu_mounts_look(struct criu_mounts *mounts)
{
	int err = criu_terminals_find(&mounts->how, mounts->report, &mounts->terminals);

	if (err)
		return err;
	struct rebind_restore_options look = mounts->how;

	look.dry_run = true;
	look.on_line = NULL;
	look.on_action = NULL;
	return rebind_restore(&look, mounts->report, NULL);
}

/* CRIU, if it is killed or we are, would leave what it has made of the container. */
static void kill_root_task(void *data, int pidfd)
{
	sys_pidfd_kill(pidfd);
}

static int watch_root_task(struct criu_mounts *mounts, pid_t root_task)
{
	mounts->root_fd = sys_pidfd_open(root_task);
	if (mounts->root_fd < 0)
		return log_error(mounts->root_fd, "cannot watch process %d", (int)root_task);
	return guard_start(&mounts->guard, GUARD_ALL_GONE, kill_root_task, NULL, mounts->root_fd);
}

int criu_mounts_build(struct criu_mounts *mounts, pid_t root_task)
{
	struct rebind_restore_options how = mounts->how;
	cleanup(strings_free) struct strings words = { 0 };
	char target[64];

	if (root_task <= 0 || mounts->root_fd >= 0)
		return log_error(-EPROTO, "CRIU's action setup-namespaces came without a process, "
					  "or twice");
	int err = watch_root_task(mounts, root_task);

	if (!err)
		err = join_words(&how, root_task, &words);
	if (err)
		return err;
	how.join_ns = words.list;
	how.n_join_ns = words.n;
	how.on_action = NULL; /* CRIU's are the container's */
	err = rebind_restore(&how, mounts->report, &mounts->ns);
	if (err)
		return err;
	int ns_fd = rebind_namespace_peek(mounts->ns);
	int loose = change_readonly(ns_fd, ~0, false);

	if (loose < 0)
		return loose;
	mounts->loose = loose;
	err = actions_path(ns_fd, target);
	return err ? err : lead_to(mounts->dir_fd, target);
}

int criu_mounts_settle(struct criu_mounts *mounts)
{
	if (!mounts->loose)
		return 0;
	int set = change_readonly(rebind_namespace_peek(mounts->ns), mounts->loose, true);

	if (set >= 0 && set != mounts->loose)
		return log_error(-ESTALE, "/proc/sys of the new namespace is not what it was");
	mounts->loose = 0;
	return set < 0 ? set : 0;
}

/*
 * A CRIU with no namespace to make skips setup-namespaces: the name still leads to the caller's
 * namespace then, and the processes are on the host.
 */
static int check_joined(const struct criu_mounts *mounts, pid_t root_task)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)root_task);
	cleanup_fd int its = open(path, O_RDONLY | O_CLOEXEC);

	if (mounts->ns && its >= 0 && fd_same_file(its, rebind_namespace_peek(mounts->ns)))
		return 0;
	return log_error(-ESTALE,
			 "CRIU restored process %d outside of the mount namespace that was built "
			 "for it; it is killed (a process with no other namespace of its own than "
			 "its mount namespace cannot be restored by both: use CRIU alone)",
			 (int)root_task);
}

int criu_mounts_complete(struct criu_mounts *mounts, pid_t root_task)
{
	int err = check_joined(mounts, root_task);

	if (err && mounts->root_fd < 0 && root_task > 0)
		mounts->root_fd = sys_pidfd_open(root_task);
	return err ? err : criu_terminals_put(mounts->terminals, rebind_namespace_peek(mounts->ns));
}

void criu_mounts_kill(const struct criu_mounts *mounts)
{
	struct pollfd end = { .fd = mounts->root_fd, .events = POLLIN };

	if (mounts->root_fd < 0)
		return;
	kill_root_task(NULL, mounts->root_fd);
	poll(&end, 1, END_TIMEOUT);
}

void criu_mounts_end(struct criu_mounts *mounts, bool kept)
{
	if (!kept)
		criu_mounts_kill(mounts);
	if (mounts->ns && kept)
		rebind_namespace_fd(mounts->ns);
	if (mounts->ns)
		rebind_namespace_free(mounts->ns);
	mounts->ns = NULL;
	criu_terminals_free(mounts->terminals);
	mounts->terminals = NULL;
	guard_end(&mounts->guard);
	fd_close(&mounts->root_fd);
}
