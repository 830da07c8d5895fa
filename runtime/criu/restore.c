// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/criu/command-line.h"
#include "runtime/criu/criu.h"

struct restore {
	struct criu_mounts mounts;
	struct actions *actions;
	bool failed; /* an action */
	bool done;   /* the container runs */
};

/* Ours first: a script finds the namespace built. */
static int act(struct restore *restore, const char *action, pid_t root_task)
{
	const struct rebind_restore_options *how = &restore->mounts.how;
	int err = criu_mounts_act(&restore->mounts, action, root_task);

	if (strcmp(action, "post-resume") == 0)
		restore->done = true;
	return err || !how->on_action ? err
				      : how->on_action(how->on_action_data, action, root_task);
}

static int on_action(void *data, const char *action, pid_t root_task)
{
	struct restore *restore = data;
	int err = restore->failed ? -ECANCELED : act(restore, action, root_task);

	/* At pre-resume CRIU would let it run all the same. */
	if (err && !restore->done) {
		restore->failed = true;
		criu_mounts_kill(&restore->mounts);
	}
	return err;
}

static int restore_open_view(const struct criu_mounts *mounts, int scratch_fd)
{
	const struct rebind_restore_options *how = &mounts->how;
	cleanup_fd int images = open(how->images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return images < 0
		       ? log_error(-errno, "cannot open the image directory '%s'", how->images_dir)
		       : criu_view(images, scratch_fd, &mounts->removed.files);
}

/* Else what CRIU leaves in its image directory would go with the view of it. */
static int put_work_dir(struct strings *command, const char *images_dir, char *const *words)
{
	cleanup(criu_line_free) struct criu_line line = { 0 };
	int err = criu_line_of_words(&line, words);
	bool leaves_files = line.log_file || (line.pidfile && *line.pidfile != '/');

	if (err || line.work_dir || !leaves_files)
		return err;
	return strings_print(command, "--work-dir=%s", images_dir);
}

static int put_ours(struct strings *ours, const char *images, const char *mnt,
		    const struct actions *actions)
{
	/* Not that of the caller; and if the last of his lacks its value, it gets no more than
	 * this. */
	int err = strings_print(ours, "--images-dir=%s", images);

	if (!err)
		err = strings_print(ours, "--join-ns=mnt:%s", mnt);
	/* CRIU begins with the last one. */
	return err ? err
		   : strings_print(ours, "--action-script=%s/" ACTIONS_PROGRAM, actions->path);
}

static int restore_put_together(struct strings *command, const struct restore *restore,
				const char *images, const char *mnt, char *const *words)
{
	cleanup(strings_free) struct strings ours = { 0 };
	cleanup_free char *program = NULL;
	int err = criu_find(&program);

	if (!err)
		err = strings_print(command, "%s", program);
	if (!err)
		err = strings_print(command, "restore");
	if (!err)
		err = strings_print(command, "--images-dir=%s", images);
	if (!err)
		err = put_work_dir(command, restore->mounts.how.images_dir, words);
	if (!err)
		err = put_ours(&ours, images, mnt, restore->actions);
	return err ? err : criu_put_words(command, words, &ours);
}

static int restore_judge(const struct restore *restore, const char *path, int status,
			 int *ret_status)
{
	char version[CRIU_VERSION_MAX];
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (restore->done) {
		*ret_status = code;
		return 0;
	}
	if (restore->failed)
		return -ECANCELED;
	if (WIFSIGNALED(status))
		return criu_failed("CRIU was killed by signal %d", WTERMSIG(status));
	return criu_failed(
		"CRIU could not restore the processes (exit status %d): its own messages tell why%s",
		code, criu_version(path, version));
}

static int restore_do_run(struct restore *restore, char *const *argv, int *ret_status)
{
	int status = 0;
	pid_t pid = criu_spawn(argv);
	int err = pid < 0 ? pid : actions_serve(restore->actions, pid, on_action, restore, &status);

	return err ? err : restore_judge(restore, argv[0], status, ret_status);
}

static int restore_with(struct restore *restore, char *const *words, int *ret_status)
{
	struct actions *actions = restore->actions;
	cleanup(strings_free) struct strings command = { 0 };
	char mnt[80], images[64];
	int err = criu_mounts_prepare(&restore->mounts, mnt);

	if (err)
		return err;
	cleanup_fd int view = restore_open_view(&restore->mounts, actions->dir_fd);

	if (view < 0)
		return view;
	err = actions_path(view, images);
	if (!err)
		err = restore_put_together(&command, restore, images, mnt, words);
	return err ? err : restore_do_run(restore, (char *const *)command.list, ret_status);
}

static int restore_beside(struct restore *restore, char *const *words, int *ret_status)
{
	int err = criu_mounts_look(&restore->mounts);

	if (!err) {
		err = actions_open(restore->actions);
		if (err)
			log_error(err, "cannot make what CRIU's actions need");
	}
	restore->mounts.dir_fd = restore->actions->dir_fd;
	if (!err)
		err = restore_with(restore, words, ret_status);
	criu_mounts_end(&restore->mounts, false);
	return err;
}

static int stand_aside(char *const *words)
{
	cleanup(criu_line_free) struct criu_line line = { 0 };
	int err = criu_line_of_words(&line, words);

	return err || !line.sibling ? err : criu_sibling_begin();
}

int criu_restore(const struct rebind_restore_options *mounts, const struct criu_command *command,
		 struct rebind_report *report, int *ret_status)
{
	cleanup_actions struct actions actions = ACTIONS_INIT;
	struct restore restore = {
		.mounts = { CRIU_MOUNTS_INIT, .rebind = command->rebind, .how = *mounts,
			    .report = report },
		.actions = &actions,
	};

	if (criu_choose_restore(mounts->images_dir, command->by) == CRIU_BY_CRIU)
		return criu_alone_restore(mounts, command);
	int err = stand_aside(command->words);

	/* CRIU creates every device that is in an image; beside it, so do we. */
	restore.mounts.how.allow_devices = true;
	return err ? err : restore_beside(&restore, command->words, ret_status);
}
