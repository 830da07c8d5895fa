// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * RESTORE_EXT_MOUNT, looked at closely. A child does what the builder does up to here: a mount
 * namespace, the plugin process, the staging root. Then it asks, and looks after every answer.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"
#include "hooks/process.h"
#include "image/image.h"
#include "mnt/build/context.h"
#include "plugin-test/kit.h"
#include "mnt/pivot.h"
#include "hooks/mount-info.h"
#include "mnt/staging.h"
#include "model/flags.h"

#define FOREIGN_ID 2147480000
#define ASKED	   8
#define POINT_SIZE 48

struct session {
	struct kit *kit;
	struct build *build;
	struct hooks_host *host;
	const struct mount *mount; /* the plugin's, in the image */
	char point[POINT_SIZE];
	struct kit_table before;
};

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* What rebind does for a plugin that expects what CRIU 4 does. */
static int make_point(const struct session *s)
{
	if (!s->kit->is_file)
		return mkdir(s->point, 0755) < 0 ? -errno : 0;
	cleanup_fd int fd = open(s->point, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

static bool say_ask(struct kit *kit, int err)
{
	static const char clause[] = "RESTORE_EXT_MOUNT answers 0 for the mount that it took";

	if (err == -ENOTSUP)
		return kit_last(
			kit, clause,
			"-ENOTSUP: it has forgotten what it took; what it keeps belongs into"
			" criu_get_image_dir()");
	if (err == -ENOENT)
		return kit_last(kit, clause,
				"-ENOENT: is the source looked up below old_root, and the state in"
				" criu_get_image_dir()?");
	if (err)
		return kit_last(kit, clause, "%s", kit_why(kit, err));
	return kit_say(kit, true, clause, "0");
}

/* Return: false if nothing was mounted. */
static bool kit_hook_ask(struct session *s, int *is_file)
{
	static const char clause[] = "RESTORE_EXT_MOUNT makes the mountpoint itself";
	const char *plugin;
	int id = (int)s->mount->id;

	kit_listen(s->kit);
	int err = hooks_restore_mount(s->host, id, s->point, "/" PIVOT_OLD_ROOT, is_file, &plugin);

	if (err != -ENOENT || exists(s->point))
		return say_ask(s->kit, err) &&
		       (exists(s->point) ? kit_say(s->kit, true, clause, "%s", s->point)
					 : kit_last(s->kit, clause, "there is no '%s'", s->point));
	err = make_point(s);
	if (!err)
		err = hooks_restore_mount(s->host, id, s->point, "/" PIVOT_OLD_ROOT, is_file,
					  &plugin);
	if (!say_ask(s->kit, err))
		return false;
	kit_say(s->kit, false, clause,
		"-ENOENT without it, as written for CRIU 4: rebind makes it and asks again, every "
		"time");
	return true;
}

static void say_kind(struct kit *kit, bool is_directory, int is_file)
{
	kit_say(kit, is_directory == !is_file, "is_file tells what the mountpoint is",
		is_directory == !is_file ? "%d, a %s"
					 : "the hook left is_file %d, but the mountpoint is a %s",
		is_file, is_directory ? "directory" : "file");
}

static bool kit_hook_look(struct session *s, int is_file)
{
	struct kit *kit = s->kit;
	struct sys_mount_stat stat;
	struct statvfs vfs;
	cleanup_fd int fd = open(s->point, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int err = fd < 0 ? -errno : sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

	if (err || fstatvfs(fd, &vfs) < 0)
		return kit_last(kit, "a mount is on it", "cannot look: %s",
				strerror(err ? -err : errno));
	if (!stat.is_mount_root)
		return kit_last(kit, "a mount is on it", "none is on '%s'", s->point);
	kit->found->restrictions =
		flags_attr_from_ms((uint32_t)vfs.f_flag & FLAGS_MS_ATTRIBUTES) & FLAGS_RESTRICTIONS;
	kit_say(kit, true, "a mount is on it", "%s",
		kit->found->restrictions & MOUNT_ATTR_RDONLY ? "read-only" : "read-write");
	say_kind(kit, S_ISDIR(stat.mode), is_file);
	return true;
}

/* Mounts and files; the caller's part of it is the caller's. */
static void look_around(struct session *s, int expected)
{
	static const char clause[] = "nothing else is mounted or made in the staging root";
	cleanup_kit_table struct kit_table after = { 0 };
	char path[512] = "";
	int err = kit_table_read(&after);
	int n = err ? err
		    : kit_table_added(&s->before, &after, "/" PIVOT_OLD_ROOT, path, sizeof(path));

	if (n < 0) {
		kit_say(s->kit, false, clause, "cannot look: %s", strerror(-n));
		return;
	}
	kit_listen(s->kit);
	err = staging_look_again(s->build);
	if (n > expected)
		kit_say(s->kit, false, clause, "%d mounts more than asked for, %s is one",
			n - expected, path);
	else
		kit_say(s->kit, !err, clause, "%s", err ? kit_why(s->kit, err) : "nothing");
}

static void ask_foreign(struct session *s)
{
	static const char clause[] =
		"RESTORE_EXT_MOUNT answers -ENOTSUP for an id that is not its own";
	int before = kit_descriptors(s->host->supervisor), err = -ENOTSUP, is_file = 0;
	char point[POINT_SIZE], answer[64];

	kit_listen(s->kit);
	for (int i = 0; i < ASKED && err == -ENOTSUP; i++) {
		snprintf(point, sizeof(point), "/" PIVOT_PREMOUNT "%d", FOREIGN_ID + i);
		err = hooks_restore_mount(s->host, FOREIGN_ID + i, point, "/" PIVOT_OLD_ROOT,
					  &is_file, NULL);
	}
	if (err != -ENOTSUP) {
		kit_say(s->kit, false, clause, "%s: mounts of other plugins would fail with it",
			*s->kit->error ? s->kit->error : kit_answer(err, answer));
		return;
	}
	kit_say(s->kit, !exists(point), clause, "-ENOTSUP%s",
		exists(point) ? ", but it made the mountpoint" : "");
	int after = kit_descriptors(s->host->supervisor);

	if (before > 0 && after > 0)
		kit_say(s->kit, after - before < ASKED,
			"asked for others' mounts at restore it leaks no descriptor",
			"%d open, %d after being asked %d times", before, after, ASKED);
}

static bool call_simple(struct session *s, int hook)
{
	char clause[64];

	if (!kit_has(s->kit, hook))
		return true;
	kit_listen(s->kit);
	int err = hooks_call_simple(s->host, hook);

	snprintf(clause, sizeof(clause), "%s answers 0", hooks_name((unsigned int)hook));
	if (err)
		return kit_last(s->kit, clause, "%s", kit_why(s->kit, err));
	return kit_say(s->kit, true, clause, "0");
}

static bool ask_all(struct session *s)
{
	int is_file = 0;

	kit_test_restore_others(s->kit, s->host);
	if (!s->mount)
		return true;
	snprintf(s->point, sizeof(s->point), "/" PIVOT_PREMOUNT "%u", s->mount->id);
	if (kit_table_read(&s->before) || !kit_hook_ask(s, &is_file) || !kit_hook_look(s, is_file))
		return false;
	look_around(s, 1);
	ask_foreign(s);
	return true;
}

static bool leave(struct session *s, int ns_fd, int root_fd)
{
	static const char clause[] = "it can be sent back to the caller's namespace";

	kit_listen(s->kit);
	int err = hooks_leave(s->host, ns_fd, root_fd);

	if (err)
		return kit_last(s->kit, clause, "%s", kit_why(s->kit, err));
	kit_say(s->kit, true, clause, "before the new root is there");
	if (*s->kit->left)
		kit_say(s->kit, false, "no process of its stays behind", "%s", s->kit->left);
	return true;
}

static bool finish(struct session *s, bool alive)
{
	struct hooks_host *host = s->host;

	s->host = NULL;
	kit_listen(s->kit);
	int err = hooks_finish(host, alive ? 0 : -EPROTO);

	if (!alive)
		return false;
	if (err)
		return kit_last(s->kit, "exit(RESTORE, 0) returns", "%s", kit_why(s->kit, err));
	kit_say(s->kit, true, "exit(RESTORE, 0) returns", "it does");
	if (*s->kit->left)
		kit_say(s->kit, false, "after exit(RESTORE, 0) no process is left", "%s",
			s->kit->left);
	return true;
}

static bool play(struct session *s, struct build *b, const struct hooks_options *options)
{
	cleanup_fd int ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_fd int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (ns_fd < 0 || root_fd < 0 || unshare(CLONE_NEWNS) < 0)
		return kit_last(s->kit, "a restore begins", "%s", strerror(errno));
	b->ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (b->ns_fd < 0)
		return kit_last(s->kit, "a restore begins", "%s", strerror(errno));
	kit_listen(s->kit);
	int err = hooks_start(options, &s->host);

	if (err || !s->host)
		return kit_last(s->kit, "init(RESTORE) answers 0", "%s", kit_why(s->kit, err));
	kit_say(s->kit, true, "init(RESTORE) answers 0", "0");
	b->host = s->host;
	err = pivot_into_staging(b);
	if (err)
		return kit_last(s->kit, "a restore begins", "%s", kit_why(s->kit, err));
	return finish(s, call_simple(s, CR_PLUGIN_HOOK__RESTORE_INIT) && ask_all(s) &&
				 leave(s, ns_fd, root_fd) &&
				 call_simple(s, CR_PLUGIN_HOOK__POST_FORKING));
}

static const struct mount *plugin_mount(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].owner == MOUNT_PLUGIN)
			return &tree->mounts[i];
	return NULL;
}

static bool run_session(struct kit *kit, const char *image)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { .root = MOUNT_NONE };
	cleanup_fd int image_fd =
		open(image ? image : KIT_BASE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_info info;
	struct build b = {
		.tree = &tree,
		.ns_fd = -EBADF,
		.old_root_fd = -EBADF,
		.staging_fd = -EBADF,
		.knows_new_mounts = true, /* look_around() does */
	};
	const struct hooks_options options = {
		.libdir = kit->file,
		.stage = CR_PLUGIN_STAGE__RESTORE,
		.image_dir_fd = image_fd,
		.timeout = kit->options->plugin_timeout,
		.mount_info = mount_info_find,
		.data = &tree,
	};
	struct session s = { .kit = kit, .build = &b };

	if (image && (image_fd < 0 || image_read(image_fd, 0, &tree, &info, &findings)))
		return kit_last(kit, "the image can be read", "%s",
				findings.n ? findings.list[0].text : strerror(errno));
	s.mount = image ? plugin_mount(&tree) : NULL;
	return play(&s, &b, &options);
}

bool kit_test_hooks_of_restore(struct kit *kit, const char *image)
{
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(run_session(kit, image) ? 0 : 1);
	if (pid < 0)
		return kit_last(kit, "a restore begins", "cannot fork: %s", strerror(-pid));
	return child_wait(pid, NULL) == 0;
}
