// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/criu.h"

struct dump {
	struct rebind_dump_options how;
	struct rebind_report *report;
	bool done; /* the mounts are in the image */
};

/* ---- the directory ---- */

static bool is_image_file(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".img") == 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/*
 * Look at the files of an image, or take them away. Return: how many there are, or a negative
 * errno.
 */
static int go_through_images(const char *path, bool remove)
{
	cleanup(close_dir) DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return -errno;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (!entry)
			return errno ? -errno : n;
		if (!is_image_file(entry->d_name))
			continue;
		n++;
		if (remove && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			return -errno;
	}
}

static int check_directory(const char *path)
{
	int n = go_through_images(path, false);

	if (n < 0)
		return log_error(n, "cannot look into the image directory '%s'", path);
	if (n)
		return log_error(-EEXIST,
				 "the image directory '%s' holds files of an image already: give "
				 "an empty one",
				 path);
	return 0;
}

/* What is said was what went wrong first. */
static int take_back(const char *path, int err)
{
	int n = go_through_images(path, true);

	if (n < 0)
		log_error(n, "cannot remove what was dumped from '%s'", path);
	return err;
}

/* ---- CRIU ---- */

/* Every mount but the root, so that CRIU asks nothing of them. */
static int add_externals(struct strings *command, pid_t pid, struct rebind_report *report)
{
	struct rebind_tree *tree;
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	int err = rebind_tree_open(name, 0, NULL, report, &tree);

	if (err)
		return err;
	for (size_t i = 0; i < rebind_tree_count(tree) && !err; i++) {
		struct rebind_mount m;

		rebind_tree_get(tree, i, &m);
		if (m.depth)
			err = strings_print(command, "--external=mnt[%s]:%s", m.mountpoint,
					    m.mountpoint);
	}
	rebind_tree_free(tree);
	return err;
}

static int put_together(struct strings *command, const struct dump *dump,
			const struct actions *actions, char *const *more)
{
	cleanup_free char *program = NULL;
	int err = criu_find(&program);

	if (!err)
		err = strings_print(command, "%s", program);
	if (!err)
		err = strings_print(command, "dump");
	if (!err)
		err = strings_print(command, "--tree=%d", (int)dump->how.pid);
	if (!err)
		err = strings_print(command, "--images-dir=%s", dump->how.images_dir);
	for (; more && *more && !err; more++)
		err = strings_print(command, "%s", *more);
	/* CRIU begins with the last one. */
	if (!err)
		err = strings_print(command, "--action-script=%s/" ACTIONS_PROGRAM, actions->path);
	return err ? err : add_externals(command, dump->how.pid, dump->report);
}

static int dump_mounts(struct dump *dump)
{
	struct rebind_dump_options how = dump->how;

	how.processes = true;
	how.on_action = NULL;
	int err = rebind_dump(&how, dump->report);

	dump->done = err == 0;
	return err;
}

/* Ours first: at post-dump the mounts are in the image. */
static int on_action(void *data, const char *action, pid_t root_task)
{
	struct dump *dump = data;
	int err = strcmp(action, "post-dump") == 0 ? dump_mounts(dump) : 0;

	return err || !dump->how.on_action
		       ? err
		       : dump->how.on_action(dump->how.on_action_data, action, root_task);
}

/* All that is wrong with the mounts, while nobody has touched the processes. */
static int look_first(const struct dump *dump)
{
	struct rebind_dump_options look = dump->how;

	look.dry_run = true;
	look.on_line = NULL;
	look.on_action = NULL;
	return rebind_dump(&look, dump->report);
}

static int judge(const struct dump *dump, int status)
{
	if (WIFSIGNALED(status))
		return criu_failed("CRIU was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return criu_failed("CRIU could not dump the processes (exit status %d)",
				   WEXITSTATUS(status));
	if (!dump->done)
		return criu_failed("CRIU ended without its action post-dump: is it a CRIU?");
	return 0;
}

static int run(struct dump *dump, struct actions *actions, char *const *argv)
{
	int status = 0;
	pid_t pid = criu_spawn(argv);
	int err = pid < 0 ? pid : actions_serve(actions, pid, on_action, dump, &status);

	return err ? err : judge(dump, status);
}

int criu_dump(const struct rebind_dump_options *mounts, char *const *words,
	      struct rebind_report *report)
{
	struct dump dump = { .how = *mounts, .report = report };
	cleanup_actions struct actions actions = ACTIONS_INIT;
	cleanup(strings_free) struct strings command = { 0 };
	int err = check_directory(mounts->images_dir);

	if (!err)
		err = look_first(&dump);
	if (err)
		return err;
	err = actions_open(&actions);
	if (err)
		return log_error(err, "cannot make what CRIU's actions need");
	err = put_together(&command, &dump, &actions, words);
	if (!err)
		err = run(&dump, &actions, (char *const *)command.list);
	return err ? take_back(mounts->images_dir, err) : 0;
}
